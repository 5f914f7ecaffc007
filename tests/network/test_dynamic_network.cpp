// DynamicNetwork: depth, widths and activations from run-time values.

#include "lamina/dynamic_network.hpp"

#include <string>

#include "lamina/losses/mean_squared_error.hpp"
#include "lamina/optimizers/gradient_descent.hpp"
#include "lamina/training/step.hpp"
#include "support/catch.hpp"
#include "training/problems.hpp"

using namespace lamina;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("layers are added one by one", "[dynamic_network]") {
  DynamicNetwork<double> net(4);
  CHECK(net.size() == 0);
  CHECK(net.inputs() == 4);
  CHECK(net.outputs() == 4);
  CHECK(net.parameter_count() == 0);

  net.dense(6, "relu")
      .layer_norm()
      .dropout(0.1)
      .batch_norm()
      .activation("tanh")
      .dense(3, Identity{}, false)
      .softmax();
  CHECK(net.size() == 7);
  CHECK(net.outputs() == 3);
  CHECK(net.parameter_count() == (4 * 6 + 6) + 2 * 6 + 2 * 6 + 6 * 3);
  net.initialize(1);
  const Eigen::MatrixXd A = net.predict(problems::uniform(5, 4, 1));
  CHECK((A.rowwise().sum().array() - 1).abs().maxCoeff() < 1e-15);
}

TEST_CASE("adding a layer keeps the parameters of those before", "[dynamic_network]") {
  auto net = DynamicNetwork<double>(3).dense(5, "tanh").batch_norm();
  net.initialize(1);
  const Eigen::VectorXd before = net.parameters();
  net.dense(2);
  CHECK(net.parameters().head(before.size()) == before);
  CHECK(net.weights(2).isZero(0));
  CHECK(net.bias(2).isZero(0));
  net.layer_norm();
  CHECK(net.parameters().head(before.size()) == before);
  CHECK(net.weights(3).isOnes(0));
}

TEST_CASE("a layer that is rejected leaves the network as it was", "[dynamic_network]") {
  auto net = DynamicNetwork<double>(3).dense(5);
  net.initialize(1);
  const Eigen::VectorXd before = net.parameters();
  CHECK_THROWS_AS(net.dense(0), ShapeError);
  CHECK_THROWS_AS(net.dense(-1), ShapeError);
  CHECK_THROWS_AS(net.dense(2, "rleu"), OptionError);
  CHECK_THROWS_AS(net.dense(2, LeakyReLU{.slope = std::nan("")}), OptionError);
  CHECK_THROWS_AS(net.dropout(1), OptionError);
  CHECK_THROWS_AS(net.batch_norm(2), OptionError);
  CHECK_THROWS_AS(net.layer_norm(0), OptionError);
  CHECK_THROWS_AS(net.normalization(Normalization<Dynamic>(4)), ShapeError);
  CHECK_THROWS_AS(net.add(Dense<Dynamic, Dynamic, AnyActivation, true>(6, 2)), ShapeError);
  CHECK_THROWS_WITH(net.add(Dense<Dynamic, Dynamic, AnyActivation, true>(6, 2)),
                    ContainsSubstring("layer 1 (Dense)") && ContainsSubstring("expected 5 inputs") &&
                        ContainsSubstring("got 6"));
  CHECK(net.size() == 1);
  CHECK(net.parameters() == before);
  CHECK_THROWS_WITH(DynamicNetwork<double>(3).softmax().add(Softmax<Dynamic>(4)), ContainsSubstring("got 4"));
  CHECK_THROWS_WITH(DynamicNetwork<double>(3).add(Softmax<Dynamic>(4)),
                    ContainsSubstring("layer 0 (Softmax)") && ContainsSubstring("expected 3"));
  CHECK_THROWS_AS(DynamicNetwork<double>(0), ShapeError);
}

TEST_CASE("the error for an unknown activation lists those there are", "[dynamic_network]") {
  CHECK_THROWS_WITH(DynamicNetwork<double>(3).dense(2, "rleu"),
                    ContainsSubstring("\"rleu\"") && ContainsSubstring("relu") &&
                        ContainsSubstring("gelu_tanh") && ContainsSubstring("hardsigmoid"));
  const std::string from_a_file = "silu";
  CHECK_NOTHROW(DynamicNetwork<double>(3).dense(2, from_a_file));
}

TEST_CASE("weights and bias of a layer are views of their place in the parameters", "[dynamic_network]") {
  auto net = DynamicNetwork<double>(2).dense(3).dropout(0.5).dense(1, "tanh", false).batch_norm();
  for (Index i = 0; i < net.parameter_count(); ++i) net.parameters()(i) = static_cast<double>(i);
  CHECK(net.weights(0) == (Eigen::MatrixXd(2, 3) << 0, 2, 4, 1, 3, 5).finished());
  CHECK(net.bias(0) == Eigen::RowVector3d(6, 7, 8));
  CHECK(net.weights(2) == Eigen::Vector3d(9, 10, 11));
  CHECK(net.weights(3)(0, 0) == 12);
  CHECK(net.bias(3)(0, 0) == 13);
  net.weights(2)(1, 0) = 5;
  CHECK(net.parameters()(10) == 5);
  const auto& constant = net;
  CHECK(constant.weights(2)(1, 0) == 5);

  CHECK_THROWS_AS(net.weights(4), OptionError);
  CHECK_THROWS_WITH(net.weights(4), ContainsSubstring("below 4") && ContainsSubstring("got 4"));
  CHECK_THROWS_AS(net.weights(1), OptionError);
  CHECK_THROWS_WITH(net.weights(1), ContainsSubstring("layer 1 (Dropout)"));
  CHECK_THROWS_WITH(constant.bias(2), ContainsSubstring("layer 2 (Dense)"));
  CHECK_THROWS_AS(net.layer(9), OptionError);
}

TEST_CASE("a network without layers says so", "[dynamic_network]") {
  DynamicNetwork<double> net(2);
  const Eigen::MatrixXd X = problems::uniform(3, 2, 1);
  auto workspace = net.workspace();
  CHECK_THROWS_AS(net.predict(X), OptionError);
  CHECK_THROWS_WITH(net.predict(X), ContainsSubstring("at least one layer"));
  CHECK_THROWS_AS(net.loss(X, X, MeanSquaredError{}), OptionError);
  CHECK_THROWS_AS(net.loss_and_gradient(X, X, MeanSquaredError{}, workspace), OptionError);
  CHECK_NOTHROW(net.initialize(1));
}

TEST_CASE("a workspace belongs to the network it was made for", "[dynamic_network]") {
  auto net = DynamicNetwork<double>(2).dense(3);
  auto workspace = net.workspace();
  const Eigen::MatrixXd X = problems::uniform(3, 2, 1);
  net.predict(X, workspace);
  net.dense(4);
  CHECK_THROWS_AS(net.predict(X, workspace), ShapeError);
  CHECK_THROWS_WITH(net.predict(X, workspace), ContainsSubstring("workspace"));
  auto with_more = net.workspace();
  CHECK_NOTHROW(net.predict(X, with_more));
}

// What it was refused for was like the network that comes next, but for the extents.
TEST_CASE("a workspace that was refused is as it was before", "[dynamic_network]") {
  const Eigen::MatrixXd X = problems::uniform(203, 4, 1), Y = problems::uniform(203, 3, 2);
  const auto with = [](Index width, auto&& add) {
    DynamicNetwork<double> net(4);
    net.dense(width, "relu");
    for (int i = 0; i < 12; ++i) add(net);
    net.dense(3);
    net.initialize(1);
    return net;
  };
  const auto dropout = [](auto& net) { net.dropout(0.1); };
  const auto before = with(8, [](auto& net) { net.activation("relu"); });
  const auto wrong = with(9, dropout);
  auto net = with(8, dropout);
  auto own = net.workspace(), other = before.workspace();
  before.predict(X, other);
  CHECK_THROWS_AS(wrong.predict(X, other), ShapeError);
  const double F = net.loss_and_gradient(X, Y, MeanSquaredError{}, own);
  CHECK(net.loss_and_gradient(X, Y, MeanSquaredError{}, other) == F);
  CHECK(other.gradient == own.gradient);
}

TEST_CASE("a workspace that something was taken out of has it again", "[dynamic_network]") {
  const Eigen::MatrixXd X = problems::uniform(30, 4, 1), Y = problems::uniform(30, 3, 2);
  auto net = make_network<double>(Dense<Dynamic, Dynamic, Tanh>(4, 5), Dense<Dynamic, Dynamic>(5, 3));
  net.initialize(1);
  auto workspace = net.workspace();
  const double F = net.loss_and_gradient(X, Y, MeanSquaredError{}, workspace);
  const Eigen::VectorXd gradient = std::move(workspace.gradient);
  workspace.spare.resize(1);
  CHECK(net.loss_and_gradient(X, Y, MeanSquaredError{}, workspace) == F);
  CHECK(workspace.gradient == gradient);
  const auto all_of_it = std::move(workspace);
  CHECK(net.loss_and_gradient(X, Y, MeanSquaredError{}, workspace) == F);
  CHECK(workspace.gradient == gradient);
}

TEST_CASE("a network without layers takes no step", "[dynamic_network]") {
  DynamicNetwork<double> net(4);
  auto workspace = net.workspace();
  const Eigen::MatrixXd X = problems::uniform(3, 4, 1);
  CHECK_THROWS_AS(train_step(net, X, X, MeanSquaredError{}, GradientDescent{}, workspace), OptionError);
  const DataView<double> data{view<double>(X), view<double>(X), {}, {}};
  CHECK_THROWS_AS(net.loss(Batch<double>(data), MeanSquaredError{}, workspace), OptionError);
}

// Layers of the same extents and numbers of parameters, which keep more from forward to backward.
TEST_CASE("a workspace makes room for other kinds of layers", "[dynamic_network]") {
  const Eigen::MatrixXd X = problems::uniform(300, 40, 1), Y = problems::uniform(300, 1, 2);
  const auto check = [&](DynamicNetwork<double> before, DynamicNetwork<double> net) {
    net.initialize(1);
    auto own = net.workspace(), other = before.workspace();
    before.loss(X, Y, MeanSquaredError{}, other);
    const double F = net.loss_and_gradient(X, Y, MeanSquaredError{}, own);
    CHECK(net.loss_and_gradient(X, Y, MeanSquaredError{}, other) == F);
    CHECK(other.gradient == own.gradient);
    CHECK(net.predict(X, other) == net.predict(X, own));
  };
  const auto start = [] { return DynamicNetwork<double>(40).dense(40, "relu"); };
  check(start().activation("tanh").dense(1), start().dropout(0.5).dense(1));
  check(start().layer_norm().dense(1), start().batch_norm().dense(1));
  check(DynamicNetwork<double>(40).softmax().softmax().softmax().dense(1),
        DynamicNetwork<double>(40).dropout(0.1).dropout(0.2).dropout(0.3).dense(1));
}
