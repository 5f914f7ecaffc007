// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <cmath>
#include <string_view>

#include "lamina/core/errors.hpp"
#include "lamina/core/option_check.hpp"
#include "lamina/core/types.hpp"
#include "lamina/losses/per_output.hpp"

namespace lamina {

/// Cross-entropy of independent yes-or-no targets y ∈ [0, 1] on logits a, fused with the sigmoid σ and summed
/// over the outputs,
///
///     −Σ [w₊·y·log σ(a) + w₋·(1 − y)·log(1 − σ(a))],   gradient w₋·(1 − y)·σ(a) − w₊·y·σ(−a),
///
/// with −log(1 − σ(a)) = log(1 + eᵃ) = max(a, 0) + log(1 + e^(−|a|)) and σ(−a) = 1 − σ(a), so that nothing
/// overflows and nothing cancels. Several outputs are several independent labels. A, Y: t×k; with one output,
/// integer labels 0 and 1 will do.
///
/// Label smoothing s takes y(1 − s) + s/2 for y: Szegedy et al., Rethinking the Inception architecture, CVPR
/// 2016. The weights w₊ and w₋ are not part of the divisor: F is a mean over samples.
struct BinaryCrossEntropy {
  static constexpr std::string_view name = "bce_with_logits";
  static constexpr double target_minimum = 0, target_maximum = 1;

  PerOutput positive_weight = 1;  ///< w₊ ≥ 0, one for all outputs or one for each
  PerOutput negative_weight = 1;  ///< w₋ ≥ 0, one for all outputs or one for each
  double label_smoothing = 0;     ///< s in [0, 1)

  /// The labels 0 and 1 with one output; none with several.
  static constexpr Index classes(Index outputs) { return outputs == 1 ? 2 : 0; }

  template <class DA, class DY>
  auto value(const DA& A, const DY& Y) const {
    using Scalar = typename DA::Scalar;
    const auto s = static_cast<Scalar>(label_smoothing);
    Scalar sum = 0;
    for (Index j = 0; j < A.cols(); ++j) {
      const auto positive = static_cast<Scalar>(positive_weight[j]),
                 negative = static_cast<Scalar>(negative_weight[j]);
      for (Index i = 0; i < A.rows(); ++i) {
        const Scalar a = A(i, j), y = smooth(Scalar(Y(i, j)), s), t = std::log1p(std::exp(-std::abs(a)));
        const Scalar of_yes = t + (a < 0 ? -a : Scalar(0));  // −log σ(a)
        const Scalar of_no = t + (a > 0 ? a : Scalar(0));    // −log(1 − σ(a))
        sum += positive * y * of_yes + negative * (1 - y) * of_no;
      }
    }
    return sum;
  }

  template <class DA, class DY, class DdA>
  void gradient(const DA& A, const DY& Y, DdA& dA) const {
    using Scalar = typename DA::Scalar;
    const auto s = static_cast<Scalar>(label_smoothing);
    for (Index j = 0; j < A.cols(); ++j) {
      const auto positive = static_cast<Scalar>(positive_weight[j]),
                 negative = static_cast<Scalar>(negative_weight[j]);
      for (Index i = 0; i < A.rows(); ++i) {
        const Scalar a = A(i, j), y = smooth(Scalar(Y(i, j)), s), n = std::exp(-std::abs(a));
        const Scalar large = 1 / (1 + n), small = n / (1 + n);
        const Scalar yes = a > 0 ? large : small;  // σ(a)
        const Scalar no = a > 0 ? small : large;   // σ(−a)
        dA(i, j) = negative * (1 - y) * yes - positive * y * no;
      }
    }
  }

  /// @throws OptionError, ShapeError for weights that are negative, not finite, beyond the range of float, all zero or of the wrong
  ///         number, and for label smoothing outside [0, 1).
  void check(Index outputs) const {
    const auto weight = [](double w) { return w >= 0 && w - w == 0; };
    positive_weight.check(outputs, "BinaryCrossEntropy: positive_weight", "finite weights \u2265 0", weight);
    negative_weight.check(outputs, "BinaryCrossEntropy: negative_weight", "finite weights \u2265 0", weight);
    double sum = 0;
    for (Index j = 0; j < outputs; ++j) {
      detail::OptionCheck{"BinaryCrossEntropy"}
          .in_float_range("positive_weight", positive_weight[j])
          .in_float_range("negative_weight", negative_weight[j]);
      sum += positive_weight[j] + negative_weight[j];
    }
    if (!(sum > 0))
      throw OptionError("BinaryCrossEntropy: expected at least one weight above 0, got only zeros");
    if (!(label_smoothing >= 0 && label_smoothing < 1))
      throw OptionError("BinaryCrossEntropy: expected label_smoothing in [0, 1), got " +
                        detail::number(label_smoothing));
  }

 private:
  template <class Scalar>
  static Scalar smooth(Scalar y, Scalar s) {
    return y * (1 - s) + s / 2;
  }
};

}  // namespace lamina
