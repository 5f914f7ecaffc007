// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <string_view>

#include "lamina/core/option_check.hpp"

namespace lamina {

/// g(z) = log(1 + e^(βz))/β = max(z, 0) + log(1 + e^(−β|z|))/β,   g' = σ(βz) = 1 − e^(−βg)
///
/// The second form of g does not overflow. Dugas, Bengio, Bélisle, Nadeau and Garcia, Incorporating
/// second-order functional knowledge for better option pricing, NeurIPS 2000.
struct Softplus {
  static constexpr std::string_view name = "softplus";
  static constexpr bool derivative_from_output = true;

  double beta = 1;  ///< β > 0

  template <class Array>
  auto g(const Array& Z) const {
    using Scalar = typename Array::Scalar;
    const auto b = static_cast<Scalar>(beta);
    return Z.max(Scalar(0)) + (-b * Z.abs()).exp().log1p() / b;
  }
  template <class Array>
  auto derivative(const auto& /*Z*/, const Array& A) const {
    using Scalar = typename Array::Scalar;
    const auto b = static_cast<Scalar>(beta);
    return -(-b * A).expm1();
  }

  /// @throws OptionError when β is not positive and finite, or beyond the range of float.
  void check() const {
    detail::OptionCheck{"Softplus"}.positive("a finite beta", beta).in_float_range("beta", beta);
  }
};

}  // namespace lamina
