// Schedules at points computed by hand.

#include <cmath>
#include <limits>
#include <vector>

#include "lamina/schedules.hpp"
#include "support/catch.hpp"

using namespace lamina;

namespace {

/// A few operations on doubles, each good to half a unit in the last place (2⁻⁵³); pow and cos to one or two.
auto about(double x) { return Catch::Approx(x).epsilon(1e-14).margin(1e-17); }

template <class S>
std::vector<double> rates(const S& schedule, Index n, double base = 1) {
  std::vector<double> result;
  for (Index k = 0; k < n; ++k) result.push_back(schedule(base, k));
  return result;
}

void check_rates(const std::vector<double>& got, const std::vector<double>& want) {
  REQUIRE(got.size() == want.size());
  for (std::size_t k = 0; k < got.size(); ++k) {
    CAPTURE(k);
    CHECK(got[k] == about(want[k]));
  }
}

constexpr Index far = Index{1} << 62;

}  // namespace

TEST_CASE("schedules without an end, at a few points", "[schedules]") {
  check_rates(rates(ConstantSchedule{}, 3, 0.3), {0.3, 0.3, 0.3});
  check_rates(rates(StepDecay{.step_size = 2, .gamma = 0.5}, 6, 8), {8, 8, 4, 4, 2, 2});
  check_rates(rates(MultiStepDecay{.milestones = {3, 1, 3}, .gamma = 0.5}, 5, 8), {8, 4, 4, 1, 1});
  check_rates(rates(MultiStepDecay{.milestones = {0}, .gamma = 0.5}, 2, 8), {4, 4});
  check_rates(rates(ExponentialDecay{.gamma = 0.5}, 4, 8), {8, 4, 2, 1});
  check_rates(rates(ExponentialDecay{.gamma = 2}, 3, 1), {1, 2, 4});
  check_rates(rates(InverseTimeDecay{.decay = 0.5}, 3, 3), {3, 2, 1.5});
}

TEST_CASE("schedules with an end, to the end and beyond", "[schedules]") {
  check_rates(rates(PolynomialDecay{.total_iters = 4, .power = 2}, 6, 16), {16, 9, 4, 1, 0, 0});
  check_rates(rates(LinearWarmup{.start_factor = 0.25, .total_iters = 3}, 5, 4), {1, 2, 3, 4, 4});
  // cos 0, π/3, π/2 … : the cosine goes on after T_max.
  check_rates(rates(CosineAnnealing{.T_max = 3, .eta_min = 1}, 7, 5), {5, 4, 2, 1, 2, 4, 5});
  CHECK(PolynomialDecay{}(1, far) == 0);
  CHECK(LinearWarmup{}(1, far) == 1);
  CHECK(StepDecay{.step_size = 1, .gamma = 0.5}(1, far) == 0);
  CHECK(CosineAnnealing{.T_max = 7}(0, 3) == 0);
}

TEST_CASE("warm restarts", "[schedules]") {
  check_rates(rates(CosineWarmRestarts{.T_0 = 2}, 5, 4), {4, 2, 4, 2, 4});
  // Periods of 1, 3 and 9.
  const CosineWarmRestarts growing{.T_0 = 1, .T_mult = 3, .eta_min = 1};
  check_rates(rates(growing, 5, 5), {5, 5, 4, 2, 5});
  CHECK(growing(5, 4 + 3) == about(4));
  CHECK(growing(5, 4 + 9) == about(5));
  CHECK(growing(5, far) >= 1);
  CHECK(CosineWarmRestarts{.T_0 = 2}(4, far + 1) == about(2));
  CHECK(CosineWarmRestarts{.T_0 = std::numeric_limits<Index>::max(), .T_mult = far}(4, far) == about(2));
}

TEST_CASE("one cycle", "[schedules]") {
  SECTION("two straight lines") {
    // Up over k = 0 … 0.5·10 − 1 = 4, down to k = 9.
    const OneCycle s{.max_lr = 1,
                     .total_steps = 10,
                     .pct_start = 0.5,
                     .anneal_strategy = AnnealStrategy::linear,
                     .div_factor = 5,
                     .final_div_factor = 2,
                     .base_momentum = 0.5,
                     .max_momentum = 0.9};
    check_rates(rates(s, 12, 77), {0.2, 0.4, 0.6, 0.8, 1, 0.82, 0.64, 0.46, 0.28, 0.1, 0.1, 0.1});
    const double momentum[] = {0.9, 0.8, 0.7, 0.6, 0.5, 0.58, 0.66, 0.74, 0.82, 0.9, 0.9};
    for (Index k = 0; k < 11; ++k) CHECK(s.momentum(k) == about(momentum[k]));
    CHECK(s(1, far) == about(0.1));
  }
  SECTION("two halves of a cosine, and a peak between two updates") {
    // Up to 0.35·10 − 1 = 2.5, down over 6.5.
    const OneCycle s{
        .max_lr = 1, .total_steps = 10, .pct_start = 0.35, .div_factor = 2, .final_div_factor = 2};
    const double pi = std::acos(-1.0);
    CHECK(s(1, 0) == about(0.5));
    CHECK(s(1, 2) == about(0.5 + 0.5 * (1 - std::cos(pi * 2 / 2.5)) / 2));
    CHECK(s(1, 3) == about(1 - 0.75 * (1 - std::cos(pi * 0.5 / 6.5)) / 2));
    CHECK(s(1, 9) == about(0.25));
    CHECK(s.momentum(0) == about(0.95));
    CHECK(s.momentum(9) == about(0.95));
  }
  SECTION("three phases") {
    // Up to 0.3·10 − 1 = 2, down to the first rate at 4, and to the last one at 9.
    const OneCycle s{.max_lr = 1,
                     .total_steps = 10,
                     .anneal_strategy = AnnealStrategy::linear,
                     .div_factor = 2,
                     .final_div_factor = 5,
                     .three_phase = true,
                     .base_momentum = 0.5,
                     .max_momentum = 0.9};
    check_rates(rates(s, 11), {0.5, 0.75, 1, 0.75, 0.5, 0.42, 0.34, 0.26, 0.18, 0.1, 0.1});
    const double momentum[] = {0.9, 0.7, 0.5, 0.7, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9};
    for (Index k = 0; k < 10; ++k) CHECK(s.momentum(k) == about(momentum[k]));
  }
  SECTION("degenerate cycles are finite") {
    for (const double pct_start : {0.0, 0.1, 0.5, 1.0})
      for (const Index total_steps : {1, 2, 10})
        for (Index k = 0; k < 12; ++k) {
          const OneCycle s{.max_lr = 1, .total_steps = total_steps, .pct_start = pct_start};
          CHECK(s(1, k) <= 1);
          CHECK(s(1, k) > 0);
        }
    CHECK(OneCycle{.max_lr = 1, .total_steps = 10, .pct_start = 1}(1, 9) == 1);  // never down
  }
}

TEST_CASE("a warm-up in front of a schedule", "[schedules]") {
  check_rates(rates(warmup(0.25, 3, StepDecay{.step_size = 2, .gamma = 0.5}), 8, 8),
              {2, 4, 6, 8, 8, 4, 4, 2});
  // It ends where the schedule begins: not at the base rate, but at max_lr/div_factor = 2.
  const auto s =
      warmup(0.5, 2, OneCycle{.max_lr = 4, .total_steps = 10, .div_factor = 2, .max_momentum = 0.9});
  check_rates({s(100, 0), s(100, 1), s(100, 2)}, {1, 1.5, 2});
  CHECK(s.momentum(0) == about(0.9));
  CHECK(s.momentum(1) == about(0.9));
  CHECK(s.momentum(4) == about(0.85));  // the peak is at 0.3·10 − 1 = 2
  const auto own = warmup(0.5, 1, [](double base, Index k) { return base * static_cast<double>(k + 1); });
  check_rates(rates(own, 3, 2), {1, 2, 4});
}

TEST_CASE("reduce on plateau, by hand", "[schedules]") {
  const auto observed = [](ReduceOnPlateau s, const std::vector<double>& metrics, double rate = 1) {
    std::vector<double> result;
    for (const double m : metrics) result.push_back(rate = s.observe(m, rate));
    return result;
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  SECTION("patience is counted from the last improvement, and anew after a reduction") {
    check_rates(observed({.factor = 0.5, .patience = 1}, {3, 3, 2, 2, 2, 2, 2, 2}),
                {1, 1, 1, 1, .5, .5, .25, .25});
    check_rates(observed({.factor = 0.5, .patience = 0}, {3, 3, 3}), {1, .5, .25});
  }
  SECTION("what is better") {
    using enum PlateauMode;
    using enum ThresholdMode;
    const auto reduces = [&](PlateauMode mode, ThresholdMode threshold_mode, double first, double second) {
      ReduceOnPlateau s{.mode = mode, .factor = 0.5, .patience = 0};
      s.threshold = 0.25;
      s.threshold_mode = threshold_mode;
      return observed(s, {first, second}).back() == 0.5;
    };
    CHECK(reduces(min, rel, 8, 6));  // not strictly less than 8·0.75
    CHECK_FALSE(reduces(min, rel, 8, 5.9));
    CHECK(reduces(min, abs, 8, 7.75));
    CHECK_FALSE(reduces(min, abs, 8, 7.5));
    CHECK(reduces(max, rel, 8, 10));
    CHECK_FALSE(reduces(max, rel, 8, 10.1));
    CHECK(reduces(max, abs, 8, 8.25));
    CHECK_FALSE(reduces(max, abs, 8, 8.5));
    CHECK(reduces(min, rel, 8, nan));
  }
  SECTION("a cooldown") {
    // Reduced at the third; the fourth and fifth cannot be bad, the sixth and seventh are.
    check_rates(observed({.factor = 0.5, .patience = 1, .cooldown = 2}, {1, 1, 1, 1, 1, 1, 1, 1}),
                {1, 1, .5, .5, .5, .5, .25, .25});
  }
  SECTION("bounds") {
    check_rates(observed({.factor = 0.5, .patience = 0, .min_lr = 0.3}, {1, 1, 1, 1}), {1, .5, .3, .3});
    check_rates(observed({.factor = 0.5, .patience = 0, .min_lr = 2}, {1, 1}), {1, 1});  // never up
    check_rates(observed({.factor = 0.5, .patience = 0, .eps = 0.25}, {1, 1, 1}), {1, .5, .5});
  }
  SECTION("the first observation may be a NaN") {
    CHECK(observed({.factor = 0.5, .patience = 1}, {nan, 1, 2, 2}) == std::vector<double>{1, 1, 1, .5});
  }
  SECTION("a state put back goes on") {
    ReduceOnPlateau a{.factor = 0.5, .patience = 1, .cooldown = 1}, b = a;
    double rate_a = 1;
    for (const double m : {5.0, 4.0, 4.0, 4.0}) rate_a = a.observe(m, rate_a);
    double rate_b = rate_a;
    CHECK_FALSE(a.state == b.state);
    b.state = a.state;
    for (const double m : {4.0, 4.0, 3.0, 3.0, 3.0, 3.0})
      CHECK((rate_a = a.observe(m, rate_a)) == (rate_b = b.observe(m, rate_b)));
    CHECK(a.state == b.state);
    CHECK(ReduceOnPlateau{}.state == ReduceOnPlateau{}.state);
  }
}
