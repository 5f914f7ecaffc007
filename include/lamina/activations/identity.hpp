// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <string_view>

namespace lamina {

/// g(z) = z,   g'(z) = 1
struct Identity {
  static constexpr std::string_view name = "identity";
  static constexpr bool derivative_from_output = true;

  template <class Array>
  static auto g(const Array& Z) {
    return Z * typename Array::Scalar(1);
  }
  template <class Array>
  static auto derivative(const auto& /*Z*/, const Array& A) {
    return Array::Ones(A.rows(), A.cols());
  }
};

}  // namespace lamina
