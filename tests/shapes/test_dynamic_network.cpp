// A network whose layers are run-time values: what it is after each call, and what it refuses.

#include "lamina/dynamic_network.hpp"

#include "lamina/losses/mean_squared_error.hpp"
#include "support/catch.hpp"

namespace {

using Catch::Matchers::ContainsSubstring;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using lamina::DynamicNetwork;
using lamina::MeanSquaredError;
using lamina::OptionError;
using lamina::ShapeError;

}  // namespace

TEST_CASE("dynamic network: parameters of layers already there are kept") {
  DynamicNetwork<double> net(3);
  CHECK(net.inputs() == 3);
  CHECK(net.outputs() == 3);
  CHECK(net.size() == 0);
  net.dense(4, "relu");
  CHECK(net.parameter_count() == 16);
  CHECK(net.parameters() == VectorXd::Zero(16));
  net.parameters().setLinSpaced(1, 16);
  net.batch_norm().dropout(0.5).dense(2, "tanh", false);
  CHECK(net.size() == 4);
  CHECK(net.outputs() == 2);
  REQUIRE(net.parameter_count() == 16 + 8 + 8);
  CHECK(net.parameters().head(16) == VectorXd::LinSpaced(16, 1, 16));
  CHECK(net.weights(1) == MatrixXd::Ones(1, 4));
  CHECK(net.bias(1) == MatrixXd::Zero(1, 4));
  CHECK(net.weights(3) == MatrixXd::Zero(4, 2));

  // W column by column, then b.
  CHECK(net.weights(0).col(1) == Eigen::Vector3d(4, 5, 6));
  CHECK(net.bias(0) == Eigen::RowVector4d(13, 14, 15, 16));
  net.weights(3)(2, 1) = 7;
  CHECK(net.parameters()(16 + 8 + 4 + 2) == 7);
  const auto& constant = net;
  CHECK(constant.weights(3)(2, 1) == 7);
}

TEST_CASE("dynamic network: copies are independent") {
  DynamicNetwork<double> net = DynamicNetwork<double>(2).dense(3, "tanh").batch_norm().dense(1);
  net.initialize(1);
  const VectorXd theta = net.parameters();
  DynamicNetwork<double> copy = net;
  const MatrixXd X = MatrixXd::Random(4, 2), Y = MatrixXd::Random(4, 1);
  auto workspace = copy.workspace();
  copy.loss_and_gradient(X, Y, MeanSquaredError{}, workspace);
  copy.parameters() -= workspace.gradient;
  CHECK(net.parameters() == theta);
  CHECK(std::get<lamina::BatchNorm<Eigen::Dynamic>>(net.layer(1)).running_mean().matrix() == MatrixXd::Zero(1, 3));
}

TEST_CASE("dynamic network: a layer with running statistics keeps them") {
  lamina::BatchNorm<Eigen::Dynamic> layer(2);
  layer.set_running_statistics(Eigen::RowVector2d(1, -2), Eigen::RowVector2d(3, 4));
  DynamicNetwork<double> net(2);
  net.add(layer).dense(3);
  CHECK(net.predict(Eigen::RowVector2d(1, -2)) == MatrixXd::Zero(1, 3));
  const auto& kept = std::get<lamina::BatchNorm<Eigen::Dynamic>>(net.layer(0));
  CHECK(kept.running_mean().matrix() == Eigen::RowVector2d(1, -2));
  CHECK(kept.running_variance().matrix() == Eigen::RowVector2d(3, 4));
}

TEST_CASE("dynamic network: what is refused, and leaves the network alone") {
  DynamicNetwork<double> net = DynamicNetwork<double>(3).dense(4, "relu").dropout(0.5);
  net.parameters().setLinSpaced(1, 16);
  const VectorXd theta = net.parameters();

  CHECK_THROWS_AS(DynamicNetwork<double>(0), ShapeError);
  CHECK_THROWS_AS(net.dense(0), ShapeError);
  CHECK_THROWS_AS(net.dense(-1), ShapeError);
  CHECK_THROWS_WITH(net.dense(4, "rule"), ContainsSubstring("expected one of identity sigmoid tanh relu") &&
                                              ContainsSubstring("got \"rule\""));
  CHECK_THROWS_AS(net.dense(4, "rule"), OptionError);
  CHECK_THROWS_AS(net.activation(""), OptionError);
  CHECK_THROWS_WITH(net.dropout(1), "Dropout: expected a rate in [0, 1), got 1");
  CHECK_THROWS_AS(net.dropout(-0.1), OptionError);
  CHECK_THROWS_AS(net.dropout(std::nan("")), OptionError);
  CHECK_THROWS_WITH(net.batch_norm(0.1, 0), "BatchNorm: expected an epsilon > 0, got 0");
  CHECK_THROWS_WITH(net.batch_norm(2), "BatchNorm: expected a momentum in [0, 1], got 2");
  CHECK_THROWS_AS(net.layer_norm(-1), OptionError);
  const Eigen::RowVector3d three(1, 2, 3);
  CHECK_THROWS_WITH(net.normalization({three, three, three}),
                    "layer 2 (Normalization): expected 4 inputs, as many as layer 1 (Dropout) has outputs, got 3");
  DynamicNetwork<double> empty(3);
  CHECK_THROWS_WITH(empty.add(lamina::Softmax<Eigen::Dynamic>(2)),
                    "layer 0 (Softmax): expected 3 inputs, as many as the network, got 2");
  CHECK(empty.size() == 0);

  CHECK_THROWS_WITH(net.layer(2), "layer: expected an index below 2, got 2");
  CHECK_THROWS_AS(net.weights(2), OptionError);
  CHECK_THROWS_WITH(net.weights(1), "layer 1 (Dropout) has no such parameters");
  CHECK_THROWS_WITH(DynamicNetwork<double>(3).dense(2, "relu", false).bias(0), "layer 0 (Dense) has no such parameters");

  CHECK(net.size() == 2);
  CHECK(net.outputs() == 4);
  CHECK(net.parameters() == theta);
}

TEST_CASE("dynamic network: without layers it computes nothing") {
  DynamicNetwork<double> net(2);
  const MatrixXd X = MatrixXd::Random(3, 2);
  auto workspace = net.workspace();
  CHECK_THROWS_WITH(net.predict(X), "network: expected at least one layer, got none");
  CHECK_THROWS_AS(net.predict(X, workspace), OptionError);
  CHECK_THROWS_AS(net.loss(X, X, MeanSquaredError{}), OptionError);
  CHECK_THROWS_AS(net.loss_and_gradient(X, X, MeanSquaredError{}, workspace), OptionError);
}
