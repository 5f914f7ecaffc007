// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <string_view>

#include "lamina/core/simd.hpp"
#include "lamina/optimizers/elementwise.hpp"

namespace lamina {

/// Adadelta: steps of the size of the steps before. With g = dF/dθ:
///
///     s ← ρ·s + (1 − ρ)·g²,   d = √(u + ε)/√(s + ε)·g,   u ← ρ·u + (1 − ρ)·d²,   θ ← θ − α·d.
///
/// Zeiler, ADADELTA: an adaptive learning rate method, arXiv:1212.5701, 2012, algorithm 1, where α = 1. With a
/// weight_decay λ, g ← g + λ·θ comes first. A copy has a state of its own.
struct Adadelta {
  static constexpr std::string_view name = "Adadelta";

  double learning_rate = 1;           ///< α
  double rho = 0.9;                   ///< ρ in [0, 1)
  double epsilon = 1e-6;              ///< ε ≥ 0; without it no step is ever taken
  double weight_decay = 0;            ///< λ ≥ 0
  ParameterSelection decay = {};      ///< what decays; all when it does not say
  detail::OptimizerState state = {};  ///< s and u; empty before the first step

  /// @throws OptionError when an option is outside its domain.
  void check() const {
    detail::OptionCheck{name}
        .learning_rate(learning_rate)
        .fraction("rho", rho)
        .not_negative("epsilon", epsilon)
        .not_negative("weight_decay", weight_decay);
  }

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
    Scalar* const s = state.array<Scalar>(0, first);
    Scalar* const u = state.array<Scalar>(1, first);
    const auto alpha = static_cast<Scalar>(learning_rate);
    const auto r = static_cast<Scalar>(rho), eps = static_cast<Scalar>(epsilon);
    // 1 − ρ of the ρ given, which may be 1 as a Scalar
    const auto rest = static_cast<Scalar>(1 - rho);
    detail::descend(first, count, theta, gradient, detail::L2Decay{weight_decay, decay},
                    [=](const auto& at, const auto& g) {
                      // s ← ρ·s + (1 − ρ)·g²,   d = √(u + ε)/√(s + ε)·g,   u ← ρ·u + (1 − ρ)·d²
                      const auto u_t = at.load(u), s_t = at.load(s) * r + g * g * rest;
                      const auto d = simd::quotient(simd::sqrt(u_t + eps), simd::sqrt(s_t + eps)) * g;
                      at.store(s, s_t);
                      at.store(u, u_t * r + d * d * rest);
                      return d * alpha;
                    });
  }
  template <class Scalar>
  bool stays_finite(double largest) const {
    // |d| ≤ √(u + ε)/√(1 − ρ): as large as the steps so far.
    return detail::quotient_stays_finite<Scalar>(learning_rate, epsilon, largest);
  }
  /// @}
};

}  // namespace lamina
