// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <string_view>

#include "lamina/core/concepts.hpp"
#include "lamina/core/extent.hpp"

namespace lamina {

/// The softmax of each row, Aᵢⱼ = exp A0ᵢⱼ / Σₖ exp A0ᵢₖ, as a layer. A0, A: t×N. No parameters.
///
/// For training a classifier prefer logits and SoftmaxCrossEntropy: the two are fused there, which is stable.
template <Index N>
class Softmax {
 public:
  static constexpr Index Inputs = N, Outputs = N;
  static constexpr std::string_view name = "Softmax";

  Softmax() requires(N != Dynamic) = default;
  /// @throws ShapeError when the extent is not positive, or not the one of the type.
  explicit Softmax(Index extent) : extent_(extent) {}

  Index inputs() const { return extent_.value(); }
  Index outputs() const { return extent_.value(); }

  static constexpr Index parameter_count(Index, Index) { return 0; }
  static constexpr Index cache_size(Index, Index, Index) { return 0; }

  template <class S>
  void forward(const ConstSpan<S>&, const ConstTile<S>& A0, Tile<S>& A, Span<S>&, const Pass&) const {
    // The largest element of a row is subtracted first: the quotient stays, nothing overflows.
    for (Index i = 0; i < A.rows(); ++i) {
      A.row(i) = (A0.row(i).array() - A0.row(i).maxCoeff()).exp().matrix();
      A.row(i) /= A.row(i).sum();
    }
  }

  template <class S>
  void backward(const ConstSpan<S>&, const ConstTile<S>&, Tile<S>& A, Span<S>&, Tile<S>& dA, Span<S>&,
                Tile<S>* dA0, const Pass&) const {
    // The Jacobian of a row a is diag(a) − aᵀ·a, hence dA0 = A ⊙ (dA − (dA ⊙ A)·1·1ᵀ)
    if (!dA0) return;
    for (Index i = 0; i < A.rows(); ++i)
      dA0->row(i) = (A.row(i).array() * (dA.row(i).array() - dA.row(i).dot(A.row(i)))).matrix();
  }

 private:
  [[no_unique_address]] Extent<N> extent_;
};

}  // namespace lamina
