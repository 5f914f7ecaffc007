// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <algorithm>
#include <string_view>

#include "lamina/schedules/arguments.hpp"

namespace lamina {

/// αₖ = α·(start_factor + (1 − start_factor)·min(k, total_iters)/total_iters)
///
/// PyTorch's LinearLR up to 1. warmup() puts it in front of another schedule.
struct LinearWarmup {
  static constexpr std::string_view name = "LinearWarmup";

  double start_factor = 1.0 / 3;  ///< in (0, 1]
  Index total_iters = 5;          ///< ≥ 1

  /// @throws OptionError when an option is outside its domain.
  void check() const {
    if (!(start_factor > 0 && start_factor <= 1))
      detail::fail<OptionError>({"LinearWarmup: expected start_factor in (0, 1], got ", start_factor});
    if (total_iters < 1)
      detail::fail<OptionError>({"LinearWarmup: expected total_iters \u2265 1, got ", total_iters});
  }

  /// @throws OptionError as check(), and when learning_rate or k is negative.
  double operator()(double learning_rate, Index k) const {
    check();
    detail::check_schedule_arguments(name, learning_rate, k);
    const double done = static_cast<double>(std::min(k, total_iters)) / static_cast<double>(total_iters);
    return learning_rate * (start_factor + (1 - start_factor) * done);
  }
};

}  // namespace lamina
