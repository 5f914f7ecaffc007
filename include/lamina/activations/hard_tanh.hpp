// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <string_view>

#include "lamina/core/elementary.hpp"

namespace lamina {

/// g(z) = min(max(z, −1), 1),   g'(z) = 1 for |z| < 1, else 0; at the kinks g'(±1) = 0
///
/// Collobert, Large scale machine learning, PhD thesis, Université Paris VI, 2004.
struct HardTanh {
  static constexpr std::string_view name = "hardtanh";
  static constexpr bool derivative_from_output = true;  // |g(z)| < 1 exactly when |z| < 1

  template <class Array>
  static auto g(const Array& Z) {
    using Scalar = typename Array::Scalar;
    return Z.max(Scalar(-1)).min(Scalar(1));
  }
  template <class Array>
  static auto derivative(const auto& /*Z*/, const Array& A) {
    using Scalar = typename Array::Scalar;
    return (A.abs() < Scalar(1)).template cast<Scalar>();
  }

  template <simd::Lanes V>
  static V g_lanes(const V& z) {
    return simd::clamp(z, -1, 1);
  }
  template <simd::Lanes V>
  static V derivative_lanes(const V& /*z*/, const V& a) {
    return simd::abs(a) < simd::Element<V>(1) ? simd::broadcast<V>(1) : V{};
  }
};

}  // namespace lamina
