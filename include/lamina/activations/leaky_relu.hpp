// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <string_view>

#include "lamina/core/elementary.hpp"
#include "lamina/core/option_check.hpp"
#include "lamina/core/types.hpp"

namespace lamina {

/// g(z) = z for z > 0, else slope·z,   g'(z) = 1 for z > 0, else slope; at the kink g'(0) = slope
///
/// Maas, Hannun and Ng, Rectifier nonlinearities improve neural network acoustic models, ICML 2013.
struct LeakyReLU {
  static constexpr std::string_view name = "leaky_relu";
  static constexpr WeightScale weight_scale = WeightScale::he;

  double slope = 0.01;

  template <class Array>
  auto g(const Array& Z) const {
    using Scalar = typename Array::Scalar;
    return Z.unaryExpr([s = static_cast<Scalar>(slope)](Scalar z) { return z > 0 ? z : s * z; });
  }
  template <class Array>
  auto derivative(const Array& Z, const auto& /*A*/) const {
    using Scalar = typename Array::Scalar;
    return Z.unaryExpr([s = static_cast<Scalar>(slope)](Scalar z) { return z > 0 ? Scalar(1) : s; });
  }

  template <simd::Lanes V>
  V g_lanes(const V& z) const {
    return z > simd::Element<V>(0) ? z : z * static_cast<simd::Element<V>>(slope);
  }
  template <simd::Lanes V>
  V derivative_lanes(const V& z, const V& /*a*/) const {
    return z > simd::Element<V>(0) ? simd::broadcast<V>(1)
                                   : simd::broadcast<V>(static_cast<simd::Element<V>>(slope));
  }

  /// @throws OptionError when slope is not finite, or beyond the range of float.
  void check() const {
    detail::OptionCheck{"LeakyReLU"}.finite("a finite slope", slope).in_float_range("slope", slope);
  }
};

}  // namespace lamina
