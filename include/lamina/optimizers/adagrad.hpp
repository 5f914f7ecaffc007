// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <string_view>

#include "lamina/core/simd.hpp"
#include "lamina/optimizers/elementwise.hpp"

namespace lamina {

/// Adagrad: rates that shrink with the squares of all gradients so far. With g = dF/dθ and t the number of the step, from 1:
///
///     s ← s + g²,   θ ← θ − α/(1 + (t − 1)·η) · g / (√s + ε).
///
/// Duchi, Hazan and Singer, Adaptive subgradient methods for online learning and stochastic optimization, JMLR 12, 2011;
/// η and the place of ε as in PyTorch. With a weight_decay λ, g ← g + λ·θ comes first. A copy has a state of its own.
struct Adagrad {
  static constexpr std::string_view name = "Adagrad";

  double learning_rate = 0.01;           ///< α
  double lr_decay = 0;                   ///< η ≥ 0
  double initial_accumulator_value = 0;  ///< s before the first step, ≥ 0
  double epsilon = 1e-10;                ///< ε ≥ 0
  double weight_decay = 0;               ///< λ ≥ 0
  ParameterSelection decay = {};         ///< what decays; all when it does not say
  detail::OptimizerState state = {};     ///< t and s; empty before the first step

  /// @throws OptionError when an option is outside its domain.
  void check() const {
    detail::OptionCheck{name}
        .learning_rate(learning_rate)
        .not_negative("lr_decay", lr_decay)
        .not_negative("initial_accumulator_value", initial_accumulator_value)
        .not_negative("epsilon", epsilon)
        .not_negative("weight_decay", weight_decay);
  }

  /// @throws OptionError as check(); ShapeError when θ and the gradient differ in shape, or from those of earlier steps.
  void step(auto&& theta, const auto& gradient) { detail::step_in_parts(*this, theta, gradient); }

  /// @name For the engine, see ElementwiseOptimizer
  /// @{
  template <class Scalar>
  void begin(Index size) {
    if (detail::begin_step<Scalar>(*this, size, 1)) state.fill<Scalar>(0, initial_accumulator_value);
  }
  template <class Scalar>
  void update(Index first, Index count, Scalar* theta, const Scalar* gradient) {
    Scalar* const s = state.array<Scalar>(0, first);
    const auto t = static_cast<double>(state.steps);
    const auto alpha = static_cast<Scalar>(learning_rate / (1 + (t - 1) * lr_decay));
    const auto eps = static_cast<Scalar>(epsilon);
    detail::descend(first, count, theta, gradient, detail::L2Decay{weight_decay, decay},
                    [=](const auto& at, const auto& g) {
                      // s ← s + g²,   θ ← θ − α·g / (√s + ε)
                      const auto s_t = at.load(s) + g * g;
                      at.store(s, s_t);
                      return simd::quotient(g * alpha, simd::sqrt(s_t) + eps);
                    });
  }
  template <class Scalar>
  bool stays_finite(double largest) const {
    return largest < detail::sum_limit<Scalar> &&
           detail::quotient_stays_finite<Scalar>(learning_rate, epsilon, largest);
  }
  /// @}
};

}  // namespace lamina
