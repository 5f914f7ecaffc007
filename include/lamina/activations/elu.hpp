// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <cmath>
#include <string_view>

#include "lamina/core/elementary.hpp"
#include "lamina/core/option_check.hpp"
#include "lamina/core/types.hpp"

namespace lamina {

/// g(z) = z for z > 0, else α(eᶻ − 1),   g'(z) = 1 for z > 0, else αeᶻ = g(z) + α; at the kink g'(0) = α
///
/// Clevert, Unterthiner and Hochreiter, Fast and accurate deep network learning by exponential linear units
/// (ELUs), ICLR 2016.
struct ELU {
  static constexpr std::string_view name = "elu";
  static constexpr bool derivative_from_output = true;
  static constexpr WeightScale weight_scale = WeightScale::he;

  double alpha = 1;  ///< α ≥ 0

  template <class Array>
  auto g(const Array& Z) const {
    using Scalar = typename Array::Scalar;
    return Z.unaryExpr(
        [alpha = static_cast<Scalar>(alpha)](Scalar z) { return z > 0 ? z : alpha * std::expm1(z); });
  }
  template <class Array>
  auto derivative(const auto& /*Z*/, const Array& A) const {
    using Scalar = typename Array::Scalar;
    return A.unaryExpr(
        [alpha = static_cast<Scalar>(alpha)](Scalar a) { return a > 0 ? Scalar(1) : a + alpha; });
  }

  template <simd::Lanes V>
  V g_lanes(const V& z) const {
    return z > simd::Element<V>(0) ? z : simd::expm1(z) * static_cast<simd::Element<V>>(alpha);
  }
  template <simd::Lanes V>
  V derivative_lanes(const V& /*z*/, const V& a) const {
    return a > simd::Element<V>(0) ? simd::broadcast<V>(1) : a + static_cast<simd::Element<V>>(alpha);
  }

  /// @throws OptionError when α is negative or not finite, or beyond the range of float.
  void check() const {
    detail::OptionCheck{"ELU"}.not_negative("a finite alpha", alpha).in_float_range("alpha", alpha);
  }
};

}  // namespace lamina
