// Regression tables of the UCI repository with the fixed splits of Hernández-Lobato and Adams, Probabilistic
// backpropagation, ICML 2015: one hidden layer of 50 units, the mean root mean square error over the test parts.
//
//   11_uci_regression FOLDER [NAME ...] [--quick]
//
// FOLDER has a folder for each data set, with data.txt (white-space separated), index_features.txt and index_target.txt
// (columns from 0), index_train_<k>.txt and index_test_<k>.txt (rows from 0), and if need be n_hidden.txt. All data sets
// there, or those named. --quick: only split 0, and an error of at most half the deviation of the targets.
//
// For every split, with its training part alone: features and target are standardised; a dropout rate, a weight decay, a
// number of steps and an activation are chosen from the few below by cross-validation within the training part; then
// networks with them are trained on all of it, which differ in their seed, and the test part is predicted once: by the
// first, and by the mean of all, as MC dropout's prediction is a mean over many thinned networks.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <lamina/data/scaling.hpp>
#include <lamina/data/split.hpp>
#include <lamina/lamina.hpp>
#include <lamina/optimizers/adamw.hpp>
#include <lamina/schedules/one_cycle.hpp>
#include <map>
#include <numeric>
#include <sstream>
#include <string>
#include <vector>

using namespace lamina;
namespace fs = std::filesystem;

/// MC dropout with as many hidden units and these splits (Gal and Ghahramani, Dropout as a Bayesian approximation, ICML
/// 2016; the authors' own repetition with a grid search).
const std::map<std::string, double> published = {
    {"concrete", 4.82}, {"energy", 0.54}, {"power-plant", 4.01}, {"yacht", 0.67}};

std::vector<double> numbers(const fs::path& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path.string());
  std::vector<double> list;
  for (double x; file >> x;) list.push_back(x);
  if (!file.eof()) throw std::runtime_error(path.string() + ": expected numbers only");
  return list;
}
std::vector<Index> indices(const fs::path& path) {
  std::vector<Index> list;
  for (const double x : numbers(path)) list.push_back(static_cast<Index>(x));
  return list;
}

struct Table {
  Eigen::MatrixXd X, Y;  // m×n, m×1
};

Table read(const fs::path& folder) {
  std::ifstream file(folder / "data.txt");
  std::string line;
  std::getline(file, line);
  std::istringstream first(line);
  Index columns = 0;
  for (double x; first >> x;) ++columns;
  const auto data = numbers(folder / "data.txt");
  const auto size = static_cast<Index>(data.size());
  if (columns == 0 || size % columns != 0)
    throw std::runtime_error((folder / "data.txt").string() +
                             ": expected as many columns in each row as in the first");
  const Eigen::MatrixXd all = Eigen::Map<const Eigen::Matrix<double, Dynamic, Dynamic, Eigen::RowMajor>>(
      data.data(), size / columns, columns);
  const auto chosen = [&](const char* name) -> Eigen::MatrixXd {
    return take_rows(all.transpose(), indices(folder / name)).transpose();
  };
  return {chosen("index_features.txt"), chosen("index_target.txt")};
}

/// Networks whose predictions are averaged; the error of the first alone is printed beside.
constexpr int members = 5;

struct Recipe {
  bool tanh;            ///< else ReLU
  double dropout;       ///< of the hidden units
  double weight_decay;  ///< decoupled, of AdamW
  Index steps;
};
const std::vector<Recipe> recipes = {{false, 0, 0.01, 10000},    {false, 0.01, 0.01, 10000},
                                     {false, 0.05, 0.01, 10000}, {false, 0.05, 0.3, 10000},
                                     {false, 0, 0.03, 2000},     {false, 0.15, 0.1, 2000},
                                     {true, 0, 0.005, 10000}};

/// The predictions for `other`, in standardised units, of a network trained on X and Y.
template <class G>
Eigen::MatrixXf predict_after_training(const Eigen::MatrixXf& X, const Eigen::MatrixXf& Y,
                                       const Eigen::MatrixXf& other, Index hidden, const Recipe& recipe,
                                       std::uint64_t seed) {
  auto net = make_network<float>(Dense<Dynamic, Dynamic, G>(X.cols(), hidden),
                                 Dropout<Dynamic>(hidden, recipe.dropout),
                                 Dense<Dynamic, Dynamic>(hidden, Y.cols()));
  net.initialize(seed);
  // Large tables: twice the steps with twice the samples in each.
  const Index m = X.rows(), scale = m > 4000 ? 2 : 1;
  const Index batch_size = std::min(32 * scale, m), batches = (m + batch_size - 1) / batch_size;
  const Index epochs = std::max<Index>(1, recipe.steps * scale / batches);
  const OneCycle schedule{.max_lr = 0.01, .total_steps = epochs * batches, .pct_start = 0.1};
  AdamW optimizer{.weight_decay = recipe.weight_decay};

  DataView<float> data;
  data.X = view<float>(X);
  data.Y = view<float>(Y);
  auto workspace = net.workspace();
  workspace.seed = seed;
  Random random(seed);
  std::vector<Index> order(static_cast<std::size_t>(m));
  std::iota(order.begin(), order.end(), Index{0});
  Index step = 0;
  for (Index epoch = 0; epoch < epochs; ++epoch) {
    random.shuffle(order);
    for (Index first = 0; first < m; first += batch_size, ++step) {
      optimizer.learning_rate = schedule(0, step);
      train_step(net, Batch<float>(data, first, std::min(batch_size, m - first), order.data()),
                 MeanSquaredError{}, optimizer, workspace);
    }
  }
  return net.predict(other);
}

struct Errors {
  double single;    ///< of one network
  double ensemble;  ///< of the mean of the predictions of `members` such networks
};

/// The root mean square error on `test`, in the units of the targets, after training on `train`.
Errors errors_of(const Table& table, const std::vector<Index>& train, const std::vector<Index>& test,
                 Index hidden, const Recipe& recipe, int members = 1) {
  StandardScaler of_x, of_y;
  const Eigen::MatrixXf X = of_x.fit_transform(take_rows(table.X, train)).cast<float>(),
                        Y = of_y.fit_transform(take_rows(table.Y, train)).cast<float>(),
                        other = of_x.transform(take_rows(table.X, test)).cast<float>();
  const Eigen::MatrixXd wanted = take_rows(table.Y, test);
  Eigen::MatrixXd sum = Eigen::MatrixXd::Zero(wanted.rows(), wanted.cols());
  Errors errors{};
  for (int member = 1; member <= members; ++member) {
    const auto seed = static_cast<std::uint64_t>(member);
    const Eigen::MatrixXf predicted = recipe.tanh
                                          ? predict_after_training<Tanh>(X, Y, other, hidden, recipe, seed)
                                          : predict_after_training<ReLU>(X, Y, other, hidden, recipe, seed);
    sum += of_y.inverse_transform(predicted.cast<double>().eval());
    errors.ensemble = std::sqrt((sum / member - wanted).array().square().mean());
    if (member == 1) errors.single = errors.ensemble;
  }
  return errors;
}

/// The recipe with the least error in three-fold cross-validation of the training part: all in the first fold, the better
/// three in the others. Of large tables, whose folds tell the same, the first fold alone.
Recipe choose(const Table& table, const std::vector<Index>& train, Index hidden) {
  const auto m = static_cast<Index>(train.size());
  const auto folds = k_fold(m, m > 4000 ? 5 : 3, {.seed = 1});
  const auto error_in = [&](std::size_t fold, const Recipe& recipe) {
    return errors_of(table, take_rows(train, folds[fold].train), take_rows(train, folds[fold].test), hidden,
                     recipe)
        .single;
  };
  std::vector<std::pair<double, std::size_t>> errors;
  for (std::size_t r = 0; r < recipes.size(); ++r) errors.emplace_back(error_in(0, recipes[r]), r);
  std::sort(errors.begin(), errors.end());
  if (m <= 4000) {
    errors.resize(3);
    for (auto& [error, r] : errors)
      for (std::size_t fold = 1; fold < folds.size(); ++fold) error += error_in(fold, recipes[r]);
    std::sort(errors.begin(), errors.end());
  }
  return recipes[errors.front().second];
}

struct MeanAndError {
  double mean = 0, standard_error = 0;

  explicit MeanAndError(const std::vector<double>& values) {
    const Eigen::Map<const Eigen::ArrayXd> x(values.data(), static_cast<Index>(values.size()));
    const auto n = static_cast<double>(values.size());
    mean = x.mean();
    if (n > 1) standard_error = std::sqrt((x - mean).square().sum() / (n - 1) / n);
  }
};

/// Whether the error is as promised.
bool run(const fs::path& folder, bool quick) {
  const auto began = std::chrono::steady_clock::now();
  const std::string name = folder.filename().string();
  const Table table = read(folder);
  const Index hidden = fs::exists(folder / "n_hidden.txt") ? indices(folder / "n_hidden.txt").at(0) : 50;
  std::vector<double> singles, ensembles;
  for (int k = 0; k < (quick ? 1 : 1000); ++k) {
    const auto file = [&](const char* part) { return folder / (part + std::to_string(k) + ".txt"); };
    if (!fs::exists(file("index_train_"))) break;
    const auto train = indices(file("index_train_"));
    const Recipe recipe = choose(table, train, hidden);
    const Errors errors = errors_of(table, train, indices(file("index_test_")), hidden, recipe, members);
    singles.push_back(errors.single);
    ensembles.push_back(errors.ensemble);
    std::cout << name << ", split " << k << ": RMSE " << errors.single << ", of " << members << " networks "
              << errors.ensemble << "  (" << (recipe.tanh ? "tanh" : "relu") << ", dropout " << recipe.dropout
              << ", weight decay " << recipe.weight_decay << ", " << recipe.steps << " steps)" << std::endl;
  }
  if (singles.empty()) throw std::runtime_error(folder.string() + ": no index_train_0.txt");
  const MeanAndError single(singles), ensemble(ensembles);
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - began;
  const auto figure = published.find(name);
  double promised = figure == published.end() ? INFINITY : figure->second;
  if (quick) promised = std::sqrt((table.Y.array() - table.Y.mean()).square().mean()) / 2;
  std::cout << name << ": RMSE over " << singles.size() << " splits " << single.mean << " +- "
            << single.standard_error << ", of " << members << " networks " << ensemble.mean << " +- "
            << ensemble.standard_error;
  if (std::isfinite(promised)) std::cout << ", expected at most " << promised;
  std::cout << ", " << elapsed.count() << " s" << std::endl;
  return ensemble.mean <= promised;
}

int main(int argc, char** argv) {
  try {
    std::vector<std::string> names(argv + 1, argv + argc);
    const bool quick = std::erase(names, "--quick") > 0;
    if (names.empty()) throw std::runtime_error("expected FOLDER [NAME ...] [--quick]");
    const fs::path folder = names[0];
    names.erase(names.begin());
    if (names.empty())
      for (const auto& entry : fs::directory_iterator(folder))
        if (fs::exists(entry.path() / "data.txt")) names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    bool as_promised = !names.empty();
    for (const std::string& name : names) as_promised = run(folder / name, quick) && as_promised;
    return as_promised ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << "11_uci_regression: " << error.what() << '\n';
    return 2;
  }
}
