// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <algorithm>
#include <string_view>
#include <utility>

#include "lamina/schedules/arguments.hpp"
#include "lamina/schedules/linear_warmup.hpp"

namespace lamina {

/// A linear warm-up in front of another schedule s:
///
///     αₖ = s(α, 0)·(start_factor + (1 − start_factor)·k/total_iters)   for k < total_iters,
///     αₖ = s(α, k − total_iters)                                       from there on.
///
/// PyTorch's SequentialLR of a LinearLR and s, except that the warm-up ends where s begins, also when that is not α.
/// Momentum is that of s, at its beginning during the warm-up. Made by warmup().
template <class S>
struct Warmup {
  static constexpr std::string_view name = "Warmup";

  double start_factor = 1.0 / 3;  ///< in (0, 1]
  Index total_iters = 5;          ///< ≥ 1
  S schedule = {};                ///< s

  /// @throws OptionError when an option, or one of the schedule, is outside its domain.
  void check() const {
    LinearWarmup{start_factor, total_iters}.check();
    if constexpr (requires { schedule.check(); }) schedule.check();
  }

  /// @throws OptionError as check(), and when learning_rate or k is negative.
  double operator()(double learning_rate, Index k) const {
    const double factor = LinearWarmup{start_factor, total_iters}(1, k);
    return factor * static_cast<double>(schedule(learning_rate, std::max(k - total_iters, Index{0})));
  }

  /// @throws OptionError as check(), and when k is negative.
  double momentum(Index k) const requires(requires(const S& s) { s.momentum(Index{0}); }) {
    detail::check_schedule_arguments(name, 0, k);
    return schedule.momentum(std::max(k - total_iters, Index{0}));
  }
};

/// `schedule` after `total_iters` updates or epochs in which the rate rises to its first value in a straight line, from
/// `start_factor` times that.
///
///     warmup(0.1, 5, CosineAnnealing{.T_max = 45})
///
/// @throws OptionError when an option, or one of the schedule, is outside its domain.
template <class S>
Warmup<S> warmup(double start_factor, Index total_iters, S schedule) {
  Warmup<S> result{start_factor, total_iters, std::move(schedule)};
  result.check();
  return result;
}

}  // namespace lamina
