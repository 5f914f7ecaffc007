// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <cmath>
#include <string_view>

#include "lamina/core/concepts.hpp"
#include "lamina/core/errors.hpp"
#include "lamina/core/extent.hpp"
#include "lamina/core/validate.hpp"

namespace lamina {

/// A fixed affine scaling of each column, fitted from data and never trained,
///
///     Aᵢⱼ = (A0ᵢⱼ − centerⱼ)·scaleⱼ + offsetⱼ,
///
/// so that the units of the data travel with the model: first in a network it takes raw inputs, last in a network its
/// inverse gives raw outputs. A0, A: t×N. No parameters; its numbers are kept in double for every scalar.
///
///     Network<float, Normalization<4>, Dense<4, 8, Tanh>, Dense<8, 1>, Normalization<1>> net(
///         Normalization<4>::standardize(X), {}, {}, Normalization<1>::standardize(Y).inverse());
template <Index N>
class Normalization {
  using Row = Eigen::Array<double, 1, static_cast<int>(N)>;

 public:
  static constexpr Index Inputs = N, Outputs = N;
  static constexpr std::string_view name = "Normalization";

  /// The identity, until fitted.
  Normalization() requires(N != Dynamic) : Normalization(N) {}
  /// The identity on so many columns, until fitted.
  /// @throws ShapeError when the extent is not positive, or not the one of the type.
  explicit Normalization(Index extent) : extent_(extent) {
    center_ = Row::Zero(1, inputs());
    scale_ = Row::Ones(1, inputs());
    offset_ = Row::Zero(1, inputs());
  }
  /// @throws ShapeError when the sizes differ, DataError when a number is not finite or a scale is zero.
  template <EigenDense Center, EigenDense Scale, EigenDense Offset>
  Normalization(const Center& center, const Scale& scale, const Offset& offset)
      : Normalization(scale.size()) {
    if (center.size() != inputs() || offset.size() != inputs())
      detail::fail<ShapeError>({"Normalization: expected as many centers and offsets as scales, ", inputs(),
                                ", got ", center.size(), " and ", offset.size()});
    for (Index j = 0; j < inputs(); ++j) {
      if (!std::isfinite(center(j)) || !std::isfinite(scale(j)) || !std::isfinite(offset(j)) || scale(j) == 0)
        detail::fail<DataError>(
            {"Normalization: expected finite numbers and a scale other than 0, got center ", center(j),
             ", scale ", scale(j), ", offset ", offset(j), " at column ", j});
      center_(j) = static_cast<double>(center(j));
      scale_(j) = static_cast<double>(scale(j));
      offset_(j) = static_cast<double>(offset(j));
    }
  }

  /// Columns of mean 0 and standard deviation 1 (divided by m, as in scikit-learn). A constant column is only centred.
  /// @throws ShapeError when X has not N columns, DataError when X is empty or has an element that is not finite.
  template <EigenDense DX>
  static Normalization standardize(const DX& X) {
    return fitted(X, [](const auto& x, Row& center, Row& scale, Row&, Index j) {
      // The mean once more, from numbers near 0: the first one's rounding grows with m.
      const double near = x.minCoeff() == x.maxCoeff() ? x(0) : x.mean(), mean = near + (x - near).mean();
      // In units of a power of two, which change no digit, so that squares neither overflow nor underflow.
      const double furthest = (x - mean).abs().maxCoeff();
      const double unit = furthest > 0 && std::isfinite(furthest) ? std::ldexp(1.0, std::ilogb(furthest)) : 1;
      const double deviation = unit * std::sqrt(((x - mean) / unit).square().mean());
      center(j) = mean;
      // Rounding alone gives a constant column a deviation of some ε·|mean|.
      const bool constant = deviation <= 10 * std::numeric_limits<double>::epsilon() * std::abs(mean);
      scale(j) = constant ? 1 : 1 / deviation;
    });
  }

  /// Columns from `low` to `high`. A constant column becomes `low`.
  /// @throws as standardize; OptionError when low is not below high.
  template <EigenDense DX>
  static Normalization min_max(const DX& X, double low = 0, double high = 1) {
    if (!(low < high) || !std::isfinite(high - low))
      detail::fail<OptionError>({"Normalization: expected low < high, got ", low, " and ", high});
    return fitted(X, [=](const auto& x, Row& center, Row& scale, Row& offset, Index j) {
      const double minimum = x.minCoeff(), range = x.maxCoeff() - minimum;
      center(j) = minimum;
      scale(j) = range > 0 ? (high - low) / range : 1;
      offset(j) = low;
    });
  }

  /// The scaling that undoes this one.
  Normalization inverse() const { return Normalization(offset_, scale_.inverse(), center_); }

  Index inputs() const { return extent_.value(); }
  Index outputs() const { return extent_.value(); }
  const Row& center() const { return center_; }
  const Row& scale() const { return scale_; }
  const Row& offset() const { return offset_; }

  static constexpr Index parameter_count(Index, Index) { return 0; }
  static constexpr Index cache_size(Index, Index, Index) { return 0; }

  template <class S>
  void forward(const ConstSpan<S>&, const ConstTile<S>& A0, Tile<S>& A, Span<S>&, const Pass&) const {
    for (Index j = 0; j < A.cols(); ++j) {
      // The center as S has it, and what that leaves out of it in the offset.
      const auto center = static_cast<S>(center_(j));
      const auto offset = static_cast<S>(offset_(j) - (center_(j) - static_cast<double>(center)) * scale_(j));
      A.col(j).array() = (A0.col(j).array() - center) * static_cast<S>(scale_(j)) + offset;
    }
  }

  template <class S>
  void backward(const ConstSpan<S>&, const ConstTile<S>&, Tile<S>&, Span<S>&, Tile<S>& dA, Span<S>&,
                Tile<S>* dA0, const Pass&) const {
    // dA0 = dA ⊙ 1·scale
    if (!dA0) return;
    for (Index j = 0; j < dA.cols(); ++j) dA0->col(j) = dA.col(j) * static_cast<S>(scale_(j));
  }

 private:
  template <EigenDense DX, class Fit>
  static Normalization fitted(const DX& X, Fit fit) {
    decltype(auto) data = in_memory(X);
    const auto numbers = view<typename DX::Scalar>(data);
    detail::check_inputs(numbers, N == Dynamic ? numbers.columns : N);
    detail::check_finite(numbers);
    Normalization result(data.cols());
    for (Index j = 0; j < data.cols(); ++j) {
      const Eigen::ArrayXd x = data.col(j).array().template cast<double>();
      fit(x, result.center_, result.scale_, result.offset_, j);
      if (!std::isfinite(result.center_(j)) || !std::isfinite(result.scale_(j)) || result.scale_(j) == 0)
        detail::fail<DataError>({"X: expected numbers whose spread can be scaled, got ", x.minCoeff(), " to ",
                                 x.maxCoeff(), " at column ", j});
    }
    return result;
  }

  [[no_unique_address]] Extent<N> extent_;
  Row center_, scale_, offset_;
};

}  // namespace lamina
