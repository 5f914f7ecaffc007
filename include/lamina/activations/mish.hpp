// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <cmath>
#include <string_view>

#include "lamina/activations/limits.hpp"
#include "lamina/core/types.hpp"

namespace lamina {

/// g(z) = z·t,   t = tanh(log(1 + eᶻ)),   g'(z) = t + z·σ(z)·(1 − t²),   σ(z) = 1/(1 + e⁻ᶻ)
///
/// With w = eᶻ: t = w(w + 2)/D and 1 − t² = 4(1 + w)²/D², D = w² + 2w + 2. For z > 0, where w may overflow,
/// the same fractions in q = e⁻ᶻ: t = (1 + 2q)/D, 1 − t² = 4q²(1 + q)²/D², D = 1 + 2q + 2q².
///
/// Misra, Mish: a self regularized non-monotonic activation function, BMVC 2020.
struct Mish {
  static constexpr std::string_view name = "mish";
  static constexpr WeightScale weight_scale = WeightScale::he;

  template <class Array>
  static auto g(const Array& Z) {
    using Scalar = typename Array::Scalar;
    return Z.unaryExpr([](Scalar z) {
      if (z > 0) {
        const Scalar q = std::exp(-z);
        return z * ((1 + 2 * q) / (1 + 2 * q * (1 + q)));
      }
      const Scalar w = std::exp(z);
      return detail::finite(z) * (w * (w + 2) / (w * (w + 2) + 2));
    });
  }
  template <class Array>
  static auto derivative(const Array& Z, const auto& /*A*/) {
    using Scalar = typename Array::Scalar;
    return Z.unaryExpr([](Scalar z) {
      if (z > 0) {
        const Scalar q = std::exp(-z), D = 1 + 2 * q * (1 + q);
        return (1 + 2 * q) / D + detail::finite(z) * (4 * q * q * (1 + q) / (D * D));
      }
      const Scalar w = std::exp(z), D = w * (w + 2) + 2;
      return w * (w + 2) / D + detail::finite(z) * (4 * w * (1 + w) / (D * D));
    });
  }
};

}  // namespace lamina
