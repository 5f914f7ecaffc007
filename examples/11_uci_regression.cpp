// Regression tables of the UCI repository with the fixed splits of Hernández-Lobato and Adams, Probabilistic
// backpropagation, ICML 2015: one hidden layer, the root mean square error on the test part of each split.
//
//   11_uci_regression FOLDER [NAME[=BOUND] ...] [--threads N] [--quick]
//
// FOLDER has a folder for each data set, with data.txt (white-space separated), index_features.txt and index_target.txt
// (columns from 0), index_train_<k>.txt and index_test_<k>.txt (rows from 0), and n_hidden.txt (else 50 units). All data
// sets there, or those named. BOUND: the error to be reached, else the published one below, if there is one.
// --threads: splits at the same time; the numbers are the same. --quick: only split 0, a tenth of the steps, and an error
// of at most half the deviation of the targets.
//
// For every split, with its training part alone: features and target are standardised; activation, dropout rate, weight
// decay and number of steps are chosen from the few recipes below by cross-validation within the training part; then five
// networks, which differ in their seeds, are trained on all of it. The test part is predicted once, by their mean: as the
// published prediction is, too, the mean of many, there of thinned networks. The error of the first alone is printed beside.

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <future>
#include <iostream>
#include <lamina/data/scaling.hpp>
#include <lamina/data/split.hpp>
#include <lamina/dynamic_network.hpp>
#include <lamina/lamina.hpp>
#include <lamina/optimizers/adamw.hpp>
#include <lamina/schedules/one_cycle.hpp>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

using namespace lamina;
namespace fs = std::filesystem;

/// Mean error over the splits of MC dropout with as many hidden units (Gal and Ghahramani, Dropout as a Bayesian
/// approximation, ICML 2016; the authors' own repetition with a grid search).
const std::map<std::string, double> published = {
    {"concrete", 4.82}, {"energy", 0.54}, {"power-plant", 4.01}, {"yacht", 0.67}};

// ---- files -----------------------------------------------------------------------------------------------------

std::vector<double> numbers(const fs::path& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error(path.string() + ": cannot be read");
  std::vector<double> list;
  for (double x; file >> x;) list.push_back(x);
  if (!file.eof()) throw std::runtime_error(path.string() + ": expected numbers only");
  return list;
}

/// Numbers of rows or columns, each less than `end`.
std::vector<Index> indices(const fs::path& path, Index end) {
  std::vector<Index> list;
  for (const double x : numbers(path)) {
    if (!(x >= 0 && x < static_cast<double>(end)))
      throw std::runtime_error(path.string() + ": expected numbers from 0 to " + std::to_string(end - 1));
    list.push_back(static_cast<Index>(x));
  }
  if (list.empty()) throw std::runtime_error(path.string() + ": expected at least one number");
  return list;
}

struct Split {
  std::vector<Index> train, test;
};

struct Table {
  std::string name;
  Eigen::MatrixXd X, Y;  // m×n, m×1
  Index hidden = 50;
  std::vector<Split> splits;
  Index steps_divisor = 1;  ///< 10 when it is to be quick
};

Table read(const fs::path& folder) {
  std::ifstream file(folder / "data.txt");
  std::string line;
  std::getline(file, line);
  std::istringstream first(line);
  Index columns = 0;
  for (double x; first >> x;) ++columns;
  const std::vector<double> data = numbers(folder / "data.txt");
  const auto size = static_cast<Index>(data.size());
  if (columns == 0 || size % columns != 0)
    throw std::runtime_error((folder / "data.txt").string() +
                             ": expected as many columns in each row as in the first");
  const Eigen::MatrixXd transposed = Eigen::Map<const Eigen::MatrixXd>(data.data(), columns, size / columns);

  Table table;
  table.name = folder.filename().string();
  table.X = take_rows(transposed, indices(folder / "index_features.txt", columns)).transpose();
  table.Y = take_rows(transposed, indices(folder / "index_target.txt", columns)).transpose();
  if (fs::exists(folder / "n_hidden.txt")) table.hidden = indices(folder / "n_hidden.txt", 1'000'000).at(0);
  for (int k = 0;; ++k) {
    const auto path = [&](const char* part) { return folder / (part + std::to_string(k) + ".txt"); };
    if (!fs::exists(path("index_train_"))) break;
    table.splits.push_back(
        {indices(path("index_train_"), table.X.rows()), indices(path("index_test_"), table.X.rows())});
  }
  if (table.splits.empty()) throw std::runtime_error(folder.string() + ": no index_train_0.txt");
  return table;
}

// ---- training --------------------------------------------------------------------------------------------------

constexpr int networks = 5;

struct Recipe {
  std::string activation;
  double dropout;       ///< of the hidden units
  double weight_decay;  ///< decoupled, of AdamW
  Index steps;          ///< of 32 samples; large tables: more of more samples
};

const std::vector<Recipe> recipes = {{"relu", 0, 0.01, 10000},    {"relu", 0.01, 0.01, 10000},
                                     {"relu", 0.05, 0.01, 10000}, {"relu", 0.05, 0.3, 10000},
                                     {"relu", 0, 0.03, 2000},     {"relu", 0.15, 0.1, 2000},
                                     {"tanh", 0, 0.005, 10000}};

/// A network trained on standardised X and Y.
DynamicNetwork<float> trained(const Eigen::MatrixXf& X, const Eigen::MatrixXf& Y, const Table& table,
                              const Recipe& recipe, std::uint64_t seed) {
  DynamicNetwork<float> net(X.cols());
  net.dense(table.hidden, recipe.activation);
  if (recipe.dropout > 0) net.dropout(recipe.dropout);
  net.dense(Y.cols());
  net.initialize(seed);

  const Index m = X.rows(), scale = m > 20000 ? 4 : m > 4000 ? 2 : 1;
  const Index batch_size = std::min(32 * scale, m), batches = (m + batch_size - 1) / batch_size;
  const Index epochs = std::max<Index>(1, recipe.steps * scale / table.steps_divisor / batches);
  const OneCycle cycle{
      .max_lr = 0.01, .total_steps = epochs * batches, .pct_start = 0.1, .cycle_momentum = false};
  fit(net, X, Y, MeanSquaredError{}, AdamW{.weight_decay = recipe.weight_decay},
      FitOptions{.epochs = epochs,
                 .batch_size = batch_size,
                 .seed = seed,
                 .progress = Progress::never,
                 .schedule = {cycle, Per::step}});
  return net;
}

struct Errors {
  double first;  ///< of the first network
  double mean;   ///< of the mean of all networks' predictions
};

/// Root mean square errors on the rows `test`, in the units of the target, after training on the rows `train`.
Errors errors_of(const Table& table, const Split& rows, const Recipe& recipe, int count) {
  StandardScaler of_x, of_y;
  const Eigen::MatrixXf X = of_x.fit_transform(take_rows(table.X, rows.train)).cast<float>(),
                        Y = of_y.fit_transform(take_rows(table.Y, rows.train)).cast<float>(),
                        other = of_x.transform(take_rows(table.X, rows.test)).cast<float>();
  const Eigen::MatrixXd truth = take_rows(table.Y, rows.test);
  Eigen::MatrixXd sum = Eigen::MatrixXd::Zero(truth.rows(), truth.cols());
  Errors errors{};
  for (int i = 1; i <= count; ++i) {
    const Eigen::MatrixXd predicted =
        trained(X, Y, table, recipe, static_cast<std::uint64_t>(i)).predict(other).cast<double>();
    sum += of_y.inverse_transform(predicted);
    errors.mean = std::sqrt((sum / i - truth).array().square().mean());
    if (i == 1) errors.first = errors.mean;
  }
  return errors;
}

/// The recipe whose network has the least error in three-fold cross-validation within the rows `train`: all recipes
/// in the first fold, the best three in the others. Large tables: a fifth is held out, once.
Recipe choose(const Table& table, const std::vector<Index>& train) {
  const auto m = static_cast<Index>(train.size());
  const bool large = m > 4000;
  const auto folds = k_fold(m, large ? 5 : 3, {.seed = 1});
  const auto error_in = [&](std::size_t fold, const Recipe& recipe) {
    return errors_of(table, {take_rows(train, folds[fold].train), take_rows(train, folds[fold].test)}, recipe,
                     1)
        .first;
  };
  std::vector<std::pair<double, std::size_t>> errors;
  for (std::size_t r = 0; r < recipes.size(); ++r) errors.emplace_back(error_in(0, recipes[r]), r);
  std::sort(errors.begin(), errors.end());
  if (!large) {
    errors.resize(3);
    for (auto& [error, r] : errors)
      for (std::size_t fold = 1; fold < folds.size(); ++fold) error += error_in(fold, recipes[r]);
    std::sort(errors.begin(), errors.end());
  }
  return recipes[errors.front().second];
}

// ---- results ---------------------------------------------------------------------------------------------------

struct Result {
  Recipe recipe;
  Errors errors;
};

struct Summary {
  double mean = 0, standard_error = 0;

  explicit Summary(const std::vector<double>& values) {
    const Eigen::Map<const Eigen::ArrayXd> x(values.data(), static_cast<Index>(values.size()));
    const auto n = static_cast<double>(values.size());
    mean = x.mean();
    if (n > 1) standard_error = std::sqrt((x - mean).square().sum() / (n - 1) / n);
  }
};

/// Whether the error is at most the bound.
bool run(const fs::path& folder, std::optional<double> bound, int threads, bool quick) {
  const auto began = std::chrono::steady_clock::now();
  Table table = read(folder);
  if (const auto figure = published.find(table.name); !bound && figure != published.end())
    bound = figure->second;
  if (quick) {
    table.splits.resize(1);
    table.steps_divisor = 10;
    bound = std::sqrt((table.Y.array() - table.Y.mean()).square().mean()) / 2;
  }

  std::vector<std::packaged_task<Result()>> tasks;
  std::vector<std::future<Result>> results;
  for (const Split& split : table.splits) {
    results.push_back(tasks
                          .emplace_back([&table, &split] {
                            const Recipe recipe = choose(table, split.train);
                            return Result{recipe, errors_of(table, split, recipe, networks)};
                          })
                          .get_future());
  }
  std::atomic<std::size_t> next = 0;
  std::vector<std::jthread> workers;
  for (int i = 0; i < threads; ++i)
    workers.emplace_back([&] {
      for (std::size_t k = next++; k < tasks.size(); k = next++) tasks[k]();
    });

  std::vector<double> firsts, means;
  for (std::size_t k = 0; k < results.size(); ++k) {
    const auto [recipe, errors] = results[k].get();
    firsts.push_back(errors.first);
    means.push_back(errors.mean);
    std::cout << table.name << ", split " << k << ": RMSE " << errors.mean << ", of the first network "
              << errors.first << "  (" << recipe.activation << ", dropout " << recipe.dropout
              << ", weight decay " << recipe.weight_decay << ", " << recipe.steps << " steps)" << std::endl;
  }
  const Summary first(firsts), mean(means);
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - began;
  std::cout << table.name << ": RMSE over " << means.size() << " splits " << mean.mean << " +- "
            << mean.standard_error << ", of the first networks " << first.mean << " +- "
            << first.standard_error;
  if (bound) std::cout << ", expected at most " << *bound;
  std::cout << ", " << elapsed.count() << " s" << std::endl;
  return !bound || mean.mean <= *bound;
}

template <class Number>
Number number_in(const std::string& text, const std::string& what) {
  Number x{};
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, x);
  if (error != std::errc() || at != end || !(x > 0))
    throw std::runtime_error(what + ": expected a positive number, got \"" + text + "\"");
  return x;
}

int main(int argc, char** argv) {
  try {
    int threads = 1;
    bool quick = false;
    std::optional<fs::path> folder;
    std::vector<std::pair<std::string, std::optional<double>>> chosen;
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      const std::string& text = arguments[i];
      if (text == "--quick") {
        quick = true;
      } else if (text == "--threads" && i + 1 < arguments.size()) {
        threads = number_in<int>(arguments[++i], text);
      } else if (text.starts_with("-")) {
        throw std::runtime_error("unknown option, or one without its value: " + text);
      } else if (!folder) {
        folder = text;
      } else if (const std::size_t at = text.find('='); at != std::string::npos) {
        chosen.emplace_back(text.substr(0, at), number_in<double>(text.substr(at + 1), text));
      } else {
        chosen.emplace_back(text, std::nullopt);
      }
    }
    if (!folder) throw std::runtime_error("expected FOLDER [NAME[=BOUND] ...] [--threads N] [--quick]");
    if (chosen.empty())
      for (const auto& entry : fs::directory_iterator(*folder))
        if (fs::exists(entry.path() / "data.txt"))
          chosen.emplace_back(entry.path().filename().string(), std::nullopt);
    if (chosen.empty()) throw std::runtime_error(folder->string() + ": no folder with a data.txt");
    std::sort(chosen.begin(), chosen.end());
    bool reached = true;
    for (const auto& [name, bound] : chosen) reached = run(*folder / name, bound, threads, quick) && reached;
    return reached ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << "11_uci_regression: " << error.what() << '\n';
    return 2;
  }
}
