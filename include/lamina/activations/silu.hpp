// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <algorithm>
#include <string_view>

#include "lamina/activations/limits.hpp"
#include "lamina/core/elementary.hpp"
#include "lamina/core/types.hpp"

namespace lamina {

/// g(z) = z·σ(z),   g'(z) = σ(z) + z·σ(z)·σ(−z) = σ(z) + g(z)·σ(−z),   σ(z) = 1/(1 + e⁻ᶻ); also called swish
///
/// Elfwing, Uchibe and Doya, Sigmoid-weighted linear units for neural network function approximation in
/// reinforcement learning, Neural Networks 107, 2018.
struct SiLU {
  static constexpr std::string_view name = "silu";
  static constexpr WeightScale weight_scale = WeightScale::he;

  template <class Array>
  static auto g(const Array& Z) {
    using Scalar = typename Array::Scalar;
    return Z.unaryExpr(
        [](Scalar z) { return std::max(z, detail::lowest<Scalar>) * detail::SigmaPair<Scalar>(z).plus; });
  }
  template <class Array>
  static auto derivative(const Array& Z, const auto& A) {
    using Scalar = typename Array::Scalar;
    return Z.binaryExpr(A, [](Scalar z, Scalar a) {
      const detail::SigmaPair<Scalar> sigma(z);
      return sigma.plus + detail::finite(a) * sigma.minus;
    });
  }

  template <simd::Lanes V>
  static V g_lanes(const V& z) {
    return (z < detail::lowest<simd::Element<V>> ? simd::broadcast<V>(detail::lowest<simd::Element<V>>) : z) *
           simd::sigmoid(z);
  }
  template <simd::Lanes V>
  static V derivative_lanes(const V& z, const V& a) {
    const detail::SigmaLanes<V> sigma(z);
    return sigma.plus + detail::finite_lanes(a) * sigma.minus;
  }
};

}  // namespace lamina
