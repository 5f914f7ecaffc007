// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <cmath>
#include <string_view>

#include "lamina/optimizers/adam.hpp"

namespace lamina {

/// Adamax: Adam with the largest |g| in place of √v. With g = dF/dθ and t the number of the step, from 1:
///
///     m ← β₁·m + (1 − β₁)·g,   u ← max(β₂·u, |g| + ε),   θ ← θ − α/(1 − β₁ᵗ) · m / u.
///
/// Kingma and Ba, Adam: a method for stochastic optimization, ICLR 2015, algorithm 2; ε as in PyTorch. With a
/// weight_decay λ, g ← g + λ·θ comes first. A copy has a state of its own.
struct Adamax {
  static constexpr std::string_view name = "Adamax";

  double learning_rate = 2e-3;        ///< α
  double beta1 = 0.9;                 ///< β₁ in [0, 1)
  double beta2 = 0.999;               ///< β₂ in [0, 1)
  double epsilon = 1e-8;              ///< ε ≥ 0
  double weight_decay = 0;            ///< λ ≥ 0
  ParameterSelection decay = {};      ///< what decays; all when it does not say
  detail::OptimizerState state = {};  ///< t, m and u; empty before the first step

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
    Scalar* const u = state.array<Scalar>(1, first);
    const auto t = static_cast<double>(state.steps);
    const auto alpha = static_cast<Scalar>(learning_rate / (1 - std::pow(beta1, t)));
    const auto b1 = static_cast<Scalar>(beta1), b2 = static_cast<Scalar>(beta2),
               eps = static_cast<Scalar>(epsilon);
    // 1 − β of the β given, which may be 1 as a Scalar
    const auto rest1 = static_cast<Scalar>(1 - beta1);
    detail::descend(first, count, theta, gradient, detail::L2Decay{weight_decay, decay},
                    [=](const auto& at, const auto& g) {
                      // m ← β₁·m + (1 − β₁)·g,   u ← max(β₂·u, |g| + ε),   θ ← θ − α·m / u
                      const auto m_t = at.load(m) * b1 + g * rest1;
                      const auto u_t = detail::maximum(at.load(u) * b2, detail::magnitude(g) + eps);
                      at.store(m, m_t);
                      at.store(u, u_t);
                      return simd::quotient(m_t * alpha, u_t);
                    });
  }
  template <class Scalar>
  bool stays_finite(double largest) const {
    return detail::quotient_stays_finite<Scalar>(learning_rate, epsilon, largest);
  }
  /// @}
};

}  // namespace lamina
