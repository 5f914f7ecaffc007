// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <cmath>
#include <string_view>

#include "lamina/core/elementary.hpp"
#include "lamina/core/types.hpp"

namespace lamina {

/// g(z) = λz for z > 0, else λα(eᶻ − 1),   g'(z) = λ for z > 0, else λαeᶻ = g(z) + λα; at the kink g'(0) = λα
///
/// λ and α make mean 0 and variance 1 a fixed point from layer to layer: Klambauer, Unterthiner, Mayr and
/// Hochreiter, Self-normalizing neural networks, NeurIPS 2017.
struct SELU {
  static constexpr std::string_view name = "selu";
  static constexpr bool derivative_from_output = true;
  static constexpr WeightScale weight_scale = WeightScale::lecun;

  template <class Scalar>
  static constexpr Scalar lambda = static_cast<Scalar>(1.0507009873554804934193349852946L);
  template <class Scalar>
  static constexpr Scalar alpha = static_cast<Scalar>(1.6732632423543772848170429916717L);

  template <class Array>
  static auto g(const Array& Z) {
    using Scalar = typename Array::Scalar;
    return Z.unaryExpr(
        [](Scalar z) { return z > 0 ? lambda<Scalar> * z : lambda<Scalar> * alpha<Scalar> * std::expm1(z); });
  }
  template <class Array>
  static auto derivative(const auto& /*Z*/, const Array& A) {
    using Scalar = typename Array::Scalar;
    return A.unaryExpr([](Scalar a) { return a > 0 ? lambda<Scalar> : a + lambda<Scalar> * alpha<Scalar>; });
  }

  template <simd::Lanes V>
  static V g_lanes(const V& z) {
    using S = simd::Element<V>;
    return z > S(0) ? z * lambda<S> : simd::expm1(z) * (lambda<S> * alpha<S>);
  }
  template <simd::Lanes V>
  static V derivative_lanes(const V& /*z*/, const V& a) {
    using S = simd::Element<V>;
    return a > S(0) ? simd::broadcast<V>(lambda<S>) : a + lambda<S> * alpha<S>;
  }
};

}  // namespace lamina
