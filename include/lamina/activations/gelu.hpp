// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string_view>

#include "lamina/activations/limits.hpp"
#include "lamina/core/types.hpp"

namespace lamina {

/// g(z) = z·Φ(z),   g'(z) = Φ(z) + z·φ(z),   Φ(z) = ½ erfc(−z/√2),   φ(z) = e^(−z²/2)/√(2π),
/// the distribution function and the density of the standard normal distribution.
///
/// Hendrycks and Gimpel, Gaussian error linear units (GELUs), arXiv:1606.08415, 2016.
struct GELU {
  static constexpr std::string_view name = "gelu";
  static constexpr WeightScale weight_scale = WeightScale::he;

  template <class Array>
  static auto g(const Array& Z) {
    using Scalar = typename Array::Scalar;
    return Z.unaryExpr([](Scalar z) { return std::max(z, detail::lowest<Scalar>) * Phi(z); });
  }
  template <class Array>
  static auto derivative(const Array& Z, const auto& /*A*/) {
    using Scalar = typename Array::Scalar;
    return Z.unaryExpr([](Scalar z) { return Phi(z) + detail::finite(z) * phi(z); });
  }

 private:
  template <class Scalar>
  static Scalar Phi(Scalar z) {
    return std::erfc(-z / std::numbers::sqrt2_v<Scalar>) / 2;
  }
  template <class Scalar>
  static Scalar phi(Scalar z) {
    return std::exp(-z * z / 2) * (std::numbers::inv_sqrtpi_v<Scalar> / std::numbers::sqrt2_v<Scalar>);
  }
};

}  // namespace lamina
