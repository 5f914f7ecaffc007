// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <cmath>
#include <string_view>

#include "lamina/core/concepts.hpp"
#include "lamina/core/errors.hpp"
#include "lamina/core/extent.hpp"
#include "lamina/core/option_check.hpp"
#include "lamina/core/views.hpp"
#include "lamina/layers/layer_norm.hpp"

namespace lamina {

/// Batch normalisation (Ioffe & Szegedy, ICML 2015): each column is normalised over the batch,
///
///     X̂ᵢⱼ = (A0ᵢⱼ − μⱼ) / √(σ²ⱼ + ε),   A = X̂ ⊙ 1·γ + 1·β.
///
/// In training μ and σ² are the mean and the biased variance of the batch; after the pass the running statistics move,
///
///     running ← (1 − momentum)·running + momentum·batch,   with the unbiased variance (divided by t − 1),
///
/// as in PyTorch. In evaluation the running statistics take the place of μ and σ². A0, A: t×N. Its share of θ is [γ | β].
///
/// A batch of one sample is its own mean: X̂ = 0 and A = 1·β, no gradient flows to A0, the running mean moves and the
/// running variance, of which one sample says nothing, stays.
template <Index N>
class BatchNorm {
  using Statistics = Eigen::Array<double, 1, static_cast<int>(N)>;

 public:
  static constexpr Index Inputs = N, Outputs = N;
  static constexpr std::string_view name = "BatchNorm";
  static constexpr bool whole_batch = true;

  /// @throws OptionError when epsilon is not positive, or beyond the range of float, or momentum not in [0, 1].
  explicit BatchNorm(double momentum = 0.1, double epsilon = 1e-5) requires(N != Dynamic)
      : BatchNorm(Extent<N>(), momentum, epsilon) {}
  /// @throws OptionError, or ShapeError when the extent is not positive.
  explicit BatchNorm(Index extent, double momentum = 0.1, double epsilon = 1e-5) requires(N == Dynamic)
      : BatchNorm(Extent<N>(extent), momentum, epsilon) {}

  Index inputs() const { return extent_.value(); }
  Index outputs() const { return extent_.value(); }
  double momentum() const { return momentum_; }
  double epsilon() const { return epsilon_; }

  /// The running statistics, 1×N each, kept in double for every scalar.
  const Statistics& running_mean() const { return mean_; }
  const Statistics& running_variance() const { return variance_; }
  /// @throws ShapeError when either has not N elements, DataError when one is not finite or a variance negative.
  template <EigenDense Mean, EigenDense Variance>
  void set_running_statistics(const Mean& mean, const Variance& variance) {
    if (mean.size() != inputs() || variance.size() != inputs())
      detail::fail<ShapeError>({"BatchNorm: expected ", inputs(), " running means and variances, got ",
                                mean.size(), " and ", variance.size()});
    for (Index j = 0; j < inputs(); ++j)
      if (!std::isfinite(mean(j)) || !std::isfinite(variance(j)) || variance(j) < 0)
        detail::fail<DataError>({"BatchNorm: expected finite running means and variances \u2265 0, got ",
                                 mean(j), " and ", variance(j), " at column ", j});
    for (Index j = 0; j < inputs(); ++j) {
      mean_(j) = static_cast<double>(mean(j));
      variance_(j) = static_cast<double>(variance(j));
    }
  }
  /// Running mean 0 and running variance 1.
  void reset() {
    mean_ = Statistics::Zero(1, inputs());
    variance_ = Statistics::Ones(1, inputs());
  }

  /// For checkpoints: the running statistics to or from an archive of lamina/training/state_archive.hpp.
  void persist(auto& archive) {
    archive.numbers("running means", mean_.data(), inputs());
    archive.numbers("running variances", variance_.data(), inputs());
  }

  static constexpr Index parameter_count(Index inputs, Index) { return Gain<N>::parameter_count(inputs); }
  /// X̂, 1 / √(σ² + ε), μ and σ²
  static constexpr Index cache_size(Index rows, Index inputs, Index) { return (rows + 3) * inputs; }

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
               const Pass& pass) const {
    auto X = normalized(A, cache);
    auto inverse = row(A, cache, 0), mean = row(A, cache, 1), variance = row(A, cache, 2);
    const S t = static_cast<S>(A0.rows());
    if (pass.mode == Mode::training) {
      mean = A0.colwise().sum() / t;
      X = A0.rowwise() - mean;
      variance = X.colwise().squaredNorm() / t;
    } else {
      mean = mean_.matrix().template cast<S>();
      X = A0.rowwise() - mean;
      variance = variance_.matrix().template cast<S>();
    }
    // 0·σ² is NaN when σ² has overflowed, which must not pass for X̂ = 0.
    inverse =
        ((variance.array() + static_cast<S>(epsilon_)).sqrt().inverse() + variance.array() * S(0)).matrix();
    X.array().rowwise() *= inverse.array();
    A = (X.array().rowwise() * weights(theta.data()).array()).matrix();
    A.rowwise() += bias(theta.data());
  }

  template <class S>
  void backward(const ConstSpan<S>& theta, const ConstTile<S>&, Tile<S>& A, Span<S>& cache, Tile<S>& dA,
                Span<S>& dtheta, Tile<S>* dA0, const Pass& pass) const {
    const auto X = normalized(A, cache);
    const auto inverse = row(A, cache, 0);

    // dγ = 1ᵀ·(dA ⊙ X̂),   dβ = 1ᵀ·dA
    weights(dtheta.data()) += dA.cwiseProduct(X).colwise().sum();
    bias(dtheta.data()) += dA.colwise().sum();

    // dX̂ = dA ⊙ 1·γ,   dA0ⱼ = (dX̂ⱼ − mean(dX̂ⱼ) − X̂ⱼ·mean(dX̂ⱼ ⊙ X̂ⱼ)) / √(σ²ⱼ + ε)
    // In evaluation the statistics are constants and the two means fall away.
    if (!dA0) return;
    const S t = static_cast<S>(dA.rows());
    const auto gamma = weights(theta.data());
    for (Index j = 0; j < dA.cols(); ++j) {
      auto dX = dA0->col(j);
      dX = dA.col(j) * gamma(j);
      if (pass.mode == Mode::training) {
        const S mean = dX.sum() / t, projection = dX.dot(X.col(j)) / t;
        dX = (dX.array() - mean - X.col(j).array() * projection).matrix();
      }
      dX *= inverse(j);
    }
  }

  /// Moves the running statistics by what a training pass over `rows` samples left in the cache.
  template <class S>
  void update(const ConstSpan<S>& cache, Index rows) {
    const ConstSpan<S> mean(cache.data() + (rows + 1) * inputs(), inputs());
    const ConstSpan<S> variance(cache.data() + (rows + 2) * inputs(), inputs());
    mean_ += momentum_ * (mean.transpose().array().template cast<double>() - mean_);
    if (rows < 2) return;
    const double unbiased = static_cast<double>(rows) / static_cast<double>(rows - 1);
    variance_ += momentum_ * (unbiased * variance.transpose().array().template cast<double>() - variance_);
  }

 private:
  BatchNorm(Extent<N> extent, double momentum, double epsilon)
      : extent_(extent), momentum_(momentum), epsilon_(epsilon) {
    detail::OptionCheck{"BatchNorm"}
        .positive("a finite epsilon", epsilon)
        .in_float_range("epsilon", epsilon)
        .in(momentum >= 0 && momentum <= 1, "a momentum", " in [0, 1]", momentum);
    reset();
  }

  template <class S>
  static Tile<S> normalized(const Tile<S>& A, Span<S>& cache) {
    return {cache.data(), A.rows(), A.cols(), Eigen::OuterStride<>(A.rows())};
  }
  /// The k-th of the three 1×N rows behind X̂.
  template <class S>
  static auto row(const Tile<S>& A, Span<S>& cache, Index k) {
    using Row = Eigen::Matrix<S, 1, static_cast<int>(N)>;
    return Eigen::Map<Row>(cache.data() + A.size() + k * A.cols(), A.cols());
  }

  [[no_unique_address]] Extent<N> extent_;
  double momentum_, epsilon_;
  Statistics mean_, variance_;
};

}  // namespace lamina
