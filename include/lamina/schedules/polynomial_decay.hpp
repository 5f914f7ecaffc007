// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <algorithm>
#include <cmath>
#include <string_view>

#include "lamina/schedules/arguments.hpp"

namespace lamina {

/// αₖ = α·(1 − min(k, total_iters)/total_iters)^power
///
/// PyTorch's PolynomialLR: 0 from k = total_iters on.
struct PolynomialDecay {
  static constexpr std::string_view name = "PolynomialDecay";

  Index total_iters = 5;  ///< ≥ 1
  double power = 1;       ///< > 0

  /// @throws OptionError when an option is outside its domain.
  void check() const {
    if (total_iters < 1)
      detail::fail<OptionError>({"PolynomialDecay: expected total_iters \u2265 1, got ", total_iters});
    if (!(power > 0 && std::isfinite(power)))
      detail::fail<OptionError>({"PolynomialDecay: expected power > 0, got ", power});
  }

  /// @throws OptionError as check(), and when learning_rate or k is negative.
  double operator()(double learning_rate, Index k) const {
    check();
    detail::check_schedule_arguments(name, learning_rate, k);
    const double done = static_cast<double>(std::min(k, total_iters)) / static_cast<double>(total_iters);
    return learning_rate * std::pow(1 - done, power);
  }
};

}  // namespace lamina
