// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include "lamina/schedules/arguments.hpp"

namespace lamina {

/// αₖ = α·γ^(number of milestones ≤ k)
///
/// PyTorch's MultiStepLR: a milestone that is named twice counts twice.
struct MultiStepDecay {
  static constexpr std::string_view name = "MultiStepDecay";

  std::vector<Index> milestones = {};  ///< each ≥ 0, in any order; there is no default
  double gamma = 0.1;                  ///< γ > 0

  /// @throws OptionError when an option is outside its domain.
  void check() const {
    if (milestones.empty())
      detail::fail<OptionError>({"MultiStepDecay: expected at least one milestone, got none"});
    for (const Index milestone : milestones)
      if (milestone < 0)
        detail::fail<OptionError>({"MultiStepDecay: expected milestones \u2265 0, got ", milestone});
    if (!(gamma > 0 && std::isfinite(gamma)))
      detail::fail<OptionError>({"MultiStepDecay: expected gamma > 0, got ", gamma});
  }

  /// @throws OptionError as check(), and when learning_rate or k is negative.
  double operator()(double learning_rate, Index k) const {
    check();
    detail::check_schedule_arguments(name, learning_rate, k);
    const auto passed =
        std::count_if(milestones.begin(), milestones.end(), [k](Index at) { return at <= k; });
    return learning_rate * std::pow(gamma, static_cast<double>(passed));
  }
};

}  // namespace lamina
