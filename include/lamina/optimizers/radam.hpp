// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <cmath>
#include <string_view>

#include "lamina/core/simd.hpp"
#include "lamina/optimizers/adam.hpp"

namespace lamina {

/// RAdam: Adam that takes v into account as far as it is known. With g = dF/dθ and t the number of the step, from 1:
///
///     m ← β₁·m + (1 − β₁)·g,   v ← β₂·v + (1 − β₂)·g²,   m̂ = m / (1 − β₁ᵗ),
///     ρ∞ = 2/(1 − β₂) − 1,   ρ = ρ∞ − 2·t·β₂ᵗ / (1 − β₂ᵗ),
///     θ ← θ − α·r·m̂·√(1 − β₂ᵗ) / (√v + ε),   r² = (ρ − 4)(ρ − 2)ρ∞ / ((ρ∞ − 4)(ρ∞ − 2)ρ)   when ρ > 5,
///     θ ← θ − α·m̂                                                                          otherwise.
///
/// Liu et al., On the variance of the adaptive learning rate and beyond, ICLR 2020, algorithm 2; 5 and the place of ε as
/// in PyTorch. With a weight_decay λ, g ← g + λ·θ comes first. A copy has a state of its own.
struct RAdam {
  static constexpr std::string_view name = "RAdam";

  double learning_rate = 1e-3;        ///< α
  double beta1 = 0.9;                 ///< β₁ in [0, 1)
  double beta2 = 0.999;               ///< β₂ in [0, 1)
  double epsilon = 1e-8;              ///< ε ≥ 0
  double weight_decay = 0;            ///< λ ≥ 0
  ParameterSelection decay = {};      ///< what decays; all when it does not say
  detail::OptimizerState state = {};  ///< t, m and v; empty before the first step

  /// @throws OptionError when an option is outside its domain.
  void check() const { detail::check_adam(*this); }

  /// @throws OptionError as check(); ShapeError when θ and the gradient differ in shape, or from those of earlier steps.
  void step(auto&& theta, const auto& gradient) { detail::step_in_parts(*this, theta, gradient); }

  /// @name For the engine, see ElementwiseOptimizer
  /// @{
  template <class Scalar>
  void begin(Index size) {
    detail::begin_step<Scalar>(*this, size, 2);
  }
  template <class Scalar>
  void update(Index first, Index count, Scalar* theta, const Scalar* gradient) {
    Scalar* const m = state.array<Scalar>(0, first);
    Scalar* const v = state.array<Scalar>(1, first);
    const auto t = static_cast<double>(state.steps);
    const double power = std::pow(beta2, t), rho_end = 2 / (1 - beta2) - 1,
                 rho = rho_end - 2 * t * power / (1 - power);
    const bool known = rho > 5;
    const double r =
        known
            ? std::sqrt((rho - 4) * (rho - 2) * rho_end / ((rho_end - 4) * (rho_end - 2) * rho) * (1 - power))
            : 1;
    const auto alpha = static_cast<Scalar>(learning_rate * r / (1 - std::pow(beta1, t)));
    const auto b1 = static_cast<Scalar>(beta1), b2 = static_cast<Scalar>(beta2),
               eps = static_cast<Scalar>(epsilon);
    // 1 − β of the β given, which may be 1 as a Scalar
    const auto rest1 = static_cast<Scalar>(1 - beta1), rest2 = static_cast<Scalar>(1 - beta2);
    detail::choose(known, [&]<bool by_variance>() {
      detail::descend(first, count, theta, gradient, detail::L2Decay{weight_decay, decay},
                      [=](const auto& at, const auto& g) {
                        // m ← β₁·m + (1 − β₁)·g,   v ← β₂·v + (1 − β₂)·g²
                        const auto m_t = at.load(m) * b1 + g * rest1, v_t = at.load(v) * b2 + g * g * rest2;
                        at.store(m, m_t);
                        at.store(v, v_t);
                        // θ ← θ − α·r·m̂·√(1 − β₂ᵗ) / (√v + ε), or θ ← θ − α·m̂
                        if constexpr (by_variance) {
                          return simd::quotient(m_t * alpha, simd::sqrt(v_t) + eps);
                        } else {
                          return m_t * alpha;
                        }
                      });
    });
  }
  template <class Scalar>
  bool stays_finite(double largest) const {
    return learning_rate * weight_decay <= 1 && learning_rate * largest < detail::step_limit<Scalar> &&
           detail::quotient_stays_finite<Scalar>(learning_rate, epsilon, largest);
  }
  /// @}
};

}  // namespace lamina
