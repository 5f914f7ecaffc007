// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <cmath>
#include <string_view>

#include "lamina/core/elementary.hpp"

namespace lamina {

/// g(z) = min(max(z/6 + ½, 0), 1),   g'(z) = 1/6 for |z| < 3, else 0; at the kinks g'(±3) = 0
///
/// A piecewise linear sigmoid: Courbariaux, Bengio and David, BinaryConnect, NeurIPS 2015 (there with slope
/// 1/5), with the slope of Howard et al., Searching for MobileNetV3, ICCV 2019.
struct HardSigmoid {
  static constexpr std::string_view name = "hardsigmoid";

  template <class Array>
  static auto g(const Array& Z) {
    using Scalar = typename Array::Scalar;
    return (Z / Scalar(6) + Scalar(0.5)).max(Scalar(0)).min(Scalar(1));
  }
  template <class Array>
  static auto derivative(const Array& Z, const auto& /*A*/) {
    using Scalar = typename Array::Scalar;
    return Z.unaryExpr([](Scalar z) { return std::abs(z) < 3 ? Scalar(1) / 6 : Scalar(0); });
  }

  template <simd::Lanes V>
  static V g_lanes(const V& z) {
    return simd::clamp(z / simd::Element<V>(6) + simd::Element<V>(0.5), 0, 1);
  }
  template <simd::Lanes V>
  static V derivative_lanes(const V& z, const V& /*a*/) {
    return simd::abs(z) < simd::Element<V>(3) ? simd::broadcast<V>(simd::Element<V>(1) / 6) : V{};
  }
};

}  // namespace lamina
