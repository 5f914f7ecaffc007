// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <string_view>

#include "lamina/core/option_check.hpp"
#include "lamina/core/types.hpp"

namespace lamina {

/// Quadratic for small errors D = A − Y, linear for large ones, summed over the outputs,
///
///     Σ h(D),   h(d) = d²/2 for |d| ≤ δ, else δ(|d| − δ/2),   gradient h'(d) = min(max(d, −δ), δ).
///
/// Both branches of h are c(|d| − c/2) with c = min(|d|, δ). A, Y: t×k.
///
/// Huber, Robust estimation of a location parameter, Annals of Mathematical Statistics 35(1), 1964.
struct Huber {
  static constexpr std::string_view name = "huber";

  double delta = 1;  ///< δ > 0

  template <class DA, class DY>
  auto value(const DA& A, const DY& Y) const {
    using Scalar = typename DA::Scalar;
    const auto d = (A - Y).array().abs();
    const auto c = d.min(static_cast<Scalar>(delta));
    return (c * (d - c / Scalar(2))).sum();
  }
  template <class DA, class DY, class DdA>
  void gradient(const DA& A, const DY& Y, DdA& dA) const {
    using Scalar = typename DA::Scalar;
    const auto d = (A - Y).array();
    dA = d.max(static_cast<Scalar>(-delta)).min(static_cast<Scalar>(delta)).matrix();
  }

  /// @throws OptionError when δ is not positive and finite, or beyond the range of float.
  void check(Index /*outputs*/) const {
    detail::OptionCheck{"Huber"}.positive("a finite delta", delta).in_float_range("delta", delta);
  }
};

}  // namespace lamina
