// Batches of every size, from one sample to one more than there are.

#include <algorithm>
#include <numeric>
#include <vector>

#include "lamina/activations/tanh.hpp"
#include "lamina/layers/dense.hpp"
#include "lamina/losses/mean_squared_error.hpp"
#include "lamina/losses/softmax_cross_entropy.hpp"
#include "lamina/network.hpp"
#include "lamina/optimizers/gradient_descent.hpp"
#include "lamina/training/fit.hpp"
#include "support/catch.hpp"

namespace test_batches {

namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using lamina::Dense;
using lamina::FitOptions;
using lamina::MeanSquaredError;
using lamina::Progress;

using Net = lamina::Network<double, Dense<3, 4, lamina::Tanh>, Dense<4, 2>>;
constexpr Index m = 13;

/// A batch's F and dF/dθ times its divisor, summed.
struct Sums {
  double value = 0, divisor = 0;
  VectorXd gradient = VectorXd::Zero(26);

  void add(double F, const VectorXd& dF, double weight) {
    value += weight * F;
    gradient += weight * dF;
    divisor += weight;
  }
};

void check_equal(const Sums& sums, double F, const VectorXd& gradient) {
  CHECK(sums.value / sums.divisor == Catch::Approx(F).epsilon(1e-14));
  CHECK((sums.gradient / sums.divisor - gradient).cwiseAbs().maxCoeff() <=
        1e-14 * gradient.cwiseAbs().maxCoeff());
}

/// MeanSquaredError that notes the rows it is asked for, by the first number of their target.
struct Attendance : MeanSquaredError {
  std::vector<Index>* seen = nullptr;

  auto value(const auto& A, const auto& Y) const {
    for (Index i = 0; i < Y.rows(); ++i) seen->push_back(static_cast<Index>(Y(i, 0)));
    return MeanSquaredError::value(A, Y);
  }
};

/// Counts steps and changes nothing.
struct Standstill {
  Index* steps = nullptr;
  void step(const auto&, const auto&) const { ++*steps; }
};

}  // namespace

TEST_CASE("batches: of every size, they add up to the whole") {
  Net net;
  net.initialize(1);
  const MatrixXd X = MatrixXd::Random(m, 3), Y = MatrixXd::Random(m, 2);
  std::vector<int> labels(m);
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = i % 3 == 0;
  const lamina::SoftmaxCrossEntropy cross_entropy{.class_weights = {0.5, 3}};
  const VectorXd weights = VectorXd::Random(m).cwiseAbs();
  auto workspace = net.workspace();

  const double F = net.loss_and_gradient(X, Y, MeanSquaredError{}, workspace);
  const VectorXd gradient = workspace.gradient;
  const double weighted_F =
      net.loss_and_gradient(X, lamina::weighted(Y, weights), MeanSquaredError{}, workspace);
  const VectorXd weighted_gradient = workspace.gradient;
  const double class_F = net.loss_and_gradient(X, labels, cross_entropy, workspace);
  const VectorXd class_gradient = workspace.gradient;

  for (Index size = 1; size <= m + 1; ++size) {
    CAPTURE(size);
    Sums sums, weighted_sums, class_sums;
    for (Index first = 0; first < m; first += size) {
      const Index count = std::min(size, m - first);
      const auto x = X.middleRows(first, count), y = Y.middleRows(first, count);
      const auto s = weights.segment(first, count);
      const std::vector<int> l(labels.begin() + first, labels.begin() + first + count);
      double f = net.loss_and_gradient(x, y, MeanSquaredError{}, workspace);
      sums.add(f, workspace.gradient, static_cast<double>(count));
      CHECK(net.loss(x, y, MeanSquaredError{}) == f);
      f = net.loss_and_gradient(x, lamina::weighted(y, s), MeanSquaredError{}, workspace);
      weighted_sums.add(f, workspace.gradient, s.sum());
      f = net.loss_and_gradient(x, l, cross_entropy, workspace);
      const auto ones = static_cast<double>(std::count(l.begin(), l.end(), 1));
      class_sums.add(f, workspace.gradient, 3 * ones + 0.5 * (static_cast<double>(count) - ones));
    }
    check_equal(sums, F, gradient);
    check_equal(weighted_sums, weighted_F, weighted_gradient);
    check_equal(class_sums, class_F, class_gradient);
  }
}

TEST_CASE("batches: one that counts for nothing has no loss and no gradient") {
  Net net;
  net.initialize(1);
  const MatrixXd X = MatrixXd::Random(m, 3);
  std::vector<int> labels(m, 1);
  const std::vector<double> weights(m, 1.0);
  auto workspace = net.workspace();
  // Class 1 does not count. With label smoothing the other class has a share in every sample all the same.
  for (const double smoothing : {0.0, 0.1}) {
    const lamina::SoftmaxCrossEntropy loss{.label_smoothing = smoothing, .class_weights = {1, 0}};
    const auto nothing = [&](const auto& Y) {
      CHECK(net.loss_and_gradient(X, Y, loss, workspace) == 0);
      CHECK(workspace.gradient == VectorXd::Zero(26));
      CHECK(net.input_gradient(X, Y, loss, workspace) == MatrixXd::Zero(m, 3));
      CHECK(workspace.gradient == VectorXd::Zero(26));
      CHECK(net.loss(X, Y, loss) == 0);
    };
    nothing(labels);
    nothing(lamina::weighted(labels, weights));
  }
  // Weights of which one batch has none, as fit may meet it.
  VectorXd half = VectorXd::Ones(m);
  half.head(5).setZero();
  const MatrixXd Y = MatrixXd::Random(m, 2);
  Net trained = net;
  const auto history =
      lamina::fit(trained, X, lamina::weighted(Y, half), MeanSquaredError{}, lamina::GradientDescent{},
                  FitOptions{.epochs = 1, .batch_size = 5, .shuffle = false, .progress = Progress::never});
  CHECK(std::isfinite(history.loss[0]));
  CHECK(trained.parameters().allFinite());
  CHECK(trained.parameters() != net.parameters());
}

TEST_CASE("batches: fit sees every sample once in every epoch, whatever the size") {
  const MatrixXd X = MatrixXd::Random(m, 3);
  MatrixXd Y = MatrixXd::Zero(m, 2);
  Y.col(0).setLinSpaced(0, m - 1);
  std::vector<Index> all(m);
  std::iota(all.begin(), all.end(), Index{0});
  constexpr Index epochs = 3;

  for (Index size = 0; size <= m + 1; ++size) {  // 0 is full_batch
    CAPTURE(size);
    Net net;
    net.initialize(1);
    std::vector<Index> seen;
    Attendance loss;
    loss.seen = &seen;
    Index steps = 0, batches = 0, samples = 0, finished = 0;
    const Index in_epoch = size == 0 ? 1 : (m + size - 1) / size;

    struct Callback {
      Index &batches, &samples, &finished;
      Index in_epoch;
      void on_batch(const lamina::FitState& state) {
        CHECK(state.batch == batches % in_epoch);
        CHECK(state.batches == in_epoch);
        CHECK(state.epoch == batches / in_epoch);
        CHECK(state.samples_per_epoch == m);
        samples = state.samples;
        ++batches;
      }
      void on_epoch(const lamina::FitState& state) {
        CHECK(state.samples == m);
        CHECK(samples == m);
        CHECK(state.epoch == finished);
        ++finished;
      }
    } callback{batches, samples, finished, in_epoch};
    const auto history = lamina::fit(
        net, X, Y, loss, Standstill{&steps},
        FitOptions{.epochs = epochs, .batch_size = size, .seed = 8, .progress = Progress::never}, callback);
    CHECK(history.epochs() == epochs);
    CHECK(steps == epochs * in_epoch);
    CHECK(batches == steps);
    CHECK(finished == epochs);
    REQUIRE(static_cast<Index>(seen.size()) == epochs * m);

    std::vector<std::vector<Index>> orders;
    for (Index epoch = 0; epoch < epochs; ++epoch) {
      std::vector<Index> order(seen.begin() + epoch * m, seen.begin() + (epoch + 1) * m);
      orders.push_back(order);
      std::sort(order.begin(), order.end());
      CHECK(order == all);
    }
    const bool several_batches = size > 0 && size < m;
    CHECK((orders[0] != all) == several_batches);        // shuffled
    CHECK((orders[0] != orders[1]) == several_batches);  // and again
    CHECK((orders[1] != orders[2]) == several_batches);

    // θ stood still: every epoch has the loss of the whole.
    for (const double F : history.loss)
      CHECK(F == Catch::Approx(net.loss(X, Y, MeanSquaredError{})).epsilon(1e-13));

    // The same seed gives the same order, another one another, and shuffle = false none.
    const auto order_with = [&](std::uint64_t seed, bool shuffle) {
      seen.clear();
      lamina::fit(net, X, Y, loss, Standstill{&steps},
                  FitOptions{.epochs = 1,
                             .batch_size = size,
                             .seed = seed,
                             .shuffle = shuffle,
                             .progress = Progress::never});
      return seen;
    };
    CHECK(order_with(8, true) == orders[0]);
    CHECK((order_with(9, true) != orders[0]) == several_batches);
    CHECK(order_with(8, false) == all);
  }
}

TEST_CASE("batches: fit is the plain loop over train_step") {
  const MatrixXd X = MatrixXd::Random(m, 3), Y = MatrixXd::Random(m, 2);
  for (const Index size : {Index(1), Index(5), m - 1, m, m + 1}) {
    CAPTURE(size);
    Net fitted, looped;
    fitted.initialize(2);
    looped.initialize(2);
    const lamina::GradientDescent descent{.learning_rate = 0.1};
    const auto history = lamina::fit(
        fitted, X, Y, MeanSquaredError{}, descent,
        FitOptions{.epochs = 4, .batch_size = size, .shuffle = false, .progress = Progress::never});
    auto workspace = looped.workspace();
    for (std::size_t epoch = 0; epoch < 4; ++epoch) {
      double sum = 0;
      for (Index first = 0; first < m; first += size) {
        const Index count = std::min(size, m - first);
        sum += static_cast<double>(count) * lamina::train_step(looped, X.middleRows(first, count),
                                                               Y.middleRows(first, count), MeanSquaredError{},
                                                               descent, workspace);
      }
      CHECK(history.loss[epoch] == Catch::Approx(sum / m).epsilon(1e-14));
    }
    CHECK(fitted.parameters() == looped.parameters());
    CHECK(history.loss.back() < history.loss.front());
  }
}

}  // namespace test_batches
