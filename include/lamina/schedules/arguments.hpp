// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <cmath>
#include <string_view>

#include "lamina/core/errors.hpp"
#include "lamina/core/types.hpp"

namespace lamina::detail {

/// What every schedule asks of its arguments.
/// @throws OptionError when the learning rate is negative or not finite, or k is negative.
inline void check_schedule_arguments(std::string_view schedule, double learning_rate, Index k) {
  if (!(learning_rate >= 0 && std::isfinite(learning_rate)))
    fail<OptionError>({schedule, ": expected a learning_rate \u2265 0, got ", learning_rate});
  if (k < 0) fail<OptionError>({schedule, ": expected k \u2265 0, got ", k});
}

}  // namespace lamina::detail
