// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <cmath>
#include <string_view>

#include "lamina/core/simd.hpp"
#include "lamina/optimizers/adam.hpp"

namespace lamina {

/// NAdam: Adam with Nesterov's momentum. With g = dF/dθ, t the number of the step, from 1, and
/// μₜ = β₁·(1 − 0.96^(t·ψ)/2):
///
///     m ← β₁·m + (1 − β₁)·g,   v ← β₂·v + (1 − β₂)·g²,   θ ← θ − α·m̂ / (√v̂ + ε),
///     m̂ = μₜ₊₁·m / (1 − μ₁·…·μₜ₊₁) + (1 − μₜ)·g / (1 − μ₁·…·μₜ),   v̂ = v / (1 − β₂ᵗ).
///
/// Dozat, Incorporating Nesterov momentum into Adam, ICLR 2016 workshop, algorithm 2. With a weight_decay λ,
/// g ← g + λ·θ comes first. A copy has a state of its own.
struct NAdam {
  static constexpr std::string_view name = "NAdam";

  double learning_rate = 2e-3;        ///< α
  double beta1 = 0.9;                 ///< β₁ in [0, 1)
  double beta2 = 0.999;               ///< β₂ in [0, 1)
  double epsilon = 1e-8;              ///< ε ≥ 0
  double momentum_decay = 4e-3;       ///< ψ ≥ 0
  double weight_decay = 0;            ///< λ ≥ 0
  ParameterSelection decay = {};      ///< what decays; all when it does not say
  detail::OptimizerState state = {};  ///< t, m, v and μ₁·…·μₜ; empty before the first step

  /// @throws OptionError when an option is outside its domain.
  void check() const {
    detail::check_adam(*this);
    detail::OptionCheck{name}.not_negative("momentum_decay", momentum_decay);
  }

  /// @throws OptionError as check(); ShapeError when θ and the gradient differ in shape, or from those of earlier steps.
  void step(auto&& theta, const auto& gradient) { detail::step_in_parts(*this, theta, gradient); }

  /// @name For the engine, see ElementwiseOptimizer
  /// @{
  template <class Scalar>
  void begin(Index size) {
    if (detail::begin_step<Scalar>(*this, size, 2)) state.extra = 1;
    state.extra *= mu(static_cast<double>(state.steps));
  }
  template <class Scalar>
  void update(Index first, Index count, Scalar* theta, const Scalar* gradient) {
    Scalar* const m = state.array<Scalar>(0, first);
    Scalar* const v = state.array<Scalar>(1, first);
    const auto t = static_cast<double>(state.steps);
    const double product = state.extra, next = mu(t + 1);
    const auto of_m = static_cast<Scalar>(learning_rate * next / (1 - product * next));
    const auto of_g = static_cast<Scalar>(learning_rate * (1 - mu(t)) / (1 - product));
    const auto scale = static_cast<Scalar>(1 / std::sqrt(1 - std::pow(beta2, t)));
    const auto b1 = static_cast<Scalar>(beta1), b2 = static_cast<Scalar>(beta2),
               eps = static_cast<Scalar>(epsilon);
    // 1 − β of the β given, which may be 1 as a Scalar
    const auto rest1 = static_cast<Scalar>(1 - beta1), rest2 = static_cast<Scalar>(1 - beta2);
    detail::descend(first, count, theta, gradient, detail::L2Decay{weight_decay, decay},
                    [=](const auto& at, const auto& g) {
                      // m ← β₁·m + (1 − β₁)·g,   v ← β₂·v + (1 − β₂)·g²,   θ ← θ − α·m̂ / (√v̂ + ε)
                      const auto m_t = at.load(m) * b1 + g * rest1, v_t = at.load(v) * b2 + g * g * rest2;
                      at.store(m, m_t);
                      at.store(v, v_t);
                      return simd::quotient(m_t * of_m + g * of_g, simd::sqrt(v_t) * scale + eps);
                    });
  }
  template <class Scalar>
  bool stays_finite(double largest) const {
    return detail::quotient_stays_finite<Scalar>(2 * learning_rate, epsilon, largest);
  }
  /// @}

 private:
  /// μₜ
  double mu(double t) const { return beta1 * (1 - 0.5 * std::pow(0.96, t * momentum_decay)); }
};

}  // namespace lamina
