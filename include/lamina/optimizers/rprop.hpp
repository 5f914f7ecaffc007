// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <cmath>
#include <string_view>
#include <type_traits>

#include "lamina/core/simd.hpp"
#include "lamina/optimizers/elementwise.hpp"

namespace lamina {

/// Rprop: each parameter has a step of its own, which grows while its derivative keeps its sign. With g = dF/dθ, on all
/// samples (the sign of a mini-batch's says too little), and g' that of the step before, 0 at first:
///
///     s ← min(η₊·s, s_max) when g·g' > 0,   max(η₋·s, s_min) when g·g' < 0, and then g ← 0,
///     θ ← θ − sign(g)·s.
///
/// Riedmiller and Braun, A direct adaptive method for faster backpropagation learning: the RPROP algorithm, ICNN 1993;
/// without going back, as Igel and Hüsken's iRprop⁻ (2000) and PyTorch. A copy has a state of its own.
struct Rprop {
  static constexpr std::string_view name = "Rprop";

  double learning_rate = 0.01;        ///< s before the first step
  double eta_minus = 0.5;             ///< η₋ in (0, 1)
  double eta_plus = 1.2;              ///< η₊ > 1
  double step_min = 1e-6;             ///< s_min > 0
  double step_max = 50;               ///< s_max ≥ s_min
  detail::OptimizerState state = {};  ///< s and g'; empty before the first step

  /// @throws OptionError when an option is outside its domain.
  void check() const {
    detail::OptionCheck{name}
        .learning_rate(learning_rate)
        .in(eta_minus > 0 && eta_minus < 1, "eta_minus", " in (0, 1)", eta_minus)
        .in(eta_plus > 1 && std::isfinite(eta_plus), "eta_plus", " > 1", eta_plus)
        .positive("step_min", step_min)
        .in(step_max >= step_min && std::isfinite(step_max), "step_max", " \u2265 step_min", step_max);
  }

  /// @throws OptionError as check(); ShapeError when θ and the gradient differ in shape, or from those of earlier steps.
  void step(auto&& theta, const auto& gradient) { detail::step_in_parts(*this, theta, gradient); }

  /// @name For the engine, see ElementwiseOptimizer
  /// @{
  template <class Scalar>
  void begin(Index size) {
    if (detail::begin_step<Scalar>(*this, size, 2)) state.fill<Scalar>(0, learning_rate);
  }
  template <class Scalar>
  void update(Index first, Index count, Scalar* theta, const Scalar* gradient) {
    Scalar* const s = state.array<Scalar>(0, first);
    Scalar* const before = state.array<Scalar>(1, first);
    const auto less = static_cast<Scalar>(eta_minus), more = static_cast<Scalar>(eta_plus);
    const auto least = static_cast<Scalar>(step_min), most = static_cast<Scalar>(step_max);
    detail::descend(first, count, theta, gradient, detail::NoDecay{}, [=](const auto& at, const auto& g) {
      using V = std::remove_cvref_t<decltype(g)>;
      // The product of the signs, which unlike that of the derivatives cannot vanish for being small.
      const V zero{}, turn = detail::sign(g) * detail::sign(at.load(before));
      const V grown = at.load(s) * more, shrunk = at.load(s) * less, same = at.load(s);
      const V not_kept = turn < zero ? shrunk : same, raw = turn > zero ? grown : not_kept;
      const V low = simd::broadcast<V>(least), high = simd::broadcast<V>(most);
      const V above = raw < low ? low : raw, s_t = above > high ? high : above;
      const V g_t = turn < zero ? zero : g;
      at.store(s, s_t);
      at.store(before, g_t);
      return detail::sign(g_t) * s_t;
    });
  }
  template <class Scalar>
  bool stays_finite(double largest) const {
    return largest < detail::step_limit<Scalar> && step_max < detail::step_limit<Scalar>;
  }
  /// @}
};

}  // namespace lamina
