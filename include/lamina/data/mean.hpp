// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

namespace lamina::detail {

/// The mean of at least one number; of equal numbers that number.
inline double mean_of(const std::vector<double>& values) {
  const auto m = static_cast<double>(values.size());
  double sum = 0, scaled = 0;
  for (const double x : values) {
    sum += x;
    scaled += x / m;
  }
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  return std::clamp(std::isfinite(sum) ? sum / m : scaled, *least, *most);
}

}  // namespace lamina::detail
