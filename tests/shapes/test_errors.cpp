// What is refused, with which error and which words; and that nothing has changed then.

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "lamina/activations/tanh.hpp"
#include "lamina/check_gradients.hpp"
#include "lamina/layers/batch_norm.hpp"
#include "lamina/layers/dense.hpp"
#include "lamina/losses/binary_cross_entropy.hpp"
#include "lamina/losses/gaussian_nll.hpp"
#include "lamina/losses/huber.hpp"
#include "lamina/losses/mean_squared_error.hpp"
#include "lamina/losses/poisson_nll.hpp"
#include "lamina/losses/softmax_cross_entropy.hpp"
#include "lamina/network.hpp"
#include "lamina/optimizers/gradient_descent.hpp"
#include "lamina/training/fit.hpp"
#include "support/catch.hpp"

namespace test_errors {

namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using lamina::BatchNorm;
using lamina::DataError;
using lamina::Dense;
using lamina::FitOptions;
using lamina::GradientDescent;
using lamina::MeanSquaredError;
using lamina::OptionError;
using lamina::Progress;
using lamina::ShapeError;
using lamina::SoftmaxCrossEntropy;

constexpr double NaN = std::numeric_limits<double>::quiet_NaN(),
                 infinity = std::numeric_limits<double>::infinity();
const FitOptions one_epoch{.epochs = 1, .batch_size = 2, .progress = Progress::never};

/// The error must be an E, and its message this one.
template <class E>
void expect(const std::string& message, const std::function<void()>& call) {
  CAPTURE(message);
  try {
    call();
  } catch (const E& e) {
    CHECK(e.what() == message);
    CHECK(dynamic_cast<const lamina::Error*>(&e) != nullptr);
    return;
  } catch (const std::exception& e) {
    FAIL_CHECK("an error of another type: " << e.what());
    return;
  }
  FAIL_CHECK("no error");
}

/// A network with something in every place that an error must leave alone.
struct Fixture {
  lamina::Network<double, Dense<3, 4, lamina::Tanh>, BatchNorm<4>, Dense<4, 2>> net;
  decltype(net)::Workspace workspace = net.workspace();
  MatrixXd X = MatrixXd::Random(5, 3), Y = MatrixXd::Random(5, 2);

  Fixture() {
    net.initialize(1);
    net.loss_and_gradient(X, Y, MeanSquaredError{}, workspace);
  }

  /// Every call that takes X and Y must refuse them with this error, and change nothing.
  template <class E, class DX, class TY, class Loss = MeanSquaredError>
  void refuses(const std::string& message, const DX& X_, const TY& Y_, const Loss& loss = {}) {
    unchanged<E>(message, [&] { net.loss(X_, Y_, loss); });
    unchanged<E>(message, [&] { net.loss(X_, Y_, loss, workspace); });
    unchanged<E>(message, [&] { net.loss_and_gradient(X_, Y_, loss, workspace); });
    unchanged<E>(message, [&] { lamina::train_step(net, X_, Y_, loss, GradientDescent{}, workspace); });
    unchanged<E>(message, [&] { lamina::fit(net, X_, Y_, loss, GradientDescent{}, one_epoch); });
  }
  template <class E>
  void unchanged(const std::string& message, const std::function<void()>& call) {
    const VectorXd theta = net.parameters(), gradient = workspace.gradient;
    const MatrixXd mean = net.layer<1>().running_mean(), variance = net.layer<1>().running_variance();
    const auto passes = workspace.passes;
    REQUIRE(gradient.cwiseAbs().maxCoeff() > 0);
    REQUIRE(mean.cwiseAbs().maxCoeff() > 0);
    expect<E>(message, call);
    CHECK(net.parameters() == theta);
    CHECK(workspace.gradient == gradient);
    CHECK(net.layer<1>().running_mean().matrix() == mean);
    CHECK(net.layer<1>().running_variance().matrix() == variance);
    CHECK(workspace.passes == passes);
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "errors: X of the wrong shape") {
  refuses<ShapeError>("X: expected m×3 (a sample is a row), got 5×2", X.leftCols(2), Y);
  refuses<ShapeError>("X: expected m×3 (a sample is a row), got 3×5", X.transpose(), Y);
  refuses<DataError>("X: expected at least one row (sample), got none", X.topRows(0), Y.topRows(0));
  refuses<DataError>("X: expected at least one row (sample), got none", MatrixXd(0, 3), MatrixXd(0, 2));
  refuses<ShapeError>("X: expected m×3 (a sample is a row), got 0×0", MatrixXd(), MatrixXd());

  unchanged<ShapeError>("X: expected m×3 (a sample is a row), got 5×2", [&] { net.predict(X.leftCols(2)); });
  unchanged<ShapeError>("X: expected m×3 (a sample is a row), got 5×2",
                        [&] { net.predict(X.leftCols(2), workspace); });
  unchanged<DataError>("X: expected at least one row (sample), got none", [&] { net.predict(X.topRows(0)); });
  MatrixXd output(5, 3);
  unchanged<ShapeError>("output: expected 5×2, got 5×3", [&] { net.predict(X, workspace, output); });
  unchanged<ShapeError>("X: expected m×3 (a sample is a row), got 5×2",
                        [&] { net.input_gradient(X.leftCols(2), Y, MeanSquaredError{}, workspace); });
  unchanged<ShapeError>("X: expected m×3 (a sample is a row), got 5×2",
                        [&] { lamina::check_gradients(net, X.leftCols(2), Y, MeanSquaredError{}); });
}

TEST_CASE_METHOD(Fixture, "errors: X that is not finite") {
  const auto at = [&](Index i, Index j, double value) {
    MatrixXd bad = X;
    bad(i, j) = value;
    return bad;
  };
  refuses<DataError>("X: expected finite numbers, got nan at row 2, column 1", at(2, 1, NaN), Y);
  refuses<DataError>("X: expected finite numbers, got inf at row 0, column 0", at(0, 0, infinity), Y);
  refuses<DataError>("X: expected finite numbers, got -inf at row 4, column 2", at(4, 2, -infinity), Y);

  // The first one by rows, in whatever order they lie.
  MatrixXd several = at(3, 0, infinity);
  several(1, 2) = -infinity;
  several(4, 1) = NaN;
  const std::string first = "X: expected finite numbers, got -inf at row 1, column 2";
  refuses<DataError>(first, several, Y);
  refuses<DataError>(first, Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>(several),
                     Y);
  refuses<DataError>(first, MatrixXd(several.transpose()).transpose(), Y);
  refuses<DataError>(first, 2 * several, Y);

  // In every place of a large matrix, and of a block with strides; what lies around the block does not matter.
  const auto refused = [&](const auto& M, Index i, Index j) {
    expect<DataError>(
        "X: expected finite numbers, got nan at row " + std::to_string(i) + ", column " + std::to_string(j),
        [&] { net.predict(M); });
  };
  MatrixXd large = MatrixXd::Random(97, 3), around = MatrixXd::Constant(99, 5, NaN);
  for (Index i = 0; i < large.rows(); ++i)
    for (Index j = 0; j < 3; ++j) {
      const double good = large(i, j);
      large(i, j) = NaN;
      refused(large, i, j);
      around.block(1, 1, 97, 3) = large;
      refused(around.block(1, 1, 97, 3), i, j);
      large(i, j) = good;
    }
  around.block(1, 1, 97, 3) = large;
  CHECK_NOTHROW(net.predict(around.block(1, 1, 97, 3)));

  // Huge, tiny and negative numbers are finite.
  large(5, 1) = std::numeric_limits<double>::max();
  large(6, 1) = -std::numeric_limits<double>::max();
  large(7, 1) = std::numeric_limits<double>::denorm_min();
  CHECK_NOTHROW(net.predict(large));
}

TEST_CASE_METHOD(Fixture, "errors: targets") {
  refuses<ShapeError>("Y: expected 5×2 for mse, got 4×2", X, Y.topRows(4));
  refuses<ShapeError>("Y: expected 5×2 for mse, got 6×2", X, MatrixXd(6, 2));
  refuses<ShapeError>("Y: expected 5×2 for mse, got 5×1", X, Y.leftCols(1));
  refuses<ShapeError>("Y: expected 5×2 for mse, got 2×5", X, Y.transpose());
  refuses<ShapeError>("Y: expected 5×1 for gaussian_nll, got 5×2", X, Y, lamina::GaussianNLL{});
  MatrixXd bad = Y;
  bad(3, 1) = NaN;
  bad(4, 0) = infinity;
  refuses<DataError>("Y: expected finite numbers, got nan at row 3, column 1", X, bad);
  bad = Y.cwiseAbs();
  bad(2, 1) = 1.5;
  bad(4, 0) = -1;
  refuses<DataError>("Y: expected targets in [0, 1] for bce_with_logits, got 1.5 at row 2, column 1", X, bad,
                     lamina::BinaryCrossEntropy{});
  refuses<DataError>("Y: expected targets in [0, 1] for softmax_cross_entropy, got 1.5 at row 2, column 1", X,
                     bad, SoftmaxCrossEntropy{});
  refuses<DataError>("Y: expected targets in [0, inf] for poisson_nll, got -1 at row 4, column 0", X, bad,
                     lamina::PoissonNLL{});

  // A bad X is named before a bad Y of the right shape.
  MatrixXd bad_X = X;
  bad_X(0, 0) = NaN;
  refuses<ShapeError>("X: expected m×3 (a sample is a row), got 5×2", X.leftCols(2), Y.topRows(2));
}

TEST_CASE_METHOD(Fixture, "errors: labels") {
  const SoftmaxCrossEntropy loss;
  refuses<ShapeError>("Y: expected 5 labels, one for each row of X, got 4", X, std::vector<int>{0, 1, 0, 1},
                      loss);
  refuses<ShapeError>("Y: expected 5 labels, one for each row of X, got 0", X, std::vector<int>{}, loss);
  refuses<DataError>("Y: expected labels from 0 to 1, got 2 at row 3", X, std::vector<int>{0, 1, 0, 2, -1},
                     loss);
  refuses<DataError>("Y: expected labels from 0 to 1, got -1 at row 4", X, std::vector<int>{0, 1, 0, 1, -1},
                     loss);
  refuses<DataError>("Y: expected labels from 0 to 1, got 255 at row 1", X,
                     std::vector<std::uint8_t>{0, 255, 0, 1, 1}, loss);
  refuses<DataError>("Y: expected labels from 0 to 1, got 4294967296 at row 2", X,
                     std::vector<std::int64_t>{0, 1, std::int64_t{1} << 32, 1, 1}, loss);
  expect<ShapeError>("Y: expected a vector, got 5×2",
                     [&] { net.loss(X, Eigen::MatrixXi(Eigen::MatrixXi::Zero(5, 2)), loss); });
  expect<ShapeError>("Y: bce_with_logits takes no integer labels with 2 outputs; pass a matrix of targets",
                     [&] {
                       net.loss(X, std::vector<int>{0, 1, 0, 1, 1}, lamina::BinaryCrossEntropy{});
                     });
}

TEST_CASE_METHOD(Fixture, "errors: sample weights") {
  const auto with = [&]<class E>(std::type_identity<E>, const std::string& message, const auto& weights) {
    refuses<E>(message, X, lamina::weighted(Y, weights));
  };
  constexpr std::type_identity<ShapeError> shape;
  constexpr std::type_identity<DataError> data;
  with(shape, "sample weights: expected 5, one for each row of X, got 4", std::vector<double>(4, 1.0));
  with(shape, "sample weights: expected 5, one for each row of X, got 6", std::vector<double>(6, 1.0));
  with(data, "sample weights: expected finite numbers ≥ 0, got -1 at row 1",
       std::vector<double>{1, -1, NaN, 1, 1});
  with(data, "sample weights: expected finite numbers ≥ 0, got nan at row 2",
       std::vector<double>{1, 1, NaN, 1, 1});
  with(data, "sample weights: expected finite numbers ≥ 0, got inf at row 0",
       std::vector<double>{infinity, 1, 1, 1, 1});
  with(data, "sample weights: expected a positive sum, got 0", std::vector<double>(5, 0.0));
  with(data, "sample weights: expected a sum that the network's scalar holds, got inf",
       std::vector<double>(5, 1e308));
  with(data, "sample weights: expected a sum that the network's scalar holds, got 5e-310",
       std::vector<double>(5, 1e-310));
  with(shape, "sample weights: expected a vector, got 5×2", Y);

  // In float neither the sums of all nor those of a batch that float does not hold make NaN of anything.
  lamina::Network<float, Dense<3, 2>> single;
  single.initialize(1);
  auto memory = single.workspace();
  const Eigen::MatrixXf x = X.cast<float>(), y = Y.cast<float>();
  for (const double s : {1e-50, 1e39})
    CHECK_THROWS_AS(single.loss(x, lamina::weighted(y, std::vector<double>(5, s)), MeanSquaredError{}),
                    DataError);
  const std::vector<double> one_counts = {1, 1e-50, 1e-50, 1e-50, 1e-50};
  lamina::fit(single, x, lamina::weighted(y, one_counts), MeanSquaredError{}, GradientDescent{},
              {.epochs = 1, .batch_size = 1, .shuffle = false, .progress = lamina::Progress::never});
  CHECK(single.parameters().allFinite());
}

TEST_CASE_METHOD(Fixture, "errors: the options of a loss") {
  refuses<OptionError>("Huber: expected a finite delta > 0, got 0", X, Y, lamina::Huber{.delta = 0});
  refuses<ShapeError>("SoftmaxCrossEntropy: class_weights: expected one for each of 2 outputs, got 3", X,
                      std::vector<int>(5, 0), SoftmaxCrossEntropy{.class_weights = {1, 1, 1}});
  refuses<OptionError>("SoftmaxCrossEntropy: class_weights: expected finite weights ≥ 0, got -2 for class 1",
                       X, std::vector<int>(5, 0), SoftmaxCrossEntropy{.class_weights = {1, -2}});
  refuses<OptionError>("SoftmaxCrossEntropy: expected label_smoothing in [0, 1), got 1", X,
                       std::vector<int>(5, 0), SoftmaxCrossEntropy{.label_smoothing = 1});
  // What float does not hold would be 0 or infinite in its networks.
  const std::string range =
      ": expected 0 or a magnitude from 1.17549e-38 to 3.40282e+38, as float has them, got ";
  refuses<OptionError>("Huber: delta" + range + "1e-50", X, Y, lamina::Huber{.delta = 1e-50});
  refuses<OptionError>("PoissonNLL: eps" + range + "1e-39", X, Y, lamina::PoissonNLL{.eps = 1e-39});
  refuses<OptionError>("BinaryCrossEntropy: positive_weight" + range + "1e+39", X,
                       MatrixXd::Ones(5, 2).eval(), lamina::BinaryCrossEntropy{.positive_weight = 1e39});
  refuses<OptionError>("SoftmaxCrossEntropy: class_weights" + range + "1e-50", X, std::vector<int>(5, 0),
                       SoftmaxCrossEntropy{.class_weights = {1, 1e-50}});
  lamina::Network<double, Dense<3, 1>> one;
  auto memory = one.workspace();
  expect<ShapeError>("gaussian_nll: cannot be used with 1 network output",
                     [&] { one.loss_and_gradient(X, Y, lamina::GaussianNLL{}, memory); });
}

TEST_CASE_METHOD(Fixture, "errors: fit") {
  const auto refused = [&]<class E>(std::type_identity<E>, const std::string& message,
                                    const FitOptions& options) {
    unchanged<E>(message, [&] { lamina::fit(net, X, Y, MeanSquaredError{}, GradientDescent{}, options); });
  };
  constexpr std::type_identity<ShapeError> shape;
  constexpr std::type_identity<DataError> data;
  constexpr std::type_identity<OptionError> option;
  const MatrixXd two = X.leftCols(2), four = Y.topRows(4);
  MatrixXd bad = X;
  bad(4, 1) = NaN;
  refused(option, "epochs: expected at least 0, got -1", {.epochs = -1});
  refused(option, "batch_size: expected at least 1, or full_batch, got -2", {.batch_size = -2});
  refused(shape, "validation X: expected m×3 (a sample is a row), got 5×2", {.validation = {two, Y}});
  refused(shape, "validation Y: expected 5×2 for mse, got 4×2", {.validation = {X, four}});
  refused(data, "validation X: expected finite numbers, got nan at row 4, column 1",
          {.validation = {bad, Y}});
  refused(data, "validation: expected X and Y of the network's scalar type",
          {.validation = {X.cast<float>(), Y.cast<float>()}});

  // An optimiser's options are its own; it is asked at the first step, and θ stays.
  const VectorXd theta = net.parameters();
  expect<OptionError>("GradientDescent: expected a learning_rate > 0, got -1", [&] {
    lamina::fit(net, X, Y, MeanSquaredError{}, GradientDescent{.learning_rate = -1}, one_epoch);
  });
  CHECK(net.parameters() == theta);
}

TEST_CASE("errors: gradient descent") {
  VectorXd theta = VectorXd::Ones(3);
  const VectorXd gradient = VectorXd::Ones(3);
  for (const double rate : {0.0, -0.5, NaN, infinity})
    CHECK_THROWS_AS(GradientDescent{.learning_rate = rate}.step(theta, gradient), OptionError);
  expect<ShapeError>("GradientDescent: expected a gradient of 3 elements, got 2",
                     [&] { GradientDescent{}.step(theta, VectorXd(VectorXd::Ones(2))); });
  CHECK(theta == VectorXd::Ones(3));
}

TEST_CASE("errors: layers that do not fit") {
  using Layer = Dense<Eigen::Dynamic, Eigen::Dynamic, lamina::Tanh>;
  expect<ShapeError>("layer 1 (Dense): expected 7 inputs, as many as layer 0 (Dense) has outputs, got 6",
                     [] { lamina::make_network<double>(Layer(3, 7), Layer(6, 2)); });
  expect<ShapeError>(
      "layer 2 (Dense): expected 7 inputs, as many as layer 1 (BatchNorm) has outputs, got 8",
      [] { lamina::make_network<double>(Layer(3, 7), BatchNorm<Eigen::Dynamic>(7), Layer(8, 2)); });
  expect<ShapeError>("extent: expected at least 1, got 0", [] { Layer(0, 3); });
  expect<ShapeError>("extent: expected at least 1, got -2", [] { Layer(3, -2); });
  expect<ShapeError>("extent: expected at most 2147483647, got 2147483648", [] { Layer(3, Index{1} << 31); });
  expect<ShapeError>("Dense: expected at most 2^47 weights, got 16777216\u00d716777216",
                     [] { Layer(Index{1} << 24, Index{1} << 24); });
  expect<ShapeError>("extent: expected 4 as in the type, got 5", [] { Dense<4, Eigen::Dynamic>(5, 2); });
}

// What the user has put into a layer is there when the layer is in a network.
TEST_CASE("layers keep their running statistics in a network") {
  BatchNorm<2> layer;
  layer.set_running_statistics(Eigen::RowVector2d(1, -2), Eigen::RowVector2d(3, 4));
  lamina::Network<double, Dense<3, 2>, BatchNorm<2>> net({}, layer);
  CHECK(net.layer<1>().running_mean().matrix() == Eigen::RowVector2d(1, -2));
  CHECK(net.layer<1>().running_variance().matrix() == Eigen::RowVector2d(3, 4));
  net.initialize(1);  // a fresh start
  CHECK(net.layer<1>().running_mean().matrix() == Eigen::RowVector2d(0, 0));
  CHECK(net.layer<1>().running_variance().matrix() == Eigen::RowVector2d(1, 1));
}

}  // namespace test_errors
