// Penalties on the size of parameters, and the bound of weights.

#include "lamina/training/regularization.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include "lamina/dynamic_network.hpp"
#include "support/catch.hpp"
#include "training/problems.hpp"

namespace test_regularization {

using namespace lamina;
using Catch::Approx;

namespace {

/// W (2×3), b, γ, β (3 each)
const std::vector<ParameterRange> ranges = {{0, 6, 2, ParameterKind::weights, 0},
                                            {6, 3, 3, ParameterKind::bias, 0},
                                            {9, 3, 3, ParameterKind::scale, 1},
                                            {12, 3, 3, ParameterKind::shift, 1}};

}  // namespace

TEST_CASE("penalties by hand", "[regularization]") {
  Eigen::VectorXd theta(15);
  theta << 1, -2, 0, 0.5, 0, 0, /* b */ 4, 0, 0, /* γ */ 8, 0, 0, /* β */ -16, 0, 0;
  CHECK(Regularization{.l1 = 2}.penalty(ranges, theta) == 7);
  CHECK(Regularization{.l2 = 2}.penalty(ranges, theta) == 10.5);
  CHECK(Regularization{.l1 = 2, .l2 = 2}.penalty(ranges, theta) == 17.5);
  CHECK(Regularization{.l1 = 2, .biases = true}.penalty(ranges, theta) == 15);
  CHECK(Regularization{.l1 = 2, .normalization = true}.penalty(ranges, theta) == 55);
  CHECK(Regularization{.l1 = 2, .biases = true, .normalization = true}.penalty(ranges, theta) == 63);
  CHECK(Regularization{}.penalty(ranges, theta) == 0);
  CHECK_FALSE(Regularization{}.any());
  CHECK((Regularization{.max_norm = 1}.any() && !Regularization{.max_norm = 1}.penalizes()));

  Eigen::VectorXd gradient = Eigen::VectorXd::Ones(15), expected = gradient;
  expected.head(4) += Eigen::Vector4d(2 + 4, -2 - 8, 0, 2 + 2);  // the derivative of |w| at 0 is 0
  CHECK(Regularization{.l1 = 2, .l2 = 2}.add_gradient(ranges, theta, gradient) == 17.5);
  CHECK(gradient == expected);
}

// Central differences: an error of h² and of rounding ε/h.
TEST_CASE("a penalty's gradient is its derivative", "[regularization]") {
  const Eigen::VectorXd theta = problems::uniform(15, 1, 3);  // none within h of 0, where |w| has a kink
  const double h = 1e-5;
  REQUIRE(theta.cwiseAbs().minCoeff() > h);
  for (const bool all : {false, true}) {
    const Regularization penalty{.l1 = 0.3, .l2 = 0.7, .biases = all, .normalization = all};
    Eigen::VectorXd gradient = Eigen::VectorXd::Zero(15);
    penalty.add_gradient(ranges, theta, gradient);
    for (Index i = 0; i < 15; ++i) {
      Eigen::VectorXd above = theta, below = theta;
      above(i) += h;
      below(i) -= h;
      const double slope = (penalty.penalty(ranges, above) - penalty.penalty(ranges, below)) / (2 * h);
      CHECK(std::abs(gradient(i) - slope) < 1e-9);
    }
  }
}

TEMPLATE_TEST_CASE("max_norm bounds the weights into each unit", "[regularization]", float, double,
                   long double) {
  using Vector = Eigen::Matrix<TestType, Eigen::Dynamic, 1>;
  Vector theta = Vector::Constant(15, 9);
  theta.head(6) << 3, -4, TestType(0.5), TestType(0.5), 0, 0;
  Vector projected = theta;
  Regularization{.max_norm = 2}.project(ranges, projected);
  const double epsilon =
      2 * std::max<double>(std::numeric_limits<TestType>::epsilon(), 2.3e-16);  // of numbers up to 2
  CHECK(static_cast<double>(std::abs(projected(0) - TestType(1.2L))) <= epsilon);
  CHECK(static_cast<double>(std::abs(projected(1) + TestType(1.6L))) <= epsilon);
  CHECK(projected.tail(13) == theta.tail(13));  // within the bound, or no weights

  Vector same = theta;
  Regularization{.max_norm = 5}.project(ranges, same);
  CHECK(same == theta);
  Regularization{.l1 = 1, .l2 = 1}.project(ranges, same);
  CHECK(same == theta);
}

TEST_CASE("max_norm of weights whose squares overflow or vanish", "[regularization]") {
  const std::vector<ParameterRange> one = {{0, 2, 2, ParameterKind::weights, 0}};
  Eigen::VectorXd w = Eigen::Vector2d(3e300, 4e300);
  Regularization{.max_norm = 1}.project(one, w);
  CHECK((w - Eigen::Vector2d(0.6, 0.8)).cwiseAbs().maxCoeff() < 1e-15);
  w = Eigen::Vector2d(3e-300, 4e-300);
  Regularization{.max_norm = 1e-300}.project(one, w);
  CHECK(w.norm() <= 1e-300 * (1 + 1e-14));
  CHECK(w(0) == Approx(6e-301).epsilon(1e-14));
  w = Eigen::Vector2d(std::numeric_limits<double>::quiet_NaN(), 4);
  Regularization{.max_norm = 1}.project(one, w);
  CHECK(w(1) == 4);
}

TEST_CASE("the columns of a network's W are its units", "[regularization]") {
  auto net = DynamicNetwork<double>(5).dense(4, "tanh").layer_norm().dense(3);
  net.initialize(1);
  net.parameters() *= 10;
  const auto before = net;
  Regularization{.max_norm = 1.5}.project(net.parameter_ranges(), net.parameters());
  int scaled = 0;
  for (const std::size_t l : {std::size_t{0}, std::size_t{2}})
    for (Index j = 0; j < net.weights(l).cols(); ++j) {
      const Eigen::VectorXd w = before.weights(l).col(j), now = net.weights(l).col(j);
      const double factor = std::min(1.0, 1.5 / w.norm());
      scaled += factor < 1;
      CHECK((now - w * factor).cwiseAbs().maxCoeff() < 1e-14);
    }
  CHECK(scaled > 0);
  CHECK(net.weights(1) == before.weights(1));
  CHECK(net.bias(0) == before.bias(0));
}

TEST_CASE("options and sizes that cannot be", "[regularization]") {
  Eigen::VectorXd theta = Eigen::VectorXd::Ones(15), gradient = theta;
  for (const double x :
       {-1.0, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    CHECK_THROWS_AS(Regularization{.l1 = x}.penalty(ranges, theta), OptionError);
    CHECK_THROWS_AS(Regularization{.l2 = x}.add_gradient(ranges, theta, gradient), OptionError);
    CHECK_THROWS_AS(Regularization{.max_norm = x}.project(ranges, theta), OptionError);
  }
  CHECK_THROWS_WITH(Regularization{.l1 = -1}.check(), "Regularization: expected l1 \u2265 0, got -1");
  Eigen::VectorXd few = Eigen::VectorXd::Ones(14);
  CHECK_THROWS_AS(Regularization{.l1 = 1}.penalty(ranges, few), ShapeError);
  CHECK_THROWS_AS(Regularization{.l1 = 1}.add_gradient(ranges, theta, few), ShapeError);
  CHECK_THROWS_AS(Regularization{.max_norm = 0.1}.project(ranges, few), ShapeError);
  CHECK(theta == Eigen::VectorXd::Ones(15));
  CHECK(gradient == Eigen::VectorXd::Ones(15));
  CHECK(few == Eigen::VectorXd::Ones(14));
}

}  // namespace test_regularization
