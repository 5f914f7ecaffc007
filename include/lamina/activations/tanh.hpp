// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <string_view>

namespace lamina {

/// g(z) = tanh z,   g' = 1 − g²
struct Tanh {
  static constexpr std::string_view name = "tanh";
  static constexpr bool derivative_from_output = true;

  static auto g(const auto& Z) { return Z.tanh(); }
  template <class Array>
  static auto derivative(const auto& /*Z*/, const Array& A) {
    return typename Array::Scalar(1) - A.square();
  }
};

}  // namespace lamina
