// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <string_view>

namespace lamina {

/// The squared error of every sample, summed over the outputs,
///
///     Σ (A − Y)² = ‖A − Y‖²_F,   gradient 2(A − Y),
///
/// so that F = (1/m)‖A − Y‖²_F and dF/dA = (2/m)(A − Y). A, Y: t×k.
struct MeanSquaredError {
  static constexpr std::string_view name = "mse";

  template <class DA, class DY>
  static auto value(const DA& A, const DY& Y) {
    return (A - Y).squaredNorm();
  }
  template <class DA, class DY, class DdA>
  static void gradient(const DA& A, const DY& Y, DdA& dA) {
    dA = typename DA::Scalar(2) * (A - Y);
  }
};

}  // namespace lamina
