// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <algorithm>
#include <cmath>
#include <span>

#include "lamina/core/option_check.hpp"
#include "lamina/core/parameters.hpp"
#include "lamina/training/clipping.hpp"

namespace lamina {

/// Penalties on the size of the parameters w that it applies to, as a part of the objective, and a bound of them:
///
///     P(θ) = l1·Σ|w| + l2·Σw²,   dP/dw = l1·sign(w) + 2·l2·w   (0 at w = 0),
///     ‖w_j‖ ≤ max_norm for the weights w_j that come into a unit j, after each step: w_j ← w_j·min(1, max_norm/‖w_j‖).
///
/// An optimiser's weight_decay λ is l2 = λ/2, but is not in the loss. max_norm: Srivastava et al., Dropout, JMLR 15, 2014,
/// section 5.1; it bounds weights only, whatever else the penalties apply to. A layer that does not say what its
/// parameters are counts as one unit.
struct Regularization {
  double l1 = 0;               ///< ≥ 0
  double l2 = 0;               ///< ≥ 0
  double max_norm = 0;         ///< > 0, or 0 for no bound
  bool biases = false;         ///< whether the penalties are of the biases too
  bool normalization = false;  ///< whether the penalties are of γ and β of normalising layers too

  /// @throws OptionError when an option is negative or not finite.
  void check() const {
    detail::OptionCheck{"Regularization"}.not_negative("l1", l1).not_negative("l2", l2).not_negative(
        "a max_norm", max_norm);
  }
  /// Whether there is a penalty or a bound.
  bool any() const { return penalizes() || max_norm > 0; }
  /// Whether there is a penalty.
  bool penalizes() const { return l1 > 0 || l2 > 0; }
  /// Whether the penalties are of such parameters.
  bool applies_to(ParameterKind kind) const {
    switch (kind) {
      case ParameterKind::weights:
        return true;
      case ParameterKind::bias:
        return biases;
      case ParameterKind::scale:
      case ParameterKind::shift:
        return normalization;
    }
    return false;
  }

  /// P(θ), summed in double. θ: a vector in memory of which `ranges` are the arrays, see Network::parameter_ranges.
  /// @throws OptionError as check(), ShapeError when a range is not within θ.
  template <class Vector>
  auto penalty(std::span<const ParameterRange> ranges, const Vector& theta) const {
    using Real = detail::Wide<typename Vector::Scalar>;
    check();
    detail::check_ranges(ranges, theta.size());
    const auto a = static_cast<Real>(l1), b = static_cast<Real>(l2);
    Real sum = 0;
    if (penalizes())
      for (const ParameterRange& range : ranges)
        if (applies_to(range.kind))
          sum += detail::sum_of(theta.data() + range.first, range.count,
                                [=](Real w) { return (a + b * std::abs(w)) * std::abs(w); });
    return sum;
  }

  /// dF/dθ ← dF/dθ + dP/dθ
  /// @return P(θ)
  /// @throws OptionError as check(), ShapeError when a range is not within θ or θ and the gradient differ in size.
  template <class Vector, class Gradient>
  auto add_gradient(std::span<const ParameterRange> ranges, const Vector& theta, Gradient& gradient) const {
    using Scalar = typename Vector::Scalar;
    if (theta.size() != gradient.size())
      detail::fail<ShapeError>(
          {"Regularization: expected a gradient of ", theta.size(), " elements, got ", gradient.size()});
    const auto P = penalty(ranges, theta);
    if (!penalizes()) return P;
    const auto a = static_cast<Scalar>(l1), b = static_cast<Scalar>(2 * l2);
    for (const ParameterRange& range : ranges) {
      if (!applies_to(range.kind)) continue;
      const Scalar* const w = theta.data() + range.first;
      Scalar* const g = gradient.data() + range.first;
      // dF/dw ← dF/dw + l1·sign(w) + 2·l2·w
      for (Index i = 0; i < range.count; ++i) g[i] += b * w[i] + (w[i] > 0 ? a : w[i] < 0 ? -a : Scalar(0));
    }
    return P;
  }

  /// w_j ← w_j·min(1, max_norm/‖w_j‖) for the weights that come into each unit. Units whose norm is not finite stay.
  /// @throws OptionError as check(), ShapeError when a range is not within θ.
  template <class Vector>
  void project(std::span<const ParameterRange> ranges, Vector& theta) const {
    using Scalar = typename Vector::Scalar;
    using Real = detail::Wide<Scalar>;
    check();
    detail::check_ranges(ranges, theta.size());
    if (max_norm == 0) return;
    for (const ParameterRange& range : ranges) {
      if (range.kind != ParameterKind::weights || range.rows <= 0) continue;
      for (Index j = 0; j < range.count; j += range.rows) {
        Scalar* const w = theta.data() + range.first + j;
        const Index count = std::min(range.rows, range.count - j);
        const auto length = detail::norm(w, count);
        if (!std::isfinite(length.root) || length.value() <= static_cast<Real>(max_norm)) continue;
        const Real c = static_cast<Real>(max_norm) / length.scale / length.root;
        for (Index i = 0; i < count; ++i) w[i] = static_cast<Scalar>(static_cast<Real>(w[i]) * c);
      }
    }
  }
};

}  // namespace lamina
