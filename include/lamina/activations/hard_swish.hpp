// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <algorithm>
#include <string_view>

#include "lamina/activations/limits.hpp"
#include "lamina/core/elementary.hpp"
#include "lamina/core/types.hpp"

namespace lamina {

/// g(z) = z·min(max(z/6 + ½, 0), 1),   g'(z) = z/3 + ½ for |z| ≤ 3, else 0 for z < 0 and 1 for z > 0;
/// at the kinks g'(−3) = −½ and g'(3) = 3/2
///
/// Howard et al., Searching for MobileNetV3, ICCV 2019.
struct HardSwish {
  static constexpr std::string_view name = "hardswish";
  static constexpr WeightScale weight_scale = WeightScale::he;

  template <class Array>
  static auto g(const Array& Z) {
    using Scalar = typename Array::Scalar;
    return Z.unaryExpr([](Scalar z) {
      if (detail::outside(z, 3)) return z > 0 ? z : Scalar(0);
      return z * (z / 6 + Scalar(0.5));
    });
  }
  template <class Array>
  static auto derivative(const Array& Z, const auto& /*A*/) {
    using Scalar = typename Array::Scalar;
    return Z.unaryExpr([](Scalar z) {
      if (detail::outside(z, 3)) return z > 0 ? Scalar(1) : Scalar(0);
      return z / 3 + Scalar(0.5);
    });
  }

  template <simd::Lanes V>
  static V g_lanes(const V& z) {
    using S = simd::Element<V>;
    return z > S(3) ? z : (z < S(-3) ? V{} : z * (z / S(6) + S(0.5)));
  }
  template <simd::Lanes V>
  static V derivative_lanes(const V& z, const V& /*a*/) {
    using S = simd::Element<V>;
    return z > S(3) ? simd::broadcast<V>(1) : (z < S(-3) ? V{} : z / S(3) + S(0.5));
  }
};

}  // namespace lamina
