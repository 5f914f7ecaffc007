// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <algorithm>
#include <cmath>
#include <string_view>

#include "lamina/schedules/arguments.hpp"
#include "lamina/schedules/cosine_annealing.hpp"

namespace lamina {

/// How OneCycle goes from one value to the next.
enum class AnnealStrategy {
  cos,     ///< half a cosine
  linear,  ///< a straight line
};

/// One cycle: the rate rises from max_lr/div_factor to max_lr and falls to max_lr/div_factor/final_div_factor; momentum
/// does the opposite.
///
///     k                                    rate                              momentum
///     0                                    max_lr/div_factor                 max_momentum
///     pct_start·total_steps − 1            max_lr                            base_momentum
///     2·(pct_start·total_steps − 1)        max_lr/div_factor                 max_momentum       with three_phase only
///     total_steps − 1, and from there on   max_lr/div_factor/final_div_factor  max_momentum
///
/// Smith and Topin, Super-convergence: very fast training of neural networks using large learning rates, 2019; as
/// PyTorch's OneCycleLR, which has the default of two phases from fastai. The optimiser's own rate plays no part. Where
/// PyTorch reports an error, for k ≥ total_steps, the rate and the momentum stay what they are at the end.
struct OneCycle {
  static constexpr std::string_view name = "OneCycle";

  double max_lr = 0;       ///< the highest rate, > 0; there is no default
  Index total_steps = 0;   ///< of the cycle, ≥ 1; there is no default
  double pct_start = 0.3;  ///< the share of the cycle, in [0, 1], that rises; with three_phase at most ½
  AnnealStrategy anneal_strategy = AnnealStrategy::cos;
  double div_factor = 25;         ///< > 0: the first rate is max_lr/div_factor
  double final_div_factor = 1e4;  ///< > 0: the last rate is max_lr/div_factor/final_div_factor
  bool three_phase = false;     ///< as long down to the first rate as up from there, then on to the last one
  bool cycle_momentum = true;   ///< whether the optimiser's momentum (β₁) is to follow momentum()
  double base_momentum = 0.85;  ///< in [0, 1), at the highest rate
  double max_momentum = 0.95;   ///< in [0, 1), at the first and the last rate

  /// @throws OptionError when an option is outside its domain.
  void check() const {
    const auto positive = [](const char* option, double value) {
      if (!(value > 0 && std::isfinite(value)))
        detail::fail<OptionError>({"OneCycle: expected ", option, " > 0, got ", value});
    };
    positive("max_lr", max_lr);
    positive("div_factor", div_factor);
    positive("final_div_factor", final_div_factor);
    if (total_steps < 1)
      detail::fail<OptionError>({"OneCycle: expected total_steps \u2265 1, got ", total_steps});
    if (!(pct_start >= 0 && pct_start <= 1))
      detail::fail<OptionError>({"OneCycle: expected pct_start in [0, 1], got ", pct_start});
    if (three_phase && pct_start > 0.5)
      detail::fail<OptionError>(
          {"OneCycle: expected pct_start in [0, 0.5] with three_phase, got ", pct_start});
    if (!(base_momentum >= 0 && base_momentum < 1))
      detail::fail<OptionError>({"OneCycle: expected base_momentum in [0, 1), got ", base_momentum});
    if (!(max_momentum >= 0 && max_momentum < 1))
      detail::fail<OptionError>({"OneCycle: expected max_momentum in [0, 1), got ", max_momentum});
  }

  /// The rate; `learning_rate` plays no part.
  /// @throws OptionError as check(), and when learning_rate or k is negative.
  double operator()(double learning_rate, Index k) const {
    check();
    detail::check_schedule_arguments(name, learning_rate, k);
    const double first = max_lr / div_factor;
    return at(k, first, max_lr, first, first / final_div_factor);
  }

  /// The momentum, also without cycle_momentum.
  /// @throws OptionError as check(), and when k is negative.
  double momentum(Index k) const {
    check();
    detail::check_schedule_arguments(name, 0, k);
    return at(k, max_momentum, base_momentum, max_momentum, max_momentum);
  }

 private:
  /// The value at k of what goes from `first` to `peak`, with three_phase to `middle`, and to `last`.
  double at(Index k, double first, double peak, double middle, double last) const {
    const double end = static_cast<double>(total_steps - 1), x = std::min(static_cast<double>(k), end);
    const double up = pct_start * static_cast<double>(total_steps) - 1;
    if (x <= up) return between(first, peak, 0, up, x);
    if (!three_phase) return between(peak, last, up, end, x);
    const double down = 2 * up;
    return x <= down ? between(peak, middle, up, down, x) : between(middle, last, down, end, x);
  }
  double between(double from, double to, double begin, double end, double x) const {
    const double share = end > begin ? (x - begin) / (end - begin) : 1;
    return anneal_strategy == AnnealStrategy::cos ? detail::half_cosine(from, to, share)
                                                  : from + (to - from) * share;
  }
};

}  // namespace lamina
