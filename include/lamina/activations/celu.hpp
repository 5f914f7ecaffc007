// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <cmath>
#include <string_view>

#include "lamina/core/elementary.hpp"
#include "lamina/core/option_check.hpp"
#include "lamina/core/types.hpp"

namespace lamina {

/// g(z) = z for z > 0, else α(e^(z/α) − 1),   g'(z) = 1 for z > 0, else e^(z/α) = g(z)/α + 1; g' is
/// continuous, g'(0) = 1
///
/// Barron, Continuously differentiable exponential linear units, arXiv:1704.07483, 2017.
struct CELU {
  static constexpr std::string_view name = "celu";
  static constexpr bool derivative_from_output = true;
  static constexpr WeightScale weight_scale = WeightScale::he;

  double alpha = 1;  ///< α > 0

  template <class Array>
  auto g(const Array& Z) const {
    using Scalar = typename Array::Scalar;
    return Z.unaryExpr(
        [alpha = static_cast<Scalar>(alpha)](Scalar z) { return z > 0 ? z : alpha * std::expm1(z / alpha); });
  }
  template <class Array>
  auto derivative(const auto& /*Z*/, const Array& A) const {
    using Scalar = typename Array::Scalar;
    return A.unaryExpr(
        [alpha = static_cast<Scalar>(alpha)](Scalar a) { return a > 0 ? Scalar(1) : a / alpha + 1; });
  }

  template <simd::Lanes V>
  V g_lanes(const V& z) const {
    const auto scale = static_cast<simd::Element<V>>(alpha);
    return z > simd::Element<V>(0) ? z : simd::expm1(z / scale) * scale;
  }
  template <simd::Lanes V>
  V derivative_lanes(const V& /*z*/, const V& a) const {
    return a > simd::Element<V>(0) ? simd::broadcast<V>(1)
                                   : a / static_cast<simd::Element<V>>(alpha) + simd::Element<V>(1);
  }

  /// @throws OptionError when α is not positive and finite, or beyond the range of float.
  void check() const {
    detail::OptionCheck{"CELU"}.positive("a finite alpha", alpha).in_float_range("alpha", alpha);
  }
};

}  // namespace lamina
