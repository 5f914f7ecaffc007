#pragma once

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <lamina/data.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// @file
/// What the command line says.

struct Options {
  std::string data;

  std::string delimiter = "auto", header = "auto", decimal = ".";
  std::vector<std::string> targets, ignored, categorical;
  std::string task = "auto", missing = "error", unknown = "error";

  std::string hidden = "64", activation = "relu";
  double dropout = 0;

  std::string loss = "auto", optimizer = "adam";
  std::optional<double> learning_rate, momentum, weight_decay;
  lamina::Index epochs = 200, batch = 32, patience = 20;
  double validation = 0.2;
  bool balanced = false, quiet = false;
  std::uint64_t seed = 0;
  int threads = 1;

  std::string model, history, picture;

  std::string predict, output;
};

/// The number that all of a text is.
template <class Number>
std::optional<Number> number_in(std::string_view text) {
  Number x{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), x);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return x;
}

/// What CLI11 would take for a number of base 8 or 16, or wrap around: a whole number is digits, the first of several not 0.
inline CLI::Validator whole_number(bool positive = false) {
  const auto check = [positive](const std::string& text) {
    const bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
    if (digits && (text == "0" ? !positive : text[0] != '0')) return std::string();
    return (positive ? "expected a whole number, 1 or more, got "
                     : "expected a whole number, 0 or more, got ") +
           text;
  };
  return CLI::Validator(check, "WHOLE");
}

/// "64,32" as {64, 32}; "none" as no layer.
/// @throws lamina::OptionError when it is neither.
inline std::vector<lamina::Index> widths_in(const std::string& text) {
  std::vector<lamina::Index> widths;
  if (text == "none") return widths;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const auto width = number_in<lamina::Index>(std::string_view(text).substr(begin, end - begin));
    if (!width || *width < 1)
      throw lamina::OptionError("--hidden: expected positive widths such as 64,32, or none, got " + text);
    widths.push_back(*width);
    begin = end + 1;
  }
  return widths;
}

/// @throws lamina::OptionError when the delimiter is not one character or the name of one.
inline lamina::CsvOptions csv_options(const std::string& delimiter, const std::string& decimal,
                                      const std::string& header) {
  lamina::CsvOptions csv;
  if (delimiter == "auto") {
    csv.delimiter = lamina::CsvOptions::detect;
  } else if (delimiter == "tab" || delimiter == "\\t") {
    csv.delimiter = '\t';
  } else if (delimiter == "space") {
    csv.delimiter = ' ';
  } else if (delimiter.size() == 1) {
    csv.delimiter = delimiter[0];
  } else {
    throw lamina::OptionError("--delimiter: expected one character, tab, space or auto, got " + delimiter);
  }
  csv.decimal = decimal[0];
  csv.header = header == "yes"  ? lamina::CsvHeader::yes
               : header == "no" ? lamina::CsvHeader::no
                                : lamina::CsvHeader::automatic;
  return csv;
}

/// The options; an exit code instead, when help was asked for or what was said makes no sense, which has then been
/// answered.
inline std::optional<int> parse(int argc, char** argv, Options& o) {
  CLI::App app{
      "Trains a network on a CSV file, or predicts with one.\n\n"
      "  fit_csv houses.csv --target price --hidden 64,32\n"
      "  fit_csv --predict houses.safetensors new.csv --output predictions.csv\n",
      "fit_csv"};
  const auto one_of = [](std::vector<std::string> words) { return CLI::IsMember(std::move(words)); };
  // Several by several options: one that takes all that follows it would take the file's name too.
  const auto columns = [&app](const std::string& name, std::vector<std::string>& to,
                              const std::string& help) {
    return app.add_option(name, to, help)->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  };

  app.add_option("data", o.data, "CSV file to train on, or to predict for")->required();
  app.add_option("--delimiter", o.delimiter, "one character, tab, space or auto")->capture_default_str();
  app.add_option("--header", o.header, "whether the first line has the names: auto, yes or no")
      ->check(one_of({"auto", "yes", "no"}))
      ->capture_default_str();

  std::vector<CLI::Option*> training;
  const auto add = [&](CLI::Option* option) {
    training.push_back(option);
    return option;
  };
  app.get_formatter()->column_width(34);
  add(app.add_option("--decimal", o.decimal, "decimal point: . or ,"))
      ->check(one_of({".", ","}))
      ->capture_default_str();
  add(columns("-t,--target", o.targets,
              "name or number of what to predict, from 0, -1 is the last (the default); may be repeated for "
              "numbers"));
  add(columns("--ignore", o.ignored, "column that is no feature; may be repeated"));
  add(columns("--categorical", o.categorical, "column whose numbers are categories; may be repeated"));
  add(app.add_option("--task", o.task,
                     "auto (classes when the target is text), regression or classification"))
      ->check(one_of({"auto", "regression", "classification"}))
      ->capture_default_str();
  add(app.add_option("--missing", o.missing,
                     "missing values in features: error, drop (the row), mean or median"))
      ->check(one_of({"error", "drop", "mean", "median"}))
      ->capture_default_str();
  add(app.add_option("--unknown", o.unknown, "categories not seen in training: error or zeros"))
      ->check(one_of({"error", "zeros"}))
      ->capture_default_str();

  add(app.add_option("--hidden", o.hidden, "widths of the hidden layers, such as 64,32; or none"))
      ->capture_default_str();
  add(app.add_option("--activation", o.activation, "of the hidden layers"))->capture_default_str();
  add(app.add_option("--dropout", o.dropout, "rate after each hidden layer"))->capture_default_str();

  add(app.add_option("--loss", o.loss, "auto, mse, mae or huber; softmax_cross_entropy for classes"))
      ->check(one_of({"auto", "mse", "mae", "huber", "softmax_cross_entropy"}))
      ->capture_default_str();
  add(app.add_option("--optimizer", o.optimizer,
                     "by name: adam, adamw, gradient_descent, rmsprop, lion, ..."))
      ->capture_default_str();
  add(app.add_option("--learning-rate", o.learning_rate, "the optimiser's own when not given"));
  add(app.add_option("--momentum", o.momentum, "of gradient_descent and rmsprop"));
  add(app.add_option("--weight-decay", o.weight_decay, "the optimiser's own when not given"));
  add(app.add_option("--epochs", o.epochs, "at most"))->check(whole_number(true))->capture_default_str();
  add(app.add_option("--batch", o.batch, "samples in a step; 0: all"))
      ->check(whole_number())
      ->capture_default_str();
  add(app.add_option("--validation", o.validation, "part held out, in [0, 1)"))->capture_default_str();
  add(app.add_option("--patience", o.patience, "epochs without improvement that end the training; 0: never"))
      ->check(whole_number())
      ->capture_default_str();
  add(app.add_flag("--balanced", o.balanced, "all classes count the same, however many samples they have"));
  add(app.add_option("--seed", o.seed, "of the split, the weights, the order and dropout"))
      ->check(whole_number())
      ->capture_default_str();
  add(app.add_option("--threads", o.threads, "0: all; the result is the same"))
      ->check(whole_number())
      ->capture_default_str();
  add(app.add_flag("-q,--quiet", o.quiet, "no progress, no warnings"));

  add(app.add_option("--model", o.model, "file for the model (<data>.safetensors)"));
  add(app.add_option("--history", o.history, "file for the losses of the epochs (<model>.history.csv)"));
  add(app.add_option("--picture", o.picture, "file for the picture (<model>.png)"));

  CLI::Option* const predict =
      app.add_option("--predict", o.predict, "model to predict with instead of training");
  app.add_option("-o,--output", o.output, "file for the predictions (standard output)")->needs(predict);
  for (CLI::Option* option : training) predict->excludes(option);

  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::cout << app.help();
    return 0;
  } catch (const CLI::ParseError& error) {
    std::string text = error.what();
    std::replace(text.begin(), text.end(), '\n', ' ');
    std::cerr << "fit_csv: " << text << "; see fit_csv --help\n";
    return 2;
  }

  const auto beside = [](const std::string& path, const char* extension) {
    return std::filesystem::path(path).replace_extension(extension).string();
  };
  if (o.model.empty()) o.model = beside(std::filesystem::path(o.data).filename().string(), ".safetensors");
  if (o.history.empty()) o.history = beside(o.model, ".history.csv");
  if (o.picture.empty()) o.picture = beside(o.model, ".png");
  return std::nullopt;
}
