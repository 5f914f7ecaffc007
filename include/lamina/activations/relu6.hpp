// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <string_view>

#include "lamina/core/elementary.hpp"
#include "lamina/core/types.hpp"

namespace lamina {

/// g(z) = min(max(z, 0), 6),   g'(z) = 1 for 0 < z < 6, else 0; at the kinks g'(0) = g'(6) = 0
///
/// Krizhevsky, Convolutional deep belief networks on CIFAR-10, 2010.
struct ReLU6 {
  static constexpr std::string_view name = "relu6";
  static constexpr bool derivative_from_output = true;  // 0 < g(z) < 6 exactly when 0 < z < 6
  static constexpr WeightScale weight_scale = WeightScale::he;

  template <class Array>
  static auto g(const Array& Z) {
    using Scalar = typename Array::Scalar;
    return Z.max(Scalar(0)).min(Scalar(6));
  }
  template <class Array>
  static auto derivative(const auto& /*Z*/, const Array& A) {
    using Scalar = typename Array::Scalar;
    return (A > Scalar(0) && A < Scalar(6)).template cast<Scalar>();
  }

  template <simd::Lanes V>
  static V g_lanes(const V& z) {
    return simd::clamp(z, 0, 6);
  }
  template <simd::Lanes V>
  static V derivative_lanes(const V& /*z*/, const V& a) {
    const V one = simd::broadcast<V>(1);
    return a > simd::Element<V>(0) ? (a < simd::Element<V>(6) ? one : V{}) : V{};
  }
};

}  // namespace lamina
