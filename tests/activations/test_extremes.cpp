// Activations over the whole range of a scalar: no overflow, no NaN, the right limits.

#include <cmath>
#include <limits>
#include <vector>

#include "lamina/activations.hpp"
#include "support/catch.hpp"

namespace {

using namespace lamina;

/// An activation and what g and g' tend to for z → −∞ and z → ∞.
struct Case {
  AnyActivation g;
  long double g_minus, g_plus, derivative_minus, derivative_plus;
};

const std::vector<Case>& cases() {
  constexpr long double inf = std::numeric_limits<long double>::infinity();
  constexpr long double lambda = SELU::lambda<long double>, lambda_alpha = lambda * SELU::alpha<long double>;
  static const std::vector<Case> list{
      {Identity{}, -inf, inf, 1, 1},
      {Sigmoid{}, 0, 1, 0, 0},
      {Tanh{}, -1, 1, 0, 0},
      {ReLU{}, 0, inf, 0, 1},
      {LeakyReLU{.slope = 0.25}, -inf, inf, 0.25L, 1},
      {ELU{.alpha = 0.5}, -0.5L, inf, 0, 1},
      {SELU{}, -lambda_alpha, inf, 0, lambda},
      {GELU{}, 0, inf, 0, 1},
      {GELUTanh{}, 0, inf, 0, 1},
      {Softplus{}, 0, inf, 0, 1},
      {Softplus{.beta = 8}, 0, inf, 0, 1},
      {SiLU{}, 0, inf, 0, 1},
      {Mish{}, 0, inf, 0, 1},
      {HardSigmoid{}, 0, 1, 0, 0},
      {HardTanh{}, -1, 1, 0, 0},
      {Softsign{}, -1, 1, 0, 0},
      {ReLU6{}, 0, 6, 0, 0},
      {HardSwish{}, 0, inf, 0, 1},
      {CELU{.alpha = 2}, -2, inf, 0, 1},
      {LogSigmoid{}, -inf, 0, 1, 0},
  };
  return list;
}

template <class Scalar>
struct Result {
  Scalar a, derivative;
};

/// g and g' at z, from the middle of a long column (computed in packets) or alone.
template <class Scalar>
Result<Scalar> at(const AnyActivation& g, Scalar z, bool alone) {
  const Eigen::Index n = alone ? 1 : 33;
  Eigen::Matrix<Scalar, Eigen::Dynamic, 1> Z(n), A(n), dA(n);
  Z.setConstant(z);
  dA.setOnes();
  lamina::apply(g, Z, A);
  lamina::apply_derivative(g, Z, A, dA);
  return {A(n / 2), dA(n / 2)};
}

/// got = want, zero being reached within the smallest normal number (Eigen's exp does not go below it), and
/// others to rounding.
template <class Scalar>
bool is(Scalar got, long double want) {
  using limits = std::numeric_limits<Scalar>;
  if (want - want != 0) return static_cast<long double>(got) == want;
  return std::abs(got - static_cast<Scalar>(want)) <=
         std::max(limits::min(), 4 * limits::epsilon() * static_cast<Scalar>(std::abs(want)));
}

}  // namespace

TEMPLATE_TEST_CASE("activations: extremes", "", float, double, long double) {
  using S = TestType;
  using limits = std::numeric_limits<S>;
  const bool alone = GENERATE(false, true);

  for (const Case& c : cases()) {
    CAPTURE(c.g.name(), alone);

    SECTION("finite at every finite number: " + std::string(c.g.name()) + " " +
            std::to_string(&c - cases().data())) {
      const S step = sizeof(S) > sizeof(double) ? 256 : 4;  // of so many more binary exponents
      for (const S sign : {S(1), S(-1)})
        for (S z = limits::max(); z > 0; z = z / step * 3 < z ? z / step * 3 : 0) {
          const auto [a, derivative] = at(c.g, sign * z, alone);
          const bool overflows = c.g.name() == "selu" && sign > 0 && z > limits::max() / S(1.1L);  // λz does
          const bool finite = overflows || std::abs(a) <= limits::max();
          const bool in_range = derivative >= S(-0.6L) && derivative <= S(1.8L);
          if (finite && in_range) continue;  // CAPTURE takes longer than all before
          CAPTURE(static_cast<double>(sign * z), static_cast<double>(a), static_cast<double>(derivative));
          CHECK(finite);
          CHECK(in_range);
        }
      CHECK(std::isfinite(at(c.g, S(0), alone).a));
      CHECK(at(c.g, S(0), alone).a == at(c.g, -S(0), alone).a);
      CHECK(at(c.g, S(0), alone).derivative == at(c.g, -S(0), alone).derivative);
    }
    SECTION("limits: " + std::string(c.g.name()) + " " + std::to_string(&c - cases().data())) {
      const auto minus = at(c.g, -limits::infinity(), alone), plus = at(c.g, limits::infinity(), alone);
      CAPTURE(static_cast<double>(minus.a), static_cast<double>(plus.a),
              static_cast<double>(minus.derivative), static_cast<double>(plus.derivative));
      CHECK(is(minus.a, c.g_minus));
      CHECK(is(plus.a, c.g_plus));
      CHECK(is(minus.derivative, c.derivative_minus));
      CHECK(is(plus.derivative, c.derivative_plus));

      const auto low = at(c.g, limits::lowest(), alone), high = at(c.g, limits::max(), alone);
      CAPTURE(static_cast<double>(low.a), static_cast<double>(high.a), static_cast<double>(low.derivative),
              static_cast<double>(high.derivative));
      if (std::isfinite(c.g_minus)) CHECK(is(low.a, c.g_minus));
      if (std::isfinite(c.g_plus)) CHECK(is(high.a, c.g_plus));
      if (std::isinf(c.g_minus))
        CHECK(is(low.a, c.derivative_minus * static_cast<long double>(limits::lowest())));
      if (std::isinf(c.g_plus) && c.g.name() != "selu")
        CHECK(is(high.a, static_cast<long double>(limits::max())));
      CHECK(is(low.derivative, c.derivative_minus));
      CHECK(is(high.derivative, c.derivative_plus));
    }
    SECTION("NaN is not hidden: " + std::string(c.g.name()) + " " + std::to_string(&c - cases().data())) {
      CHECK(std::isnan(at(c.g, limits::quiet_NaN(), alone).a));
    }
  }
}

TEST_CASE("activations: float agrees with double") {
  // A few roundings of float each, and Eigen's rational tanh, which is within 3 units of the last place.
  for (const Case& c : cases())
    for (int i = -4000; i <= 4000; ++i) {
      const float z = static_cast<float>(i) / 128 + 0.001f;
      const auto narrow = at(c.g, z, false);
      const auto wide = at(c.g, static_cast<double>(z), false);
      const double epsilon = 8 * static_cast<double>(std::numeric_limits<float>::epsilon());
      const bool values =
          std::abs(static_cast<double>(narrow.a) - wide.a) <= epsilon * std::max(1.0, std::abs(wide.a));
      const bool derivatives = std::abs(static_cast<double>(narrow.derivative) - wide.derivative) <= epsilon;
      if (values && derivatives) continue;
      CAPTURE(c.g.name(), z, narrow.a, wide.a, narrow.derivative, wide.derivative);
      CHECK(values);
      CHECK(derivatives);
    }
  SUCCEED();
}
