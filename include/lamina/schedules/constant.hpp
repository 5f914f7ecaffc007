// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <string_view>

#include "lamina/schedules/arguments.hpp"

namespace lamina {

/// αₖ = α
struct ConstantSchedule {
  static constexpr std::string_view name = "ConstantSchedule";

  void check() const {}

  /// @throws OptionError when learning_rate or k is negative.
  double operator()(double learning_rate, Index k) const {
    detail::check_schedule_arguments(name, learning_rate, k);
    return learning_rate;
  }
};

}  // namespace lamina
