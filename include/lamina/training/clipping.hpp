// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <cmath>
#include <limits>
#include <span>
#include <type_traits>

#include "lamina/core/errors.hpp"
#include "lamina/core/option_check.hpp"
#include "lamina/core/parameters.hpp"

namespace lamina {

namespace detail {

/// @throws ShapeError when a range is not within the `size` numbers of an array.
inline void check_ranges(std::span<const ParameterRange> ranges, Index size) {
  for (const ParameterRange& range : ranges)
    if (range.first < 0 || range.count < 0 || range.first > size - range.count)
      fail<ShapeError>({"parameter_ranges: expected ranges within ", size, " parameters, got ", range.count,
                        " of layer ", range.layer, " from ", range.first, " on"});
}

/// What sums are made in: at least double.
template <class Scalar>
using Wide = std::conditional_t<(sizeof(Scalar) > sizeof(double)), Scalar, double>;

/// Σᵢ f(xᵢ), in eight partial sums.
template <class Scalar, class F>
Wide<Scalar> sum_of(const Scalar* x, Index count, F f) {
  Wide<Scalar> parts[8] = {};
  Index i = 0;
  for (; i + 8 <= count; i += 8)
    for (int k = 0; k < 8; ++k) parts[k] += f(static_cast<Wide<Scalar>>(x[i + k]));
  for (int k = 0; i < count; ++i, ++k) parts[k] += f(static_cast<Wide<Scalar>>(x[i]));
  return ((parts[0] + parts[4]) + (parts[1] + parts[5])) + ((parts[2] + parts[6]) + (parts[3] + parts[7]));
}

/// ‖x‖ = scale·root, of which the product may be too large for a number where x is not.
template <class Real>
struct Norm {
  Real scale = 1, root = 0;

  Real value() const { return scale * root; }
  /// limit/‖x‖, with torch's 10⁻⁶ added to the norm
  Real factor(double limit) const {
    const Real norm = value();
    if (std::isfinite(norm)) return static_cast<Real>(limit) / (norm + static_cast<Real>(1e-6));
    return static_cast<Real>(limit) / scale / root;
  }
};

/// ‖x‖, without overflow or underflow on the way. Not finite when a number is not.
template <class Scalar>
Norm<Wide<Scalar>> norm(const Scalar* x, Index count) {
  using Real = Wide<Scalar>;
  using Limits = std::numeric_limits<Real>;
  const Real sum = sum_of(x, count, [](Real a) { return a * a; });
  // Squares of floats are ordinary doubles. Below this limit squares of the sum's size may have been lost.
  const Real least = Limits::min() / Limits::epsilon() * static_cast<Real>(count + 1);
  if (sum >= least && sum <= Limits::max()) return {1, std::sqrt(sum)};
  Real largest = 0;
  for (Index i = 0; i < count; ++i) {
    const Real size = std::abs(static_cast<Real>(x[i]));
    if (!(size <= largest)) largest = size;
    if (std::isnan(size)) break;
  }
  if (largest == 0 || !std::isfinite(largest)) return {1, largest};
  const int exponent = std::ilogb(largest);  // scaled by a power of two, to below 2
  return {std::ldexp(Real(1), exponent), std::sqrt(sum_of(x, count, [=](Real a) {
            return std::ldexp(a, -exponent) * std::ldexp(a, -exponent);
          }))};
}

}  // namespace detail

/// Bounds of a gradient g = dF/dθ. Those that are set are applied in this order:
///
///     value:        each gᵢ is brought into [−value, value];
///     norm:         of each parameter array g_r (W, b, γ or β of a layer) by itself, g_r ← g_r·min(1, norm/(‖g_r‖ + 10⁻⁶));
///     global_norm:  g ← g·min(1, global_norm/(‖g‖ + 10⁻⁶)).
///
/// Pascanu, Mikolov and Bengio, On the difficulty of training recurrent neural networks, ICML 2013, algorithm 1; 10⁻⁶ as
/// in PyTorch's clip_grad_norm_.
struct Clipping {
  double value = 0;        ///< > 0, or 0 for no bound
  double norm = 0;         ///< > 0, or 0 for no bound
  double global_norm = 0;  ///< > 0, or 0 for no bound

  /// @throws OptionError when a bound is negative or not finite.
  void check() const {
    detail::OptionCheck{"Clipping"}
        .not_negative("a value", value)
        .not_negative("a norm", norm)
        .not_negative("a global_norm", global_norm);
  }
  /// Whether there is a bound.
  bool any() const { return value > 0 || norm > 0 || global_norm > 0; }

  /// Bounds dF/dθ, a vector in memory of which `ranges` are the arrays, see Network::parameter_ranges. A gradient that
  /// is not finite is left as it is, for whoever looks for such.
  /// @return ‖dF/dθ‖ before, summed in double
  /// @throws OptionError as check(), ShapeError when a range is not within the gradient.
  template <class Vector>
  double apply(std::span<const ParameterRange> ranges, Vector& gradient) const {
    static_assert(Vector::IsVectorAtCompileTime && Vector::InnerStrideAtCompileTime == 1,
                  "lamina: a gradient is a vector in memory");
    using Scalar = typename Vector::Scalar;
    using Real = detail::Wide<Scalar>;
    check();
    detail::check_ranges(ranges, gradient.size());
    Scalar* const g = gradient.data();
    const auto before = detail::norm(g, gradient.size());
    if (!std::isfinite(before.root)) return static_cast<double>(before.root);

    const auto shrink = [](Scalar* x, Index count, const detail::Norm<Real>& length, double limit) {
      const Real c = length.factor(limit);
      if (!(c < 1)) return;
      for (Index i = 0; i < count; ++i) x[i] = static_cast<Scalar>(static_cast<Real>(x[i]) * c);
    };
    if (value > 0) {
      // The largest Scalar that is not larger than value
      auto bound = static_cast<Scalar>(value);
      if (static_cast<Real>(bound) > value) bound = std::nextafter(bound, Scalar(0));
      for (Index i = 0; i < gradient.size(); ++i) g[i] = g[i] > bound ? bound : g[i] < -bound ? -bound : g[i];
    }
    if (norm > 0)
      for (const ParameterRange& range : ranges)
        shrink(g + range.first, range.count, detail::norm(g + range.first, range.count), norm);
    if (global_norm > 0) {
      const bool changed = value > 0 || norm > 0;
      shrink(g, gradient.size(), changed ? detail::norm(g, gradient.size()) : before, global_norm);
    }
    return static_cast<double>(before.value());
  }
};

}  // namespace lamina
