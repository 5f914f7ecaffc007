// BatchNorm: the statistics of the batch in training, the running ones in evaluation.

#include <cmath>
#include <limits>

#include "lamina/check_gradients.hpp"
#include "lamina/losses/mean_squared_error.hpp"
#include "layers/support.hpp"
#include "support/catch.hpp"
#include "training/problems.hpp"

namespace {

using namespace lamina;
using Catch::Matchers::ContainsSubstring;
using layer_tests::Sum;
using Net = Network<double, BatchNorm<3>, Dense<3, 1>>;

Net initialized() {
  Net net;
  net.initialize(1);
  return net;
}

/// One training pass.
double train(Net& net, const Eigen::MatrixXd& X) {
  auto workspace = net.workspace();
  return net.loss_and_gradient(X, Eigen::MatrixXd::Zero(X.rows(), 1), MeanSquaredError{}, workspace);
}

Eigen::ArrayXXd columns_variance(const Eigen::MatrixXd& X) {
  return (X.rowwise() - X.colwise().mean()).array().square().colwise().mean();
}

}  // namespace

TEST_CASE("in training the columns of the whole batch are normalised", "[batch_norm]") {
  // Far more rows than a tile has.
  const Eigen::MatrixXd X = 5 * problems::uniform(2000, 3, 1).array() + 2;
  BatchNorm<3> layer;
  Network<double, BatchNorm<3>> net(layer);
  net.weights<0>() << 2, 3, 4;
  net.bias<0>() << -1, 0, 1;

  // F = (1/m)‖A‖²; columns have mean β and variance γ²·σ²/(σ² + ε).
  auto workspace = net.workspace();
  const double F = net.loss_and_gradient(X, Eigen::MatrixXd::Zero(2000, 3), MeanSquaredError{}, workspace);
  const Eigen::ArrayXXd variance = columns_variance(X);
  const Eigen::Array3d gamma(2, 3, 4), beta(-1, 0, 1);
  double expected = 0;
  for (Index j = 0; j < 3; ++j)
    expected += beta(j) * beta(j) + gamma(j) * gamma(j) * variance(0, j) / (variance(0, j) + 1e-5);
  CHECK(F == Catch::Detail::Approx(expected).epsilon(1e-12));
}

TEST_CASE("after a training pass the running statistics move", "[batch_norm]") {
  const Eigen::MatrixXd X = problems::uniform(40, 3, 1);
  Net net(BatchNorm<3>(0.25), {});
  net.initialize(1);
  train(net, X);
  const Eigen::ArrayXXd mean = X.colwise().mean(), unbiased = columns_variance(X) * 40 / 39;
  CHECK((net.layer<0>().running_mean() - 0.25 * mean).abs().maxCoeff() < 1e-15);
  CHECK((net.layer<0>().running_variance() - (0.75 + 0.25 * unbiased)).abs().maxCoeff() < 1e-15);
  train(net, X);
  CHECK((net.layer<0>().running_mean() - (0.75 * 0.25 + 0.25) * mean).abs().maxCoeff() < 1e-15);

  SECTION("not at all, or at once, for the extreme momenta") {
    Net still(BatchNorm<3>(0), {}), at_once(BatchNorm<3>(1), {});
    train(still, X);
    CHECK((still.layer<0>().running_mean() == 0).all());
    CHECK((still.layer<0>().running_variance() == 1).all());
    train(at_once, X);
    CHECK((at_once.layer<0>().running_mean() - mean).abs().maxCoeff() < 1e-15);
    CHECK((at_once.layer<0>().running_variance() - unbiased).abs().maxCoeff() < 1e-15);
  }
}

TEST_CASE("in evaluation the running statistics normalise", "[batch_norm]") {
  Network<double, BatchNorm<3>> net;
  net.layer<0>().set_running_statistics(Eigen::Vector3d(1, 2, 3), Eigen::RowVector3d(4, 9, 16));
  net.weights<0>() << 2, 3, 4;
  net.bias<0>() << -1, 0, 1;
  const Eigen::RowVector3d x(5, 5, 5);
  const Eigen::RowVector3d a = net.predict(x);
  CHECK(a(0) == Catch::Detail::Approx(2 * 4 / std::sqrt(4 + 1e-5) - 1).epsilon(1e-15));
  CHECK(a(1) == Catch::Detail::Approx(3 * 3 / std::sqrt(9 + 1e-5)).epsilon(1e-15));
  CHECK(a(2) == Catch::Detail::Approx(4 * 2 / std::sqrt(16 + 1e-5) + 1).epsilon(1e-15));
}

TEST_CASE("only training passes move the running statistics", "[batch_norm]") {
  const Eigen::MatrixXd X = problems::uniform(10, 3, 1), Y = problems::uniform(10, 1, 2);
  Net net = initialized();
  train(net, X);
  const Net before = net;
  auto workspace = net.workspace();
  net.predict(X);
  net.predict(X, workspace);
  net.loss(X, Y, MeanSquaredError{});
  net.loss(X, Y, MeanSquaredError{}, workspace);
  net.loss_and_gradient(X, Y, MeanSquaredError{}, workspace, Mode::evaluation);
  net.input_gradient(X, Y, MeanSquaredError{}, workspace, Mode::training);
  CHECK(check_gradients(net, X, Y, MeanSquaredError{}));
  CHECK(check_gradients(net, X, Y, MeanSquaredError{}, {.mode = Mode::evaluation}));
  CHECK_THROWS_AS(net.loss_and_gradient(X, Y.topRows(3), MeanSquaredError{}, workspace), ShapeError);
  CHECK((net.layer<0>().running_mean() == before.layer<0>().running_mean()).all());
  CHECK((net.layer<0>().running_variance() == before.layer<0>().running_variance()).all());
  train(net, X);
  CHECK((net.layer<0>().running_mean() != before.layer<0>().running_mean()).all());
}

TEST_CASE("a pass with a loss that is not finite does not move them", "[batch_norm]") {
  Net net = initialized();
  net.bias<1>().setConstant(std::numeric_limits<double>::infinity());
  CHECK_FALSE(std::isfinite(train(net, problems::uniform(10, 3, 1))));
  CHECK((net.layer<0>().running_mean() == 0).all());
  CHECK((net.layer<0>().running_variance() == 1).all());
}

TEST_CASE("a batch of one sample is its own mean", "[batch_norm]") {
  Net net = initialized();
  net.bias<0>() << 1, 2, 3;
  net.weights<1>().setOnes();
  const Eigen::RowVector3d x(10, 20, 30);
  CHECK(train(net, x) == 36);  // A = 1·β
  CHECK((net.layer<0>().running_mean() - 0.1 * x.array()).abs().maxCoeff() < 1e-15);
  CHECK((net.layer<0>().running_variance() == 1).all());

  auto workspace = net.workspace();
  CHECK(net.input_gradient(x, Eigen::MatrixXd::Zero(1, 1), MeanSquaredError{}, workspace, Mode::training)
            .isZero(0));
  CHECK(workspace.gradient.allFinite());
  CHECK(net.predict(x).allFinite());
}

TEST_CASE("a constant column is not divided by zero", "[batch_norm]") {
  Net net = initialized();
  Eigen::MatrixXd X = problems::uniform(10, 3, 1);
  X.col(1).setConstant(0.5);  // its mean is exact
  auto workspace = net.workspace();
  CHECK(std::isfinite(net.loss_and_gradient(X, Eigen::MatrixXd::Zero(10, 1), MeanSquaredError{}, workspace)));
  CHECK(workspace.gradient.allFinite());
  CHECK(net.layer<0>().running_variance()(1) == 0.9);
}

TEST_CASE("running statistics can be set and reset", "[batch_norm]") {
  Net net = initialized();
  auto& layer = net.layer<0>();
  layer.set_running_statistics(Eigen::Array3f(1, 2, 3), Eigen::RowVector3d(4, 5, 0));
  CHECK((layer.running_mean() == Eigen::RowVector3d(1, 2, 3).array()).all());
  CHECK((layer.running_variance() == Eigen::RowVector3d(4, 5, 0).array()).all());

  const double not_a_number = std::numeric_limits<double>::quiet_NaN();
  const Eigen::Vector3d ones = Eigen::Vector3d::Ones();
  CHECK_THROWS_AS(layer.set_running_statistics(Eigen::Vector2d(1, 2), ones), ShapeError);
  CHECK_THROWS_AS(layer.set_running_statistics(ones, Eigen::Vector4d::Ones()), ShapeError);
  CHECK_THROWS_AS(layer.set_running_statistics(Eigen::Vector3d(0, not_a_number, 0), ones), DataError);
  CHECK_THROWS_WITH(layer.set_running_statistics(ones, Eigen::Vector3d(1, 1, -1)),
                    ContainsSubstring("column 2"));
  CHECK((layer.running_mean() == Eigen::RowVector3d(1, 2, 3).array()).all());

  layer.reset();
  CHECK((layer.running_mean() == 0).all());
  CHECK((layer.running_variance() == 1).all());
}

TEST_CASE("options of batch normalisation", "[batch_norm]") {
  const double not_a_number = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(BatchNorm<3>(-0.1), OptionError);
  CHECK_THROWS_AS(BatchNorm<3>(1.1), OptionError);
  CHECK_THROWS_AS(BatchNorm<3>(not_a_number), OptionError);
  CHECK_THROWS_AS(BatchNorm<3>(0.1, 0), OptionError);
  CHECK_THROWS_AS(BatchNorm<3>(0.1, -1), OptionError);
  CHECK_THROWS_AS(BatchNorm<3>(0.1, 1e-60), OptionError);  // 0 in a network of floats
  CHECK_THROWS_AS(BatchNorm<3>(0.1, 1e60), OptionError);   // infinite there
  CHECK_THROWS_AS(BatchNorm<Dynamic>(3, 0.1, not_a_number), OptionError);
  CHECK_THROWS_AS(BatchNorm<Dynamic>(0), ShapeError);
  CHECK(BatchNorm<3>().momentum() == 0.1);
  CHECK(BatchNorm<3>().epsilon() == 1e-5);
}
