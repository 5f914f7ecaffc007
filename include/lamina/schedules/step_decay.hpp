// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <cmath>
#include <string_view>

#include "lamina/schedules/arguments.hpp"

namespace lamina {

/// αₖ = α·γ^⌊k/step_size⌋
///
/// PyTorch's StepLR.
struct StepDecay {
  static constexpr std::string_view name = "StepDecay";

  Index step_size = 0;  ///< between two decays, ≥ 1; there is no default
  double gamma = 0.1;   ///< γ > 0

  /// @throws OptionError when an option is outside its domain.
  void check() const {
    if (step_size < 1) detail::fail<OptionError>({"StepDecay: expected step_size \u2265 1, got ", step_size});
    if (!(gamma > 0 && std::isfinite(gamma)))
      detail::fail<OptionError>({"StepDecay: expected gamma > 0, got ", gamma});
  }

  /// @throws OptionError as check(), and when learning_rate or k is negative.
  double operator()(double learning_rate, Index k) const {
    check();
    detail::check_schedule_arguments(name, learning_rate, k);
    const Index decays = k / step_size;
    return learning_rate * std::pow(gamma, static_cast<double>(decays));
  }
};

}  // namespace lamina
