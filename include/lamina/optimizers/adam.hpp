// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <cmath>
#include <string_view>
#include <type_traits>

#include "lamina/core/errors.hpp"
#include "lamina/core/simd.hpp"
#include "lamina/optimizers/elementwise.hpp"

namespace lamina {

/// Adam, with g = dF/dθ and t the number of the step, from 1:
///
///     m ← β₁·m + (1 − β₁)·g,   v ← β₂·v + (1 − β₂)·g²,
///     θ ← θ − α·m̂ / (√v̂ + ε),   m̂ = m / (1 − β₁ᵗ),   v̂ = v / (1 − β₂ᵗ).
///
/// Kingma and Ba, Adam: a method for stochastic optimization, ICLR 2015, algorithm 1. A copy has a state of its own.
struct Adam {
  static constexpr std::string_view name = "Adam";

  double learning_rate = 1e-3;        ///< α
  double beta1 = 0.9;                 ///< β₁ in [0, 1)
  double beta2 = 0.999;               ///< β₂ in [0, 1)
  double epsilon = 1e-8;              ///< ε ≥ 0
  detail::OptimizerState state = {};  ///< t, m and v; empty before the first step

  /// @throws OptionError when an option is outside its domain.
  void check() const {
    if (!(learning_rate > 0 && std::isfinite(learning_rate)))
      detail::fail<OptionError>({"Adam: expected a learning_rate > 0, got ", learning_rate});
    if (!(beta1 >= 0 && beta1 < 1))
      detail::fail<OptionError>({"Adam: expected beta1 in [0, 1), got ", beta1});
    if (!(beta2 >= 0 && beta2 < 1))
      detail::fail<OptionError>({"Adam: expected beta2 in [0, 1), got ", beta2});
    if (!(epsilon >= 0 && std::isfinite(epsilon)))
      detail::fail<OptionError>({"Adam: expected epsilon \u2265 0, got ", epsilon});
  }

  /// @throws OptionError as check(); ShapeError when θ and the gradient differ in size, or from those of earlier steps.
  template <class Theta, class Gradient>
  void step(Eigen::MatrixBase<Theta>& theta, const Eigen::MatrixBase<Gradient>& gradient) {
    detail::step_in_parts(*this, theta, gradient);
  }
  /// The same for a θ that is a view made in place, such as `net.weights<0>()`.
  template <class Theta, class Gradient>
  void step(Eigen::MatrixBase<Theta>&& theta, const Eigen::MatrixBase<Gradient>& gradient) {
    step(theta, gradient);
  }

  /// @name For the engine, see ElementwiseOptimizer
  /// @{
  template <class Scalar>
  void begin(Index size) {
    state.begin<Scalar>("Adam", size, 2);
  }
  template <class Scalar>
  void update(Index first, Index count, Scalar* theta, const Scalar* gradient) {
    Scalar* const m = state.array<Scalar>(0, first);
    Scalar* const v = state.array<Scalar>(1, first);
    const auto t = static_cast<double>(state.steps);
    const auto b1 = static_cast<Scalar>(beta1), b2 = static_cast<Scalar>(beta2);
    const auto alpha = static_cast<Scalar>(learning_rate / (1 - std::pow(beta1, t)));
    const auto scale = static_cast<Scalar>(1 / std::sqrt(1 - std::pow(beta2, t)));
    const auto eps = static_cast<Scalar>(epsilon);
    // The quicker root and quotient are good to two units in the last place while √v may be cut off below ε·1e-7.
    const bool ordinary = epsilon >= 1e-12;
    detail::for_each_lanes<Scalar>(count, [&]<class V>(const auto& load, const auto& store,
                                                       std::type_identity<V>) {
      const V g = load(gradient), m_t = load(m) * b1 + g * (1 - b1), v_t = load(v) * b2 + g * g * (1 - b2);
      store(m, m_t);
      store(v, v_t);
      const V step = ordinary ? simd::divide(m_t * alpha, simd::square_root(v_t) * scale + eps)
                              : m_t * alpha / (simd::sqrt(v_t) * scale + eps);
      store(theta, load(theta) - step);
    });
  }
  template <class Scalar>
  bool stays_finite(double largest) const {
    // |m̂| and √v̂ are at most the largest gradient so far; |θ's step| ≤ α/√(1 − β₂)·…, unless ε is 0 and v too.
    return epsilon > 0 && largest < detail::square_limit<Scalar> &&
           learning_rate / epsilon * largest < detail::step_limit<Scalar>;
  }
  /// @}
};

}  // namespace lamina
