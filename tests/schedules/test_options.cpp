// Options and arguments outside of their domains, and the type that holds any schedule.

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "lamina/schedules.hpp"
#include "support/catch.hpp"

using namespace lamina;

namespace {

const double not_a_number = std::numeric_limits<double>::quiet_NaN();
const double infinity = std::numeric_limits<double>::infinity();

/// By check(), by use, and where it is made a LearningRateSchedule.
template <class S>
void refuses(S schedule, const std::string& text) {
  const auto message = Catch::Matchers::Message(text);
  CHECK_THROWS_MATCHES(schedule.check(), OptionError, message);
  CHECK_THROWS_MATCHES(LearningRateSchedule(schedule), OptionError, message);
  CHECK_THROWS_MATCHES(per_step(schedule), OptionError, message);
  if constexpr (Schedule<S>) {
    CHECK_THROWS_MATCHES(schedule(1, 0), OptionError, message);
  } else {
    CHECK_THROWS_MATCHES(schedule.observe(1, 1), OptionError, message);
    CHECK(schedule.state == ReduceOnPlateau::State{});
  }
  if constexpr (requires { schedule.momentum(0); })
    CHECK_THROWS_MATCHES(schedule.momentum(0), OptionError, message);
}

template <class S>
void refuses_arguments(S schedule) {
  CHECK_THROWS_AS(schedule(-1, 0), OptionError);
  CHECK_THROWS_AS(schedule(not_a_number, 0), OptionError);
  CHECK_THROWS_AS(schedule(infinity, 0), OptionError);
  CHECK_THROWS_AS(schedule(1, -1), OptionError);
  CHECK_NOTHROW(schedule(0, 0));
}

}  // namespace

TEST_CASE("a schedule refuses options outside of their domains", "[schedules]") {
  refuses(StepDecay{}, "StepDecay: expected step_size \u2265 1, got 0");
  refuses(StepDecay{.step_size = 1, .gamma = 0}, "StepDecay: expected gamma > 0, got 0");
  refuses(StepDecay{.step_size = 1, .gamma = not_a_number}, "StepDecay: expected gamma > 0, got nan");
  refuses(MultiStepDecay{}, "MultiStepDecay: expected at least one milestone, got none");
  refuses(MultiStepDecay{.milestones = {3, -1}}, "MultiStepDecay: expected milestones \u2265 0, got -1");
  refuses(MultiStepDecay{.milestones = {3}, .gamma = infinity},
          "MultiStepDecay: expected gamma > 0, got inf");
  refuses(ExponentialDecay{}, "ExponentialDecay: expected gamma > 0, got 0");
  refuses(ExponentialDecay{.gamma = -1}, "ExponentialDecay: expected gamma > 0, got -1");
  refuses(PolynomialDecay{.total_iters = 0}, "PolynomialDecay: expected total_iters \u2265 1, got 0");
  refuses(PolynomialDecay{.power = 0}, "PolynomialDecay: expected power > 0, got 0");
  refuses(InverseTimeDecay{}, "InverseTimeDecay: expected decay > 0, got 0");
  refuses(CosineAnnealing{}, "CosineAnnealing: expected T_max \u2265 1, got 0");
  refuses(CosineAnnealing{.T_max = 1, .eta_min = -1}, "CosineAnnealing: expected eta_min \u2265 0, got -1");
  refuses(CosineWarmRestarts{}, "CosineWarmRestarts: expected T_0 \u2265 1, got 0");
  refuses(CosineWarmRestarts{.T_0 = 1, .T_mult = 0}, "CosineWarmRestarts: expected T_mult \u2265 1, got 0");
  refuses(CosineWarmRestarts{.T_0 = 1, .eta_min = not_a_number},
          "CosineWarmRestarts: expected eta_min \u2265 0, got nan");
  refuses(LinearWarmup{.start_factor = 0}, "LinearWarmup: expected start_factor in (0, 1], got 0");
  refuses(LinearWarmup{.start_factor = 1.5}, "LinearWarmup: expected start_factor in (0, 1], got 1.5");
  refuses(LinearWarmup{.total_iters = 0}, "LinearWarmup: expected total_iters \u2265 1, got 0");
  refuses(Warmup<ConstantSchedule>{.total_iters = 0}, "LinearWarmup: expected total_iters \u2265 1, got 0");
  refuses(Warmup<CosineAnnealing>{}, "CosineAnnealing: expected T_max \u2265 1, got 0");
  CHECK_THROWS_AS(warmup(0, 1, ConstantSchedule{}), OptionError);
  CHECK_THROWS_AS(warmup(1, 1, StepDecay{}), OptionError);
}

TEST_CASE("OneCycle refuses options outside of their domains", "[schedules]") {
  const auto with = [](auto change) {
    OneCycle s{.max_lr = 1, .total_steps = 10};
    change(s);
    return s;
  };
  refuses(with([](OneCycle& s) { s.max_lr = 0; }), "OneCycle: expected max_lr > 0, got 0");
  refuses(with([](OneCycle& s) { s.total_steps = 0; }), "OneCycle: expected total_steps \u2265 1, got 0");
  refuses(with([](OneCycle& s) { s.pct_start = 1.1; }), "OneCycle: expected pct_start in [0, 1], got 1.1");
  refuses(with([](OneCycle& s) { s.pct_start = not_a_number; }),
          "OneCycle: expected pct_start in [0, 1], got nan");
  refuses(with([](OneCycle& s) { s.pct_start = 0.6, s.three_phase = true; }),
          "OneCycle: expected pct_start in [0, 0.5] with three_phase, got 0.6");
  refuses(with([](OneCycle& s) { s.div_factor = 0; }), "OneCycle: expected div_factor > 0, got 0");
  refuses(with([](OneCycle& s) { s.final_div_factor = -1; }),
          "OneCycle: expected final_div_factor > 0, got -1");
  refuses(with([](OneCycle& s) { s.base_momentum = 1; }),
          "OneCycle: expected base_momentum in [0, 1), got 1");
  refuses(with([](OneCycle& s) { s.max_momentum = -0.5; }),
          "OneCycle: expected max_momentum in [0, 1), got -0.5");
}

TEST_CASE("ReduceOnPlateau refuses options outside of their domains", "[schedules]") {
  refuses(ReduceOnPlateau{.factor = 1}, "ReduceOnPlateau: expected factor in (0, 1), got 1");
  refuses(ReduceOnPlateau{.factor = 0}, "ReduceOnPlateau: expected factor in (0, 1), got 0");
  refuses(ReduceOnPlateau{.patience = -1}, "ReduceOnPlateau: expected patience \u2265 0, got -1");
  refuses(ReduceOnPlateau{.threshold = -1}, "ReduceOnPlateau: expected threshold \u2265 0, got -1");
  refuses(ReduceOnPlateau{.cooldown = -1}, "ReduceOnPlateau: expected cooldown \u2265 0, got -1");
  refuses(ReduceOnPlateau{.min_lr = not_a_number}, "ReduceOnPlateau: expected min_lr \u2265 0, got nan");
  refuses(ReduceOnPlateau{.eps = -1}, "ReduceOnPlateau: expected eps \u2265 0, got -1");
  ReduceOnPlateau plateau;
  CHECK_THROWS_AS(plateau.observe(1, -1), OptionError);
  CHECK(plateau.state == ReduceOnPlateau::State{});
}

TEST_CASE("a schedule refuses arguments outside of their domains", "[schedules]") {
  refuses_arguments(ConstantSchedule{});
  refuses_arguments(StepDecay{.step_size = 1});
  refuses_arguments(MultiStepDecay{.milestones = {1}});
  refuses_arguments(ExponentialDecay{.gamma = 0.5});
  refuses_arguments(PolynomialDecay{});
  refuses_arguments(InverseTimeDecay{.decay = 1});
  refuses_arguments(CosineAnnealing{.T_max = 1});
  refuses_arguments(CosineWarmRestarts{.T_0 = 1});
  refuses_arguments(OneCycle{.max_lr = 1, .total_steps = 1});
  refuses_arguments(LinearWarmup{});
  refuses_arguments(warmup(0.5, 1, ConstantSchedule{}));
  CHECK_THROWS_AS((OneCycle{.max_lr = 1, .total_steps = 1}.momentum(-1)), OptionError);
}

TEST_CASE("no schedule is the optimiser's own rate", "[schedules]") {
  LearningRateSchedule none;
  CHECK_FALSE(none);
  CHECK(none.before_step(0.25, 7, 3) == 0.25);
  CHECK_FALSE(none.momentum(7, 3));
  none.after_step(1);
  none.after_epoch(1);
  CHECK(none.state().empty());
  CHECK_NOTHROW(none.set_state({}));
  CHECK_THROWS_AS(none.set_state({1}), DataError);
}

TEST_CASE("what k counts", "[schedules]") {
  struct Options {
    LearningRateSchedule schedule = {};
  };
  Options epochs{.schedule = ExponentialDecay{.gamma = 0.5}};
  Options steps{.schedule = per_step(ExponentialDecay{.gamma = 0.5})};
  Options also_steps{.schedule = {ExponentialDecay{.gamma = 0.5}, Per::step}};
  CHECK(epochs.schedule);
  CHECK(epochs.schedule.per() == Per::epoch);
  CHECK(epochs.schedule.before_step(1, 3, 1) == 0.5);
  CHECK(steps.schedule.before_step(1, 3, 1) == 0.125);
  CHECK(also_steps.schedule.before_step(1, 3, 1) == 0.125);
  CHECK(per_epoch(ExponentialDecay{.gamma = 0.5}).before_step(1, 3, 1) == 0.5);
  CHECK(epochs.schedule.state().empty());
}

TEST_CASE("a user's own schedule", "[schedules]") {
  LearningRateSchedule own = [](double base, Index k) { return base / static_cast<double>(k + 1); };
  CHECK(own.before_step(1, 9, 3) == 0.25);
  CHECK_FALSE(own.momentum(9, 3));
  LearningRateSchedule bad = per_step([](double base, Index k) { return base - static_cast<double>(k); });
  CHECK(bad.before_step(1, 1, 0) == 0);
  CHECK_THROWS_MATCHES(
      bad.before_step(1, 2, 0), OptionError,
      Catch::Matchers::Message("learning-rate schedule: expected a rate \u2265 0, got -1 for update 2"));
  LearningRateSchedule bad_rate = [](double, Index) { return not_a_number; };
  CHECK_THROWS_AS(bad_rate.before_step(1, 0, 0), OptionError);
}

TEST_CASE("momentum is cycled where the schedule says so", "[schedules]") {
  OneCycle cycle{.max_lr = 1, .total_steps = 10, .max_momentum = 0.9};
  CHECK(per_step(cycle).momentum(0, 5).value() == Catch::Approx(0.9).epsilon(1e-14));
  CHECK(per_step(warmup(0.1, 5, cycle)).momentum(3, 0).value() == Catch::Approx(0.9).epsilon(1e-14));
  cycle.cycle_momentum = false;
  CHECK_FALSE(per_step(cycle).momentum(0, 0));
  CHECK_FALSE(per_step(warmup(0.1, 5, cycle)).momentum(3, 0));
  CHECK_FALSE(per_step(StepDecay{.step_size = 1}).momentum(0, 0));
}

TEST_CASE("a plateau listens to what it counts, and its state can be kept", "[schedules]") {
  const ReduceOnPlateau plateau{.factor = 0.5, .patience = 0};
  LearningRateSchedule a = plateau, by_step = per_step(plateau);
  CHECK(a);
  CHECK_THROWS_AS(a.after_epoch(1), OptionError);  // nothing to reduce
  const auto drop = [](LearningRateSchedule& s) {
    const double before = s.before_step(1, 0, 0);
    for (int i = 0; i < 2; ++i) s.after_step(1);
    const double between = s.before_step(1, 1, 0);
    for (int i = 0; i < 2; ++i) s.after_epoch(1);
    return std::vector<double>{before, between, s.before_step(1, 2, 1)};
  };
  CHECK(drop(a) == std::vector<double>{1, 1, 0.5});
  CHECK(drop(by_step) == std::vector<double>{1, 0.5, 0.5});

  LearningRateSchedule copy = a, restored = plateau;
  const std::vector<double> state = a.state();
  restored.set_state(state);
  CHECK(restored.before_step(1, 3, 2) == 0.5);
  copy.after_epoch(1);
  CHECK(a.state() == state);
  CHECK(copy.before_step(1, 3, 2) == 0.25);
  restored.after_epoch(1);
  CHECK(restored.state() == copy.state());

  for (const std::vector<double>& wrong : {std::vector<double>{},
                                           {1, 2, 3},
                                           {-1, 1, 0, 0},
                                           {infinity, 1, 0, 0},
                                           {1, 1, -1, 0},
                                           {1, 1, 0.5, 0},
                                           {1, 1, 0, not_a_number},
                                           {1, 1, 0, 1e300},
                                           {1, 1, 1, 0},     // beyond the patience
                                           {1, 1, 0, 1}}) {  // beyond the cooldown
    CHECK_THROWS_AS(a.set_state(wrong), DataError);
    CHECK(a.state() == state);
  }
}
