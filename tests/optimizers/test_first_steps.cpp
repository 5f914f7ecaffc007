// First steps by hand, and the corners that reference cases do not reach.

#include <cmath>
#include <limits>

#include "lamina/optimizers.hpp"
#include "support/catch.hpp"

using namespace lamina;
using Catch::Approx;

namespace {

/// θ after steps of one parameter from 0 with these derivatives.
template <class Scalar = double, class Optimizer>
double after(Optimizer optimizer, std::initializer_list<double> gradients) {
  using Vector = Eigen::Matrix<Scalar, Eigen::Dynamic, 1>;
  Vector theta = Vector::Zero(1);
  for (const double g : gradients) optimizer.step(theta, Vector::Constant(1, static_cast<Scalar>(g)));
  return static_cast<double>(theta(0));
}

}  // namespace

TEST_CASE("first steps by hand", "[optimizers]") {
  // s = 4 + 9 = 13; the second rate is half of the first, s = 13 + 16
  const Adagrad adagrad{.learning_rate = 1, .lr_decay = 1, .initial_accumulator_value = 4, .epsilon = 0.5};
  CHECK(after(adagrad, {3}) == Approx(-3 / (std::sqrt(13) + 0.5)).epsilon(1e-14));
  CHECK(after(adagrad, {3, 4}) ==
        Approx(-3 / (std::sqrt(13) + 0.5) - 0.5 * 4 / (std::sqrt(29) + 0.5)).epsilon(1e-14));

  // s = 4/2 = 2; centered: u = 1, s − u² = 1
  CHECK(after(RMSprop{.learning_rate = 1, .alpha = 0.5, .epsilon = 0.5}, {2}) ==
        Approx(-2 / (std::sqrt(2) + 0.5)).epsilon(1e-14));
  CHECK(after(RMSprop{.learning_rate = 1, .alpha = 0.5, .epsilon = 0.5, .centered = true}, {2}) ==
        Approx(-2 / 1.5).epsilon(1e-14));
  CHECK(after(RMSprop{.learning_rate = 1, .alpha = 0.5, .epsilon = 0.5, .momentum = 0.5}, {2, 0}) ==
        Approx(-1.5 * 2 / (std::sqrt(2) + 0.5)).epsilon(1e-14));

  // s = 2, d = √ε/√(2 + ε)·2
  CHECK(after(Adadelta{.learning_rate = 3, .rho = 0.5, .epsilon = 0.25}, {2}) ==
        Approx(-3 * 0.5 / 1.5 * 2).epsilon(1e-14));

  // u = max(0, 2 + ε) and m̂ = g at first; then u = max(u/2, 0 + ε) = 1.25, m = 1/2, m̂ = (1/2)/(3/4)
  CHECK(after(Adamax{.learning_rate = 1, .beta1 = 0.5, .beta2 = 0.5, .epsilon = 0.5}, {2, 0}) ==
        Approx(-2 / 2.5 - (0.5 / 0.75) / 1.25).epsilon(1e-14));

  // ψ = 0: μ = β₁/2 = 1/4 always; m = 1, m̂ = 1/4·1/(1 − 1/16) + 3/4·2/(1 − 1/4), v̂ = 4
  CHECK(after(NAdam{.learning_rate = 1, .beta1 = 0.5, .beta2 = 0.5, .epsilon = 0.5, .momentum_decay = 0},
              {2}) == Approx(-(0.25 / (1 - 0.0625) + 2) / 2.5).epsilon(1e-14));

  // β₂ = 1/2: ρ∞ = 3, so that the variance is never known and the step is α·m̂
  CHECK(after(RAdam{.learning_rate = 1, .beta1 = 0.5, .beta2 = 0.5}, {2, 0}) ==
        Approx(-2 - 0.5 / 0.75).epsilon(1e-14));
}

// Some roundings of float.
TEST_CASE("decay rates near 1 are as good in float as in double", "[optimizers]") {
  const auto check = [](const auto& optimizer, std::initializer_list<double> gradients) {
    const double expected = after<double>(optimizer, gradients);
    CHECK(expected != 0);
    CHECK(after<float>(optimizer, gradients) == Approx(expected).epsilon(1e-5));
  };
  for (const double b : {0.999, 0.999999, 0.9999999, 0.99999999}) {  // the last is 1 as a float
    CAPTURE(b);
    CHECK(after<float>(Adam{.learning_rate = 1e-3, .beta2 = b}, {0.5}) == Approx(-1e-3).epsilon(1e-5));
    check(Adam{.beta1 = b, .beta2 = b, .amsgrad = true}, {0.5, 0.25, -0.125});
    check(AdamW{.beta1 = b, .beta2 = b}, {0.5, 0.25, -0.125});
    check(NAdam{.beta2 = b}, {0.5, 0.25, -0.125});
    check(NAdam{.beta1 = b}, {0.5, 0.25, -0.125});
    check(RAdam{.beta1 = b}, {0.5, 0.25, -0.125});
    check(RAdam{.beta2 = b}, {0.5, 0.25, -0.125, 0.5, 0.25, 0.5, 0.5, 0.25});  // the variance is known
    check(RMSprop{.alpha = b}, {0.5, 0.25, -0.125});
    check(RMSprop{.alpha = b, .centered = true}, {0.5, 0.25, -0.125});
    check(Adadelta{.rho = b}, {0.5, 0.25, -0.125});
    check(Adamax{.beta1 = b}, {0.5, 0.25, -0.125});
    check(Lion{.beta1 = b}, {0.5});
    check(Lion{.beta2 = b}, {0.5, 0});
  }
}

TEST_CASE("Rprop's steps grow and shrink within bounds", "[rprop]") {
  const Rprop rprop{.learning_rate = 1, .eta_minus = 0.5, .eta_plus = 2, .step_min = 0.5, .step_max = 4};
  CHECK(after(rprop, {3}) == -1);
  CHECK(after(rprop, {3, 1}) == -3);
  CHECK(after(rprop, {3, 1, 1, 1}) == -11);      // 1 + 2 + 4 + 4
  CHECK(after(rprop, {3, -1}) == -1);            // turned: half the step, which is not taken
  CHECK(after(rprop, {3, -1, -1}) == -0.5);      // and then neither grows nor shrinks
  CHECK(after(rprop, {3, -1, -1, 1, 1}) == -1);  // 1/2 is the least
  CHECK(after(rprop, {3, 0, 1}) == -2);
}

TEST_CASE("Rprop sees the signs of derivatives whose product vanishes", "[rprop]") {
  const Rprop rprop{.learning_rate = 1, .eta_plus = 2};
  CHECK(after(rprop, {1e-200, 1e-200}) == -3);
  CHECK(after(rprop, {1e-200, -1e-200}) == -1);
}

TEST_CASE("a centred variance that rounding makes negative is no NaN", "[rmsprop]") {
  RMSprop rmsprop{.learning_rate = 1e-3, .alpha = 0.5, .centered = true};
  Eigen::VectorXf theta = Eigen::VectorXf::Zero(64);
  Eigen::VectorXf g(64);
  for (Index i = 0; i < 64; ++i) g(i) = 0.1f + 0.01f * static_cast<float>(i);
  for (int t = 0; t < 100; ++t) {  // constant derivatives: s and u² tend to the same number
    rmsprop.step(theta, g);
    REQUIRE(theta.allFinite());
  }
}

TEST_CASE("weight decay is of the parameters selected", "[optimizers]") {
  // g = 0, so that only what decays moves.
  const std::vector<ParameterRange> some = {{.first = 2, .count = 3, .rows = 3},
                                            {.first = 17, .count = 20, .rows = 20}};
  const Eigen::VectorXd zero = Eigen::VectorXd::Zero(40);
  Eigen::VectorXd theta = Eigen::VectorXd::Ones(40), expected = theta;
  expected.segment(2, 3).setConstant(0.75);
  expected.segment(17, 20).setConstant(0.75);

  GradientDescent{.learning_rate = 0.5, .weight_decay = 0.5, .decay = some}.step(theta, zero);
  CHECK(theta == expected);
  theta.setOnes();
  AdamW{.learning_rate = 0.5, .weight_decay = 0.5, .decay = some}.step(theta, zero);
  CHECK(theta == expected);
  theta.setOnes();
  AdamW{.learning_rate = 0.5, .weight_decay = 0.5, .decay = std::vector<ParameterRange>()}.step(theta, zero);
  CHECK(theta == Eigen::VectorXd::Ones(40));
  AdamW{.learning_rate = 0.5, .weight_decay = 0.5}.step(theta, zero);
  CHECK(theta == Eigen::VectorXd::Constant(40, 0.75));
}
