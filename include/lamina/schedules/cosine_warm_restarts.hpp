// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <cmath>
#include <string_view>

#include "lamina/schedules/arguments.hpp"
#include "lamina/schedules/cosine_annealing.hpp"

namespace lamina {

/// αₖ = η_min + (α − η_min)·(1 + cos(π·T_cur/Tᵢ))/2,
///
/// where T_cur counts from the last restart and the i-th period, from 0, has Tᵢ = T_0·T_multⁱ updates or epochs.
/// Loshchilov and Hutter, SGDR: stochastic gradient descent with warm restarts, ICLR 2017, equation 5; PyTorch's
/// CosineAnnealingWarmRestarts.
struct CosineWarmRestarts {
  static constexpr std::string_view name = "CosineWarmRestarts";

  Index T_0 = 0;       ///< length of the first period, ≥ 1; there is no default
  Index T_mult = 1;    ///< each period is so many times as long as the one before, ≥ 1
  double eta_min = 0;  ///< η_min ≥ 0

  /// @throws OptionError when an option is outside its domain.
  void check() const {
    if (T_0 < 1) detail::fail<OptionError>({"CosineWarmRestarts: expected T_0 \u2265 1, got ", T_0});
    if (T_mult < 1) detail::fail<OptionError>({"CosineWarmRestarts: expected T_mult \u2265 1, got ", T_mult});
    if (!(eta_min >= 0 && std::isfinite(eta_min)))
      detail::fail<OptionError>({"CosineWarmRestarts: expected eta_min \u2265 0, got ", eta_min});
  }

  /// @throws OptionError as check(), and when learning_rate or k is negative.
  double operator()(double learning_rate, Index k) const {
    check();
    detail::check_schedule_arguments(name, learning_rate, k);
    // In doubles: the length of a period may exceed every Index before it exceeds k.
    auto T_cur = static_cast<double>(k), T_i = static_cast<double>(T_0);
    if (T_mult == 1) {
      T_cur = static_cast<double>(k % T_0);
    } else {
      for (; T_cur >= T_i; T_i *= static_cast<double>(T_mult)) T_cur -= T_i;
    }
    return detail::half_cosine(learning_rate, eta_min, T_cur / T_i);
  }
};

}  // namespace lamina
