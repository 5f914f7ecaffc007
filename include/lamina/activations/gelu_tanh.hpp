// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <cmath>
#include <numbers>
#include <string_view>

#include "lamina/activations/limits.hpp"
#include "lamina/core/elementary.hpp"
#include "lamina/core/types.hpp"

namespace lamina {

/// g(z) = ½z(1 + tanh u),   u = √(2/π)·(z + 0.044715 z³),   an approximation of GELU.
///
/// With ½(1 + tanh u) = σ(2u), σ the sigmoid and u' = √(2/π)·(1 + 3·0.044715 z²):
///
///     g(z) = z·σ(2u),   g'(z) = σ(2u) + 2z·u'·σ(2u)·σ(−2u).
///
/// Hendrycks and Gimpel, Gaussian error linear units (GELUs), arXiv:1606.08415, 2016.
struct GELUTanh {
  static constexpr std::string_view name = "gelu_tanh";
  static constexpr WeightScale weight_scale = WeightScale::he;

  template <class Array>
  static auto g(const Array& Z) {
    using Scalar = typename Array::Scalar;
    return Z.unaryExpr([](Scalar z) {
      if (detail::outside(z, bound)) return z > 0 ? z : Scalar(0);
      return z * detail::sigma(2 * u(z));
    });
  }
  template <class Array>
  static auto derivative(const Array& Z, const auto& /*A*/) {
    using Scalar = typename Array::Scalar;
    return Z.unaryExpr([](Scalar z) {
      if (detail::outside(z, bound)) return z > 0 ? Scalar(1) : Scalar(0);
      const detail::SigmaPair<Scalar> sigma(2 * u(z));
      return sigma.plus + 2 * z * du(z) * sigma.plus * sigma.minus;
    });
  }

  template <simd::Lanes V>
  static V g_lanes(const V& z) {
    using S = simd::Element<V>;
    const V sloped = z * simd::sigmoid(u(z) * S(2));
    return z > S(bound) ? z : (z < S(-bound) ? V{} : sloped);
  }
  template <simd::Lanes V>
  static V derivative_lanes(const V& z, const V& /*a*/) {
    using S = simd::Element<V>;
    const detail::SigmaLanes<V> sigma(u(z) * S(2));
    const V sloped = sigma.plus + z * du(z) * sigma.plus * sigma.minus * S(2);
    return z > S(bound) ? simd::broadcast<V>(1) : (z < S(-bound) ? V{} : sloped);
  }

 private:
  /// Beyond it σ(2u) is 0 or 1 in every scalar type.
  static constexpr int bound = 100;
  template <class Scalar>
  static constexpr Scalar sqrt_2_over_pi = std::numbers::sqrt2_v<Scalar>* std::numbers::inv_sqrtpi_v<Scalar>;
  template <class Scalar>
  static constexpr Scalar cubic = static_cast<Scalar>(0.044715L);

  /// Of a number or of the lanes of a register.
  template <class V>
  static V u(const V& z) {
    using Scalar = simd::Element<V>;
    return sqrt_2_over_pi<Scalar> * (z + cubic<Scalar> * z * z * z);
  }
  template <class V>
  static V du(const V& z) {
    using Scalar = simd::Element<V>;
    return sqrt_2_over_pi<Scalar> * (1 + 3 * cubic<Scalar> * z * z);
  }
};

}  // namespace lamina
