// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <cmath>
#include <string_view>

#include "lamina/activations/limits.hpp"

namespace lamina {

/// g(z) = z/(1 + |z|),   g'(z) = 1/(1 + |z|)²
///
/// Bergstra, Desjardins, Lamblin and Bengio, Quadratic polynomials learn better image features, technical
/// report 1337, Université de Montréal, 2009.
struct Softsign {
  static constexpr std::string_view name = "softsign";

  template <class Array>
  static auto g(const Array& Z) {
    using Scalar = typename Array::Scalar;
    return Z.unaryExpr([](Scalar z) { return detail::finite(z) / (1 + std::abs(detail::finite(z))); });
  }
  template <class Array>
  static auto derivative(const Array& Z, const auto& /*A*/) {
    using Scalar = typename Array::Scalar;
    return Scalar(1) / (Scalar(1) + Z.abs()).square();
  }
};

}  // namespace lamina
