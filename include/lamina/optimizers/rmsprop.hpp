// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <string_view>

#include "lamina/core/simd.hpp"
#include "lamina/optimizers/elementwise.hpp"

namespace lamina {

/// RMSprop, with g = dF/dθ:
///
///     s ← a·s + (1 − a)·g²,   θ ← θ − α·g / (√s + ε);
///
/// centered, √(s − u²) takes √s's place, where u ← a·u + (1 − a)·g; with a momentum μ, θ ← θ − α·v, where
/// v ← μ·v + g / (√s + ε).
///
/// Tieleman and Hinton, Neural networks for machine learning, lecture 6.5, 2012; centered: Graves, arXiv:1308.0850, 2013,
/// equations 38 to 45; the place of ε as in PyTorch. With a weight_decay λ, g ← g + λ·θ comes first. A copy has a state
/// of its own.
struct RMSprop {
  static constexpr std::string_view name = "RMSprop";

  double learning_rate = 0.01;        ///< α
  double alpha = 0.99;                ///< a in [0, 1): how slowly the mean of g² forgets
  double epsilon = 1e-8;              ///< ε ≥ 0
  double momentum = 0;                ///< μ in [0, 1)
  bool centered = false;              ///< whether the variance of g is taken, not the mean of g²
  double weight_decay = 0;            ///< λ ≥ 0
  ParameterSelection decay = {};      ///< what decays; all when it does not say
  detail::OptimizerState state = {};  ///< s, u and v as far as they are needed; empty before the first step

  /// @throws OptionError when an option is outside its domain.
  void check() const {
    detail::OptionCheck{name}
        .learning_rate(learning_rate)
        .fraction("alpha", alpha)
        .not_negative("epsilon", epsilon)
        .fraction("momentum", momentum)
        .not_negative("weight_decay", weight_decay);
  }

  /// @throws OptionError as check(); ShapeError when θ and the gradient differ in shape, or from those of earlier steps.
  void step(auto&& theta, const auto& gradient) { detail::step_in_parts(*this, theta, gradient); }

  /// @name For the engine, see ElementwiseOptimizer
  /// @{
  template <class Scalar>
  void begin(Index size) {
    detail::begin_step<Scalar>(*this, size, 1 + (centered ? 1 : 0) + (momentum > 0 ? 1 : 0));
  }
  template <class Scalar>
  void update(Index first, Index count, Scalar* theta, const Scalar* gradient) {
    Scalar* const s = state.array<Scalar>(0, first);
    Scalar* const u = centered ? state.array<Scalar>(1, first) : nullptr;
    Scalar* const v = momentum > 0 ? state.array<Scalar>(centered ? 2 : 1, first) : nullptr;
    const auto a = static_cast<Scalar>(alpha), eps = static_cast<Scalar>(epsilon);
    // 1 − a of the a given, which may be 1 as a Scalar
    const auto rest = static_cast<Scalar>(1 - alpha);
    const auto rate = static_cast<Scalar>(learning_rate), mu = static_cast<Scalar>(momentum);
    detail::choose(centered, momentum > 0, [&]<bool has_u, bool has_v>() {
      detail::descend(first, count, theta, gradient, detail::L2Decay{weight_decay, decay},
                      [=](const auto& at, const auto& g) {
                        // s ← a·s + (1 − a)·g²
                        const auto s_t = at.load(s) * a + g * g * rest;
                        at.store(s, s_t);
                        auto variance = s_t;
                        if constexpr (has_u) {
                          // u ← a·u + (1 − a)·g; s − u² may be a rounding below 0
                          const auto u_t = at.load(u) * a + g * rest;
                          at.store(u, u_t);
                          variance = detail::maximum(s_t - u_t * u_t, u_t - u_t);
                        }
                        // θ ← θ − α·g / (√s + ε), or v ← μ·v + g / (√s + ε), θ ← θ − α·v
                        if constexpr (has_v) {
                          const auto v_t = at.load(v) * mu + simd::quotient(g, simd::sqrt(variance) + eps);
                          at.store(v, v_t);
                          return v_t * rate;
                        } else {
                          return simd::quotient(g * rate, simd::sqrt(variance) + eps);
                        }
                      });
    });
  }
  template <class Scalar>
  bool stays_finite(double largest) const {
    return detail::quotient_stays_finite<Scalar>(learning_rate / (1 - momentum), epsilon, largest);
  }
  /// @}
};

}  // namespace lamina
