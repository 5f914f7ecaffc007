// Network::initialize: what θ starts with.

#include <cmath>
#include <string>

#include "lamina/dynamic_network.hpp"
#include "support/catch.hpp"

namespace {

using namespace lamina;

/// The weights of one large layer with this activation, after initialize.
Eigen::MatrixXd initialized(const AnyActivation& activation, Index inputs, Index outputs) {
  DynamicNetwork<double> net(inputs);
  net.dense(outputs, activation);
  net.initialize(11);
  CHECK(net.bias(0).isZero(0));
  return net.weights(0);
}

double variance(const Eigen::MatrixXd& W) { return (W.array() - W.mean()).square().mean(); }

/// An activation that asks for the weights of SELU.
struct Wanting {
  static constexpr std::string_view name = "wanting";
  static constexpr WeightScale weight_scale = WeightScale::lecun;
  static auto g(const auto& Z) { return Z.sin(); }
  static auto derivative(const auto& Z, const auto&) { return Z.cos(); }
};
static_assert(Activation<Wanting>);

/// Writes some weights, then fails.
struct Failing {
  void operator()(auto&& W, Random& random) const {
    W(0, 0) = static_cast<typename std::remove_cvref_t<decltype(W)>::Scalar>(random.uniform());
    throw OptionError("failing");
  }
};

}  // namespace

TEST_CASE("parameters are zero, and scales one, before initialize", "[network][initialize]") {
  const Network<double, Dense<3, 4>, BatchNorm<4>, LayerNorm<4>, Dense<4, 2>> net;
  CHECK(net.weights<0>().isZero(0));
  CHECK(net.bias<0>().isZero(0));
  CHECK(net.weights<1>().isOnes(0));
  CHECK(net.bias<1>().isZero(0));
  CHECK(net.weights<2>().isOnes(0));
  CHECK(net.bias<2>().isZero(0));
  CHECK(net.weights<3>().isZero(0));
}

TEST_CASE("the same seed gives the same parameters", "[network][initialize]") {
  using Net = Network<double, Dense<3, 8, ReLU>, Dense<8, 2>>;
  Net a, b, c;
  a.initialize(5);
  b.parameters().setConstant(3);  // what was there does not matter
  b.initialize(5);
  c.initialize(6);
  CHECK(a.parameters() == b.parameters());
  CHECK(a.parameters() != c.parameters());

  SECTION("in a network of floats, rounded") {
    Network<float, Dense<3, 8, ReLU>, Dense<8, 2>> net;
    net.initialize(5);
    CHECK(net.parameters() == a.parameters().cast<float>());
  }
  SECTION("in a network of run-time extents, and of run-time depth") {
    auto net = make_network<double>(Dense<Dynamic, Dynamic, ReLU>(3, 8), Dense<Dynamic, Dynamic>(8, 2));
    net.initialize(5);
    CHECK(net.parameters() == a.parameters());
    auto dynamic = DynamicNetwork<double>(3).dense(8, "relu").dense(2);
    dynamic.initialize(5);
    CHECK(dynamic.parameters() == a.parameters());
  }
}

// With 60000 weights the standard error of their variance is at most √(2 / 60000) of it, 0.6 %: 3 % is five of them.
TEST_CASE("weights come from the family the activation asks for", "[network][initialize]") {
  constexpr Index in = 200, out = 300;
  using Catch::Detail::Approx;
  for (const std::string name : {"identity", "sigmoid", "tanh", "softsign"}) {
    INFO(name);
    const Eigen::MatrixXd W = initialized(name, in, out);
    CHECK(variance(W) == Approx(2.0 / (in + out)).epsilon(0.03));
    CHECK(W.cwiseAbs().maxCoeff() <= std::sqrt(6.0 / (in + out)));  // uniform
  }
  for (const std::string name : {"relu", "leaky_relu", "gelu", "silu", "elu", "mish"}) {
    INFO(name);
    const Eigen::MatrixXd W = initialized(name, in, out);
    CHECK(variance(W) == Approx(2.0 / in).epsilon(0.03));
    CHECK(W.cwiseAbs().maxCoeff() > 3 * std::sqrt(2.0 / in));  // normal
  }
  const Eigen::MatrixXd W = initialized("selu", in, out);
  CHECK(variance(W) == Approx(1.0 / in).epsilon(0.03));
  CHECK(std::abs(W.mean()) < 5 * std::sqrt(1.0 / in / (in * out)));
}

TEST_CASE("an activation of the user's says which family it wants", "[network][initialize]") {
  Network<double, Dense<50, 40, Wanting>> net;
  Network<double, Dense<50, 40, SELU>> selu;
  net.initialize(1);
  selu.initialize(1);
  CHECK(net.parameters() == selu.parameters());
}

TEST_CASE("one initialiser for all weights", "[network][initialize]") {
  Network<double, Dense<3, 4, ReLU>, LayerNorm<4>, Dense<4, 2>> net;
  net.parameters().setConstant(9);
  net.initialize(Constant{.value = 0.5}, 1);
  CHECK(net.weights<0>().isConstant(0.5, 0));
  CHECK(net.bias<0>().isZero(0));
  CHECK(net.weights<1>().isOnes(0));
  CHECK(net.bias<1>().isZero(0));
  CHECK(net.weights<2>().isConstant(0.5, 0));

  net.initialize(Orthogonal{}, 1);
  const Eigen::MatrixXd W = net.weights<0>();
  CHECK((W * W.transpose() - Eigen::Matrix3d::Identity()).cwiseAbs().maxCoeff() < 1e-14);
}

TEST_CASE("an initialiser that fails changes nothing", "[network][initialize]") {
  Network<double, Dense<3, 4>, BatchNorm<4>, Dense<4, 2>> net;
  net.initialize(1);
  net.layer<1>().set_running_statistics(Eigen::Vector4d::Constant(2), Eigen::Vector4d::Constant(3));
  const auto before = net;
  CHECK_THROWS_AS(net.initialize(Failing{}, 2), OptionError);
  CHECK_THROWS_AS(net.initialize(Normal{.standard_deviation = -1}, 2), OptionError);
  CHECK(net.parameters() == before.parameters());
  CHECK((net.layer<1>().running_mean() == 2).all());
  net.initialize(2);
  CHECK((net.layer<1>().running_mean() == 0).all());
  CHECK((net.layer<1>().running_variance() == 1).all());
}
