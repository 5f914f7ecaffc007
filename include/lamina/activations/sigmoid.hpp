// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <string_view>

#include "lamina/core/elementary.hpp"

namespace lamina {

/// g(z) = 1/(1 + e⁻ᶻ),   g' = g·(1 − g)
struct Sigmoid {
  static constexpr std::string_view name = "sigmoid";
  static constexpr bool derivative_from_output = true;

  template <class Array>
  static auto g(const Array& Z) {
    using Scalar = typename Array::Scalar;
    return Scalar(1) / (Scalar(1) + (-Z).exp());
  }
  template <class Array>
  static auto derivative(const auto& /*Z*/, const Array& A) {
    return A * (typename Array::Scalar(1) - A);
  }

  template <simd::Lanes V>
  static V g_lanes(const V& z) {
    return simd::sigmoid(z);
  }
  template <simd::Lanes V>
  static V derivative_lanes(const V& /*z*/, const V& a) {
    return a * (simd::Element<V>(1) - a);
  }
};

}  // namespace lamina
