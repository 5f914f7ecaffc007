// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <Eigen/Core>
#include <cstdint>

/// Feedforward, fully connected neural networks on Eigen.
namespace lamina {

/// Signed size and index type, Eigen's own.
using Eigen::Index;

/// An extent that is known at run time only, Eigen's own.
using Eigen::Dynamic;

/// What a forward pass is for: dropout and batch normalisation behave differently in the two.
enum class Mode {
  training,    ///< dropout drops, batch normalisation uses the statistics of the batch
  evaluation,  ///< dropout is the identity, batch normalisation uses its running statistics
};

/// The family of initial weights an activation asks for, see initializers.hpp.
enum class WeightScale {
  glorot,  ///< variance 2 / (fan_in + fan_out): sigmoid-like and linear units
  he,      ///< variance 2 / fan_in: units that cut off half of their inputs
  lecun,   ///< variance 1 / fan_in: self-normalising units
};

/// A block of t rows (samples) of a larger column-major buffer with run-time extents and column stride.
template <class Scalar>
using Tile = Eigen::Map<Eigen::Matrix<Scalar, Dynamic, Dynamic>, Eigen::Unaligned, Eigen::OuterStride<>>;

/// The read-only twin of Tile.
template <class Scalar>
using ConstTile =
    Eigen::Map<const Eigen::Matrix<Scalar, Dynamic, Dynamic>, Eigen::Unaligned, Eigen::OuterStride<>>;

/// A run of Scalars: one layer's share of θ, of dF/dθ or of its cache.
template <class Scalar>
using Span = Eigen::Map<Eigen::Matrix<Scalar, Dynamic, 1>>;

/// The read-only twin of Span.
template <class Scalar>
using ConstSpan = Eigen::Map<const Eigen::Matrix<Scalar, Dynamic, 1>>;

namespace detail {

/// The same tile, to be read only.
template <class Scalar>
ConstTile<Scalar> constant(const Tile<Scalar>& A) {
  return {A.data(), A.rows(), A.cols(), Eigen::OuterStride<>(A.outerStride())};
}

/// Some rows and columns of a tile, as a tile.
template <class Scalar, class Range>
Tile<Scalar> part(Tile<Scalar>& A, const Range& rows, const Range& columns) {
  return {A.data() + rows.begin + columns.begin * A.outerStride(), rows.size(), columns.size(),
          Eigen::OuterStride<>(A.outerStride())};
}

/// Row i of a tile, as a tile.
template <class Scalar>
ConstTile<Scalar> row(const ConstTile<Scalar>& A, Index i) {
  return {A.data() + i, 1, A.cols(), Eigen::OuterStride<>(A.outerStride())};
}

/// A whole column-major matrix in memory as a tile of it.
template <class Scalar>
Tile<Scalar> tile(Scalar* data, Index rows, Index columns) {
  return {data, rows, columns, Eigen::OuterStride<>(rows)};
}
template <class Scalar>
ConstTile<Scalar> tile(const Scalar* data, Index rows, Index columns) {
  return {data, rows, columns, Eigen::OuterStride<>(rows)};
}

}  // namespace detail
}  // namespace lamina
