// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <cmath>
#include <limits>
#include <numbers>
#include <string_view>

#include "lamina/core/option_check.hpp"
#include "lamina/core/types.hpp"

namespace lamina {

/// Negative log-likelihood of counts y ≥ 0 under Poisson distributions, without the term log y!, summed over
/// the outputs. The network gives the logarithm of the rate (log_input, the default) or the rate itself:
///
///     log_input:   Σ [eᵃ − y·a],               gradient eᵃ − y
///     otherwise:   Σ [a − y·log(a + eps)],     gradient 1 − y/(a + eps)
///
/// `full` adds Stirling's approximation of log y!, which does not depend on the network: y·log y − y + ½
/// log(2πy) for y > 1. A, Y: t×k.
///
/// Cameron and Trivedi, Regression analysis of count data, Cambridge University Press, 1998; options as in
/// PyTorch.
struct PoissonNLL {
  static constexpr std::string_view name = "poisson_nll";
  static constexpr double target_minimum = 0, target_maximum = std::numeric_limits<double>::infinity();

  bool log_input = true;
  bool full = false;
  double eps = 1e-8;  ///< > 0; keeps log(a + eps) finite at a = 0

  template <class DA, class DY>
  auto value(const DA& A, const DY& Y) const {
    using Scalar = typename DA::Scalar;
    const auto e = static_cast<Scalar>(eps);
    Scalar sum = 0;
    for (Index j = 0; j < A.cols(); ++j)
      for (Index i = 0; i < A.rows(); ++i) {
        const Scalar a = A(i, j), y = Y(i, j);
        sum += log_input ? std::exp(a) - y * a : a - y * std::log(a + e);
        if (full && y > 1) sum += stirling(y);
      }
    return sum;
  }

  template <class DA, class DY, class DdA>
  void gradient(const DA& A, const DY& Y, DdA& dA) const {
    using Scalar = typename DA::Scalar;
    if (log_input) {
      dA = (A.array().exp() - Y.array()).matrix();
    } else {
      dA = (Scalar(1) - Y.array() / (A.array() + static_cast<Scalar>(eps))).matrix();
    }
  }

  /// @throws OptionError when eps is not positive and finite, or beyond the range of float.
  void check(Index /*outputs*/) const {
    detail::OptionCheck{"PoissonNLL"}.positive("a finite eps", eps).in_float_range("eps", eps);
  }

 private:
  template <class Scalar>
  static Scalar stirling(Scalar y) {
    return y * std::log(y) - y + std::log(2 * std::numbers::pi_v<Scalar> * y) / 2;
  }
};

}  // namespace lamina
