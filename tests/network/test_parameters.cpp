// θ = [W[1] | b[1] | W[2] | b[2] | …], W column by column, and the views into it.

#include <type_traits>
#include <vector>

#include "lamina/dynamic_network.hpp"
#include "lamina/layers.hpp"
#include "lamina/losses.hpp"
#include "lamina/network.hpp"
#include "support/catch.hpp"

using namespace lamina;

namespace {

/// θ = (0, 1, 2, …)
template <class Net>
Net numbered() {
  Net net;
  for (Index i = 0; i < net.parameter_count(); ++i)
    net.parameters()(i) = static_cast<typename Net::Scalar>(i);
  return net;
}

}  // namespace

TEST_CASE("parameters lie layer after layer, weights column by column, then the bias",
          "[network][parameters]") {
  auto net = numbered<Network<double, Dense<2, 3, Tanh>, LayerNorm<3>, Dense<3, 2, Identity, false>>>();
  CHECK(net.parameter_count() == 2 * 3 + 3 + 3 + 3 + 3 * 2);
  CHECK(net.weights<0>() == (Eigen::MatrixXd(2, 3) << 0, 2, 4, 1, 3, 5).finished());
  CHECK(net.bias<0>() == Eigen::RowVector3d(6, 7, 8));
  CHECK(net.weights<1>() == Eigen::RowVector3d(9, 10, 11));  // γ
  CHECK(net.bias<1>() == Eigen::RowVector3d(12, 13, 14));    // β
  CHECK(net.weights<2>() == (Eigen::MatrixXd(3, 2) << 15, 18, 16, 19, 17, 20).finished());
}

TEST_CASE("weights and bias are views", "[network][parameters]") {
  Network<double, Dense<2, 3>, Dropout<3>, Dense<3, 1>> net;
  net.weights<0>()(1, 2) = 5;
  net.bias<2>()(0) = 7;
  CHECK(net.parameters()(5) == 5);
  CHECK(net.parameters()(12) == 7);
  net.parameters()(0) = -1;
  CHECK(net.weights<0>()(0, 0) == -1);

  const auto& constant = net;
  CHECK(constant.weights<0>().data() == constant.parameters().data());
  CHECK(constant.bias<0>().data() == constant.parameters().data() + 6);
  STATIC_REQUIRE(std::is_const_v<std::remove_pointer_t<decltype(constant.weights<0>().data())>>);
}

TEST_CASE("sizes", "[network][parameters]") {
  const Network<float, Dense<5, 3, ReLU>, Dropout<3>, BatchNorm<3>, Dense<3, 2>> net;
  CHECK(net.size() == 4);
  CHECK(net.inputs() == 5);
  CHECK(net.outputs() == 2);
  CHECK(net.parameter_count() == 5 * 3 + 3 + 2 * 3 + 3 * 2 + 2);
  CHECK(net.parameters().size() == net.parameter_count());
  CHECK(net.workspace().gradient.size() == net.parameter_count());
  STATIC_REQUIRE(decltype(net)::Inputs == 5);
  STATIC_REQUIRE(decltype(net)::Outputs == 2);
  STATIC_REQUIRE(std::remove_cvref_t<decltype(net.parameters())>::SizeAtCompileTime == 32);
}

TEST_CASE("the gradient has the places of the parameters", "[network][parameters]") {
  // F = (1/m)‖X·W + 1·b − Y‖² with X = 1, Y = 0 and one row: dF/dW = dF/db = 2(W + b), in every place its own.
  auto net = numbered<Network<double, Dense<1, 3>>>();
  auto workspace = net.workspace();
  net.loss_and_gradient(Eigen::MatrixXd::Ones(1, 1), Eigen::MatrixXd::Zero(1, 3), MeanSquaredError{},
                        workspace);
  const Eigen::RowVectorXd expected = 2 * (net.weights<0>() + net.bias<0>());
  CHECK(workspace.gradient.head(3).transpose() == expected);
  CHECK(workspace.gradient.tail(3).transpose() == expected);
}

TEST_CASE("parameters of another size are noticed before they are used", "[network][parameters]") {
  using Catch::Matchers::ContainsSubstring;
  auto net = make_network<double>(Dense<Dynamic, Dynamic>(2, 3));
  auto workspace = net.workspace();
  const Eigen::MatrixXd X = Eigen::MatrixXd::Zero(4, 2), Y = Eigen::MatrixXd::Zero(4, 3);
  net.parameters() = Eigen::VectorXd::Zero(8);
  CHECK_THROWS_AS(net.predict(X), ShapeError);
  CHECK_THROWS_WITH(net.predict(X),
                    ContainsSubstring("parameters: expected 9") && ContainsSubstring("got 8"));
  CHECK_THROWS_AS(net.loss_and_gradient(X, Y, MeanSquaredError{}, workspace), ShapeError);
  const Network<double, Dense<2, 3>> fixed;
  auto other = fixed.workspace();
  const DataView<double> data{view<double>(X), view<double>(Y), {}, {}};
  CHECK_THROWS_AS(
      fixed.evaluate(net.parameters(), Batch<double>(data), MeanSquaredError{}, other, Pass{}, false),
      ShapeError);
  CHECK_THROWS_AS(fixed.evaluate(Eigen::Vector4d(1, 2, 3, 4), Batch<double>(data), MeanSquaredError{}, other,
                                 Pass{}, false),
                  ShapeError);

  auto grown = DynamicNetwork<double>(2).dense(3);
  grown.parameters().resize(0);
  CHECK_THROWS_AS(grown.dense(4), ShapeError);
  CHECK(grown.size() == 1);
}

TEST_CASE("a network that its parameters were moved out of is initialised as any other",
          "[network][parameters]") {
  auto net = make_network<double>(Dense<Dynamic, Dynamic>(2, 3));
  net.initialize(5);
  const auto moved = std::move(net);
  net.initialize(5);
  CHECK(net.parameters() == moved.parameters());
}

TEST_CASE("an objective is evaluated at parameters with any stride", "[network][parameters]") {
  const Network<double, Dense<2, 3>> net;
  auto workspace = net.workspace();
  const Eigen::MatrixXd X = Eigen::MatrixXd::Random(4, 2), Y = Eigen::MatrixXd::Random(4, 3),
                        several = Eigen::MatrixXd::Random(5, 9);
  const DataView<double> data{view<double>(X), view<double>(Y), {}, {}};
  const auto at = [&](const auto& theta) {
    return net.evaluate(theta, Batch<double>(data), MeanSquaredError{}, workspace, Pass{}, true);
  };
  const Eigen::VectorXd one = several.row(2);
  const double F = at(one);
  const Eigen::VectorXd gradient = workspace.gradient;
  CHECK(at(several.row(2)) == F);
  CHECK(workspace.gradient == gradient);
  CHECK(at(several.row(2).transpose()) == F);
}

TEST_CASE("a network without parameters", "[network][parameters]") {
  const Network<double, Activate<2, Tanh>, Softmax<2>> net;
  CHECK(net.parameter_count() == 0);
  CHECK(net.predict(Eigen::MatrixXd::Zero(3, 2)).isConstant(0.5, 0));
  auto run_time = make_network<float>(Softmax<Dynamic>(4));
  run_time.initialize(1);
  auto workspace = run_time.workspace();
  CHECK(run_time.loss_and_gradient(Eigen::MatrixXf::Zero(3, 4), Eigen::MatrixXf::Constant(3, 4, 0.25f),
                                   MeanSquaredError{}, workspace) == 0);
  CHECK(workspace.gradient.size() == 0);
}
