// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <cmath>
#include <string_view>

#include "lamina/schedules/arguments.hpp"

namespace lamina {

/// αₖ = α·γᵏ
///
/// PyTorch's ExponentialLR.
struct ExponentialDecay {
  static constexpr std::string_view name = "ExponentialDecay";

  double gamma = 0;  ///< γ > 0; there is no default

  /// @throws OptionError when an option is outside its domain.
  void check() const {
    if (!(gamma > 0 && std::isfinite(gamma)))
      detail::fail<OptionError>({"ExponentialDecay: expected gamma > 0, got ", gamma});
  }

  /// @throws OptionError as check(), and when learning_rate or k is negative.
  double operator()(double learning_rate, Index k) const {
    check();
    detail::check_schedule_arguments(name, learning_rate, k);
    return learning_rate * std::pow(gamma, static_cast<double>(k));
  }
};

}  // namespace lamina
