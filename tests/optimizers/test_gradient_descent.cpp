// GradientDescent: W ← W − α·dF/dW.

#include "lamina/optimizers/gradient_descent.hpp"

#include <limits>
#include <utility>
#include <vector>

#include "lamina/layers.hpp"
#include "lamina/losses.hpp"
#include "lamina/network.hpp"
#include "support/catch.hpp"
#include "training/problems.hpp"

using namespace lamina;

TEMPLATE_TEST_CASE("a step is theta - alpha * gradient", "[gradient_descent]", float, double, long double) {
  using Vector = Eigen::Matrix<TestType, Eigen::Dynamic, 1>;
  const Vector gradient = problems::uniform<TestType>(57, 1, 1);
  const Vector start = problems::uniform<TestType>(57, 1, 2);

  SECTION("exactly, for a power of two") {  // α·dF/dθ is exact, so that a fused multiply-add rounds the same
    Vector theta = start;
    GradientDescent{.learning_rate = 0.25}.step(theta, gradient);
    for (Index i = 0; i < theta.size(); ++i) CHECK(theta(i) == start(i) - TestType(0.25) * gradient(i));
  }
  SECTION("to rounding, for any other") {
    Vector theta = start;
    GradientDescent{.learning_rate = 0.1}.step(theta, gradient);
    for (Index i = 0; i < theta.size(); ++i) {
      const TestType expected = start(i) - static_cast<TestType>(0.1) * gradient(i);
      CHECK(std::abs(theta(i) - expected) <= std::numeric_limits<TestType>::epsilon());
    }
  }
}

TEST_CASE("a step on the weights of one layer leaves the others", "[gradient_descent]") {
  const problems::Surface<> data(20);
  Network<double, Dense<2, 3, Tanh>, Dense<3, 1>> net;
  net.initialize(1);
  auto workspace = net.workspace();
  net.loss_and_gradient(data.X, data.Y, MeanSquaredError{}, workspace);
  const Eigen::MatrixXd before = net.parameters(), dW = workspace.gradient.head(6).reshaped(2, 3);

  const GradientDescent descent{.learning_rate = 0.5};
  descent.step(net.weights<0>(), dW);
  CHECK(net.weights<0>() == before.topRows(6).reshaped(2, 3) - 0.5 * dW);
  CHECK(net.parameters().tail(net.parameter_count() - 6) == before.bottomRows(net.parameter_count() - 6));

  auto b = net.bias<1>();
  descent.step(b, Eigen::Matrix<double, 1, 1>(2.0));
  CHECK(net.parameters()(12) == before(12) - 1);
}

TEST_CASE("a gradient step on the text's two layers is W - alpha dF/dW for each", "[gradient_descent]") {
  const Eigen::MatrixXd X = problems::uniform(10, 3, 1), Y = problems::uniform(10, 1, 2);
  Network<double, Dense<3, 4, Sigmoid, false>, Dense<4, 1, Sigmoid, false>> net;
  net.initialize(7);
  const Eigen::MatrixXd W1 = net.weights<0>(), W2 = net.weights<1>();
  auto workspace = net.workspace();
  net.loss_and_gradient(X, Y, MeanSquaredError{}, workspace);
  GradientDescent{.learning_rate = 0.5}.step(net.parameters(), workspace.gradient);

  const auto g = [](const Eigen::MatrixXd& Z) -> Eigen::MatrixXd { return 1 / (1 + (-Z.array()).exp()); };
  const Eigen::MatrixXd A1 = g(X * W1), A2 = g(A1 * W2);
  const Eigen::MatrixXd dZ2 = 2.0 / 10 * ((A2 - Y).array() * A2.array() * (1 - A2.array())).matrix();
  const Eigen::MatrixXd dZ1 = ((dZ2 * W2.transpose()).array() * A1.array() * (1 - A1.array())).matrix();
  // Sums in another order: a few roundings of numbers below one.
  CHECK((net.weights<1>() - (W2 - 0.5 * A1.transpose() * dZ2)).cwiseAbs().maxCoeff() < 1e-14);
  CHECK((net.weights<0>() - (W1 - 0.5 * X.transpose() * dZ1)).cwiseAbs().maxCoeff() < 1e-14);
}

TEST_CASE("options and sizes that cannot be used", "[gradient_descent]") {
  using Catch::Matchers::ContainsSubstring;
  Eigen::VectorXd theta = Eigen::VectorXd::Ones(3);
  const Eigen::VectorXd gradient = Eigen::VectorXd::Ones(3);
  for (const double learning_rate :
       {0.0, -0.1, std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
    const GradientDescent descent{.learning_rate = learning_rate};
    CHECK_THROWS_AS(descent.step(theta, gradient), OptionError);
    CHECK_THROWS_WITH(descent.step(theta, gradient), ContainsSubstring("learning_rate > 0"));
  }
  CHECK_THROWS_AS(GradientDescent{}.step(theta, gradient.head(2)), ShapeError);
  CHECK_THROWS_WITH(GradientDescent{}.step(theta, gradient.head(2)),
                    ContainsSubstring("3 elements") && ContainsSubstring("got 2"));
  CHECK(theta == Eigen::VectorXd::Ones(3));
}

TEST_CASE("momentum, its dampening and Nesterov's, by hand", "[gradient_descent]") {
  // Powers of two: exact. g = 1, then 2, then 4; α = 1, μ = 1/2.
  const auto after = [](GradientDescent descent) {
    descent.learning_rate = 1;
    descent.momentum = 0.5;
    Eigen::VectorXd theta = Eigen::VectorXd::Zero(1);
    std::vector<double> path;
    for (const double g : {1.0, 2.0, 4.0}) {
      descent.step(theta, Eigen::VectorXd::Constant(1, g));
      path.push_back(theta(0));
    }
    return path;
  };
  // v = 1, 2.5, 5.25
  CHECK(after({}) == std::vector<double>{-1, -3.5, -8.75});
  // g + v/2 = 1.5, 3.25, 6.625
  CHECK(after({.nesterov = true}) == std::vector<double>{-1.5, -4.75, -11.375});
  // v = 1 (not dampened), 0.5 + 1, 0.75 + 2
  CHECK(after({.dampening = 0.5}) == std::vector<double>{-1, -2.5, -5.25});
}

TEST_CASE("without momentum there is no state, and a constant object will do", "[gradient_descent]") {
  Eigen::VectorXd theta = Eigen::VectorXd::Ones(3);
  const Eigen::VectorXd g = Eigen::VectorXd::Ones(3);
  GradientDescent descent{.learning_rate = 0.5, .weight_decay = 0.5};
  descent.step(theta, g);
  CHECK(theta == Eigen::VectorXd::Constant(3, 0.25));
  CHECK(descent.state.steps == 0);
  CHECK(descent.state.scalar_kind() == 0);
  std::as_const(descent).step(theta, g);
  CHECK(theta == Eigen::VectorXd::Constant(3, 0.25 - 0.5 * (1 + 0.125)));

  const GradientDescent heavy{.momentum = 0.5};
  const Eigen::VectorXd before = theta;
  CHECK_THROWS_AS(heavy.step(theta, g), OptionError);
  CHECK_THROWS_WITH(heavy.step(theta, g),
                    "GradientDescent: expected no momentum of a constant object, got 0.5");
  CHECK(theta == before);
}
