// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "lamina/core/elementary.hpp"

/// @file
/// Scalar helpers of the activations, for the ends of a scalar's range.

namespace lamina::detail {

template <class Scalar>
inline constexpr Scalar lowest = std::numeric_limits<Scalar>::lowest();

/// z, or the largest number of its sign when z is infinite: so that z·0 is 0 where a factor has vanished. NaN
/// stays NaN.
template <class Scalar>
Scalar finite(Scalar z) {
  return std::min(std::max(z, lowest<Scalar>), std::numeric_limits<Scalar>::max());
}

/// |z| > bound; false for NaN.
template <class Scalar>
bool outside(Scalar z, int bound) {
  return std::abs(z) > static_cast<Scalar>(bound);
}

/// The sigmoid σ(z) = 1/(1 + e⁻ᶻ).
template <class Scalar>
Scalar sigma(Scalar z) {
  return 1 / (1 + std::exp(-z));
}

/// σ(z) and σ(−z) = 1 − σ(z), both without cancellation.
template <class Scalar>
struct SigmaPair {
  Scalar plus, minus;

  explicit SigmaPair(Scalar z) {
    const Scalar n = std::exp(-std::abs(z)), large = 1 / (1 + n), small = n / (1 + n);
    plus = z > 0 ? large : small;
    minus = z > 0 ? small : large;
  }
};

/// The same two in registers.
template <class V>
struct SigmaLanes {
  V plus, minus;

  explicit SigmaLanes(const V& z) {
    using S = simd::Element<V>;
    const V n = simd::exp(-simd::abs(z)), large = simd::broadcast<V>(1) / (n + S(1)), small = n / (n + S(1));
    plus = z > S(0) ? large : small;
    minus = z > S(0) ? small : large;
  }
};

/// finite() of every lane.
template <class V>
V finite_lanes(const V& a) {
  using S = simd::Element<V>;
  return simd::clamp(a, std::numeric_limits<S>::lowest(), std::numeric_limits<S>::max());
}

}  // namespace lamina::detail
