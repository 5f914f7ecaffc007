// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <cmath>
#include <cstddef>
#include <string_view>
#include <vector>

#include "lamina/core/errors.hpp"
#include "lamina/core/types.hpp"

namespace lamina {

/// Cross-entropy of a distribution over k classes on logits, fused with the softmax. For a row a of A and y
/// of Y,
///
///     −Σⱼ cⱼ·log pⱼ,   pⱼ = e^aⱼ / Σᵢ e^aᵢ,   cⱼ = wⱼ·((1 − s)·yⱼ + s/k),   gradient pⱼ·Σᵢ cᵢ − cⱼ.
///
/// With M = maxⱼ aⱼ and R = Σ e^(aᵢ − M) over all classes but the largest, −log pⱼ = (M − aⱼ) + log(1 + R):
/// nothing overflows, nothing cancels. A, Y: t×k; a row of Y is a distribution (one-hot for a known class),
/// or the targets are integer labels from 0 to k − 1.
///
/// With class weights w the share of a sample in the divisor is Σⱼ wⱼ·yⱼ, the weight of its class; so labels
/// and one-hot rows give the same F. Label smoothing s: Szegedy et al., Rethinking the Inception
/// architecture, CVPR 2016.
struct SoftmaxCrossEntropy {
  static constexpr std::string_view name = "softmax_cross_entropy";
  static constexpr double target_minimum = 0, target_maximum = 1;

  double label_smoothing = 0;              ///< s in [0, 1)
  std::vector<double> class_weights = {};  ///< w ≥ 0, one for each class; empty: every class counts 1

  static constexpr Index classes(Index outputs) { return outputs; }

  template <class DA, class DY>
  auto value(const DA& A, const DY& Y) const {
    using Scalar = typename DA::Scalar;
    const Index k = A.cols();
    Scalar sum = 0;
    for (Index i = 0; i < A.rows(); ++i) {
      const Row<Scalar> row(A, i);
      const Scalar M = row.largest, log_sum = std::log1p(row.rest);
      for (Index j = 0; j < k; ++j) {
        const Scalar c = share(Scalar(Y(i, j)), j, k);
        // −c·log pⱼ; the difference is taken of halves, so that it is finite where the product is.
        if (c != 0) sum += 2 * c * (M / 2 - A(i, j) / 2) + c * log_sum;
      }
    }
    return sum;
  }

  template <class DA, class DY, class DdA>
  void gradient(const DA& A, const DY& Y, DdA& dA) const {
    using Scalar = typename DA::Scalar;
    const Index k = A.cols();
    for (Index i = 0; i < A.rows(); ++i) {
      const Row<Scalar> row(A, i);
      Scalar shares = 0;
      for (Index j = 0; j < k; ++j) shares += share(Scalar(Y(i, j)), j, k);
      for (Index j = 0; j < k; ++j) {
        const Scalar p = std::exp(A(i, j) - row.largest) / (1 + row.rest);
        dA(i, j) = p * shares - share(Scalar(Y(i, j)), j, k);
      }
    }
  }

  /// Σⱼ wⱼ·yⱼ for a row y, 1×k; 1 without class weights.
  template <class DY>
  auto weight(const DY& y) const {
    using Scalar = typename DY::Scalar;
    if (class_weights.empty()) return Scalar(1);
    Scalar sum = 0;
    for (Index j = 0; j < y.size(); ++j) sum += class_weight<Scalar>(j) * y.coeff(0, j);
    return sum;
  }

  /// @throws OptionError, ShapeError for class weights that are negative, not finite, all zero or of the
  ///         wrong number, and for label smoothing outside [0, 1).
  void check(Index outputs) const {
    if (!(label_smoothing >= 0 && label_smoothing < 1))
      throw OptionError("SoftmaxCrossEntropy: expected label_smoothing in [0, 1), got " +
                        detail::number(label_smoothing));
    if (class_weights.empty()) return;
    if (static_cast<Index>(class_weights.size()) != outputs)
      throw ShapeError("SoftmaxCrossEntropy: class_weights: expected one for each of " +
                       detail::number(outputs) + " outputs, got " + detail::number(class_weights.size()));
    double sum = 0;
    for (std::size_t j = 0; j < class_weights.size(); ++j) {
      const double w = class_weights[j];
      if (!(w >= 0 && w - w == 0))
        throw OptionError("SoftmaxCrossEntropy: class_weights: expected finite weights \u2265 0, got " +
                          detail::number(w) + " for class " + detail::number(j));
      sum += w;
    }
    if (!(sum > 0))
      throw OptionError("SoftmaxCrossEntropy: class_weights: expected one above 0, got only zeros");
  }

 private:
  /// M = maxⱼ aⱼ, and R = Σ e^(aⱼ − M) over the others.
  template <class Scalar>
  struct Row {
    Scalar largest, rest = 0;

    template <class DA>
    Row(const DA& A, Index i) {
      Index at = 0;
      for (Index j = 1; j < A.cols(); ++j)
        if (A(i, j) > A(i, at)) at = j;
      largest = A(i, at);
      for (Index j = 0; j < A.cols(); ++j)
        if (j != at) rest += std::exp(A(i, j) - largest);
    }
  };

  template <class Scalar>
  Scalar class_weight(Index j) const {
    return class_weights.empty() ? Scalar(1)
                                 : static_cast<Scalar>(class_weights[static_cast<std::size_t>(j)]);
  }
  /// cⱼ
  template <class Scalar>
  Scalar share(Scalar y, Index j, Index k) const {
    const auto s = static_cast<Scalar>(label_smoothing);
    return class_weight<Scalar>(j) * ((1 - s) * y + s / static_cast<Scalar>(k));
  }
};

}  // namespace lamina
