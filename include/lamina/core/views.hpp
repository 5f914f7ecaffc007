// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <concepts>
#include <cstddef>
#include <iterator>
#include <string>
#include <type_traits>
#include <utility>

#include "lamina/core/errors.hpp"
#include "lamina/core/types.hpp"

namespace lamina {

namespace detail {

template <class Derived>
void takes_dense(const Eigen::DenseBase<Derived>&);

}  // namespace detail

/// Anything of Eigen's that has coefficients: a matrix, an array, a map, a block or segment, an expression.
template <class T>
concept EigenDense = requires(const std::remove_cvref_t<T>& x) {
  detail::takes_dense(x);
};

/// An Eigen expression of real numbers.
template <class T>
concept EigenReal = EigenDense<T> && std::floating_point<typename std::remove_cvref_t<T>::Scalar>;

/// A contiguous range of numbers that is not Eigen's: std::vector, std::array, std::span.
template <class T>
concept NumberRange = !EigenDense<T> && requires(const std::remove_cvref_t<T>& v) {
  { *std::data(v) } -> std::convertible_to<double>;
  std::size(v);
};

namespace detail {

template <class T>
struct element {
  using type = void;
};
template <EigenDense T>
struct element<T> {
  using type = typename std::remove_cvref_t<T>::Scalar;
};
template <NumberRange T>
struct element<T> {
  using type = std::remove_cvref_t<decltype(*std::data(std::declval<const T&>()))>;
};

}  // namespace detail

/// Integer class labels: an Eigen vector or a contiguous range of an integer type.
template <class T>
concept Labels = std::integral<typename detail::element<T>::type> &&
    !std::same_as<typename detail::element<T>::type, bool>;

/// Sample weights: an Eigen vector or a contiguous range of numbers.
template <class T>
concept Numbers = std::is_arithmetic_v<typename detail::element<T>::type>;

/// A matrix that somebody else owns, in either storage order, with any strides and any alignment.
/// It is never copied: the engine reads it tile by tile.
template <class Scalar>
struct MatrixView {
  const Scalar* data = nullptr;
  Index rows = 0;
  Index columns = 0;
  Index row_stride = 0;     ///< distance from X(i, j) to X(i + 1, j), in Scalars
  Index column_stride = 0;  ///< distance from X(i, j) to X(i, j + 1), in Scalars

  Scalar operator()(Index i, Index j) const { return data[i * row_stride + j * column_stride]; }
};

/// A vector of any number type that somebody else owns, read as Value.
template <class Value>
struct VectorView {
  const void* data = nullptr;
  Index size = 0;
  Index stride = 0;
  Value (*read)(const void*, Index) = nullptr;

  Value operator[](Index i) const { return read(data, i * stride); }
};

/// Whether an expression says where its numbers lie. In Eigen 3.4 some that are said to have memory do not: X(seq(0, last, 2), all).
template <class Derived>
inline constexpr bool has_memory_v = (Derived::Flags & Eigen::DirectAccessBit) != 0 &&
                                     requires(const Derived& X) {
  X.data();
};

/// Whether the numbers of each column lie side by side in memory.
template <class Derived>
inline constexpr bool has_columns_v = [] {
  if constexpr (has_memory_v<Derived>) {
    return !Derived::IsRowMajor && Derived::InnerStrideAtCompileTime == 1;
  } else {
    return false;
  }
}();

/// An expression as something that has memory: itself when it has, else its value.
template <EigenDense Derived>
decltype(auto) in_memory(const Derived& expression) {
  if constexpr (has_memory_v<Derived>) {
    return static_cast<const Derived&>(expression);
  } else {
    return expression.eval();
  }
}

/// A view of a matrix in memory (see in_memory).
template <class Scalar, EigenDense Derived>
MatrixView<Scalar> view(const Derived& X) {
  static_assert(
      std::is_same_v<typename Derived::Scalar, Scalar>,
      "lamina: X and Y must have the network's scalar type; write X.cast<float>() (or <double>) to convert");
  return {X.data(), X.rows(), X.cols(), X.rowStride(), X.colStride()};
}

/// A view of a vector in memory, its elements converted to Value when read.
/// @throws ShapeError when an Eigen expression has more than one row and more than one column.
template <class Value, Numbers Vector>
VectorView<Value> vector_view(const Vector& v, const char* argument) {
  using Element = typename detail::element<Vector>::type;
  constexpr auto read = [](const void* data, Index offset) {
    return static_cast<Value>(static_cast<const Element*>(data)[offset]);
  };
  if constexpr (EigenDense<Vector>) {
    if (v.rows() != 1 && v.cols() != 1)
      detail::fail<ShapeError>({argument, ": expected a vector, got ", v.rows(), "\u00d7", v.cols()});
    return {v.data(), v.size(), v.cols() == 1 ? v.rowStride() : v.colStride(), read};
  } else {
    return {std::data(v), static_cast<Index>(std::size(v)), 1, read};
  }
}

/// Targets with one weight per sample, made by weighted().
template <class Targets, Numbers Weights>
struct Weighted {
  const Targets& targets;
  const Weights& weights;
};

/// Y with a weight for each of its rows: F = Σᵢ sᵢ·Fᵢ / Σᵢ sᵢ. Goes wherever Y goes; both must outlive the call.
template <class Targets, Numbers Weights>
Weighted<Targets, Weights> weighted(const Targets& Y, const Weights& s) {
  return {Y, s};
}

/// X, Y and the weights of a data set, as views: nothing is owned, nothing is copied.
template <class Scalar>
struct DataView {
  MatrixView<Scalar> X;        ///< m×n
  MatrixView<Scalar> Y;        ///< m×k, when the targets are numbers
  VectorView<Index> labels;    ///< m, when the targets are classes
  VectorView<double> weights;  ///< m, or empty: every sample counts 1

  Index rows() const { return X.rows; }
  bool has_labels() const { return labels.read != nullptr; }
  bool has_weights() const { return weights.read != nullptr; }
};

/// Some rows of a data set: `count` consecutive ones from `first`, or those that `indices` names.
template <class Scalar>
struct Batch {
  DataView<Scalar> data;
  const Index* indices = nullptr;  ///< row numbers, or null for consecutive rows
  Index first = 0;                 ///< the first row, or the first entry of indices
  Index count = 0;

  Batch() = default;
  /// All rows.
  Batch(const DataView<Scalar>& all) : data(all), count(all.rows()) {}  // NOLINT(google-explicit-constructor)
  /// The `length` consecutive rows from `start`, or the rows `rows[start … start + length)`.
  Batch(const DataView<Scalar>& all, Index start, Index length, const Index* rows = nullptr)
      : data(all), indices(rows), first(start), count(length) {}

  /// The number in the data set of the batch's row i.
  Index row(Index i) const { return indices ? indices[first + i] : first + i; }
};

}  // namespace lamina
