// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <limits>
#include <string_view>

#include "lamina/core/errors.hpp"

/// @file
/// Options are doubles whatever a network's scalar is: those that are computed with must be numbers in each.

namespace lamina::detail {

/// Whether x is 0 or of a magnitude that float has, and every wider scalar: neither infinite there nor 0.
constexpr bool in_float_range(double x) {
  constexpr double least = std::numeric_limits<float>::min(), most = std::numeric_limits<float>::max();
  return x == 0 || (x >= least && x <= most) || (-x >= least && -x <= most);
}

/// @throws OptionError when x, an option that is finite, is not.
inline void check_float_range(std::string_view option, double x) {
  if (!in_float_range(x))
    fail<OptionError>({option, ": expected 0 or a magnitude from ", std::numeric_limits<float>::min(), " to ",
                       std::numeric_limits<float>::max(), ", as float has them, got ", x});
}

}  // namespace lamina::detail
