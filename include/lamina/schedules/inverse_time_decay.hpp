// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <cmath>
#include <string_view>

#include "lamina/schedules/arguments.hpp"

namespace lamina {

/// αₖ = α / (1 + decay·k)
///
/// Robbins and Monro, A stochastic approximation method, The Annals of Mathematical Statistics 22(3), 1951: Σ αₖ is
/// infinite and Σ αₖ² is not.
struct InverseTimeDecay {
  static constexpr std::string_view name = "InverseTimeDecay";

  double decay = 0;  ///< > 0; there is no default

  /// @throws OptionError when an option is outside its domain.
  void check() const {
    if (!(decay > 0 && std::isfinite(decay)))
      detail::fail<OptionError>({"InverseTimeDecay: expected decay > 0, got ", decay});
  }

  /// @throws OptionError as check(), and when learning_rate or k is negative.
  double operator()(double learning_rate, Index k) const {
    check();
    detail::check_schedule_arguments(name, learning_rate, k);
    return learning_rate / (1 + decay * static_cast<double>(k));
  }
};

}  // namespace lamina
