// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstring>

#include "lamina/core/types.hpp"

/// @file
/// The matrix products of training. A layer's three products, A0·W, A0ᵀ·dZ and dZ·Wᵀ, have the samples of a tile as
/// rows or as the dimension summed over, and tiles are column-major: samples lie side by side in memory. They fill the
/// lanes of a SIMD register in all three, whatever the layer's width, and nothing is packed or allocated.

#if defined(__clang__)
#define LAMINA_UNROLL _Pragma("clang loop unroll(full)")
#elif defined(__GNUC__)
#define LAMINA_UNROLL _Pragma("GCC unroll 16")
#else
#define LAMINA_UNROLL
#endif

namespace lamina {

namespace detail {

/// A SIMD register of Scalars, through the compiler's vector extension; a single Scalar where there is none.
template <class Scalar>
struct Lanes {
  using type = Scalar;
};
#if defined(__GNUC__)
#if defined(__AVX512F__)
inline constexpr int register_bytes = 64;
#elif defined(__AVX__)
inline constexpr int register_bytes = 32;
#else
inline constexpr int register_bytes = 16;
#endif
template <>
struct Lanes<float> {
  typedef float type __attribute__((vector_size(register_bytes)));
};
template <>
struct Lanes<double> {
  typedef double type __attribute__((vector_size(register_bytes)));
};
#endif

template <class V, class Scalar>
V load(const Scalar* from) {
  V v;
  std::memcpy(&v, from, sizeof v);
  return v;
}
template <class V, class Scalar>
void store(Scalar* to, const V& v) {
  std::memcpy(to, &v, sizeof v);
}

/// A matrix in memory with any strides.
template <class Scalar>
struct Operand {
  Scalar* data;
  Index row_stride, column_stride;

  Scalar* at(Index i, Index j) const { return data + i * row_stride + j * column_stride; }
};

/// C[0 … Rows·lanes, 0 … Columns) += A·B with samples in the lanes: columns of A and C are contiguous.
template <class V, int Rows, int Columns, class Scalar>
void add_samples_block(const Operand<const Scalar>& A, const Operand<const Scalar>& B,
                       const Operand<Scalar>& C, Index depth) {
  constexpr Index lanes = sizeof(V) / sizeof(Scalar);
  V c[Rows][Columns];
  LAMINA_UNROLL
  for (int i = 0; i < Rows; ++i) LAMINA_UNROLL
  for (int j = 0; j < Columns; ++j) c[i][j] = load<V>(C.at(i * lanes, j));
  for (Index k = 0; k < depth; ++k) {
    V a[Rows];
    LAMINA_UNROLL
    for (int i = 0; i < Rows; ++i) a[i] = load<V>(A.at(i * lanes, k));
    LAMINA_UNROLL
    for (int j = 0; j < Columns; ++j) {
      const Scalar b = *B.at(k, j);
      LAMINA_UNROLL
      for (int i = 0; i < Rows; ++i) c[i][j] += a[i] * b;
    }
  }
  LAMINA_UNROLL
  for (int i = 0; i < Rows; ++i) LAMINA_UNROLL
  for (int j = 0; j < Columns; ++j) store(C.at(i * lanes, j), c[i][j]);
}

/// The same for all columns of C.
template <class V, int Rows, class Scalar>
void add_samples_rows(const Operand<const Scalar>& A, const Operand<const Scalar>& B,
                      const Operand<Scalar>& C, Index columns, Index depth) {
  constexpr int most = 6;
  Index j = 0;
  for (; j + most <= columns; j += most)
    add_samples_block<V, Rows, most>(A, {B.at(0, j), B.row_stride, B.column_stride},
                                     {C.at(0, j), C.row_stride, C.column_stride}, depth);
  for (; j < columns; ++j)
    add_samples_block<V, Rows, 1>(A, {B.at(0, j), B.row_stride, B.column_stride},
                                  {C.at(0, j), C.row_stride, C.column_stride}, depth);
}

/// C += A·B, m×n, where the rows are samples: columns of A and C are contiguous.
template <class Scalar>
void add_product_of_samples(const Operand<const Scalar>& A, const Operand<const Scalar>& B,
                            const Operand<Scalar>& C, Index m, Index n, Index depth) {
  using V = typename Lanes<Scalar>::type;
  constexpr Index lanes = sizeof(V) / sizeof(Scalar), deepest = 256;
  for (Index k = 0; k < depth; k += deepest) {  // so that a block of A stays in the cache while B passes by
    const Index inner = std::min(deepest, depth - k);
    const Operand<const Scalar> b{B.at(k, 0), B.row_stride, B.column_stride};
    Index i = 0;
    const auto rows = [&](auto run, Index step) {
      for (; i + step <= m; i += step)
        run(Operand<const Scalar>{A.at(i, k), A.row_stride, A.column_stride},
            Operand<Scalar>{C.at(i, 0), C.row_stride, C.column_stride});
    };
    rows([&](const auto& a, const auto& c) { add_samples_rows<V, 2>(a, b, c, n, inner); }, 2 * lanes);
    rows([&](const auto& a, const auto& c) { add_samples_rows<Scalar, 1>(a, b, c, n, inner); }, 1);
  }
}

/// C[0 … Rows, 0 … Columns) += Aᵀ·B, summed over samples: columns of A and B are contiguous.
template <int Rows, int Columns, class Scalar>
void add_over_samples_block(const Operand<const Scalar>& A, const Operand<const Scalar>& B,
                            const Operand<Scalar>& C, Index samples) {
  using V = typename Lanes<Scalar>::type;
  constexpr Index lanes = sizeof(V) / sizeof(Scalar);
  V c[Rows][Columns] = {};
  Index k = 0;
  for (; k + lanes <= samples; k += lanes) {
    V b[Columns];
    LAMINA_UNROLL
    for (int j = 0; j < Columns; ++j) b[j] = load<V>(B.at(k, j));
    LAMINA_UNROLL
    for (int i = 0; i < Rows; ++i) {
      const V a = load<V>(A.at(k, i));
      LAMINA_UNROLL
      for (int j = 0; j < Columns; ++j) c[i][j] += a * b[j];
    }
  }
  for (int i = 0; i < Rows; ++i)
    for (int j = 0; j < Columns; ++j) {
      Scalar lane[lanes];
      store(lane, c[i][j]);
      Scalar sum = 0;
      for (Index q = k; q < samples; ++q) sum += *A.at(q, i) * *B.at(q, j);
      for (Index half = lanes / 2; half > 0; half /= 2)
        for (Index l = 0; l < half; ++l) lane[l] += lane[l + half];
      *C.at(i, j) += lane[0] + sum;
    }
}

/// C += Aᵀ·B, m×n, summed over samples: columns of A and B are contiguous.
template <class Scalar>
void add_product_over_samples(const Operand<const Scalar>& A, const Operand<const Scalar>& B,
                              const Operand<Scalar>& C, Index m, Index n, Index samples) {
  constexpr int rows = 3, columns = 4;
  const auto block = [&](auto run, Index i, Index j) {
    run(Operand<const Scalar>{A.at(0, i), A.row_stride, A.column_stride},
        Operand<const Scalar>{B.at(0, j), B.row_stride, B.column_stride},
        Operand<Scalar>{C.at(i, j), C.row_stride, C.column_stride}, samples);
  };
  Index j = 0;
  for (; j + columns <= n; j += columns) {
    Index i = 0;
    for (; i + rows <= m; i += rows) block(add_over_samples_block<rows, columns, Scalar>, i, j);
    for (; i < m; ++i) block(add_over_samples_block<1, columns, Scalar>, i, j);
  }
  for (; j < n; ++j)
    for (Index i = 0; i < m; ++i) block(add_over_samples_block<1, 1, Scalar>, i, j);
}

template <class Scalar>
Operand<const Scalar> operand(const ConstTile<Scalar>& A) {
  return {A.data(), 1, A.outerStride()};
}
template <class Scalar>
Operand<const Scalar> transposed(const ConstTile<Scalar>& A) {
  return {A.data(), A.outerStride(), 1};
}
template <class Scalar>
Operand<Scalar> operand(Tile<Scalar>& A) {
  return {A.data(), 1, A.outerStride()};
}

}  // namespace detail

/// C += A·B with A: t×k, B: k×n, C: t×n; rows are samples.
template <class Scalar>
void add_product(const ConstTile<Scalar>& A, const ConstTile<Scalar>& B, Tile<Scalar>& C) {
  detail::add_product_of_samples(detail::operand(A), detail::operand(B), detail::operand(C), C.rows(),
                                 C.cols(), A.cols());
}

/// C += A·Bᵀ with A: t×k, B: n×k, C: t×n; rows are samples.
template <class Scalar>
void add_product_transposed(const ConstTile<Scalar>& A, const ConstTile<Scalar>& B, Tile<Scalar>& C) {
  detail::add_product_of_samples(detail::operand(A), detail::transposed(B), detail::operand(C), C.rows(),
                                 C.cols(), A.cols());
}

/// C += Aᵀ·B with A: t×m, B: t×n, C: m×n; summed over samples.
template <class Scalar>
void add_transposed_product(const ConstTile<Scalar>& A, const ConstTile<Scalar>& B, Tile<Scalar>& C) {
  detail::add_product_over_samples(detail::operand(A), detail::operand(B), detail::operand(C), C.rows(),
                                   C.cols(), A.rows());
}

}  // namespace lamina
