// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <string_view>

#include "lamina/optimizers/adam.hpp"

namespace lamina {

/// Adam with decoupled weight decay,
///
///     θ ← (1 − α·λ)·θ,   then Adam's step, in which λ has no part.
///
/// Loshchilov and Hutter, Decoupled weight decay regularization, ICLR 2019, algorithm 2, with the learning rate α as its
/// schedule multiplier, as in PyTorch. A copy has a state of its own.
struct AdamW {
  static constexpr std::string_view name = "AdamW";

  double learning_rate = 1e-3;        ///< α
  double beta1 = 0.9;                 ///< β₁ in [0, 1)
  double beta2 = 0.999;               ///< β₂ in [0, 1)
  double epsilon = 1e-8;              ///< ε ≥ 0
  double weight_decay = 0.01;         ///< λ ≥ 0
  bool amsgrad = false;               ///< whether v̂ never shrinks, see Adam
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
    detail::adam_update(*this, first, count, theta, gradient,
                        detail::DecoupledDecay{learning_rate * weight_decay, decay});
  }
  template <class Scalar>
  bool stays_finite(double largest) const {
    return learning_rate * weight_decay <= 1 &&
           detail::quotient_stays_finite<Scalar>(learning_rate, epsilon, largest);
  }
  /// @}
};

}  // namespace lamina
