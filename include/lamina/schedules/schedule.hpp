// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <cmath>
#include <concepts>
#include <limits>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "lamina/core/errors.hpp"
#include "lamina/core/types.hpp"
#include "lamina/schedules/reduce_on_plateau.hpp"

namespace lamina {

/// A learning-rate schedule: the rate of update (or epoch) number k, from 0, for the optimiser's own rate. It may also have
///
///     void check() const;                  // throws OptionError; asked when a LearningRateSchedule is made of it
///     double momentum(Index k) const;      // the momentum of update (or epoch) k
///     bool cycle_momentum;                 // whether momentum() is to be followed; yes when silent
template <class T>
concept Schedule = requires(const T& schedule, double learning_rate, Index k) {
  { schedule(learning_rate, k) } -> std::convertible_to<double>;
};

/// What the k of a schedule counts.
enum class Per {
  epoch,  ///< passes over the data
  step,   ///< updates of the parameters, over all epochs
};

/// Any schedule, or none: a function of the base rate and k of the library's or a user's, or a ReduceOnPlateau.
///
///     LearningRateSchedule a = CosineAnnealing{.T_max = 50};            // k counts epochs
///     LearningRateSchedule b = per_step(CosineAnnealing{.T_max = 5000});  // k counts updates
///     LearningRateSchedule c = [](double base, Index k) { return k < 10 ? base : base / 10; };
///
/// A copy has a state of its own. What changes during a training is state(); of all but ReduceOnPlateau it is empty, as
/// their rate is a function of k.
class LearningRateSchedule {
 public:
  /// None: the rate is the optimiser's own.
  LearningRateSchedule() = default;
  /// @param schedule  a function (base rate, k) -> rate that can be called when it is const
  /// @throws OptionError when the schedule has a bad option.
  template <Schedule S>
  LearningRateSchedule(S schedule, Per per = Per::epoch)  // NOLINT(google-explicit-constructor)
      : per_(per) {
    if constexpr (requires { schedule.check(); }) schedule.check();
    function_ = std::make_shared<const Of<S>>(std::move(schedule));
  }
  /// @throws OptionError when the schedule has a bad option.
  // NOLINTNEXTLINE(google-explicit-constructor)
  LearningRateSchedule(const ReduceOnPlateau& plateau, Per per = Per::epoch) : per_(per), plateau_(plateau) {
    plateau.check();
  }

  explicit operator bool() const { return function_ || plateau_; }
  Per per() const { return per_; }

  /// The rate of the next update.
  ///
  /// @param base   the optimiser's own rate, the same at every call
  /// @param step   updates done so far, over all epochs
  /// @param epoch  epochs done so far
  /// @throws OptionError when the schedule gives a rate that is negative or not finite.
  double before_step(double base, Index step, Index epoch) {
    if (plateau_) {
      if (std::isnan(rate_)) rate_ = base;
      return rate_;
    }
    if (!function_) return base;
    const Index k = per_ == Per::step ? step : epoch;
    const double rate = function_->rate(base, k);
    if (!(rate >= 0 && std::isfinite(rate)))
      detail::fail<OptionError>({"learning-rate schedule: expected a rate \u2265 0, got ", rate, " for ",
                                 (per_ == Per::step ? "update " : "epoch "), k});
    return rate;
  }

  /// The momentum of the next update, when the schedule has one to say. Arguments as for before_step.
  std::optional<double> momentum(Index step, Index epoch) const {
    if (!function_) return {};
    return function_->momentum(per_ == Per::step ? step : epoch);
  }

  /// Tells ReduceOnPlateau the loss of an update, when it counts updates. Others do not listen.
  void after_step(double metric) {
    if (per_ == Per::step) observe(metric);
  }
  /// Tells ReduceOnPlateau the metric of an epoch, when it counts epochs. Others do not listen.
  void after_epoch(double metric) {
    if (per_ == Per::epoch) observe(metric);
  }

  /// All that changes during a training, for a checkpoint: of ReduceOnPlateau the rate (NaN before the first update), the
  /// best metric (NaN before the first), the bad observations and what is left of the cooldown; else empty.
  std::vector<double> state() const {
    if (!plateau_) return {};
    const auto& s = plateau_->state;
    return {rate_, s.best, static_cast<double>(s.bad), static_cast<double>(s.cooldown_counter)};
  }
  /// Goes on where a schedule with the same options was when it had this state().
  /// @throws DataError when it cannot be a state of this schedule; nothing is changed then.
  void set_state(const std::vector<double>& state) {
    const std::size_t size = plateau_ ? 4 : 0;
    if (state.size() != size)
      detail::fail<DataError>(
          {"state of a learning-rate schedule: expected ", size, " numbers, got ", state.size()});
    if (!plateau_) return;
    if (state[0] < 0 || std::isinf(state[0]))
      detail::fail<DataError>({"state of ReduceOnPlateau: expected a rate \u2265 0, got ", state[0]});
    for (const std::size_t i : {2u, 3u})
      if (!(state[i] >= 0 && state[i] <= 0x1p53 && state[i] == std::floor(state[i])))
        detail::fail<DataError>({"state of ReduceOnPlateau: expected a count, got ", state[i], " at ", i});
    const auto at_most = [](const char* what, double count, Index most) {
      if (count > static_cast<double>(most))
        detail::fail<DataError>(
            {"state of ReduceOnPlateau: expected at most ", most, " ", what, ", got ", count});
    };
    at_most("bad observations (patience)", state[2], plateau_->patience);
    at_most("observations left of the cooldown", state[3], plateau_->cooldown);
    rate_ = state[0];
    plateau_->state = {state[1], static_cast<Index>(state[2]), static_cast<Index>(state[3])};
  }

 private:
  struct Function {
    Function() = default;
    Function(const Function&) = delete;
    Function& operator=(const Function&) = delete;
    virtual ~Function() = default;
    virtual double rate(double base, Index k) const = 0;
    virtual std::optional<double> momentum(Index k) const = 0;
  };
  template <class S>
  struct Of final : Function {
    explicit Of(S s) : schedule(std::move(s)) {}
    double rate(double base, Index k) const override { return static_cast<double>(schedule(base, k)); }
    std::optional<double> momentum(Index k) const override { return momentum_of(schedule, k); }
    S schedule;
  };

  template <class S>
  static std::optional<double> momentum_of(const S& schedule, Index k) {
    if constexpr (requires { schedule.momentum(k); }) {
      if (follows_momentum(schedule)) return schedule.momentum(k);
    }
    return {};
  }
  /// Whether the schedule, or the one that it warms up, says so.
  template <class S>
  static bool follows_momentum(const S& schedule) {
    if constexpr (requires { schedule.cycle_momentum; }) {
      return schedule.cycle_momentum;
    } else if constexpr (requires { schedule.schedule; }) {
      return follows_momentum(schedule.schedule);
    } else {
      return true;
    }
  }

  void observe(double metric) {
    if (!plateau_) return;
    if (std::isnan(rate_)) detail::fail<OptionError>({"ReduceOnPlateau: expected an update before a metric"});
    rate_ = plateau_->observe(metric, rate_);
  }

  Per per_ = Per::epoch;
  std::shared_ptr<const Function> function_;
  std::optional<ReduceOnPlateau> plateau_;
  double rate_ = std::numeric_limits<double>::quiet_NaN();  // of ReduceOnPlateau, after the first update
};

/// A schedule whose k counts updates.
/// @throws OptionError when the schedule has a bad option.
template <class S>
LearningRateSchedule per_step(S schedule) {
  return LearningRateSchedule(std::move(schedule), Per::step);
}

/// A schedule whose k counts epochs, as without saying so.
/// @throws OptionError when the schedule has a bad option.
template <class S>
LearningRateSchedule per_epoch(S schedule) {
  return LearningRateSchedule(std::move(schedule), Per::epoch);
}

}  // namespace lamina
