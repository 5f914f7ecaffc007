// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <limits>
#include <string_view>

#include "lamina/core/errors.hpp"
#include "lamina/core/types.hpp"
#include "lamina/losses/per_output.hpp"

namespace lamina {

/// The pinball loss, whose minimum is the τ-quantile of the targets, summed over the outputs: with e = y − a,
///
///     Σ max(τe, (τ − 1)e),   gradient −τ for e > 0, 1 − τ for e < 0; at the kink e = 0 it is 0.
///
/// τ = ½ is half the absolute error. A τ for each output predicts several quantiles at once. A, Y: t×k.
///
/// Koenker and Bassett, Regression quantiles, Econometrica 46(1), 1978.
struct Quantile {
  static constexpr std::string_view name = "pinball";

  PerOutput tau = 0.5;  ///< τ in (0, 1), one for all outputs or one for each

  template <class DA, class DY>
  auto value(const DA& A, const DY& Y) const {
    using Scalar = typename DA::Scalar;
    Scalar sum = 0;
    for (Index j = 0; j < A.cols(); ++j) {
      const auto t = static_cast<Scalar>(tau[j]);
      sum += (Y.col(j) - A.col(j)).unaryExpr([t](Scalar e) { return e > 0 ? t * e : (t - 1) * e; }).sum();
    }
    return sum;
  }
  template <class DA, class DY, class DdA>
  void gradient(const DA& A, const DY& Y, DdA& dA) const {
    using Scalar = typename DA::Scalar;
    for (Index j = 0; j < A.cols(); ++j) {
      const auto t = static_cast<Scalar>(tau[j]);
      dA.col(j) = (Y.col(j) - A.col(j)).unaryExpr([t](Scalar e) {
        return e > 0 ? -t : e < 0 ? 1 - t : Scalar(0);
      });
    }
  }

  /// @throws OptionError, ShapeError when a τ is not in (0, 1), rounded to float either, or there are not as many as outputs.
  void check(Index outputs) const {
    tau.check(outputs, "Quantile: tau", "numbers in (0, 1)", [](double t) {
      return t >= std::numeric_limits<float>::min() && t < 1 && static_cast<float>(t) < 1;
    });
  }
};

}  // namespace lamina
