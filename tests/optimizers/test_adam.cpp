// Adam and AdamW.

#include "lamina/optimizers/adam.hpp"

#include <cmath>
#include <limits>

#include "lamina/dynamic_network.hpp"
#include "lamina/losses/mean_squared_error.hpp"
#include "lamina/optimizers/adamw.hpp"
#include "lamina/training/step.hpp"
#include "support/catch.hpp"
#include "training/problems.hpp"

using namespace lamina;

TEST_CASE("Adam, one number by hand", "[adam]") {
  // t = 1: m̂ = g, v̂ = g², so the step is α·g/(|g| + ε).
  Eigen::VectorXd theta(3);
  theta << 1, 2, 3;
  const Eigen::Vector3d gradient(0.5, -0.25, 0);
  Adam adam{.learning_rate = 0.1, .epsilon = 0.25};
  adam.step(theta, gradient);
  CHECK(theta(0) == Catch::Approx(1 - 0.1 * 0.5 / 0.75).epsilon(1e-14));
  CHECK(theta(1) == Catch::Approx(2 + 0.1 * 0.25 / 0.5).epsilon(1e-14));
  CHECK(theta(2) == 3);
  CHECK(adam.state.steps == 1);
}

// Algorithm 1 as it is written, in long double. The moments are sums of positive and negative numbers, whose rounding
// grows with the steps; 100 units after 50 steps, of numbers near 1.
TEMPLATE_TEST_CASE("Adam is its definition", "[adam]", float, double, long double) {
  using Vector = Eigen::Matrix<TestType, Eigen::Dynamic, 1>;
  const Index n = 70;
  Vector theta = problems::uniform<TestType>(n, 1, 1);
  Eigen::Matrix<long double, Eigen::Dynamic, 1> exact = theta.template cast<long double>(), m = exact * 0,
                                                v = m;
  Adam adam{.learning_rate = 0.01, .beta1 = 0.8, .beta2 = 0.95, .epsilon = 1e-8};
  for (int t = 1; t <= 50; ++t) {
    const Vector g = problems::uniform<TestType>(n, 1, static_cast<std::uint64_t>(t + 10));
    adam.step(theta, g);
    for (Index i = 0; i < n; ++i) {
      const long double gi = g(i);
      m(i) = 0.8L * m(i) + 0.2L * gi;
      v(i) = 0.95L * v(i) + 0.05L * gi * gi;
      exact(i) -=
          0.01L * (m(i) / (1 - std::pow(0.8L, t))) / (std::sqrt(v(i) / (1 - std::pow(0.95L, t))) + 1e-8L);
    }
  }
  // Options are doubles.
  const long double epsilon = std::max<long double>(std::numeric_limits<TestType>::epsilon(), 2.3e-16L);
  CHECK((theta.template cast<long double>() - exact).cwiseAbs().maxCoeff() <= 100 * epsilon);
}

TEST_CASE("amsgrad keeps the largest v", "[adam]") {
  // β₁ = 0, β₂ = 1/2, α = 1, ε = 0: v is 2, 1 after derivatives 2 and 0, then (1/2)·1 + (1/2)·1 = 1 after 1.
  const auto third_step = [](bool amsgrad) {
    Adam adam{.learning_rate = 1, .beta1 = 0, .beta2 = 0.5, .epsilon = 0, .amsgrad = amsgrad};
    Eigen::VectorXd theta = Eigen::VectorXd::Zero(1);
    for (const double g : {2.0, 0.0}) adam.step(theta, Eigen::VectorXd::Constant(1, g));
    const double before = theta(0);
    adam.step(theta, Eigen::VectorXd::Constant(1, 1));
    return before - theta(0);
  };
  CHECK(third_step(false) == Catch::Approx(1 / std::sqrt(1.0 / (1 - 0.125))).epsilon(1e-14));
  CHECK(third_step(true) == Catch::Approx(1 / std::sqrt(2.0 / (1 - 0.125))).epsilon(1e-14));
}

TEST_CASE("AdamW decays the parameters, Adam the gradient", "[adam]") {
  // The first step is ±α whatever the size of the derivative, which is why L2 hardly decays.
  const Eigen::Vector2d start(2, -4), g(1, 1);
  Eigen::Vector2d theta = start;
  Adam{.learning_rate = 0.125, .epsilon = 0, .weight_decay = 0.5}.step(theta, g);
  CHECK(theta(0) == Catch::Approx(2 - 0.125).epsilon(1e-14));
  CHECK(theta(1) == Catch::Approx(-4 + 0.125).epsilon(1e-14));  // the derivative is 1 − 4/2
  theta = start;
  AdamW{.learning_rate = 0.125, .epsilon = 0, .weight_decay = 0.5}.step(theta, g);
  CHECK(theta(0) == Catch::Approx(2 * (1 - 0.0625) - 0.125).epsilon(1e-14));
  CHECK(theta(1) == Catch::Approx(-4 * (1 - 0.0625) - 0.125).epsilon(1e-14));
}

// Not once per layer or per part of one, as others have it: the engine hands over the parts of many layers in a step.
TEST_CASE("Adam's bias correction advances once per step", "[adam]") {
  const problems::Surface<> data(40);
  auto net = DynamicNetwork<double>(2).dense(9, "tanh").dense(7, "tanh").dense(5, "tanh").dense(1);
  net.initialize(1);
  auto by_hand = net;
  auto workspace = net.workspace(), other = net.workspace();
  Adam adam{.learning_rate = 0.01};
  const Index n = net.parameter_count();
  Eigen::ArrayXd m = Eigen::ArrayXd::Zero(n), v = m;
  for (int t = 1; t <= 6; ++t) {
    train_step(net, data.X, data.Y, MeanSquaredError{}, adam, workspace);
    CHECK(adam.state.steps == t);
    by_hand.loss_and_gradient(data.X, data.Y, MeanSquaredError{}, other);
    const Eigen::ArrayXd g = other.gradient;
    m = 0.9 * m + 0.1 * g;
    v = 0.999 * v + 0.001 * g.square();
    by_hand.parameters().array() -=
        0.01 * (m / (1 - std::pow(0.9, t))) / ((v / (1 - std::pow(0.999, t))).sqrt() + 1e-8);
    // A few roundings of numbers near 1 a step; one correction too many changes steps by a tenth of 0.01.
    CHECK((net.parameters() - by_hand.parameters()).cwiseAbs().maxCoeff() < 1e-13);
  }
}
