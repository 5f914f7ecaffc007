// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>

#include "lamina/schedules/arguments.hpp"

namespace lamina {

/// What ReduceOnPlateau takes for better.
enum class PlateauMode {
  min,  ///< less, as for a loss
  max,  ///< more, as for an accuracy
};

/// How ReduceOnPlateau reads its threshold.
enum class ThresholdMode {
  rel,  ///< a share of the best value
  abs,  ///< a difference
};

/// α ← max(factor·α, min_lr) after more than `patience` observations in a row that were no better than the best so far.
///
/// The rules are those of PyTorch's ReduceLROnPlateau. m is better than the best value b when
///
///     mode   threshold_mode rel       threshold_mode abs
///     min    m < b·(1 − threshold)    m < b − threshold
///     max    m > b·(1 + threshold)    m > b + threshold
///
/// A NaN is never better. After a reduction nothing counts as bad for `cooldown` observations.
struct ReduceOnPlateau {
  static constexpr std::string_view name = "ReduceOnPlateau";

  PlateauMode mode = PlateauMode::min;
  double factor = 0.1;      ///< in (0, 1)
  Index patience = 10;      ///< ≥ 0: observations that are no better and have no consequence yet
  double threshold = 1e-4;  ///< ≥ 0: what is less than that better is no better
  ThresholdMode threshold_mode = ThresholdMode::rel;
  Index cooldown = 0;  ///< ≥ 0: observations after a reduction that cannot be bad
  double min_lr = 0;   ///< ≥ 0: the rate is not reduced below
  double eps = 1e-8;   ///< ≥ 0: the rate is not reduced by this or less

  /// All that changes; a copy of it, put back, goes on where it was.
  struct State {
    double best = std::numeric_limits<double>::quiet_NaN();  ///< NaN: nothing observed
    Index bad = 0;                                           ///< observations in a row that were no better
    Index cooldown_counter = 0;                              ///< observations left of the cooldown

    friend bool operator==(const State& a, const State& b) {
      return (a.best == b.best || (a.best != a.best && b.best != b.best)) && a.bad == b.bad &&
             a.cooldown_counter == b.cooldown_counter;
    }
  };
  State state = {};

  /// @throws OptionError when an option is outside its domain.
  void check() const {
    if (!(factor > 0 && factor < 1))
      detail::fail<OptionError>({"ReduceOnPlateau: expected factor in (0, 1), got ", factor});
    if (patience < 0)
      detail::fail<OptionError>({"ReduceOnPlateau: expected patience \u2265 0, got ", patience});
    if (cooldown < 0)
      detail::fail<OptionError>({"ReduceOnPlateau: expected cooldown \u2265 0, got ", cooldown});
    const auto not_negative = [](const char* option, double value) {
      if (!(value >= 0 && std::isfinite(value)))
        detail::fail<OptionError>({"ReduceOnPlateau: expected ", option, " \u2265 0, got ", value});
    };
    not_negative("threshold", threshold);
    not_negative("min_lr", min_lr);
    not_negative("eps", eps);
  }

  /// Takes note of a value of what is watched.
  /// @return the rate to use from now on, where it was `learning_rate` until now
  /// @throws OptionError as check(), and when learning_rate is negative.
  double observe(double metric, double learning_rate) {
    check();
    detail::check_schedule_arguments(name, learning_rate, 0);
    if (is_better(metric)) {
      state.best = metric;
      state.bad = 0;
    } else {
      ++state.bad;
    }
    if (state.cooldown_counter > 0) {
      --state.cooldown_counter;
      state.bad = 0;
    }
    if (state.bad <= patience) return learning_rate;
    state.cooldown_counter = cooldown;
    state.bad = 0;
    const double reduced = std::max(learning_rate * factor, min_lr);
    return learning_rate - reduced > eps ? reduced : learning_rate;
  }

 private:
  bool is_better(double metric) const {
    const bool less = mode == PlateauMode::min, relative = threshold_mode == ThresholdMode::rel;
    constexpr double infinity = std::numeric_limits<double>::infinity();
    if (std::isnan(state.best)) return less ? metric < infinity : metric > -infinity;
    if (less) return metric < (relative ? state.best * (1 - threshold) : state.best - threshold);
    return metric > (relative ? state.best * (1 + threshold) : state.best + threshold);
  }
};

}  // namespace lamina
