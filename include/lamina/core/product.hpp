// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstring>
#include <type_traits>
#include <utility>

#include "lamina/core/concepts.hpp"
#include "lamina/core/function_ref.hpp"
#include "lamina/core/parallel.hpp"
#include "lamina/core/simd.hpp"
#include "lamina/core/types.hpp"

/// @file
/// The matrix products of training: a layer's A0·W, A0ᵀ·dZ and dZ·Wᵀ. One kernel carries them: it holds a block of C in
/// registers, rows of C in the lanes, and adds a column of A times a number of B to each of its columns. The rows are
/// the samples of a tile in A0·W and dZ·Wᵀ, and the inputs of the layer in A0ᵀ·dZ, which takes A0 with a sample's
/// features side by side (Panels); where the layer is so narrow that this does not pay, A0ᵀ·dZ has samples in the
/// lanes too, and sums them up at the end. Rows that are left when registers are full, and few, have the columns of C in
/// the lanes or what is summed over. Every element of C is summed in the same order whatever block, range of columns or
/// thread it is computed by.

namespace lamina::detail {

/// A matrix in memory with any strides.
template <class Scalar>
struct Operand {
  Scalar* data;
  Index row_stride, column_stride;

  Scalar* at(Index i, Index j) const { return data + i * row_stride + j * column_stride; }
};

/// Columns, or rows, of a matrix that are needed soon: each has `size` numbers side by side.
template <class Scalar>
struct Ahead {
  const Scalar* data = nullptr;
  Index stride = 0, size = 0, count = 0;

  /// Fetches one of so many parts.
  void fetch(Index part, Index parts) const {
    const Index end = count * (part + 1) / parts;
    for (Index j = count * part / parts; j < end; ++j) simd::prefetch(data + j * stride, size);
  }
};

/// What a product starts from.
enum class Start {
  zero,  ///< C = A·B
  bias,  ///< C = A·B + 1·b
  sum,   ///< C = C + A·B
};

/// C = A·B + …, m×n, for A and C whose columns are contiguous.
template <class Scalar>
struct Product {
  Operand<const Scalar> A, B;
  Operand<Scalar> C;
  Index m, n, depth;
  Start start = Start::sum;
  const Scalar* bias = nullptr;  ///< b, 1×n, for Start::bias
  bool A_padded = false;         ///< the rows of A beyond m may be read, up to full registers
  bool C_padded = false;         ///< those of C may be read and written
  Index panel_width = 0;         ///< not 0: A is padded and lies in panels of so many rows, see Panels
};

/// The blocks of C: `rows` registers by `columns`, as many as the registers of the machine can hold beside what they
/// are computed from; with few columns, narrow_rows by as many as there is room for.
#if defined(__AVX512F__) || defined(__aarch64__)
inline constexpr int block_rows = 3, block_columns = 8;
#else
inline constexpr int block_rows = 2, block_columns = 6;
#endif
inline constexpr int narrow_rows = 3;
/// Fewer columns are narrow: of 16, 2 by 6 leaves four, and they cost as much as six.
inline constexpr Index narrow_columns = 48;

/// The most of what is summed over at a time: a panel of A, block_rows registers wide, stays in a first-level cache of
/// 32 KiB while columns of B, block_columns at a time, pass by.
template <class V>
inline constexpr Index block_depth = [] {
  constexpr std::size_t a = block_rows * sizeof(V), b = block_columns * sizeof(simd::Element<V>);
  constexpr std::size_t together = (block_rows == 2 ? 24 : 28) * 1024;
  return static_cast<Index>(together / (a + b) / 8 * 8);
}();

/// What is summed over is taken in parts of about the same depth.
template <class V>
constexpr Index depth_of_parts(Index depth) {
  if (depth <= block_depth<V>) return block_depth<V>;
  const Index parts = (depth + block_depth<V> - 1) / block_depth<V>;
  return ((depth + parts - 1) / parts + 7) / 8 * 8;
}

/// The most columns of B that a panel of A is multiplied by at a time: 128 KiB of B stay in the second-level cache.
template <class V>
inline constexpr Index block_width =
    128 * 1024 / static_cast<Index>(sizeof(simd::Element<V>)) / block_depth<V> / block_columns* block_columns;

/// The most rows of A that are copied at a time: 280 KiB.
template <class V>
inline constexpr Index block_height =
    280 * 1024 / static_cast<Index>(sizeof(V)) / block_depth<V> / block_rows* block_rows* simd::lanes<V>;

/// How many of so many registers of rows are a panel: as many as a block of C has. Two and two are faster than three and
/// one, and three than two and one.
constexpr Index panel_registers(Index left, Index block = block_rows) {
  return left == 4 ? 2 : left == 3 ? 3 : std::min(left, block);
}

/// How many of so many rows are a panel. Few at the end of a register, which are multiplied by themselves, do not count.
template <class V>
constexpr Index panel_width(Index rows) {
  constexpr Index lanes = simd::lanes<V>;
  return lanes * panel_registers(std::max<Index>(1, (rows + lanes - 1 - lanes / 2) / lanes));
}

/// How wide the panel is in memory that begins so many rows before the last: the last one takes whole registers only.
template <class V>
constexpr Index panel_stride(Index width, Index left) {
  return std::min(width, (left + simd::lanes<V> - 1) / simd::lanes<V> * simd::lanes<V>);
}

/// Rows, each of `depth` numbers, in panels: one panel after the other, and in a panel the rows of a column side by side.
/// The last may be narrower, by whole registers.
template <class Scalar>
struct Panels {
  Scalar* data;
  Index rows, depth;

  using V = simd::Register<Scalar>;
  Index width() const { return panel_width<V>(rows); }
  /// The panel that begins with row i.
  Operand<Scalar> from(Index i) const { return {data + i * depth, 1, panel_stride<V>(width(), rows - i)}; }
};

/// The distance of columns, or rows, of so many numbers of a copy: a cache line more than they need, and so not a power of
/// two, with which they would meet in the same places of the cache.
template <class Scalar>
constexpr Index copied_stride(Index size) {
  return size + 64 / static_cast<Index>(sizeof(Scalar));
}

/// What Product::bias is for a block without one.
template <class Scalar>
inline constexpr Scalar no_bias[8] = {};

/// The first Columns columns of C, Rows registers of rows, = 1·b + A·B, and + C when p.start is Start::sum. b is p.bias,
/// which is not null, whatever p.start is.
template <class V, int Rows, int Columns, class Scalar>
LAMINA_INLINE void multiply_block(const Product<Scalar>& p) {
  constexpr Index lanes = simd::lanes<V>;
  V c[Rows][Columns];
  LAMINA_UNROLL
  for (int j = 0; j < Columns; ++j) {
    const V b = simd::broadcast<V>(p.bias[j]);
    LAMINA_UNROLL
    for (int i = 0; i < Rows; ++i) c[i][j] = b;
  }
  if (p.start == Start::sum) {
    LAMINA_NO_UNROLL
    for (int j = 0; j < Columns; ++j) LAMINA_UNROLL
    for (int i = 0; i < Rows; ++i) simd::prefetch_to_write(p.C.at(i * lanes, j));
  }
  const Scalar* a_k = p.A.data;
  const Scalar* b_k = p.B.data;
  const Index next_a = p.A.column_stride;
  Index next_b = p.B.row_stride;
  simd::opaque(next_b);  // g++ makes a loop of its own for contiguous columns, which is no faster
  LAMINA_UNROLL_TWICE
  for (Index k = 0; k < p.depth; ++k) {
    V a[Rows];
    if constexpr (Rows * Columns == 1)
      simd::keep(c[0][0]);  // else g++, tuned for some processors, fuses nothing here
    LAMINA_UNROLL
    for (int i = 0; i < Rows; ++i) {
      a[i] = simd::load<V>(a_k + i * lanes);
      if constexpr (Rows > 1) simd::keep(a[i]);
    }
    LAMINA_UNROLL
    for (int j = 0; j < Columns; ++j) {
      V b = simd::broadcast<V>(b_k[j * p.B.column_stride]);
      if constexpr (Rows > 1) simd::keep(b);
      LAMINA_UNROLL
      for (int i = 0; i < Rows; ++i) c[i][j] += a[i] * b;
    }
    a_k += next_a;
    b_k += next_b;
  }
  // Addresses in C are not computed before the loop, which needs the registers.
  Index next_c = p.C.column_stride;
  simd::opaque(next_c);
  if (p.start == Start::sum) LAMINA_UNROLL
  for (int j = 0; j < Columns; ++j) LAMINA_UNROLL
  for (int i = 0; i < Rows; ++i) c[i][j] += simd::load<V>(p.C.data + i * lanes + j * next_c);
  Scalar* c_j = p.C.data;
  LAMINA_UNROLL
  for (int j = 0; j < Columns; ++j) {
    LAMINA_UNROLL
    for (int i = 0; i < Rows; ++i) simd::store(c_j + i * lanes, c[i][j]);
    c_j += next_c;
    simd::opaque(c_j);
  }
}

/// How many columns a block of so many registers of rows has: the fewer of these, the more columns there is room for.
constexpr int columns_beside(int rows) { return std::min(8, block_rows * block_columns / rows); }

/// As many blocks of so many columns as `rest` has; it is left with the columns beside them.
template <class V, int Rows, int Columns, class Scalar>
LAMINA_INLINE void multiply_blocks(Product<Scalar>& rest) {
  LAMINA_NO_UNROLL
  while (rest.n >= Columns) {
    if (Columns == 6 && rest.n == 8) return;  // four and four are faster than six and two
    multiply_block<V, Rows, Columns>(rest);
    rest.n -= Columns;
    rest.B.data += Columns * rest.B.column_stride;
    rest.C.data += Columns * rest.C.column_stride;
    if (rest.start == Start::bias) rest.bias += Columns;
  }
}

/// The same for all columns of C.
template <class V, int Rows, class Scalar>
LAMINA_NOINLINE void multiply_panel(const Product<Scalar>& p) {
  Product<Scalar> rest = p;
  if (p.start != Start::bias) rest.bias = no_bias<Scalar>;
  constexpr int most = columns_beside(Rows);
  multiply_blocks<V, Rows, most>(rest);
  if constexpr (most > 4) multiply_blocks<V, Rows, 4>(rest);
  multiply_blocks<V, Rows, 2>(rest);
  multiply_blocks<V, Rows, 1>(rest);
}
template <class V, class Scalar>
void multiply_panel(const Product<Scalar>& p, Index registers) {
  switch (registers) {
    case 3:
      return multiply_panel<V, 3>(p);
    case 2:
      return multiply_panel<V, 2>(p);
    default:
      return multiply_panel<V, 1>(p);
  }
}

/// The product for a panel whose last register is not full, by way of copies: of C, nothing beyond m is touched, nor of A
/// unless it is padded.
template <class V, class Scalar>
LAMINA_NOINLINE void multiply_ragged_panel(const Product<Scalar>& p, Index registers) {
  constexpr Index lanes = simd::lanes<V>, columns = 16;
  const Index rows = registers * lanes;
  alignas(64) Scalar a[block_depth<V> * narrow_rows * lanes], c[columns * narrow_rows * lanes];
  for (Index k = 0; k < p.depth && !p.A_padded; ++k)
    for (Index i = 0; i < rows; i += lanes)
      simd::store(a + k * rows + i, simd::load<V>(p.A.at(i, k), std::min(lanes, p.m - i)));
  for (Index j = 0; j < p.n; j += columns) {
    const Index n = std::min(columns, p.n - j);
    for (Index q = 0; q < n && p.start == Start::sum; ++q)
      for (Index i = 0; i < rows; ++i) c[q * rows + i] = i < p.m ? *p.C.at(i, j + q) : Scalar(0);
    multiply_panel<V>(Product<Scalar>{.A = p.A_padded ? p.A : Operand<const Scalar>{a, 1, rows},
                                      .B = {p.B.at(0, j), p.B.row_stride, p.B.column_stride},
                                      .C = {c, 1, rows},
                                      .m = rows,
                                      .n = n,
                                      .depth = p.depth,
                                      .start = p.start,
                                      .bias = p.bias ? p.bias + j : nullptr},
                      registers);
    for (Index q = 0; q < n; ++q) std::copy_n(c + q * rows, p.m, p.C.at(0, j + q));
  }
}

/// The lanes of a register's parts of 16 bytes, which few instructions let a number leave, and slowly.
template <class Scalar>
inline constexpr int lanes_of_part = std::max(1,
                                              std::min(static_cast<int>(simd::lanes<simd::Register<Scalar>>),
                                                       16 / static_cast<int>(sizeof(Scalar))));

/// A vector of N numbers, as shuffles and stores of a part of a register have them.
template <class Scalar, int N>
struct vector_of {
  typedef Scalar type __attribute__((vector_size(N * sizeof(Scalar))));
};

/// The sums of neighbouring groups of Distance lanes, in turn one of x and one of y. The groups are those of a part of
/// 16 bytes; Distance = 0: whole parts, of which there are first x's sums and then y's. Every shuffle is one cheap
/// instruction; where a unit has two groups only, one of the two is a blend.
template <int Distance, class V, int... l>
LAMINA_INLINE V add_groups(const V& x, const V& y, std::integer_sequence<int, l...>) {
  constexpr int lanes = static_cast<int>(sizeof...(l)), of_part = lanes_of_part<simd::Element<V>>;
  constexpr int d = Distance > 0 ? Distance : of_part, unit = Distance > 0 ? of_part : lanes;
  if constexpr (unit == 2 * d) {
    return __builtin_shufflevector(x, y, (l & d ? lanes + l : l)...) +
           __builtin_shufflevector(x, y, (l & d ? lanes + l - d : l + d)...);
  } else if constexpr (Distance > 0) {
    return __builtin_shufflevector(
               x, y, ((l & d ? lanes : 0) + l / unit * unit + l % unit / (2 * d) * d + l % d)...) +
           __builtin_shufflevector(
               x, y, ((l & d ? lanes : 0) + l / unit * unit + unit / 2 + l % unit / (2 * d) * d + l % d)...);
  } else {
    constexpr int of_x = lanes / 2;
    return __builtin_shufflevector(x, y, ((l < of_x ? 0 : lanes) + l % of_x / d * 2 * d + l % d)...) +
           __builtin_shufflevector(x, y, ((l < of_x ? 0 : lanes) + (l % of_x / d * 2 + 1) * d + l % d)...);
  }
}

/// The first numbers of v, which is a register or a part of one: v, with neighbouring parts of 16 bytes summed until no
/// more than N numbers or 16 bytes are left.
template <int N, class Scalar, class V>
LAMINA_INLINE auto add_parts(const V& v) {
  constexpr int lanes = static_cast<int>(sizeof(V) / sizeof(Scalar)), half = lanes / 2;
  constexpr int of_part = lanes_of_part<Scalar>;
  if constexpr (lanes <= std::max(N, of_part)) {
    return v;
  } else {
    using Half = typename vector_of<Scalar, half>::type;
    Half even, odd;
    if constexpr (half == of_part) {  // g++ extracts what it would shuffle otherwise
      Half parts[2];
      std::memcpy(parts, &v, sizeof v);
      even = parts[0];
      odd = parts[1];
    } else {
      [&]<int... l>(std::integer_sequence<int, l...>) {
        even = __builtin_shufflevector(v, v, (l / of_part * 2 * of_part + l % of_part)...);
        odd = __builtin_shufflevector(v, v, ((l / of_part * 2 + 1) * of_part + l % of_part)...);
      }
      (std::make_integer_sequence<int, half>());
    }
    return add_parts<N, Scalar>(Half(even + odd));
  }
}

/// The sums of N registers' lanes, in the first N lanes; N is a power of two. Whatever N, a register's lanes are added
/// in the same order: neighbours, then neighbouring pairs, and so on.
template <int N, class V>
LAMINA_INLINE auto sums_of_lanes(V* v) {
  using S = simd::Element<V>;
  constexpr int lanes = static_cast<int>(simd::lanes<V>), of_part = lanes_of_part<S>;
  const auto add = [&]<int stage>(std::integral_constant<int, stage>) {
    constexpr int left = std::max(1, N >> stage);  // registers that still hold something
    constexpr int distance = (1 << stage) < of_part ? 1 << stage : 0;
    if constexpr (distance > 0 || left > 1) {
      LAMINA_UNROLL
      for (int q = 0; q < left; q += 2)
        v[q / 2] =
            add_groups<distance>(v[q], left > 1 ? v[q + 1] : v[q], std::make_integer_sequence<int, lanes>());
    }
  };
  [&]<int... stage>(std::integer_sequence<int, stage...>) {
    (add(std::integral_constant<int, stage>()), ...);
  }
  (std::make_integer_sequence<int, std::bit_width(unsigned(lanes)) - 1>());
  if constexpr (lanes > 1) {
    return add_parts<N, S>(v[0]);
  } else {
    return v[0];
  }
}

/// Rows i and columns j of C only; of an A in panels, i begins with a panel and ends with one or the last row.
template <class Scalar>
Product<Scalar> part(Product<Scalar> p, const Share& i, const Share& j) {
  p.A.data = p.panel_width > 0 ? p.A.data + i.begin * p.depth : p.A.at(i.begin, 0);
  p.B.data = p.B.at(0, j.begin);
  p.C.data = p.C.at(i.begin, j.begin);
  p.m = i.size();
  p.n = j.size();
  if (p.bias) p.bias += j.begin;
  return p;
}

/// Writes or adds the first N numbers of a register or a part of one.
template <int N, class Scalar, class V>
LAMINA_INLINE void put(const V& sums, Scalar* to, bool add) {
  if constexpr (N == 1) {
    Scalar first;
    std::memcpy(&first, &sums, sizeof first);
    *to = (add ? *to : Scalar(0)) + first;
  } else {
    typename vector_of<Scalar, N>::type part;
    if constexpr (sizeof part == sizeof sums) {
      part = sums;
    } else {
      [&]<int... l>(std::integer_sequence<int, l...>) { part = __builtin_shufflevector(sums, sums, l...); }
      (std::make_integer_sequence<int, N>());
    }
    if (add) {
      decltype(part) before;
      std::memcpy(&before, to, sizeof before);
      part += before;
    }
    std::memcpy(to, &part, sizeof part);
  }
}

/// See load_ends. A kernel that has these branches in itself does not keep its sums in registers.
template <int N, class V, class Scalar>
LAMINA_NOINLINE void load_unpadded_ends(const Scalar* columns, Index stride, Index count, V* to) {
  for (int q = 0; q < N; ++q) to[q] = simd::load<V>(columns + q * stride, count);
}
/// The first numbers of N columns, in a register each; the other lanes are 0. When `padded`, the columns may be read up to a
/// full register.
template <int N, class V, class Scalar>
LAMINA_INLINE void load_ends(const Scalar* columns, Index stride, Index count, bool padded, V* to) {
  if (!padded) return load_unpadded_ends<N>(columns, stride, count, to);
  const simd::Integers<V> first = simd::first_lanes<V>(count);
  LAMINA_UNROLL
  for (int q = 0; q < N; ++q) to[q] = simd::only(simd::load<V>(columns + q * stride), first);
}

/// C[0 … Rows, 0 … Columns) = … + Aᵀ·B, with samples in the lanes: columns of A and B are contiguous.
template <int Rows, int Columns, class Scalar>
LAMINA_INLINE void multiply_over_samples_block(const Scalar* A, Index a_stride, const Scalar* B,
                                               Index b_stride, Scalar* C, Index c_stride, Index samples,
                                               bool sum, bool padded) {
  using V = simd::Register<Scalar>;
  constexpr Index lanes = simd::lanes<V>;
  V c[Columns][Rows];
  LAMINA_UNROLL
  for (int j = 0; j < Columns; ++j) LAMINA_UNROLL
  for (int i = 0; i < Rows; ++i) c[j][i] = V{};
  const Index whole = samples / lanes * lanes;
  if constexpr (lanes > 1)
    if (whole < samples) {  // first, while no sums are in registers
      V a[Rows], b[Columns];
      load_ends<Rows>(A + whole, a_stride, samples - whole, padded, a);
      load_ends<Columns>(B + whole, b_stride, samples - whole, padded, b);
      LAMINA_UNROLL
      for (int j = 0; j < Columns; ++j) LAMINA_UNROLL
      for (int i = 0; i < Rows; ++i) c[j][i] = a[i] * b[j];
    }
  LAMINA_UNROLL_TWICE
  for (Index k = 0; k < whole; k += lanes) {
    if constexpr (Rows * Columns == 1) simd::keep(c[0][0]);  // fused, as in multiply_block
    V b[Columns];
    LAMINA_UNROLL
    for (int j = 0; j < Columns; ++j) {
      b[j] = simd::load<V>(B + k + j * b_stride);
      simd::keep(b[j]);
    }
    LAMINA_UNROLL
    for (int i = 0; i < Rows; ++i) {
      V a = simd::load<V>(A + k + i * a_stride);
      simd::keep(a);
      LAMINA_UNROLL
      for (int j = 0; j < Columns; ++j) c[j][i] += a * b[j];
    }
  }
  constexpr int together = std::min(Rows, static_cast<int>(lanes));
  LAMINA_UNROLL
  for (int j = 0; j < Columns; ++j) LAMINA_UNROLL
  for (int i = 0; i < Rows; i += together)
    put<together>(sums_of_lanes<together>(&c[j][i]), C + i + j * c_stride, sum);
}

/// The same for all rows of C.
template <int Columns, class Scalar>
LAMINA_NOINLINE void multiply_over_samples_panel(const Operand<const Scalar>& A, const Scalar* B,
                                                 Index b_stride, Scalar* C, Index c_stride, Index m,
                                                 Index samples, bool sum, bool padded) {
  using V = simd::Register<Scalar>;
  constexpr int most = block_columns == 8 && simd::lanes < V >> 8 ? 8 : 4;
  Index i = 0;
  const auto rows = [&]<int Rows>(std::integral_constant<int, Rows>) LAMINA_INLINED {
    LAMINA_NO_UNROLL
    for (; i + Rows <= m; i += Rows)
      multiply_over_samples_block<Rows, Columns, Scalar>(A.at(0, i), A.column_stride, B, b_stride, C + i,
                                                         c_stride, samples, sum, padded);
  };
  if constexpr (most == 8) rows(std::integral_constant<int, 8>());
  rows(std::integral_constant<int, 4>());
  if constexpr (Columns > 1) rows(std::integral_constant<int, 2>());
  rows(std::integral_constant<int, 1>());
}

/// The same for all columns of C.
template <class Scalar>
void multiply_over_samples_columns(const Operand<const Scalar>& A, const Operand<const Scalar>& B,
                                   const Operand<Scalar>& C, Index m, Index n, Index samples, Start start,
                                   bool padded) {
  Index j = 0;
  const auto columns = [&]<int Columns>(std::integral_constant<int, Columns>) {
    for (; j + Columns <= n; j += Columns) {
      if (Columns == 3 && n - j == 4) return;  // two and two are faster than three and one
      multiply_over_samples_panel<Columns, Scalar>(A, B.at(0, j), B.column_stride, C.at(0, j),
                                                   C.column_stride, m, samples, start == Start::sum, padded);
    }
  };
  columns(std::integral_constant<int, 3>());
  columns(std::integral_constant<int, 2>());
  columns(std::integral_constant<int, 1>());
}

/// C = … + Aᵀ·B, m×n, with samples in the lanes: columns of A (samples×m), B (samples×n) and C are contiguous. Where A does not
/// fit the first-level cache, some of its columns stay there while those of B pass by.
template <class Scalar>
void multiply_over_samples(const Operand<const Scalar>& A, const Operand<const Scalar>& B,
                           const Operand<Scalar>& C, Index m, Index n, Index samples, Start start,
                           bool padded = false) {
  constexpr Index size = static_cast<Index>(sizeof(Scalar));
  if (n <= 3 || m * samples * size <= 64 * 1024)
    return multiply_over_samples_columns(A, B, C, m, n, samples, start, padded);
  const Index together = std::max<Index>(8, 16 * 1024 / size / samples / 8 * 8);
  for (Index i = 0; i < m; i += together)
    multiply_over_samples_columns<Scalar>({A.at(0, i), 1, A.column_stride}, B,
                                          {C.at(i, 0), 1, C.column_stride}, std::min(together, m - i), n,
                                          samples, start, padded);
}

/// So few rows leave at least half of a register empty.
template <class V>
inline constexpr Index few_rows = simd::lanes<V> / 2;

/// Whether so much is summed up for rows so few that they are faster with that in the lanes.
template <class V>
constexpr bool deep(Index depth, Index rows) {
  return depth >= std::max(2 * simd::lanes<V>, 8 * rows);
}

template <class Scalar>
void multiply(const Product<Scalar>& p);

/// Few rows of the product, its last, as Cᵀ = Bᵀ·Aᵀ if that is faster; returns whether. Where rows of B are contiguous the
/// columns of C are in the lanes then, and where columns are, what is summed over.
template <class V, class Scalar>
LAMINA_NOINLINE bool multiply_last_rows(const Product<Scalar>& whole, Index rows) {
  constexpr Index lanes = simd::lanes<V>, deepest = 4096 / static_cast<Index>(sizeof(Scalar)), widest = 256;
  const bool columns_in_lanes = whole.B.column_stride == 1 && whole.n >= lanes && whole.start == Start::zero;
  if (!columns_in_lanes && !(whole.B.row_stride == 1 && deep<V>(whole.depth, rows))) return false;
  alignas(64) Scalar At[few_rows<V> * deepest], Ct[few_rows<V> * widest];
  for (Index j = 0; j < whole.n; j += widest) {
    const Product<Scalar> p = part(whole, {whole.m - rows, whole.m}, {j, std::min(whole.n, j + widest)});
    const Operand<Scalar> C{Ct, 1, widest};
    const auto take = [&](Start start) {
      for (Index q = 0; q < p.n; ++q) {
        const Scalar b = start == Start::bias ? p.bias[q] : Scalar(0);
        for (Index i = 0; i < rows; ++i) {
          Scalar& c = *p.C.at(i, q);
          c = (start == Start::sum ? c : b) + Ct[q + i * widest];
        }
      }
    };
    if (columns_in_lanes) {
      multiply(Product<Scalar>{.A = {p.B.data, 1, p.B.row_stride},
                               .B = {p.A.data, p.A.column_stride, 1},
                               .C = C,
                               .m = p.n,
                               .n = rows,
                               .depth = p.depth,
                               .start = Start::zero});
      take(Start::zero);
      continue;
    }
    for (Index k = 0; k < p.depth; k += deepest) {
      const Index depth = std::min(deepest, p.depth - k);
      for (Index q = 0; q < depth; ++q)
        for (Index i = 0; i < rows; ++i) At[q + i * deepest] = *p.A.at(i, k + q);
      multiply_over_samples<Scalar>({p.B.at(k, 0), 1, p.B.column_stride}, {At, 1, deepest}, C, p.n, rows,
                                    depth, Start::zero);
      take(k > 0 ? Start::sum : p.start);
    }
  }
  return true;
}

/// One vector of N parts of 16 bytes: the rows from i on of every OfPart-th column.
template <int N, int OfPart, class Scalar>
LAMINA_INLINE auto load_parts(const Scalar* const* columns, Index i) {
  typename vector_of<Scalar, N * OfPart>::type v;
  if constexpr (N == 1) {
    std::memcpy(&v, *columns + i, sizeof v);
  } else {
    const auto first = load_parts<N / 2, OfPart>(columns, i),
               second = load_parts<N / 2, OfPart>(columns + N / 2 * OfPart, i);
    [&]<int... l>(std::integer_sequence<int, l...>) { v = __builtin_shufflevector(first, second, l...); }
    (std::make_integer_sequence<int, N * OfPart>());
  }
  return v;
}

/// In each part of OfPart lanes: groups of so many lanes, in turn one of x and one of y, from the parts' first halves or
/// from their second.
template <int Group, bool Second, int OfPart, class V, int... l>
LAMINA_INLINE V zip(const V& x, const V& y, std::integer_sequence<int, l...>) {
  constexpr int lanes = static_cast<int>(sizeof...(l)), half = Second ? OfPart / 2 : 0;
  return __builtin_shufflevector(x, y,
                                 ((l & Group ? lanes : 0) + l / OfPart * OfPart + half +
                                  l % OfPart / (2 * Group) * Group + l % Group)...);
}
template <int Group, int OfPart, class V>
LAMINA_INLINE void zip(V& x, V& y) {
  constexpr auto lanes = std::make_integer_sequence<int, static_cast<int>(simd::lanes<V>)>();
  const V first = zip<Group, false, OfPart>(x, y, lanes);
  y = zip<Group, true, OfPart>(x, y, lanes);
  x = first;
}

/// In each part of N lanes: lane l of register q becomes lane q of register l.
template <int N, class V>
LAMINA_INLINE void exchange(V (&v)[N]) {
  static_assert(N == 1 || N == 2 || N == 4);
  if constexpr (N > 1) LAMINA_UNROLL
  for (int q = 0; q < N; q += 2) zip<1, N>(v[q], v[q + 1]);
  if constexpr (N == 4) {
    zip<2, N>(v[0], v[2]);
    zip<2, N>(v[1], v[3]);
    std::swap(v[1], v[2]);
  }
}

/// T = Aᵀ, n×t, for some of the columns of A, t×n. The rows of both may be read and written up to full registers. Columns
/// are brought into registers so that no number has to leave its part of 16 bytes.
template <class Scalar>
LAMINA_NOINLINE void transpose(const Operand<const Scalar>& A, const Operand<Scalar>& T, Index t,
                               const Share& columns) {
  using V = simd::Register<Scalar>;
  constexpr int lanes = static_cast<int>(simd::lanes<V>), of_part = lanes_of_part<Scalar>;
  const Index stride = T.column_stride, last = columns.end - 1;
  for (Index j = columns.begin; j <= last; j += lanes) {
    const Scalar* from[lanes];
    LAMINA_UNROLL
    for (int q = 0; q < lanes; ++q) from[q] = A.at(0, std::min(j + q, last));
    Scalar* const to = T.at(j, 0);
    for (Index i = 0; i < t; i += of_part) {
      V v[of_part];
      LAMINA_UNROLL
      for (int q = 0; q < of_part; ++q) {
        if constexpr (lanes > 1) {
          v[q] = load_parts<lanes / of_part, of_part>(from + q, i);
        } else {
          v[q] = from[q][i];
        }
      }
      exchange(v);
      if (i + of_part <= t) {
        LAMINA_UNROLL
        for (int q = 0; q < of_part; ++q) simd::store(to + (i + q) * stride, v[q]);
      } else {
        LAMINA_UNROLL
        for (int q = 0; q < of_part - 1; ++q)
          if (i + q < t) simd::store(to + (i + q) * stride, v[q]);
      }
    }
  }
}

/// The same in panels.
template <class Scalar>
void transpose(const Operand<const Scalar>& A, const Panels<Scalar>& T, const Share& columns) {
  for (Index j = columns.begin; j < columns.end; j += T.width())
    transpose<Scalar>({A.at(0, j), 1, A.column_stride}, T.from(j), T.depth,
                      {0, std::min(T.width(), columns.end - j)});
}

/// B, depth×n, in `room`, columns contiguous.
template <class Scalar>
LAMINA_NOINLINE Operand<const Scalar> copy(const Operand<const Scalar>& B, Index depth, Index n,
                                           Scalar* room) {
  constexpr Index stride = copied_stride<Scalar>(block_depth<simd::Register<Scalar>>);
  if (B.row_stride == 1) {
    simd::copy(B.data, B.column_stride, depth, n, room, stride);
    return {room, 1, stride};
  }
  Index j = 0;
  if (B.column_stride == 1) {
    j = n / lanes_of_part<Scalar> * lanes_of_part<Scalar>;
    if (j > 0) transpose<Scalar>({B.data, 1, B.row_stride}, {room, 1, stride}, j, {0, depth});
  }
  for (; j < n; ++j)
    for (Index k = 0; k < depth; ++k) room[k + j * stride] = *B.at(k, j);
  return {room, 1, stride};
}

/// Some rows of C, in the columns of one block of B: `block` has all of p that concerns these columns, with C from row 0
/// on, and what is summed over from k on. Panels of A are taken from `copies`, unless that is null, and brought there
/// first when `copying`. While a panel is multiplied, parts of `next_b` are fetched, and the next panel of A when `far`.
template <class Scalar>
LAMINA_INLINE void multiply_panels(const Product<Scalar>& p, const Product<Scalar>& block, Index k,
                                   const Share& rows, Scalar* copies, bool copying, bool far,
                                   const Ahead<Scalar>& next_b) {
  using V = simd::Register<Scalar>;
  constexpr Index lanes = simd::lanes<V>, together = 2 * block_columns;
  const Index most = p.n < narrow_columns ? narrow_rows : block_rows,
              parts = (block.n + together - 1) / together,
              panels = (rows.size() + block_rows * lanes - 1) / (block_rows * lanes);
  // Set number by number: what is copied as a whole right after it has been written is waited for.
  Product<Scalar> panel;
  panel.A.row_stride = panel.C.row_stride = 1;
  panel.B = block.B;
  panel.C.column_stride = p.C.column_stride;
  panel.n = block.n;
  panel.depth = block.depth;
  panel.start = block.start;
  panel.bias = block.bias;
  panel.A_padded = p.A_padded;
  panel.C_padded = p.C_padded;
  for (Index i = rows.begin, q = 0; i < rows.end; ++q) {
    const Index left = (rows.end - i + lanes - 1) / lanes;
    const Index registers =
        p.panel_width > 0 ? std::min(left, p.panel_width / lanes) : panel_registers(left, most);
    const Index width = registers * lanes, next = std::min(rows.end, i + width);
    if (p.panel_width > 0) {
      const Index stride = panel_stride<V>(p.panel_width, p.m - i);
      panel.A.data = p.A.data + i * p.depth + k * stride;
      panel.A.column_stride = stride;
    } else {
      panel.A.data = p.A.at(i, k);
      panel.A.column_stride = p.A.column_stride;
    }
    panel.C.data = block.C.at(i, 0);
    panel.m = next - i;
    if (panel.m != width && !(p.A_padded && p.C_padded)) {
      multiply_ragged_panel<V>(panel, registers);
      i = next;
      continue;
    }
    if (copies) {
      Scalar* const copied = copies + (i - rows.begin) * block.depth;
      if (copying) simd::copy(panel.A.data, panel.A.column_stride, width, block.depth, copied, width);
      panel.A.data = copied;
      panel.A.column_stride = width;
    }
    Ahead<Scalar> next_a;
    if (far && next < rows.end)
      next_a = {p.A.at(next, k), p.A.column_stride, std::min(width, rows.end - next), block.depth};
    if (next_a.count == 0 && next_b.count == 0) {
      multiply_panel<V>(panel, registers);
    } else {
      for (Index r = 0; r < parts; ++r) {
        next_a.fetch(r, parts);
        next_b.fetch(q * parts + r, panels * parts);
        const Share columns(r * together, std::min(block.n, (r + 1) * together));
        multiply_panel<V>(part(panel, {0, panel.m}, columns), registers);
      }
    }
    i = next;
  }
}

/// The first m rows of the product. It calls nothing that comes back to it: its copies take much of the stack.
template <class Scalar>
LAMINA_NOINLINE void multiply_rows(const Product<Scalar>& p, Index m) {
  using V = simd::Register<Scalar>;
  constexpr Index size = static_cast<Index>(sizeof(Scalar)), lanes = simd::lanes<V>, line = 64;
  constexpr Index deepest = block_depth<V>, widest = block_width<V>, highest = block_height<V>,
                  wide = 7 * widest;
  const Index step = depth_of_parts<V>(p.depth);
  // Copying A pays when its columns lie in more pages of memory than a processor knows at a time, for so many columns of B,
  // and for fewer when panels take parts of lines.
  const bool plain = p.panel_width == 0 && p.n >= 64;
  constexpr bool whole_lines = block_rows * lanes * size % line == 0;
  const Index reach = whole_lines && p.n < 96 * lanes ? 256 * 1024 : 48 * 1024;
  const bool copies_a = plain && p.A.column_stride * std::min(p.depth, step) * size > reach;
  // A comes from beyond the second-level cache.
  const bool far_a = plain && p.A.column_stride * p.depth * size > 384 * 1024;
  // Copying B pays for so many rows of A, when its columns are a power of two apart, or its rows so far that the
  // processor does not fetch them by itself.
  const Index columns_apart = p.B.column_stride * size, rows_apart = p.B.row_stride * size;
  const bool columns = p.B.row_stride == 1;
  const bool copies_b = p.depth * p.n * size > 64 * 1024 &&
                        (columns ? m >= 96 && columns_apart % 1024 == 0
                                 : m >= 64 && (rows_apart > 2048 || rows_apart % 1024 == 0));
  constexpr Index room_for_a = deepest * highest, room_for_b = widest * copied_stride<Scalar>(deepest);
  static_assert((room_for_a + room_for_b) * size <= 424 * 1024, "a thread may have as little as 512 KiB");
  alignas(64) Scalar copy_of_a[room_for_a], copy_of_b[room_for_b];
  Index height = m;
  if (copies_a && m > highest) {  // as few times as possible, about the same rows each time
    const Index times = (m + highest - 1) / highest, panel = block_rows * lanes;
    height = (m + times * panel - 1) / (times * panel) * panel;
  }
  // These columns of C are whole before the next begin: of more, C and the pages of B would be gone when the next part of
  // what is summed over comes; of fewer, A would be copied more often.
  for (Index begin = 0; begin < p.n; begin += wide) {
    const Index end = std::min(p.n, begin + wide);
    for (Index k = 0; k == 0 || k < p.depth; k += step) {
      const Index depth = std::min(step, p.depth - k);
      for (Index i = 0; i < m; i += height) {  // these rows of A stay in a cache while B passes by
        const Share rows(i, std::min(m, i + height));
        for (Index j = begin; j < end; j += widest) {  // and this block of B while they pass by
          const Index n = std::min(widest, end - j);
          Product<Scalar> block;
          block.B = {p.B.at(k, j), p.B.row_stride, p.B.column_stride};
          if (copies_b) block.B = copy(block.B, depth, n, copy_of_b);
          block.C = {p.C.at(0, j), 1, p.C.column_stride};
          block.n = n;
          block.depth = depth;
          block.start = k > 0 ? Start::sum : p.start;
          block.bias = p.bias ? p.bias + j : nullptr;
          // The block that is copied next.
          const bool last = j + widest >= end;
          const Index next_k = last ? k + step : k, next_j = last ? begin : j + widest;
          Ahead<Scalar> next_b;
          if (copies_b && next_k < p.depth) {
            const Index next_depth = std::min(step, p.depth - next_k),
                        next_n = std::min(widest, end - next_j);
            next_b = {p.B.at(next_k, next_j), columns ? p.B.column_stride : p.B.row_stride,
                      columns ? next_depth : next_n, columns ? next_n : next_depth};
          }
          const bool first = j == begin;
          multiply_panels(p, block, k, rows, copies_a ? copy_of_a : nullptr, first,
                          far_a && (first || !copies_a), next_b);
        }
      }
    }
  }
}

/// A product of one row where A's and C's numbers are contiguous, as a single sample has them.
template <class Scalar>
LAMINA_NOINLINE void multiply_row(const Product<Scalar>& p) {
  using V = simd::Register<Scalar>;
  const Scalar* const a = p.A.data;
  Scalar* const c = p.C.data;
  const bool columns_in_lanes = p.B.column_stride == 1 && p.start == Start::zero;
  if (!columns_in_lanes &&
      !deep<V>(p.depth, 1)) {  // as multiply_block does, with the same number in all lanes
    for (Index j = 0; j < p.n; ++j) {
      V sum = simd::broadcast<V>(p.start == Start::bias ? p.bias[j] : Scalar(0));
      for (Index k = 0; k < p.depth; ++k) {
        V a_k = simd::broadcast<V>(a[k]);
        simd::keep(a_k);
        simd::keep(sum);  // fused, as in multiply_block
        sum += a_k * simd::broadcast<V>(*p.B.at(k, j));
      }
      put<1>(sum, c + j, p.start == Start::sum);
    }
  } else if (!columns_in_lanes) {  // what is summed over is in the lanes
    if (p.start == Start::bias) simd::copy(p.bias, p.n, c);
    multiply_over_samples<Scalar>({p.B.data, 1, p.B.column_stride}, {a, 1, 1}, {c, 1, p.n}, p.n, 1, p.depth,
                                  p.start == Start::zero ? Start::zero : Start::sum);
  } else if (p.n >= simd::lanes<V>) {  // columns of C in the lanes, Cᵀ = Bᵀ·Aᵀ
    multiply_rows(Product<Scalar>{.A = {p.B.data, 1, p.B.row_stride},
                                  .B = {a, 1, 1},
                                  .C = {c, 1, p.n},
                                  .m = p.n,
                                  .n = 1,
                                  .depth = p.depth,
                                  .start = Start::zero},
                  p.n);
  } else {  // the same in one register, and with sums of the same parts
    const Index step = depth_of_parts<V>(p.depth);
    V sum{};
    for (Index first = 0; first < p.depth; first += step) {
      V part{};
      for (Index k = first; k < std::min(p.depth, first + step); ++k) {
        simd::keep(part);  // fused, as in multiply_block
        part += simd::load<V>(p.B.at(k, 0), p.n) * a[k];
      }
      sum = first > 0 ? sum + part : part;
    }
    simd::store(c, sum, p.n);
  }
}

/// The last panel's rows of the product, if A is in panels; else the product.
template <class Scalar>
Product<Scalar> last_panel(Product<Scalar> p) {
  if (p.panel_width == 0) return p;
  const Index i = (p.m - 1) / p.panel_width * p.panel_width;
  p.A = {p.A.data + i * p.depth, 1, panel_stride<simd::Register<Scalar>>(p.panel_width, p.m - i)};
  p.C.data = p.C.at(i, 0);
  p.m -= i;
  p.panel_width = 0;
  return p;
}

/// The product by one thread.
template <class Scalar>
void multiply(const Product<Scalar>& p) {
  using V = simd::Register<Scalar>;
  constexpr Index few = few_rows<V>;
  if (p.m == 1 && p.A.column_stride == 1 && p.C.column_stride == 1 &&
      (p.B.row_stride == 1 || (p.B.column_stride == 1 && p.start == Start::zero)))
    return multiply_row(p);
  const Index last = p.m % simd::lanes<V>;
  Index m = p.m;
  if constexpr (few > 0)
    if (0 < last && last <= few && multiply_last_rows<V>(last_panel(p), last)) m -= last;
  if (m > 0) multiply_rows(p, m);
}

/// Which rows and columns of an m×n matrix a thread computes: a range of columns, or of rows where columns are few.
template <class Scalar>
struct Block {
  Share rows, columns;
  bool by_rows = false;  ///< the same for all threads, whoever has rows

  Block(Index m, Index n, const Team& team, Index whole_rows = simd::lanes<simd::Register<Scalar>>)
      : rows(0, m), columns(0, n) {
    if (team.size() == 1) return;
    by_rows = n < team.size() * 4 * block_columns;
    if (by_rows) {
      rows = Share(m, whole_rows, team);
    } else {
      columns = Share(n, block_columns, team);
    }
  }
  bool empty() const { return rows.size() == 0 || columns.size() == 0; }
};

/// A thread's share of the product.
template <class Scalar>
void multiply(const Product<Scalar>& p, const Team& team) {
  if (team.size() == 1) return multiply(p);
  const Block<Scalar> block(p.m, p.n, team);
  if (!block.empty()) multiply(part(p, block.rows, block.columns));
}

/// s = 1ᵀ·A, the sums of A's columns, or s + 1ᵀ·A; for some columns. When `padded`, columns may be read beyond the last row,
/// up to full registers.
template <class Scalar>
LAMINA_NOINLINE void sum_columns(const ConstTile<Scalar>& A, const Share& of, Scalar* s, bool add,
                                 bool padded = false) {
  using V = simd::Register<Scalar>;
  constexpr Index lanes = simd::lanes<V>;
  constexpr int most =
      static_cast<int>(std::min<Index>(lanes, 8));  // sums that need not wait for one another
  const Index t = A.rows(), whole = t / lanes * lanes, stride = A.outerStride();
  if (t == 1 && stride == 1) {
    if (add) return simd::add(A.data() + of.begin, of.size(), s + of.begin);
    return simd::copy(A.data() + of.begin, of.size(), s + of.begin);
  }
  Index j = of.begin;
  const auto columns = [&]<int Columns>(std::integral_constant<int, Columns>) {
    for (; j + Columns <= of.end; j += Columns) {
      const Scalar* a = A.data() + j * stride;
      V c[Columns] = {};
      if constexpr (lanes > 1)
        if (whole < t) load_ends<Columns>(a + whole, stride, t - whole, padded, c);
      for (Index k = 0; k < whole; k += lanes) LAMINA_UNROLL
      for (int q = 0; q < Columns; ++q) c[q] += simd::load<V>(a + k + q * stride);
      put<Columns>(sums_of_lanes<Columns>(c), s + j, add);
    }
  };
  columns(std::integral_constant<int, most>());
  if constexpr (most > 4) columns(std::integral_constant<int, 4>());
  if constexpr (most > 1) columns(std::integral_constant<int, 1>());
}

/// C = aᵀ·b or C + aᵀ·b, m×n, of one sample.
template <class Scalar>
LAMINA_NOINLINE void multiply_sample(const Scalar* a, const Scalar* b, const Operand<Scalar>& C, Index m,
                                     Index n, bool sum) {
  using V = simd::Register<Scalar>;
  constexpr Index lanes = simd::lanes<V>;
  const Index whole = m / lanes * lanes, left = m - whole;
  const bool again = whole > 0 && !sum;  // the last register is a full one: what is in two is written twice
  const V last = again ? simd::load<V>(a + m - lanes) : simd::load<V>(a + whole, left);
  for (Index j = 0; j < n; ++j) {
    const V b_j = simd::broadcast<V>(b[j]);
    Scalar* const c = C.at(0, j);
    LAMINA_NO_UNROLL
    for (Index i = 0; i < whole; i += lanes) {
      const V product = simd::load<V>(a + i) * b_j;
      simd::store(c + i, sum ? simd::load<V>(c + i) + product : product);
    }
    if (left == 0) continue;
    const V product = last * b_j;
    if (again) {
      simd::store(c + m - lanes, product);
    } else {
      simd::store(c + whole, sum ? simd::load<V>(c + whole, left) + product : product, left);
    }
  }
}

/// Aᵀ·B, of A: t×m, B: t×n and C: m×n, summed over samples.
template <class Scalar>
struct TransposedProduct {
  Operand<const Scalar> A;  ///< columns are contiguous
  const Scalar* At;         ///< Aᵀ in Panels, or null
  Operand<const Scalar> B;
  Operand<Scalar> C;
  Index m, n, samples;
  bool padded = false;  ///< the columns of A and B may be read beyond the samples, up to full registers
  GradientUse use;      ///< with hand_over a thread has all its columns where its first are
};

/// Aᵀ·B, m×n, is not worth transposing A from so many samples on, with so many lanes in a register: transposing takes time
/// for every number of A, the more the fewer lanes; summing up lanes takes time for every number of the product, the more
/// the more lanes. The factors lie below those with which the times are equal (benchmarks/micro), as room for Aᵀ makes tiles
/// smaller; that of 16 lanes is twice that of 8.
constexpr Index too_many_to_transpose(Index n, Index lanes) {
  return n * lanes * std::min<Index>(lanes, 8) / 16;
}

/// Whether Aᵀ·B, m×n, is faster with rows of C in the lanes, copying Aᵀ included, than with samples in the lanes. One
/// register of rows has little work for each column of B that it meets.
template <class Scalar>
bool worth_transposing(Index m, Index n, Index samples) {
  constexpr Index lanes = simd::lanes<simd::Register<Scalar>>;
  return m >= lanes && samples < too_many_to_transpose(n, lanes) / (m < 2 * lanes ? 2 : 1);
}

/// A thread's share of the product, and `done(j, columns, C)` for its share of the columns of C, some at a time, when they
/// are whole: few enough to be in the cache still.
template <class Scalar>
LAMINA_NOINLINE void multiply(const TransposedProduct<Scalar>& p, const Team& team,
                              std::type_identity_t<FunctionRef<void(Index, Index, const Scalar*)>> done) {
  const Start start = p.use == GradientUse::add ? Start::sum : Start::zero;
  constexpr Index lanes = simd::lanes<simd::Register<Scalar>>;
  const Index width = panel_width<simd::Register<Scalar>>(p.m);
  const auto compute = [&](const Share& i, const Share& j, Scalar* C) {
    if (i.size() == 0 || j.size() == 0) return;
    const Operand<const Scalar> B{p.B.at(0, j.begin), 1, p.B.column_stride};
    const Operand<Scalar> to{C, 1, p.C.column_stride};
    if (p.samples == 1 && p.A.column_stride == 1 && p.B.column_stride == 1) {
      multiply_sample(p.A.at(0, i.begin), B.data, to, i.size(), j.size(), start == Start::sum);
    } else if (p.At) {
      multiply(Product<Scalar>{.A = {p.At + i.begin * p.samples, 1, 0},
                               .B = B,
                               .C = to,
                               .m = i.size(),
                               .n = j.size(),
                               .depth = p.samples,
                               .start = start,
                               .A_padded = true,
                               .panel_width = width});
    } else {
      multiply_over_samples<Scalar>({p.A.at(0, i.begin), 1, p.A.column_stride}, B, to, i.size(), j.size(),
                                    p.samples, start, p.padded);
    }
  };
  const Block<Scalar> block(p.m, p.n, team, p.At ? width : lanes);
  if (block.by_rows) {  // the columns are whole when all threads have computed their rows
    compute(block.rows, block.columns, p.C.at(block.rows.begin, 0));
    team.wait();
    const Share mine(p.n, 1, team);
    if (mine.size() > 0) done(mine.begin, mine.size(), p.C.at(0, mine.begin));
    return;
  }
  // 128 KiB of C at a time; more where all of A has to come from beyond the second-level cache each time, and 8 KiB of one
  // sample.
  constexpr Index size = static_cast<Index>(sizeof(Scalar));
  const Index part = (p.samples == 1 ? 8 : 128) * 1024;
  const Index fit = part / size / std::max<Index>(p.m, 1) / block_columns * block_columns;
  const Index least = p.samples == 1 ? 1 : p.m * p.samples * size < 1024 * 1024 ? 32 : 96;
  const Index together = std::max<Index>(fit, least);
  for (Index j = block.columns.begin; j < block.columns.end; j += together) {
    const Share columns(j, std::min(block.columns.end, j + together));
    Scalar* const C = p.C.at(0, p.use == GradientUse::hand_over ? block.columns.begin : j);
    compute(block.rows, columns, C);
    done(columns.begin, columns.size(), C);
  }
}

/// @name Products of tiles
/// @{
template <class Scalar>
Operand<const Scalar> operand(const ConstTile<Scalar>& A) {
  return {A.data(), 1, A.outerStride()};
}
template <class Scalar>
Operand<Scalar> operand(Tile<Scalar>& A) {
  return {A.data(), 1, A.outerStride()};
}

/// C = A·B, or A·B + 1·b when b is not null. A: t×k, B: k×n, C: t×n; rows are samples.
template <class Scalar>
Product<Scalar> product(const ConstTile<Scalar>& A, const ConstTile<Scalar>& B, Tile<Scalar>& C,
                        const Scalar* b = nullptr, bool padded = false) {
  return {.A = operand(A),
          .B = operand(B),
          .C = operand(C),
          .m = C.rows(),
          .n = C.cols(),
          .depth = A.cols(),
          .start = b ? Start::bias : Start::zero,
          .bias = b,
          .A_padded = padded,
          .C_padded = padded};
}
/// C = A·Bᵀ. A: t×k, B: n×k, C: t×n; rows are samples.
template <class Scalar>
Product<Scalar> product_with_transposed(const ConstTile<Scalar>& A, const ConstTile<Scalar>& B,
                                        Tile<Scalar>& C, bool padded = false) {
  return {.A = operand(A),
          .B = {B.data(), B.outerStride(), 1},
          .C = operand(C),
          .m = C.rows(),
          .n = C.cols(),
          .depth = A.cols(),
          .start = Start::zero,
          .A_padded = padded,
          .C_padded = padded};
}
/// C = Aᵀ·B, or C + Aᵀ·B, or handed over. A: t×m, B: t×n, C: m×n; At is Aᵀ in Panels, or null.
template <class Scalar>
TransposedProduct<Scalar> transposed_product(const ConstTile<Scalar>& A, const Scalar* At,
                                             const ConstTile<Scalar>& B, Tile<Scalar>& C, GradientUse use,
                                             bool padded = false) {
  return {.A = operand(A),
          .At = At,
          .B = operand(B),
          .C = operand(C),
          .m = C.rows(),
          .n = C.cols(),
          .samples = A.rows(),
          .padded = padded,
          .use = use};
}
/// @}

}  // namespace lamina::detail
