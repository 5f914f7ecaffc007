// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <string_view>

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
};

}  // namespace lamina
