// Bounds of a gradient.

#include "lamina/training/clipping.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include "support/catch.hpp"
#include "training/problems.hpp"

namespace test_clipping {

using namespace lamina;
using Catch::Approx;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN(),
                 inf = std::numeric_limits<double>::infinity();
const std::vector<ParameterRange> two = {{.first = 0, .count = 2, .rows = 2},
                                         {.first = 2, .count = 2, .rows = 2}};

}  // namespace

TEMPLATE_TEST_CASE("a value, a norm of each array and a norm of all", "[clipping]", float, double,
                   long double) {
  using Vector = Eigen::Matrix<TestType, 4, 1>;
  const Vector start(3, -4, 0, TestType(0.5));
  const double before = std::sqrt(25.25);
  // Rounding of numbers up to 4; and 10⁻⁶/5 of the norm, which the rule adds.
  const double epsilon = 4 * std::max<double>(std::numeric_limits<TestType>::epsilon(), 2.3e-16);
  const auto close = [&](const Vector& got, const Eigen::Vector4d& want) {
    CHECK((got.template cast<double>() - want).cwiseAbs().maxCoeff() <= epsilon);
  };

  Vector g = start;
  CHECK(Clipping{}.apply(two, g) == Approx(before).epsilon(1e-15));
  CHECK(g == start);
  CHECK_FALSE(Clipping{}.any());

  CHECK(Clipping{.value = 1}.apply(two, g) == Approx(before).epsilon(1e-15));
  CHECK(g == Vector(1, -1, 0, TestType(0.5)));

  g = start;
  CHECK(Clipping{.norm = 1}.apply(two, g) == Approx(before).epsilon(1e-15));
  close(g, Eigen::Vector4d(3, -4, 0, 2.5) / (5 + 1e-6) - Eigen::Vector4d(0, 0, 0, 2.5 / (5 + 1e-6) - 0.5));

  g = start;
  CHECK(Clipping{.global_norm = 1}.apply(two, g) == Approx(before).epsilon(1e-15));
  close(g, start.template cast<double>() / (before + 1e-6));

  g = start;
  Clipping{.global_norm = 6}.apply(two, g);
  CHECK(g == start);

  // All three, in this order
  g = start;
  Clipping{.value = 3, .norm = 2, .global_norm = 1}.apply(two, g);
  const Eigen::Vector4d a(3, -3, 0, 0.5),
      b(a(0) * 2 / (std::sqrt(18) + 1e-6), a(1) * 2 / (std::sqrt(18) + 1e-6), 0, 0.5);
  close(g, b / (b.norm() + 1e-6));
}

TEST_CASE("norms neither overflow nor vanish", "[clipping]") {
  const auto ranges = std::vector<ParameterRange>();
  Eigen::VectorXd g = Eigen::Vector3d(3e200, 0, -4e200);
  CHECK(Clipping{.global_norm = 1}.apply(ranges, g) == Approx(5e200).epsilon(1e-15));
  CHECK((g - Eigen::Vector3d(0.6, 0, -0.8)).cwiseAbs().maxCoeff() < 1e-15);

  g = Eigen::Vector3d(3e-200, 0, 4e-200);
  CHECK(Clipping{.global_norm = 1}.apply(ranges, g) == Approx(5e-200).epsilon(1e-15));
  CHECK(g == Eigen::Vector3d(3e-200, 0, 4e-200));
  g = Eigen::Vector2d(5e-324, 0);
  CHECK(Clipping{}.apply(ranges, g) == 5e-324);

  // A norm that is too large for a number, of numbers that are not.
  const double huge = std::numeric_limits<double>::max();
  g = Eigen::Vector4d::Constant(huge);
  CHECK(Clipping{.global_norm = 1}.apply(ranges, g) == inf);
  CHECK((g.array() - 0.5).abs().maxCoeff() < 1e-15);

  Eigen::VectorXf f = Eigen::VectorXf::Constant(4, std::numeric_limits<float>::max());
  CHECK(Clipping{.global_norm = 1}.apply(ranges, f) ==
        Approx(2.0 * static_cast<double>(std::numeric_limits<float>::max())).epsilon(1e-15));
  CHECK((f.array() - 0.5f).abs().maxCoeff() < 1e-6f);
  f = Eigen::VectorXf::Constant(4, 1e-45f);
  CHECK(Clipping{}.apply(ranges, f) == Approx(2.0 * static_cast<double>(1e-45f)).epsilon(1e-15));

  Eigen::VectorXd none(0);
  CHECK(Clipping{.value = 1, .global_norm = 1}.apply(ranges, none) == 0);
  g = Eigen::VectorXd::Zero(3);
  CHECK(Clipping{.value = 1, .global_norm = 1}.apply(ranges, g) == 0);
  CHECK(g == Eigen::VectorXd::Zero(3));
}

// In float the sum of a million squares would be off in the fourth digit, and stop at 2^24 equal ones.
TEST_CASE("norms of floats are summed in double", "[clipping]") {
  Eigen::VectorXf g = Eigen::VectorXf::Constant(20000003, 0.5f);
  CHECK(Clipping{}.apply({}, g) == Approx(0.5 * std::sqrt(20000003.0)).epsilon(1e-14));
}

TEST_CASE("a gradient that is not finite stays as it is", "[clipping]") {
  for (const double x : {not_a_number, inf, -inf}) {
    Eigen::VectorXd g = Eigen::Vector4d(5, x, 5, 5);
    CHECK_FALSE(std::isfinite(Clipping{.value = 1, .norm = 1, .global_norm = 1}.apply(two, g)));
    CHECK(g(0) == 5);
    CHECK(!std::isfinite(g(1)));
  }
}

TEST_CASE("a float is clipped to no more than the value", "[clipping]") {
  Eigen::VectorXf g = Eigen::VectorXf::Constant(3, -1);
  for (const double value : {0.1, 0.05, 0.7, 1e-3}) {
    Clipping{.value = value}.apply({}, g);
    CHECK(static_cast<double>(-g(0)) <= value);
    CHECK(static_cast<double>(-g(0)) >= value * (1 - 2e-7));
    g.setConstant(-1);
  }
}

TEST_CASE("bounds and ranges that cannot be", "[clipping]") {
  Eigen::VectorXd g = Eigen::Vector4d::Constant(9);
  for (const double x : {-1.0, not_a_number, inf}) {
    CHECK_THROWS_AS(Clipping{.value = x}.apply(two, g), OptionError);
    CHECK_THROWS_AS(Clipping{.norm = x}.apply(two, g), OptionError);
    CHECK_THROWS_AS(Clipping{.global_norm = x}.apply(two, g), OptionError);
  }
  CHECK_THROWS_WITH(Clipping{.global_norm = -1}.check(), "Clipping: expected a global_norm \u2265 0, got -1");
  Eigen::VectorXd three = Eigen::Vector3d::Constant(9);
  CHECK_THROWS_AS((Clipping{.norm = 1}.apply(two, three)), ShapeError);
  CHECK(g == Eigen::Vector4d::Constant(9));
  CHECK(three == Eigen::Vector3d::Constant(9));
}

}  // namespace test_clipping
