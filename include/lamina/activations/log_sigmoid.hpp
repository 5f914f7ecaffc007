// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <string_view>

namespace lamina {

/// g(z) = log σ(z) = −log(1 + e⁻ᶻ) = min(z, 0) − log(1 + e^(−|z|)),   g' = σ(−z) = 1 − e^g
///
/// The last form of g does not overflow.
struct LogSigmoid {
  static constexpr std::string_view name = "logsigmoid";
  static constexpr bool derivative_from_output = true;

  template <class Array>
  static auto g(const Array& Z) {
    return Z.min(typename Array::Scalar(0)) - (-Z.abs()).exp().log1p();
  }
  static auto derivative(const auto& /*Z*/, const auto& A) { return -A.expm1(); }
};

}  // namespace lamina
