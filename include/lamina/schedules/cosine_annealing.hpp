// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <cmath>
#include <string_view>

#include "lamina/schedules/arguments.hpp"

namespace lamina {

namespace detail {

/// from + (to − from)·(1 − cos πx)/2: from `from` at x = 0 to `to` at x = 1.
inline double half_cosine(double from, double to, double x) {
  constexpr double pi = 3.14159265358979323846;
  return to + (from - to) * (1 + std::cos(pi * x)) / 2;
}

}  // namespace detail

/// αₖ = η_min + (α − η_min)·(1 + cos(πk/T_max))/2
///
/// Loshchilov and Hutter, SGDR: stochastic gradient descent with warm restarts, ICLR 2017, equation 5, without restarts.
/// As PyTorch's CosineAnnealingLR it is a cosine to the end: after T_max the rate rises again, to α at k = 2·T_max.
struct CosineAnnealing {
  static constexpr std::string_view name = "CosineAnnealing";

  Index T_max = 0;     ///< where the rate is η_min, ≥ 1; there is no default
  double eta_min = 0;  ///< η_min ≥ 0

  /// @throws OptionError when an option is outside its domain.
  void check() const {
    if (T_max < 1) detail::fail<OptionError>({"CosineAnnealing: expected T_max \u2265 1, got ", T_max});
    if (!(eta_min >= 0 && std::isfinite(eta_min)))
      detail::fail<OptionError>({"CosineAnnealing: expected eta_min \u2265 0, got ", eta_min});
  }

  /// @throws OptionError as check(), and when learning_rate or k is negative.
  double operator()(double learning_rate, Index k) const {
    check();
    detail::check_schedule_arguments(name, learning_rate, k);
    return detail::half_cosine(learning_rate, eta_min, static_cast<double>(k) / static_cast<double>(T_max));
  }
};

}  // namespace lamina
