// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <cmath>
#include <string_view>

#include "lamina/core/concepts.hpp"
#include "lamina/core/extent.hpp"
#include "lamina/core/option_check.hpp"
#include "lamina/core/parameters.hpp"

namespace lamina {

/// The map A = X̂ ⊙ 1·γ + 1·β that ends both normalising layers, and its share of θ: [γ | β], N each.
template <Index N>
class Gain {
 public:
  static constexpr Index parameter_count(Index extent) { return 2 * extent; }

  /// γ (1×N) as a view into a layer's share of θ. S is Scalar or const Scalar.
  template <class S>
  static auto gamma(S* theta, Index extent) {
    using Row = Eigen::Matrix<std::remove_const_t<S>, 1, static_cast<int>(N)>;
    return Eigen::Map<std::conditional_t<std::is_const_v<S>, const Row, Row>>(theta, extent);
  }
  /// β (1×N) as a view into a layer's share of θ.
  template <class S>
  static auto beta(S* theta, Index extent) {
    return gamma(theta + extent, extent);
  }

  /// part(kind, count, rows) for γ and β, see ParameterRange.
  static void parameter_parts(auto&& part, Index extent) {
    part(ParameterKind::scale, extent, extent);
    part(ParameterKind::shift, extent, extent);
  }
};

/// Layer normalisation (Ba, Kiros & Hinton, arXiv:1607.06450, 2016): each row is normalised by its own mean and variance,
///
///     X̂ᵢⱼ = (A0ᵢⱼ − μᵢ) / √(σ²ᵢ + ε),   A = X̂ ⊙ 1·γ + 1·β,
///
/// with σ² the biased variance (divided by N). A0, A: t×N. Its share of θ is [γ | β].
template <Index N>
class LayerNorm {
 public:
  static constexpr Index Inputs = N, Outputs = N;
  static constexpr std::string_view name = "LayerNorm";

  /// @throws OptionError when epsilon is not positive, or beyond the range of float.
  explicit LayerNorm(double epsilon = 1e-5) requires(N != Dynamic) : epsilon_(checked(epsilon)) {}
  /// @throws OptionError, or ShapeError when the extent is not positive.
  explicit LayerNorm(Index extent, double epsilon = 1e-5) requires(N == Dynamic)
      : extent_(extent), epsilon_(checked(epsilon)) {}

  Index inputs() const { return extent_.value(); }
  Index outputs() const { return extent_.value(); }
  double epsilon() const { return epsilon_; }

  static constexpr Index parameter_count(Index inputs, Index) { return Gain<N>::parameter_count(inputs); }
  /// X̂ and 1 / √(σ² + ε)
  static constexpr Index cache_size(Index rows, Index inputs, Index) { return rows * inputs + rows; }

  template <class S>
  auto weights(S* theta) const {
    return Gain<N>::gamma(theta, inputs());
  }
  template <class S>
  auto bias(S* theta) const {
    return Gain<N>::beta(theta, inputs());
  }
  void parameter_parts(auto&& part) const { Gain<N>::parameter_parts(part, inputs()); }
  template <class S>
  void initialize(Span<S> theta, const auto&, auto&) const {
    weights(theta.data()).setOnes();
    bias(theta.data()).setZero();
  }

  template <class S>
  void forward(const ConstSpan<S>& theta, const ConstTile<S>& A0, Tile<S>& A, Span<S>& cache,
               const Pass&) const {
    auto X = normalized(A, cache);
    auto inverse = inverse_deviation(A, cache);
    const S n = static_cast<S>(A0.cols());
    for (Index i = 0; i < A0.rows(); ++i) {
      const S mean = A0.row(i).sum() / n;
      X.row(i).array() = A0.row(i).array() - mean;
      inverse[i] = 1 / std::sqrt(X.row(i).squaredNorm() / n + static_cast<S>(epsilon_));
      X.row(i) *= inverse[i];
    }
    A = (X.array().rowwise() * weights(theta.data()).array()).matrix();
    A.rowwise() += bias(theta.data());
  }

  template <class S>
  void backward(const ConstSpan<S>& theta, const ConstTile<S>&, Tile<S>& A, Span<S>& cache, Tile<S>& dA,
                Span<S>& dtheta, Tile<S>* dA0, const Pass&) const {
    const auto X = normalized(A, cache);
    const auto inverse = inverse_deviation(A, cache);

    // dγ = 1ᵀ·(dA ⊙ X̂),   dβ = 1ᵀ·dA
    weights(dtheta.data()) += dA.cwiseProduct(X).colwise().sum();
    bias(dtheta.data()) += dA.colwise().sum();

    // dX̂ = dA ⊙ 1·γ,   dA0ᵢ = (dX̂ᵢ − mean(dX̂ᵢ) − X̂ᵢ·mean(dX̂ᵢ ⊙ X̂ᵢ)) / √(σ²ᵢ + ε)
    if (!dA0) return;
    const S n = static_cast<S>(dA.cols());
    for (Index i = 0; i < dA.rows(); ++i) {
      auto dX = dA0->row(i);
      dX = dA.row(i).cwiseProduct(weights(theta.data()));
      const S mean = dX.sum() / n, projection = dX.dot(X.row(i)) / n;
      dX = ((dX.array() - mean - X.row(i).array() * projection) * inverse[i]).matrix();
    }
  }

 private:
  static double checked(double epsilon) {
    detail::OptionCheck{"LayerNorm"}.positive("a finite epsilon", epsilon).in_float_range("epsilon", epsilon);
    return epsilon;
  }
  template <class S>
  static Tile<S> normalized(const Tile<S>& A, Span<S>& cache) {
    return {cache.data(), A.rows(), A.cols(), Eigen::OuterStride<>(A.rows())};
  }
  template <class S>
  static Span<S> inverse_deviation(const Tile<S>& A, Span<S>& cache) {
    return Span<S>(cache.data() + A.size(), A.rows());
  }

  [[no_unique_address]] Extent<N> extent_;
  double epsilon_;
};

}  // namespace lamina
