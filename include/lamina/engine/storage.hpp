// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <algorithm>

#include "lamina/core/types.hpp"

namespace lamina {

/// Eigen refuses fixed-size objects above this many bytes.
inline constexpr Index largest_inline_object = 128 * 1024;

/// N Scalars: inside the object when N is fixed and small enough, else on the heap. 0 stands for none at all.
template <class Scalar, Index N>
using Storage = Eigen::Matrix<Scalar,
                              N != Dynamic && N* static_cast<Index>(sizeof(Scalar)) <= largest_inline_object
                                  ? static_cast<int>(N)
                                  : Dynamic,
                              1>;

/// Whether Storage<Scalar, N> lives inside the object.
template <class Scalar, Index N>
inline constexpr bool is_inline = Storage<Scalar, N>::SizeAtCompileTime != Dynamic;

namespace detail {

/// The matrix becomes that large, and forgets its numbers. Without memory for it it is empty: Eigen 3.4 would keep a pointer to
/// what it has given back.
/// @throws std::bad_alloc
template <class Matrix>
void make_size(Matrix& matrix, Index rows, Index columns) {
  if (matrix.rows() == rows && matrix.cols() == columns) return;
  if constexpr (Matrix::SizeAtCompileTime == Dynamic)
    matrix.resize(0, Matrix::ColsAtCompileTime == Dynamic ? 0 : Matrix::ColsAtCompileTime);
  matrix.resize(rows, columns);
}

/// The vector becomes `count` zeros.
template <class Vector>
void make_zero(Vector& vector, Index count) {
  make_size(vector, count, 1);
  std::fill_n(vector.data(), count, typename Vector::Scalar(0));
}

}  // namespace detail

}  // namespace lamina
