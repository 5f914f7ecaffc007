// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <string_view>

#include "lamina/core/elementary.hpp"

namespace lamina {

/// g(z) = tanh z,   g' = 1 − g²
struct Tanh {
  static constexpr std::string_view name = "tanh";
  static constexpr bool derivative_from_output = true;
  /// See detail::registers_at_a_time; doubles have the longer chain of operations.
  template <class Scalar>
  static constexpr int registers_at_a_time = sizeof(Scalar) == 8 ? 4 : 1;

  static auto g(const auto& Z) { return Z.tanh(); }
  template <class Array>
  static auto derivative(const auto& /*Z*/, const Array& A) {
    return typename Array::Scalar(1) - A.square();
  }

  template <simd::Lanes V>
  static V g_lanes(const V& z) {
    return simd::tanh(z);
  }
  template <simd::Lanes V>
  static V derivative_lanes(const V& /*z*/, const V& a) {
    return simd::Element<V>(1) - a * a;
  }
};

}  // namespace lamina
