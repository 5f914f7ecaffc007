// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <cmath>
#include <numbers>
#include <string_view>

namespace lamina {

/// The logarithm of the hyperbolic cosine of the errors D = A − Y, summed over the outputs,
///
///     Σ log cosh(D),   gradient tanh(D).
///
/// For large |d|, log cosh d = |d| + log(1 + e^(−2|d|)) − log 2, which does not overflow; for small |d|, with
/// u = e^|d| − 1, log cosh d = log(1 + u²/(2(1 + u))), which does not cancel. A, Y: t×k.
struct LogCosh {
  static constexpr std::string_view name = "log_cosh";

  template <class DA, class DY>
  static auto value(const DA& A, const DY& Y) {
    using Scalar = typename DA::Scalar;
    return (A - Y).unaryExpr([](Scalar d) { return log_cosh(std::abs(d)); }).sum();
  }
  template <class DA, class DY, class DdA>
  static void gradient(const DA& A, const DY& Y, DdA& dA) {
    dA = (A - Y).array().tanh().matrix();
  }

 private:
  template <class Scalar>
  static Scalar log_cosh(Scalar d) {
    if (d > 1) return d + std::log1p(std::exp(-2 * d)) - std::numbers::ln2_v<Scalar>;
    const Scalar u = std::expm1(d);
    return std::log1p(u * u / (2 * (1 + u)));
  }
};

}  // namespace lamina
