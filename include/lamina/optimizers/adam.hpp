// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <cmath>
#include <string_view>

#include "lamina/core/simd.hpp"
#include "lamina/optimizers/elementwise.hpp"

namespace lamina {

namespace detail {

/// Adam's step, with whatever decay, for optimisers that have Adam's options.
template <class Scalar, class Optimizer, class Decay>
void adam_update(Optimizer& o, Index first, Index count, Scalar* theta, const Scalar* gradient,
                 const Decay& decay) {
  Scalar* const m = o.state.template array<Scalar>(0, first);
  Scalar* const v = o.state.template array<Scalar>(1, first);
  Scalar* const u = o.amsgrad ? o.state.template array<Scalar>(2, first) : nullptr;
  const auto t = static_cast<double>(o.state.steps);
  const auto b1 = static_cast<Scalar>(o.beta1), b2 = static_cast<Scalar>(o.beta2);
  // 1 − β of the β given, which may be 1 as a Scalar
  const auto rest1 = static_cast<Scalar>(1 - o.beta1), rest2 = static_cast<Scalar>(1 - o.beta2);
  const auto alpha = static_cast<Scalar>(o.learning_rate / (1 - std::pow(o.beta1, t)));
  const auto scale = static_cast<Scalar>(1 / std::sqrt(1 - std::pow(o.beta2, t)));
  const auto eps = static_cast<Scalar>(o.epsilon);
  choose(o.amsgrad, [&]<bool amsgrad>() {
    descend(first, count, theta, gradient, decay, [=](const auto& at, const auto& g) {
      // m ← β₁·m + (1 − β₁)·g,   v ← β₂·v + (1 − β₂)·g²
      const auto m_t = at.load(m) * b1 + g * rest1, v_t = at.load(v) * b2 + g * g * rest2;
      at.store(m, m_t);
      at.store(v, v_t);
      auto v_max = v_t;
      if constexpr (amsgrad) {
        v_max = maximum(at.load(u), v_t);
        at.store(u, v_max);
      }
      // θ ← θ − α·m̂ / (√v̂ + ε)
      return simd::quotient(m_t * alpha, simd::sqrt(v_max) * scale + eps);
    });
  });
}

/// Adam's options.
template <class Optimizer>
void check_adam(const Optimizer& o) {
  OptionCheck{Optimizer::name}
      .learning_rate(o.learning_rate)
      .fraction("beta1", o.beta1)
      .fraction("beta2", o.beta2)
      .not_negative("epsilon", o.epsilon)
      .not_negative("weight_decay", o.weight_decay);
}

}  // namespace detail

/// Adam, with g = dF/dθ and t the number of the step, from 1:
///
///     m ← β₁·m + (1 − β₁)·g,   v ← β₂·v + (1 − β₂)·g²,
///     θ ← θ − α·m̂ / (√v̂ + ε),   m̂ = m / (1 − β₁ᵗ),   v̂ = v / (1 − β₂ᵗ).
///
/// Kingma and Ba, Adam: a method for stochastic optimization, ICLR 2015, algorithm 1. With amsgrad the largest v so far
/// takes v's place in v̂ (Reddi, Kale and Kumar, On the convergence of Adam and beyond, ICLR 2018; as in PyTorch the
/// largest is taken before it is divided). With a weight_decay λ, g ← g + λ·θ comes first; AdamW decays otherwise.
/// A copy has a state of its own.
struct Adam {
  static constexpr std::string_view name = "Adam";

  double learning_rate = 1e-3;        ///< α
  double beta1 = 0.9;                 ///< β₁ in [0, 1)
  double beta2 = 0.999;               ///< β₂ in [0, 1)
  double epsilon = 1e-8;              ///< ε ≥ 0
  double weight_decay = 0;            ///< λ ≥ 0
  bool amsgrad = false;               ///< whether v̂ never shrinks
  ParameterSelection decay = {};      ///< what decays; all when it does not say
  detail::OptimizerState state = {};  ///< t, m, v and the largest v; empty before the first step

  /// @throws OptionError when an option is outside its domain.
  void check() const { detail::check_adam(*this); }

  /// @throws OptionError as check(); ShapeError when θ and the gradient differ in shape, or from those of earlier steps.
  void step(auto&& theta, const auto& gradient) { detail::step_in_parts(*this, theta, gradient); }

  /// @name For the engine, see ElementwiseOptimizer
  /// @{
  template <class Scalar>
  void begin(Index size) {
    detail::begin_step<Scalar>(*this, size, amsgrad ? 3 : 2);
  }
  template <class Scalar>
  void update(Index first, Index count, Scalar* theta, const Scalar* gradient) {
    detail::adam_update(*this, first, count, theta, gradient, detail::L2Decay{weight_decay, decay});
  }
  template <class Scalar>
  bool stays_finite(double largest) const {
    return detail::quotient_stays_finite<Scalar>(learning_rate, epsilon, largest);
  }
  /// @}
};

}  // namespace lamina
