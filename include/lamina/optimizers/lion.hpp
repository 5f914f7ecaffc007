// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <string_view>

#include "lamina/core/simd.hpp"
#include "lamina/optimizers/elementwise.hpp"

namespace lamina {

/// Lion, with g = dF/dθ:
///
///     c = β₁·m + (1 − β₁)·g,   θ ← θ − α·(sign(c) + λ·θ),   m ← β₂·m + (1 − β₂)·g.
///
/// Chen et al., Symbolic discovery of optimization algorithms, NeurIPS 2023, program 1. Each step is of the size α: take
/// a third or a tenth of Adam's learning rate, and three to ten times its weight_decay. A copy has a state of its own.
struct Lion {
  static constexpr std::string_view name = "Lion";

  double learning_rate = 1e-4;        ///< α
  double beta1 = 0.9;                 ///< β₁ in [0, 1)
  double beta2 = 0.99;                ///< β₂ in [0, 1)
  double weight_decay = 0;            ///< λ ≥ 0, decoupled as in AdamW
  ParameterSelection decay = {};      ///< what decays; all when it does not say
  detail::OptimizerState state = {};  ///< m; empty before the first step

  /// @throws OptionError when an option is outside its domain.
  void check() const {
    detail::OptionCheck{name}
        .learning_rate(learning_rate)
        .fraction("beta1", beta1)
        .fraction("beta2", beta2)
        .not_negative("weight_decay", weight_decay);
  }

  /// @throws OptionError as check(); ShapeError when θ and the gradient differ in shape, or from those of earlier steps.
  void step(auto&& theta, const auto& gradient) { detail::step_in_parts(*this, theta, gradient); }

  /// @name For the engine, see ElementwiseOptimizer
  /// @{
  template <class Scalar>
  void begin(Index size) {
    detail::begin_step<Scalar>(*this, size, 1);
  }
  template <class Scalar>
  void update(Index first, Index count, Scalar* theta, const Scalar* gradient) {
    Scalar* const m = state.array<Scalar>(0, first);
    const auto alpha = static_cast<Scalar>(learning_rate);
    const auto b1 = static_cast<Scalar>(beta1), b2 = static_cast<Scalar>(beta2);
    // 1 − β of the β given, which may be 1 as a Scalar
    const auto rest1 = static_cast<Scalar>(1 - beta1), rest2 = static_cast<Scalar>(1 - beta2);
    detail::descend(first, count, theta, gradient,
                    detail::DecoupledDecay{learning_rate * weight_decay, decay},
                    [=](const auto& at, const auto& g) {
                      // c = β₁·m + (1 − β₁)·g,   θ ← θ − α·(sign(c) + λ·θ),   m ← β₂·m + (1 − β₂)·g
                      const auto m_t = at.load(m), c = m_t * b1 + g * rest1;
                      at.store(m, m_t * b2 + g * rest2);
                      return detail::sign(c) * alpha;
                    });
  }
  template <class Scalar>
  bool stays_finite(double largest) const {
    return learning_rate * weight_decay <= 1 && largest < detail::step_limit<Scalar> &&
           learning_rate < detail::step_limit<Scalar>;
  }
  /// @}
};

}  // namespace lamina
