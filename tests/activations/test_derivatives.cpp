// g' against finite differences of g, and at the kinks.

#include <cmath>

#include "lamina/activations.hpp"
#include "support/catch.hpp"

namespace {

using namespace lamina;

/// f(every activation, some with several options)
template <class F>
void for_each_activation(F f) {
  f(Identity{});
  f(Sigmoid{});
  f(Tanh{});
  f(ReLU{});
  f(LeakyReLU{});
  f(LeakyReLU{.slope = 0});
  f(LeakyReLU{.slope = -0.5});
  f(ELU{});
  f(ELU{.alpha = 0});
  f(ELU{.alpha = 0.3});
  f(SELU{});
  f(GELU{});
  f(GELUTanh{});
  f(Softplus{});
  f(Softplus{.beta = 2});
  f(SiLU{});
  f(Mish{});
  f(HardSigmoid{});
  f(HardTanh{});
  f(Softsign{});
  f(ReLU6{});
  f(HardSwish{});
  f(CELU{});
  f(CELU{.alpha = 2});
  f(LogSigmoid{});
}

template <class Scalar, class G>
Scalar g_at(const G& g, Scalar z) {
  Eigen::Array<Scalar, 1, 1> Z, A;
  Z(0) = z;
  A = g.g(Z);
  return A(0);
}

template <class Scalar, class G>
Scalar derivative_at(const G& g, Scalar z) {
  Eigen::Array<Scalar, 1, 1> Z, A, D;
  Z(0) = z;
  A = g.g(Z);
  D = g.derivative(Z, A);
  return D(0);
}

/// Central differences at 1600 points of [−8, 8), none within 10⁻³ of a kink. Truncation h²/6·|g'''| with
/// |g'''| ≤ 4, and rounding ε|g|/h with |g| ≤ 17.
template <class Scalar>
void against_differences(Scalar h) {
  const Scalar tolerance = h * h + 20 * std::numeric_limits<Scalar>::epsilon() / h;
  for_each_activation([&](const auto& g) {
    for (int i = -800; i < 800; ++i) {
      const Scalar z = static_cast<Scalar>(i) / 100 + static_cast<Scalar>(0.003L);
      const Scalar difference = (g_at(g, z + h) - g_at(g, z - h)) / ((z + h) - (z - h));
      CAPTURE(g.name, z);
      if (std::abs(derivative_at(g, z) - difference) > tolerance)
        CHECK(static_cast<double>(derivative_at(g, z)) == static_cast<double>(difference));
    }
    SUCCEED();
  });
}

}  // namespace

TEST_CASE("activations: derivatives are those of finite differences") {
  SECTION("double") { against_differences<double>(1e-5); }
  SECTION("long double") { against_differences<long double>(1e-6L); }
}

TEMPLATE_TEST_CASE("activations: smooth ones have no kink at 0", "", float, double, long double) {
  const TestType epsilon = 2 * std::numeric_limits<TestType>::epsilon(), half = TestType(0.5);
  CHECK(std::abs(derivative_at(Sigmoid{}, TestType(0)) - half / 2) <= epsilon);
  CHECK(std::abs(derivative_at(Tanh{}, TestType(0)) - 1) <= epsilon);
  CHECK(std::abs(derivative_at(GELU{}, TestType(0)) - half) <= epsilon);
  CHECK(std::abs(derivative_at(GELUTanh{}, TestType(0)) - half) <= epsilon);
  CHECK(std::abs(derivative_at(Softplus{}, TestType(0)) - half) <= epsilon);
  CHECK(std::abs(derivative_at(SiLU{}, TestType(0)) - half) <= epsilon);
  CHECK(std::abs(derivative_at(Mish{}, TestType(0)) - TestType(0.6L)) <= epsilon);
  CHECK(std::abs(derivative_at(LogSigmoid{}, TestType(0)) - half) <= epsilon);
  CHECK(derivative_at(Softsign{}, TestType(0)) == 1);
  CHECK(derivative_at(CELU{.alpha = 3}, TestType(0)) == 1);
  CHECK(derivative_at(HardSigmoid{}, TestType(0)) == TestType(1) / 6);
}

TEMPLATE_TEST_CASE("activations: the derivative at a kink is the one that is documented", "", float, double,
                   long double) {
  using S = TestType;
  CHECK(derivative_at(ReLU{}, S(0)) == 0);
  CHECK(derivative_at(ReLU{}, -S(0)) == 0);
  CHECK(derivative_at(LeakyReLU{.slope = 0.25}, S(0)) == S(0.25));
  CHECK(derivative_at(LeakyReLU{.slope = 0.25}, -S(0)) == S(0.25));
  CHECK(derivative_at(ELU{.alpha = 2}, S(0)) == 2);
  CHECK(derivative_at(SELU{}, S(0)) == SELU::lambda<S> * SELU::alpha<S>);
  CHECK(derivative_at(HardTanh{}, S(1)) == 0);
  CHECK(derivative_at(HardTanh{}, S(-1)) == 0);
  CHECK(derivative_at(HardSigmoid{}, S(3)) == 0);
  CHECK(derivative_at(HardSigmoid{}, S(-3)) == 0);
  CHECK(derivative_at(ReLU6{}, S(0)) == 0);
  CHECK(derivative_at(ReLU6{}, S(6)) == 0);
  CHECK(derivative_at(HardSwish{}, S(-3)) == S(-0.5));
  CHECK(derivative_at(HardSwish{}, S(3)) == S(1.5));

  SECTION("and next to it that of the side") {
    const auto below = [](S z) { return std::nextafter(z, std::numeric_limits<S>::lowest()); };
    const auto above = [](S z) { return std::nextafter(z, std::numeric_limits<S>::max()); };
    CHECK(derivative_at(ReLU{}, above(0)) == 1);
    CHECK(derivative_at(LeakyReLU{.slope = 0.25}, above(0)) == 1);
    CHECK(derivative_at(LeakyReLU{.slope = 0.25}, below(0)) == S(0.25));
    CHECK(derivative_at(ELU{.alpha = 2}, above(0)) == 1);
    CHECK(derivative_at(ELU{.alpha = 2}, below(0)) == 2);
    CHECK(derivative_at(SELU{}, above(0)) < S(1.06));
    CHECK(derivative_at(HardTanh{}, below(1)) == 1);
    CHECK(derivative_at(HardTanh{}, above(-1)) == 1);
    CHECK(derivative_at(HardSigmoid{}, below(3)) == S(1) / 6);
    CHECK(derivative_at(HardSigmoid{}, above(-3)) == S(1) / 6);
    CHECK(derivative_at(ReLU6{}, above(0)) == 1);
    CHECK(derivative_at(ReLU6{}, below(6)) == 1);
    CHECK(derivative_at(HardSwish{}, below(-3)) == 0);
    CHECK(derivative_at(HardSwish{}, above(3)) == 1);
  }
}
