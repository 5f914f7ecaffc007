// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <string_view>

namespace lamina {

/// The absolute error of every sample, summed over the outputs,
///
///     Σ |A − Y|,   gradient sign(A − Y), with sign(0) = 0. A, Y: t×k.
struct MeanAbsoluteError {
  static constexpr std::string_view name = "mae";

  template <class DA, class DY>
  static auto value(const DA& A, const DY& Y) {
    return (A - Y).cwiseAbs().sum();
  }
  template <class DA, class DY, class DdA>
  static void gradient(const DA& A, const DY& Y, DdA& dA) {
    dA = (A - Y).cwiseSign();
  }
};

}  // namespace lamina
