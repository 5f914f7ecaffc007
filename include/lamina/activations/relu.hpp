// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <string_view>

#include "lamina/core/elementary.hpp"
#include "lamina/core/types.hpp"

namespace lamina {

/// g(z) = max(z, 0),   g'(z) = 1 for z > 0, else 0; at the kink g'(0) = 0
struct ReLU {
  static constexpr std::string_view name = "relu";
  static constexpr bool derivative_from_output = true;  // g(z) > 0 exactly when z > 0
  static constexpr WeightScale weight_scale = WeightScale::he;

  template <class Array>
  static auto g(const Array& Z) {
    return Z.max(typename Array::Scalar(0));
  }
  template <class Array>
  static auto derivative(const auto& /*Z*/, const Array& A) {
    using Scalar = typename Array::Scalar;
    return (A > Scalar(0)).template cast<Scalar>();
  }

  template <simd::Lanes V>
  static V g_lanes(const V& z) {
    return simd::at_least(z, V{});  // NaN stays
  }
  template <simd::Lanes V>
  static V derivative_lanes(const V& /*z*/, const V& a) {
    return a > simd::Element<V>(0) ? simd::broadcast<V>(1) : V{};
  }
};

}  // namespace lamina
