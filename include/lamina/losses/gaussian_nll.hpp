// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <cmath>
#include <numbers>
#include <string_view>

#include "lamina/core/errors.hpp"
#include "lamina/core/types.hpp"

namespace lamina {

/// Negative log-likelihood of y under normal distributions whose mean and variance the network predicts: of
/// its 2k outputs the first k are means μ, the other k are log-variances s = log σ². Summed over the k
/// targets,
///
///     ½ Σ [s + (y − μ)²·e⁻ˢ],   gradients (μ − y)·e⁻ˢ for μ and ½(1 − (y − μ)²·e⁻ˢ) for s.
///
/// `full` adds the constant ½ log 2π of each target. The products are taken as d = (μ − y)·e^(−s/2), d²,
/// d·e^(−s/2), which overflow only where the result does. A: t×2k, Y: t×k.
///
/// Nix and Weigend, Estimating the mean and variance of the target probability distribution, ICNN 1994.
struct GaussianNLL {
  static constexpr std::string_view name = "gaussian_nll";

  bool full = false;

  static constexpr Index target_columns(Index outputs) { return outputs / 2; }

  template <class DA, class DY>
  auto value(const DA& A, const DY& Y) const {
    using Scalar = typename DA::Scalar;
    const Index k = A.cols() / 2;
    const Scalar constant = full ? std::log(2 * std::numbers::pi_v<Scalar>) : Scalar(0);
    Scalar sum = 0;
    for (Index j = 0; j < k; ++j)
      for (Index i = 0; i < A.rows(); ++i) {
        const Scalar s = A(i, k + j), d = scaled(Scalar(A(i, j) - Y(i, j)), s);
        sum += (s + d * d + constant) / 2;
      }
    return sum;
  }

  template <class DA, class DY, class DdA>
  static void gradient(const DA& A, const DY& Y, DdA& dA) {
    using Scalar = typename DA::Scalar;
    const Index k = A.cols() / 2;
    for (Index j = 0; j < k; ++j)
      for (Index i = 0; i < A.rows(); ++i) {
        const Scalar s = A(i, k + j), d = scaled(Scalar(A(i, j) - Y(i, j)), s);
        dA(i, j) = scaled(d, s);
        dA(i, k + j) = (1 - d * d) / 2;
      }
  }

  /// @throws ShapeError when the number of outputs is not even.
  void check(Index outputs) const {
    if (outputs < 2 || outputs % 2 != 0)
      throw ShapeError("GaussianNLL: expected an even number of outputs, means and log-variances, got " +
                       detail::number(outputs));
  }

 private:
  /// x·e^(−s/2), and 0 for x = 0 whatever s. In two steps, as e^(−s/2) may overflow where the product does not.
  template <class Scalar>
  static Scalar scaled(Scalar x, Scalar s) {
    const Scalar e = std::exp(-s / 4);
    return x == 0 ? x : x * e * e;
  }
};

}  // namespace lamina
