// An initialiser and an optimiser of the user's own.

#include "lamina/dynamic_network.hpp"
#include "lamina/layers.hpp"
#include "lamina/losses/mean_squared_error.hpp"
#include "support/catch.hpp"
#include "training/problems.hpp"
#include "training/quiet.hpp"

namespace {

using namespace lamina;

/// W = ±scale, by the toss of a coin
struct Signs {
  double scale = 0.5;

  template <class Matrix>
  void operator()(Matrix& W, Random& random) const {
    for (auto& w : W.reshaped())
      w = static_cast<typename Matrix::Scalar>(random.uniform() < 0.5 ? -scale : scale);
  }
};

/// v ← μ·v − α·dF/dθ,  θ ← θ + v
struct HeavyBall {
  double alpha, mu;
  Eigen::VectorXd v = {};

  void step(auto& theta, const auto& gradient) {
    if (v.size() == 0) v.setZero(theta.size());
    v = mu * v - alpha * gradient;
    theta += v;
  }
};

/// The sign of the gradient, without any state.
struct SignDescent {
  static void step(auto& theta, const auto& gradient) { theta -= 0.001 * gradient.array().sign().matrix(); }
};

}  // namespace

TEST_CASE("a user's initialiser fills the weights", "[extension]") {
  Network<double, Dense<3, 4, Tanh>, Dense<4, 2>> net;
  net.initialize(Signs{.scale = 0.25}, 1);
  CHECK((net.weights<0>().array().abs() == 0.25).all());
  CHECK((net.weights<1>().array().abs() == 0.25).all());
  CHECK(net.bias<0>().isZero(0));
  const Eigen::VectorXd first = net.parameters();
  net.initialize(Signs{.scale = 0.25}, 2);
  CHECK(net.parameters() != first);
  net.initialize([](auto& W, Random&) { W.setIdentity(); }, 1);
  CHECK(net.weights<0>() == Eigen::MatrixXd::Identity(3, 4));

  auto dynamic = DynamicNetwork<float>(3).dense(4, "tanh");
  dynamic.initialize(Signs{}, 1);
  CHECK((dynamic.weights(0).array().abs() == 0.5f).all());
}

TEST_CASE("a user's optimiser trains", "[extension]") {
  const problems::Surface<> data(100);
  Network<double, Dense<2, 8, Tanh>, Dense<8, 1>> start;
  start.initialize(1);
  const double before = start.loss(data.X, data.Y, MeanSquaredError{});

  auto net = start;
  HeavyBall ball{.alpha = 0.02, .mu = 0.9};
  fit(net, data.X, data.Y, MeanSquaredError{}, ball, problems::quiet(50, 10));
  CHECK(net.loss(data.X, data.Y, MeanSquaredError{}) < before / 10);
  CHECK(ball.v.size() == net.parameter_count());

  auto other = start;
  fit(other, data.X, data.Y, MeanSquaredError{}, SignDescent{}, problems::quiet(50, 10));
  CHECK(other.loss(data.X, data.Y, MeanSquaredError{}) < before / 10);

  SECTION("and continues with the state it has") {
    FitOptions options = problems::quiet(1);
    auto once = start, twice = start;
    HeavyBall a{.alpha = 0.02, .mu = 0.9}, b = a;
    options.epochs = 2;
    fit(once, data.X, data.Y, MeanSquaredError{}, a, options);
    options.epochs = 1;
    fit(twice, data.X, data.Y, MeanSquaredError{}, b, options);
    fit(twice, data.X, data.Y, MeanSquaredError{}, b, options);
    CHECK(once.parameters() == twice.parameters());
  }
}
