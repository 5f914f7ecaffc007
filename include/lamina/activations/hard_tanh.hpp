// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <string_view>

namespace lamina {

/// g(z) = min(max(z, −1), 1),   g'(z) = 1 for |z| < 1, else 0; at the kinks g'(±1) = 0
///
/// Collobert, Large scale machine learning, PhD thesis, Université Paris VI, 2004.
struct HardTanh {
  static constexpr std::string_view name = "hardtanh";
  static constexpr bool derivative_from_output = true;  // |g(z)| < 1 exactly when |z| < 1

  template <class Array>
  static auto g(const Array& Z) {
    using Scalar = typename Array::Scalar;
    return Z.max(Scalar(-1)).min(Scalar(1));
  }
  template <class Array>
  static auto derivative(const auto& /*Z*/, const Array& A) {
    using Scalar = typename Array::Scalar;
    return (A.abs() < Scalar(1)).template cast<Scalar>();
  }
};

}  // namespace lamina
