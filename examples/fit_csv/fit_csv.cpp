// Trains a network on a CSV file: a regressor when the target is a number, a classifier when it is text. Then predicts for
// other files.
//
//   fit_csv houses.csv --target price --hidden 64,32
//   fit_csv --predict houses.safetensors new.csv --output predictions.csv
//
// Numbers are scaled, text becomes one-hot; both are kept in the model's file. fit_csv --help lists the options.

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <iomanip>
#include <iostream>
#include <lamina/core/atomic_file.hpp>
#include <lamina/data.hpp>
#include <lamina/io/model.hpp>
#include <lamina/losses.hpp>
#include <lamina/training/early_stopping.hpp>
#include <lamina/training/fit.hpp>
#include <lamina/training/history_export.hpp>
#include <lamina/training/metrics.hpp>
#include <map>
#include <sstream>
#include <string>
#include <variant>
#include <vector>

#include "chart.hpp"
#include "encoding_json.hpp"
#include "optimizer.hpp"
#include "options.hpp"

using namespace lamina;

/// Double precision: a column may be a time in seconds, or a sum of money.
using Model = DynamicNetwork<double>;

// ---- the table -------------------------------------------------------------------------------------------------

/// A column by what the command line calls it: a name first of all, else a number.
CsvColumn column_called(const CsvTable& table, const std::string& text) {
  const auto& names = table.names();
  if (std::find(names.begin(), names.end(), text) == names.end())
    if (const auto number = number_in<Index>(text)) return *number;
  return text;
}

std::vector<CsvColumn> columns_called(const CsvTable& table, const std::vector<std::string>& texts) {
  std::vector<CsvColumn> columns;
  for (const std::string& text : texts) columns.push_back(column_called(table, text));
  return columns;
}

FeatureEncoding encoding_for(const CsvTable& table, const Options& o) {
  const std::map<std::string, Missing> missing = {{"error", Missing::error},
                                                  {"drop", Missing::drop_row},
                                                  {"mean", Missing::mean},
                                                  {"median", Missing::median}};
  EncodingOptions options;
  options.targets = columns_called(table, o.targets);
  if (options.targets.empty()) options.targets = {CsvColumn(-1)};
  options.categorical = columns_called(table, o.categorical);
  options.target_kind = o.task == "regression"       ? TargetKind::numbers
                        : o.task == "classification" ? TargetKind::classes
                                                     : TargetKind::automatic;
  options.missing = missing.at(o.missing);
  options.unknown = o.unknown == "zeros" ? UnknownCategory::zeros : UnknownCategory::error;
  if (!o.ignored.empty()) {
    std::vector<Index> out = table.column_numbers(columns_called(table, o.ignored));
    const std::vector<Index> targets = table.column_numbers(options.targets);
    out.insert(out.end(), targets.begin(), targets.end());
    for (Index j = 0; j < table.columns(); ++j)
      if (std::find(out.begin(), out.end(), j) == out.end()) options.features.emplace_back(j);
    if (options.features.empty())
      throw OptionError(table.source() + ": no column is left for features after --ignore");
  }
  return FeatureEncoding::fit(table, options);
}

/// What missing numbers become, from the training rows alone.
void fill_from(const std::vector<Index>& rows, const CsvTable& table, FeatureEncoding& encoding) {
  if (encoding.missing != Missing::mean && encoding.missing != Missing::median) return;
  for (EncodedColumn& column : encoding.features) {
    if (column.categorical) continue;
    std::vector<double> values;
    for (const Index i : rows)
      if (!table.is_missing(i, column.number)) values.push_back(table.number(i, column.number));
    if (values.empty()) continue;
    std::sort(values.begin(), values.end());
    const std::size_t middle = values.size() / 2;
    if (encoding.missing == Missing::median) {
      column.fill = values.size() % 2 == 1 ? values[middle] : values[middle - 1] / 2 + values[middle] / 2;
    } else {
      column.fill = Eigen::Map<Eigen::VectorXd>(values.data(), static_cast<Index>(values.size())).mean();
    }
  }
}

/// Row numbers for training and for validation; of each class its part where that is possible.
TrainTest parts_of(const EncodedData<double>& data, const FeatureEncoding& encoding, const Options& o) {
  if (!(o.validation >= 0 && o.validation < 1))
    throw OptionError("--validation: expected a part in [0, 1), got " + std::to_string(o.validation));
  if (o.validation == 0) {
    TrainTest all;
    for (Index i = 0; i < data.X.rows(); ++i) all.train.push_back(i);
    return all;
  }
  const SplitOptions how{.test = o.validation, .seed = o.seed};
  std::vector<Index> counts(encoding.classifies() ? encoding.classes().size() : 0);
  for (const Index label : data.labels) ++counts[static_cast<std::size_t>(label)];
  const bool stratify = !counts.empty() && *std::min_element(counts.begin(), counts.end()) >= 2;
  return stratify ? train_test_split(data.labels, how) : train_test_split(data.X.rows(), how);
}

// ---- training --------------------------------------------------------------------------------------------------

/// Inputs and targets of some samples; Y is scaled, or there are labels.
struct Part {
  Eigen::MatrixXd X, Y;
  std::vector<Index> labels;
};

/// A line for some of the epochs, where there is no progress bar.
struct Lines {
  bool wanted;

  void on_epoch(const FitState& state) const {
    const Index every = std::max<Index>(1, state.epochs / 10);
    if (!wanted || (state.epoch + 1) % every != 0) return;
    std::cout << "epoch " << state.epoch + 1 << " of " << state.epochs << ": loss " << state.loss;
    if (!std::isnan(state.validation_loss)) std::cout << ", validation " << state.validation_loss;
    std::cout << std::endl;
  }
  void on_batch(const FitState&) const {}
};

template <class Loss>
History train(Model& net, const Part& training, const Part& validation, const Loss& loss,
              ChosenOptimizer& optimizer, const Options& o) {
  FitOptions options{.epochs = o.epochs,
                     .batch_size = o.batch == 0 ? full_batch : o.batch,
                     .seed = o.seed,
                     .progress = o.quiet ? Progress::never : Progress::automatic,
                     .threads = o.threads};
  EarlyStopping stopping{.patience = o.patience > 0 ? o.patience : o.epochs + 1,
                         .restore_best = o.patience > 0};
  const Lines lines{!o.quiet && !lamina::detail::standard_error_is_terminal()};
  if constexpr (std::is_same_v<Loss, SoftmaxCrossEntropy>) {
    if (validation.X.rows() > 0) options.validation = ValidationData(validation.X, validation.labels);
    return fit(net, training.X, training.labels, loss, optimizer, options, stopping, lines);
  } else {
    if (validation.X.rows() > 0) options.validation = ValidationData(validation.X, validation.Y);
    return fit(net, training.X, training.Y, loss, optimizer, options, stopping, lines);
  }
}

using AnyLoss = std::variant<MeanSquaredError, MeanAbsoluteError, Huber, SoftmaxCrossEntropy>;

AnyLoss loss_for(const FeatureEncoding& encoding, const std::vector<Index>& labels, const Options& o) {
  const bool of_classes = o.loss == "softmax_cross_entropy";
  if (o.loss != "auto" && of_classes != encoding.classifies())
    throw OptionError("--loss: " + o.loss + " is for " + (of_classes ? "classes" : "numbers") +
                      ", and the target is " + (encoding.classifies() ? "a class" : "a number; see --task"));
  if (!encoding.classifies()) {
    if (o.balanced) throw OptionError("--balanced: is for classes, and the target is a number; see --task");
    if (o.loss == "mae") return MeanAbsoluteError{};
    if (o.loss == "huber") return Huber{};
    return MeanSquaredError{};
  }
  SoftmaxCrossEntropy loss;
  if (o.balanced) loss.class_weights = balanced_class_weights(labels, encoding.outputs());
  return loss;
}

/// The probabilities of the classes, m×k, from the logits.
Eigen::MatrixXd softmax(const Eigen::MatrixXd& logits) {
  const Eigen::MatrixXd e = (logits.colwise() - logits.rowwise().maxCoeff()).array().exp().matrix();
  return e.array().colwise() / e.rowwise().sum().array();
}

/// What differences of predicted and true numbers look like, for each target. P and Y: m×k, m ≥ 1.
void summarise_residuals(const Eigen::MatrixXd& P, const Eigen::MatrixXd& Y,
                         const std::vector<std::string>& names) {
  for (Index j = 0; j < Y.cols(); ++j) {
    const Eigen::VectorXd p = P.col(j), y = Y.col(j);
    Eigen::VectorXd r = p - y;
    std::sort(r.data(), r.data() + r.size());
    // The q-quantile, between neighbours linearly: numpy's default.
    const auto quantile = [&](double q) {
      const double at = q * static_cast<double>(r.size() - 1);
      const auto below = static_cast<Index>(at), above = std::min<Index>(below + 1, r.size() - 1);
      return r(below) + (at - static_cast<double>(below)) * (r(above) - r(below));
    };
    std::cout << "  " << names[static_cast<std::size_t>(j)] << ": RMSE " << root_mean_squared_error(p, y)
              << ", MAE " << mean_absolute_error(p, y);
    if (y.size() > 1) std::cout << ", R2 " << r2_score(p, y);
    std::cout << "\n  predicted - true: least " << quantile(0) << ", 5 % " << quantile(0.05) << ", 25 % "
              << quantile(0.25) << ", median " << quantile(0.5) << ", 75 % " << quantile(0.75) << ", 95 % "
              << quantile(0.95) << ", most " << quantile(1) << '\n';
  }
}

std::string text_of(const History& history) {
  std::ostringstream text;
  write_csv(text, history);
  return text.str();
}

/// That the files can be written is found out before the training, not after it.
void check_outputs(const Options& o) {
  const std::vector<std::string> paths = {o.data, o.model, o.history, o.picture};
  for (std::size_t i = 1; i < paths.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      std::error_code error;
      if (paths[i] == paths[j] || std::filesystem::equivalent(paths[i], paths[j], error))
        throw OptionError(paths[i] +
                          ": expected a file of its own for each of data, model, history and picture");
    }
    AtomicFile file(paths[i]);  // dropped: the old contents stay
  }
}

int train(const Options& o) {
  const std::vector<Index> hidden = widths_in(o.hidden);
  ChosenOptimizer optimizer = optimizer_by_name(o.optimizer, o.learning_rate, o.momentum, o.weight_decay);
  const CsvTable table = read_csv(o.data, csv_options(o.delimiter, o.decimal, o.header));
  Recipe recipe{o.delimiter, o.decimal, table.has_names(), encoding_for(table, o)};
  FeatureEncoding& encoding = recipe.encoding;
  const std::vector<std::string> target_names = encoding.target_names();
  EncodedData<double> data = encoding.encode<double>(table);
  if (encoding.classifies() && encoding.outputs() < 2)
    throw DataError(table.source() + ": expected at least two classes in " + target_names[0] + ", got one");

  const TrainTest parts = parts_of(data, encoding, o);
  if (encoding.missing == Missing::mean || encoding.missing == Missing::median) {
    fill_from(parts.train, table, encoding);
    data = encoding.encode<double>(table);
  }
  Part training{take_rows(data.X, parts.train), {}, {}}, validation{take_rows(data.X, parts.test), {}, {}};
  Eigen::MatrixXd truth;  // of the samples that are judged, in units of the file
  StandardScaler of_x, of_y;
  of_x.fit(training.X);
  const bool held_out = !parts.test.empty();
  if (encoding.classifies()) {
    training.labels = take_rows(data.labels, parts.train);
    validation.labels = take_rows(data.labels, parts.test);
  } else {
    of_y.fit(take_rows(data.Y, parts.train));
    training.Y = of_y.transform(take_rows(data.Y, parts.train));
    if (held_out) validation.Y = of_y.transform(take_rows(data.Y, parts.test));
    truth = take_rows(data.Y, held_out ? parts.test : parts.train);
  }
  const AnyLoss loss = loss_for(encoding, training.labels, o);

  Model net(encoding.inputs());
  net.normalization(of_x.layer());
  for (const Index width : hidden) {
    net.dense(width, o.activation);
    if (o.dropout != 0) net.dropout(o.dropout);
  }
  net.dense(encoding.outputs());
  net.initialize(o.seed);
  SaveOptions save_options{.class_names = encoding.classes(), .feature_names = encoding.feature_names()};
  save_options.extra["fit_csv"] = to_json(recipe);
  check_outputs(o);

  std::cout << table.source() << ": " << data.X.rows() << " of " << table.rows() << " rows, "
            << encoding.features.size() << " features as " << encoding.inputs() << " inputs; predicting ";
  for (std::size_t j = 0; j < target_names.size(); ++j) std::cout << (j > 0 ? ", " : "") << target_names[j];
  if (encoding.classifies()) {
    std::cout << ", one of " << encoding.outputs() << " classes\n";
  } else {
    std::cout << ", numbers\n";
  }
  std::cout << training.X.rows() << " rows to train on, " << validation.X.rows() << " held out; "
            << net.parameter_count() << " parameters, " << optimizer.name() << " with learning rate "
            << optimizer.learning_rate << std::endl;

  const History history = std::visit(
      [&](const auto& l) {
        save_options.loss = l;
        return train(net, training, validation, l, optimizer, o);
      },
      loss);
  std::cout << history.epochs() << " epochs";
  if (history.stop_reason == StopReason::early_stopping)
    std::cout << ", then " << o.patience << " in a row were no better";
  if (history.best_epoch >= 0) std::cout << "; the parameters are those of epoch " << history.best_epoch + 1;
  std::cout << "\n\n"
            << (held_out ? "On the rows held out:\n" : "On the training rows, for none were held out:\n");

  Picture picture(1240, 664, paper);
  draw_losses(picture, history);
  const Part& judged = held_out ? validation : training;
  if (encoding.classifies()) {
    const Eigen::MatrixXd probabilities = softmax(net.predict(judged.X));
    const ConfusionMatrix confusion(predicted_classes(probabilities), judged.labels, encoding.classes());
    std::cout << confusion << "log-loss " << log_loss(probabilities, judged.labels) << '\n';
    draw_confusion(picture, confusion);
  } else {
    net.normalization(of_y.layer().inverse());  // from here on, predictions are in the units of the file
    const Eigen::MatrixXd predicted = net.predict(judged.X);
    summarise_residuals(predicted, truth, target_names);
    draw_scatter(picture, truth.col(0), predicted.col(0), target_names[0] + ": predicted over true");
  }

  // All is made before the first old file is replaced.
  AtomicFile model_file(o.model), history_file(o.history), picture_file(o.picture);
  model_file.write(to_safetensors(net, save_options));
  history_file.write(text_of(history));
  picture_file.write(picture.png());
  model_file.commit();
  history_file.commit();
  picture_file.commit();
  std::cout << "\nmodel: " << o.model << "\nhistory: " << o.history << "\npicture: " << o.picture << '\n';
  return 0;
}

// ---- prediction ------------------------------------------------------------------------------------------------

/// The shortest digits that read back as the same number.
void append(std::string& text, double x) {
  char digits[32];
  text.append(digits, std::to_chars(digits, digits + sizeof digits, x).ptr);
}

int predict(const Options& o) {
  const auto model = load_network<double>(o.predict);
  const auto found = model.extra.find("fit_csv");
  if (found == model.extra.end())
    throw FormatError(o.predict + ": expected a model of fit_csv, got one that does not say its columns");
  const Recipe recipe =
      recipe_from_json(found->second, o.predict, model.network.inputs(), model.network.outputs());
  const FeatureEncoding& encoding = recipe.encoding;
  const std::string header = o.header != "auto" ? o.header : recipe.header ? "yes" : "no";
  const CsvTable table = read_csv(
      o.data, csv_options(o.delimiter != "auto" ? o.delimiter : recipe.delimiter, recipe.decimal, header));
  const EncodedData<double> data = encoding.encode_features<double>(table);
  Eigen::MatrixXd A = model.network.predict(data.X);
  if (!A.allFinite())
    throw DataError(table.source() + ": the predictions are not finite; are its numbers too large?");

  // A line for each row of the file; without numbers where it has missing values and such rows are dropped.
  std::vector<std::string> columns = encoding.target_names();
  Eigen::Matrix<Index, Dynamic, 1> chosen;
  if (encoding.classifies()) {
    A = softmax(A);
    chosen = predicted_classes(A);
    for (const std::string& name : encoding.classes()) columns.push_back("p(" + name + ")");
  }
  std::string text;
  for (std::size_t j = 0; j < columns.size(); ++j) text += (j > 0 ? "," : "") + csv_cell(columns[j]);
  text += '\n';
  std::size_t next = 0;
  for (Index i = 0; i < table.rows(); ++i) {
    if (next == data.rows.size() || data.rows[next] != i) {
      text += "\"\"" + std::string(columns.size() - 1, ',') + '\n';
      continue;
    }
    const auto r = static_cast<Index>(next++);
    if (encoding.classifies())
      text += csv_cell(encoding.classes()[static_cast<std::size_t>(chosen(r))]) + ',';
    for (Index j = 0; j < A.cols(); ++j) {
      if (j > 0) text += ',';
      append(text, A(r, j));
    }
    text += '\n';
  }
  if (o.output.empty()) {
    std::cout << text << std::flush;
    if (!std::cout) throw FileError("standard output cannot be written");
    return 0;
  }
  std::error_code error;
  for (const std::string& input : {o.data, o.predict})
    if (o.output == input || std::filesystem::equivalent(o.output, input, error))
      throw OptionError(o.output + ": expected an output that is no input");
  write_file_atomically(o.output, std::string_view(text));
  return 0;
}

int main(int argc, char** argv) {
  try {
    Options options;
    if (const std::optional<int> code = parse(argc, argv, options)) return *code;
    return options.predict.empty() ? train(options) : predict(options);
  } catch (const std::exception& error) {
    std::string text = error.what();
    std::replace(text.begin(), text.end(), '\n', ' ');
    std::cerr << "fit_csv: " << text << '\n';
    return 1;
  }
}
