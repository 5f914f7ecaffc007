// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string_view>
#include <type_traits>
#include <vector>

#include "lamina/core/elementary.hpp"
#include "lamina/core/errors.hpp"
#include "lamina/core/option_check.hpp"
#include "lamina/core/types.hpp"
#include "lamina/core/views.hpp"

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
    for_each_lanes<Scalar>(A.rows(), [&]<class V>(std::type_identity<V>, Index i, Index count) {
      const Rows<V> rows(A, i, count, [](Index, const V&) {});
      Scalar rest[simd::lanes<V>], logarithms[simd::lanes<V>] = {};
      simd::store(rest, rows.rest);
      for (Index l = 0; l < count; ++l) logarithms[l] = std::log1p(rest[l]);
      const V log_sum = simd::load<V>(logarithms);
      V of_rows{};
      for (Index j = 0; j < k; ++j) {
        const V c = share(load<V>(Y, i, j, count), j, k), a = load<V>(A, i, j, count);
        // −c·log pⱼ; the difference is taken of halves, so that it is finite where the product is.
        const V loss = 2 * c * (rows.largest / 2 - a / 2) + c * log_sum;
        of_rows += c == Scalar(0) ? V{} : loss;
      }
      Scalar losses[simd::lanes<V>];
      simd::store(losses, of_rows);
      for (Index l = 0; l < count; ++l) sum += losses[l];
    });
    return sum;
  }

  template <class DA, class DY, class DdA>
  void gradient(const DA& A, const DY& Y, DdA& dA) const {
    using Scalar = typename DA::Scalar;
    const Index k = A.cols();
    for_each_lanes<Scalar>(A.rows(), [&]<class V>(std::type_identity<V>, Index i, Index count) {
      const auto write = [&](Index j, const V& v) { store(dA, i, j, v, count); };
      const Rows<V> rows(A, i, count, write);  // dA(i, j) = e^(aⱼ − M)
      V shares{};
      for (Index j = 0; j < k; ++j) shares += share(load<V>(Y, i, j, count), j, k);
      const V factor = shares / (rows.rest + Scalar(1));
      for (Index j = 0; j < k; ++j)
        write(j, load<V>(dA, i, j, count) * factor - share(load<V>(Y, i, j, count), j, k));
    });
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
      detail::OptionCheck{"SoftmaxCrossEntropy"}.in_float_range("class_weights", w);
      sum += w;
    }
    if (!(sum > 0))
      throw OptionError("SoftmaxCrossEntropy: class_weights: expected one above 0, got only zeros");
  }

 private:
  /// f(type of the register, first row, rows) for all rows, a register of them at a time where there are registers.
  template <class Scalar, class F>
  static void for_each_lanes(Index rows, F&& f) {
    constexpr bool registers = std::is_same_v<Scalar, float> || std::is_same_v<Scalar, double>;
    using V = std::conditional_t<registers, simd::Register<Scalar>, Scalar>;
    for (Index i = 0; i < rows; i += simd::lanes<V>)
      f(std::type_identity<V>(), i, std::min(simd::lanes<V>, rows - i));
  }
  /// A(i … i + count, j)
  template <class V, class DA>
  static V load(const DA& A, Index i, Index j, Index count) {
    if constexpr (has_columns_v<DA>) {
      const auto* from = A.data() + i + j * A.outerStride();
      return count == simd::lanes<V> ? simd::load<V>(from) : simd::load<V>(from, count);
    } else {
      typename DA::Scalar lanes[simd::lanes<V>] = {};
      for (Index l = 0; l < count; ++l) lanes[l] = A.coeff(i + l, j);
      return simd::load<V>(lanes);
    }
  }
  /// A(i … i + count, j) = v
  template <class DA, class V>
  static void store(DA& A, Index i, Index j, const V& v, Index count) {
    if constexpr (has_columns_v<DA>) {
      auto* const to = A.data() + i + j * A.outerStride();
      count == simd::lanes<V> ? simd::store(to, v) : simd::store(to, v, count);
    } else {
      typename DA::Scalar lanes[simd::lanes<V>];
      simd::store(lanes, v);
      for (Index l = 0; l < count; ++l) A.coeffRef(i + l, j) = lanes[l];
    }
  }

  /// M = maxⱼ aⱼ, and R = Σ e^(aⱼ − M) over the others; `take` is given every e^(aⱼ − M).
  template <class V>
  struct Rows {
    V largest, rest{};

    template <class DA, class Take>
    Rows(const DA& A, Index i, Index count, Take&& take) {
      using S = simd::Element<V>;
      V at{};
      largest = load<V>(A, i, 0, count);
      for (Index j = 1; j < A.cols(); ++j) {
        const V a = load<V>(A, i, j, count);
        at = a > largest ? simd::broadcast<V>(static_cast<S>(j)) : at;
        largest = a > largest ? a : largest;
      }
      for (Index j = 0; j < A.cols(); ++j) {
        const V e = exponential(load<V>(A, i, j, count) - largest);
        rest += at == static_cast<S>(j) ? V{} : e;
        take(j, e);
      }
    }
  };
  template <class V>
  static V exponential(const V& x) {
    if constexpr (simd::Lanes<V>) {
      return simd::exp(x);
    } else {
      return std::exp(x);
    }
  }

  template <class Scalar>
  Scalar class_weight(Index j) const {
    return class_weights.empty() ? Scalar(1)
                                 : static_cast<Scalar>(class_weights[static_cast<std::size_t>(j)]);
  }
  /// cⱼ
  template <class V>
  V share(const V& y, Index j, Index k) const {
    using S = simd::Element<V>;
    const auto s = static_cast<S>(label_smoothing);
    return class_weight<S>(j) * ((1 - s) * y + s / static_cast<S>(k));
  }
};

}  // namespace lamina
