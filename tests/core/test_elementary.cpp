// The elementary functions in registers: against the functions of the standard library in a wider type, over all of the
// floats (every so-many-th bit pattern, so all exponents and signs) and over doubles of all sizes. The bounds are those
// that lamina/core/elementary.hpp states.

#include "lamina/core/elementary.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "lamina/core/random.hpp"
#include "support/catch.hpp"

namespace {

using lamina::Index;
namespace simd = lamina::simd;

/// The distance of `got` from `want` in spacings of Scalar at `want`.
template <class Scalar, class Wide>
double ulps(Scalar got, Wide want) {
  if (std::isnan(want)) return std::isnan(got) ? 0 : HUGE_VAL;
  if (std::isnan(got)) return HUGE_VAL;
  const auto nearest = static_cast<Scalar>(want);
  if (got == nearest) return 0;
  const Scalar largest = std::numeric_limits<Scalar>::max();
  if (std::isinf(got) || std::isinf(nearest)) {
    // Overflow may come one number early or late.
    const Scalar other = std::isinf(got) ? nearest : got;
    return std::abs(other) >= std::nextafter(std::nextafter(largest, Scalar(0)), Scalar(0)) ? 2 : HUGE_VAL;
  }
  const Scalar magnitude = std::abs(nearest);
  const Wide spacing =
      std::max(static_cast<Wide>(std::numeric_limits<Scalar>::denorm_min()),
               static_cast<Wide>(std::nextafter(magnitude, std::numeric_limits<Scalar>::infinity())) -
                   static_cast<Wide>(magnitude));
  return static_cast<double>(std::abs(static_cast<Wide>(got) - want) / spacing);
}

/// The largest error of f over some arguments; f's results in registers must not depend on the lane.
template <class Scalar, class Wide, class F, class Reference>
double largest_error(const std::vector<Scalar>& arguments, F f, Reference reference) {
  using V = simd::Register<Scalar>;
  constexpr auto lanes = static_cast<std::size_t>(simd::lanes<V>);
  double largest = 0;
  Scalar at = 0;
  for (std::size_t i = 0; i + lanes <= arguments.size(); i += lanes) {
    Scalar result[lanes];
    simd::store<V>(result, f(simd::load<V>(arguments.data() + i)));
    for (std::size_t l = 0; l < lanes; ++l) {
      const double error = ulps<Scalar, Wide>(result[l], reference(static_cast<Wide>(arguments[i + l])));
      if (error > largest) {
        largest = error;
        at = arguments[i + l];
      }
    }
  }
  UNSCOPED_INFO("largest error " << largest << " ulp, at " << at);
  return largest;
}

/// Every step-th float, NaNs and infinities included.
std::vector<float> floats(std::uint32_t step) {
  std::vector<float> all;
  for (std::uint64_t bits = 0; bits < (std::uint64_t{1} << 32); bits += step)
    all.push_back(simd::cast_bits<float>(static_cast<std::uint32_t>(bits)));
  return all;
}

/// Doubles of all bit patterns, of ordinary sizes, and near 0.
std::vector<double> doubles() {
  lamina::Random random(1);
  std::mt19937_64 bits(2);
  std::vector<double> all;
  for (int i = 0; i < 40000; ++i) {
    all.push_back(simd::cast_bits<double>(bits()));
    all.push_back(random.uniform() * 1500 - 750);
    all.push_back(random.uniform() * 4 - 2);
    all.push_back(random.normal() * std::exp(random.uniform() * 80 - 75));
  }
  return all;
}

template <class Wide>
Wide logistic(Wide x) {
  return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x));
}

/// Whether products and sums are rounded together: tanh is more exact then.
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
constexpr bool fused = true;
#else
constexpr bool fused = false;
#endif

// A prime, so that each binade has other mantissas; 4 million floats.
constexpr std::uint32_t float_step = 1021;

}  // namespace

#define LAMINA_CHECK_FUNCTION(name, reference, float_bound, double_bound)                                 \
  TEST_CASE("elementary: " #name " of floats and doubles") {                                              \
    const auto f = [](const auto& x) { return simd::name(x); };                                           \
    CHECK(largest_error<float, double>(floats(float_step), f, [](double x) { return reference(x); }) <=   \
          (float_bound));                                                                                 \
    CHECK(largest_error<double, long double>(doubles(), f, [](long double x) { return reference(x); }) <= \
          (double_bound));                                                                                \
  }

LAMINA_CHECK_FUNCTION(exp, std::exp, 2, 2)
LAMINA_CHECK_FUNCTION(expm1, std::expm1, 3, 3)
LAMINA_CHECK_FUNCTION(tanh, std::tanh, fused ? 7 : 8, fused ? 4 : 5)
LAMINA_CHECK_FUNCTION(sigmoid, logistic, 3, 3)

TEMPLATE_TEST_CASE("elementary: special values", "", float, double) {
  using V = simd::Register<TestType>;
  constexpr TestType infinity = std::numeric_limits<TestType>::infinity(),
                     nan = std::numeric_limits<TestType>::quiet_NaN();
  const auto of = [](auto f, TestType x) {
    TestType result[static_cast<std::size_t>(simd::lanes<V>)];
    simd::store<V>(result, f(simd::broadcast<V>(x)));
    return result[0];
  };
  const auto exp = [](const V& x) { return simd::exp(x); };
  const auto expm1 = [](const V& x) { return simd::expm1(x); };
  const auto tanh = [](const V& x) { return simd::tanh(x); };
  const auto sigmoid = [](const V& x) { return simd::sigmoid(x); };
  CHECK(of(exp, 0) == 1);
  CHECK(of(exp, infinity) == infinity);
  CHECK(of(exp, -infinity) == 0);
  CHECK(std::isnan(of(exp, nan)));
  CHECK(of(expm1, infinity) == infinity);
  CHECK(of(expm1, -infinity) == -1);
  CHECK(std::isnan(of(expm1, nan)));
  CHECK(of(tanh, infinity) == 1);
  CHECK(of(tanh, -infinity) == -1);
  CHECK(std::isnan(of(tanh, nan)));
  CHECK(of(sigmoid, 0) == TestType(0.5));
  CHECK(of(sigmoid, infinity) == 1);
  CHECK(of(sigmoid, -infinity) == 0);
  CHECK(std::isnan(of(sigmoid, nan)));
  for (const TestType zero : {TestType(0), -TestType(0)}) {
    CHECK(std::signbit(of(tanh, zero)) == std::signbit(zero));
    CHECK(std::signbit(of(expm1, zero)) == std::signbit(zero));
  }
  // tanh is odd, and never beyond ±1, so that 1 − tanh² is never negative.
  bool odd = true, inside = true;
  for (TestType x = 0; x < 12; x += TestType(0.001)) {
    const TestType y = of(tanh, x);
    odd = odd && of(tanh, -x) == -y;
    inside = inside && y <= 1;
  }
  CHECK(odd);
  CHECK(inside);
}

TEMPLATE_TEST_CASE("simd: parts of registers, sums and magnitudes", "", float, double) {
  using V = simd::Register<TestType>;
  constexpr Index lanes = simd::lanes<V>;
  std::vector<TestType> from(static_cast<std::size_t>(lanes)), to(from.size());
  for (std::size_t i = 0; i < from.size(); ++i) from[i] = static_cast<TestType>(i) - 2;
  for (Index count = 0; count <= lanes; ++count) {
    std::fill(to.begin(), to.end(), TestType(77));
    simd::store(to.data(), simd::load<V>(from.data(), count), count);
    bool right = true;
    for (Index i = 0; i < lanes; ++i)
      right =
          right && to[static_cast<std::size_t>(i)] == (i < count ? from[static_cast<std::size_t>(i)] : 77);
    CHECK(right);
  }
  simd::store(to.data(), simd::abs(simd::load<V>(from.data())));
  for (std::size_t i = 0; i < to.size(); ++i) CHECK(to[i] == std::abs(from[i]));
}

// What Adam needs: the root of the standard library, in every lane.
TEMPLATE_TEST_CASE("simd: square roots", "", float, double) {
  using V = simd::Register<TestType>;
  constexpr auto lanes = static_cast<std::size_t>(simd::lanes<V>);
  lamina::Random random(2);
  int wrong = 0;
  for (int i = 0; i < 2000; ++i) {
    TestType v[lanes] = {}, got[lanes];
    if (i > 0)
      for (auto& x : v) x = static_cast<TestType>(std::exp(random.uniform() * 160 - 80));
    simd::store<V>(got, simd::sqrt(simd::load<V>(v)));
    for (std::size_t l = 0; l < lanes; ++l) wrong += got[l] != std::sqrt(v[l]);
  }
  CHECK(wrong == 0);
}

// Also in whatever way a processor with an estimate of 1/d takes: 1 ulp, and what has no next number is exact.
TEMPLATE_TEST_CASE("simd: quotients", "", float, double) {
  using V = simd::Register<TestType>;
  using Limits = std::numeric_limits<TestType>;
  constexpr auto lanes = static_cast<std::size_t>(simd::lanes<V>);
  const auto quotient = [](TestType n, TestType d) {
    TestType got[lanes];
    simd::store<V>(got, simd::quotient(simd::broadcast<V>(n), simd::broadcast<V>(d)));
    return got[lanes - 1];
  };
  lamina::Random random(3);
  TestType worst = 0;
  const TestType widest = std::is_same_v<TestType, float> ? 40 : 300;
  for (int i = 0; i < 200000; ++i) {
    const auto number = [&] {
      const double size = std::exp(random.uniform() * 2 * widest - widest);
      return static_cast<TestType>(random.uniform() < 0.5 ? -size : size);
    };
    const TestType n = number(), d = number(), right = n / d, got = quotient(n, d);
    worst = std::max(
        worst, std::abs(got - right) / std::max(std::abs(right) * Limits::epsilon(), Limits::denorm_min()));
  }
  CHECK(worst <= 1);  // of ε·|n/d|, which is half of an ulp at least
  const TestType inf = Limits::infinity(), nan = Limits::quiet_NaN(), most = Limits::max();
  CHECK(quotient(0, 5) == 0);
  CHECK(std::signbit(quotient(-TestType(0), 5)));
  CHECK(quotient(1, 0) == inf);
  CHECK(quotient(-1, 0) == -inf);
  CHECK(quotient(1, inf) == 0);
  CHECK(quotient(inf, 2) == inf);
  CHECK(quotient(most, TestType(0.5)) == inf);
  CHECK(quotient(most, 1) == most);
  CHECK(quotient(1, Limits::min()) == 1 / Limits::min());
  CHECK(quotient(most, most) == 1);
  CHECK(quotient(Limits::min(), Limits::min()) == 1);
  for (const auto& [n, d] :
       {std::pair(TestType(0), TestType(0)), {inf, inf}, {nan, TestType(1)}, {TestType(1), nan}})
    CHECK(std::isnan(quotient(n, d)));
}
