// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "lamina/core/types.hpp"

#if defined(__AVX__)
#include <immintrin.h>
#elif defined(__SSE2__)
#include <emmintrin.h>
#endif

/// @file
/// SIMD registers, through the vector extension of g++ and clang++: SSE, AVX, AVX-512 and NEON from one source. For long
/// double a register is a single number. Operators work lane by lane, and a scalar operand stands in all lanes.

#if defined(__clang__)
#define LAMINA_UNROLL _Pragma("clang loop unroll(full)")
#define LAMINA_UNROLL_TWICE _Pragma("clang loop unroll(disable)")  // it would not keep sums in registers
#define LAMINA_NO_UNROLL _Pragma("clang loop unroll(disable)")
#elif defined(__GNUC__)
#define LAMINA_UNROLL _Pragma("GCC unroll 16")
#define LAMINA_UNROLL_TWICE _Pragma("GCC unroll 2")
#define LAMINA_NO_UNROLL _Pragma("GCC unroll 1")
#else
#define LAMINA_UNROLL
#define LAMINA_UNROLL_TWICE
#define LAMINA_NO_UNROLL
#endif
#if defined(__GNUC__)
#define LAMINA_NOINLINE __attribute__((noinline))
#define LAMINA_INLINED __attribute__((always_inline))  // of lambdas
#define LAMINA_INLINE inline LAMINA_INLINED
#else
#define LAMINA_NOINLINE
#define LAMINA_INLINED
#define LAMINA_INLINE inline
#endif

namespace lamina::simd {

namespace detail {

/// The register of so many Scalars and its twin of integers.
template <class Scalar>
struct traits {
  using Register = Scalar;
  using Integers = std::conditional_t<sizeof(Scalar) == 8, std::int64_t, std::int32_t>;
};
#if defined(__GNUC__)
#if defined(__AVX512F__)
inline constexpr int bytes = 64;
#elif defined(__AVX__)
inline constexpr int bytes = 32;
#else
inline constexpr int bytes = 16;
#endif
template <>
struct traits<float> {
  typedef float Register __attribute__((vector_size(bytes)));
  typedef std::int32_t Integers __attribute__((vector_size(bytes)));
};
template <>
struct traits<double> {
  typedef double Register __attribute__((vector_size(bytes)));
  typedef std::int64_t Integers __attribute__((vector_size(bytes)));
};
#endif

/// Of a register V, or of a number.
template <class V>
struct of {
  using Element = V;
  using Integers = std::conditional_t<sizeof(V) == 8, std::int64_t, std::int32_t>;
};
#if defined(__GNUC__)
template <>
struct of<traits<float>::Register> {
  using Element = float;
  using Integers = traits<float>::Integers;
};
template <>
struct of<traits<double>::Register> {
  using Element = double;
  using Integers = traits<double>::Integers;
};
#endif

}  // namespace detail

/// The register of Scalars.
template <class Scalar>
using Register = typename detail::traits<Scalar>::Register;

/// The type of a register's lanes.
template <class V>
using Element = typename detail::of<V>::Element;

/// Signed integers of the same width, in a register of the same size.
template <class V>
using Integers = typename detail::of<V>::Integers;

/// The number of a register's lanes.
template <class V>
inline constexpr Index lanes = static_cast<Index>(sizeof(V) / sizeof(Element<V>));

/// A register, or a float or double: what the functions of simd and elementary.hpp take.
template <class V>
concept Lanes = std::is_same_v < Element<V>,
float > || std::is_same_v<Element<V>, double>;

/// The same bits as another type of the same size.
template <class To, class From>
LAMINA_INLINE To cast_bits(const From& from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  std::memcpy(&to, &from, sizeof to);
  return to;
}

template <class V>
LAMINA_INLINE V load(const Element<V>* from) {
  V v;
  std::memcpy(&v, from, sizeof v);
  return v;
}
/// All bits of the first `count` lanes.
template <class V>
LAMINA_INLINE Integers<V> first_lanes(Index count) {
  constexpr Index size = static_cast<Index>(sizeof(V) / 4);
  alignas(64) static constexpr auto bits = [] {
    std::array<std::int32_t, static_cast<std::size_t>(2 * size)> first{};
    for (Index i = 0; i < size; ++i) first[static_cast<std::size_t>(i)] = -1;
    return first;
  }();
  Integers<V> mask;
  std::memcpy(&mask, bits.data() + size - count * static_cast<Index>(sizeof(Element<V>) / 4), sizeof mask);
  return mask;
}
/// Whether a part of a register is stored number by number, and loaded where no instruction does that: faster than copying
/// bytes whose number is not known.
template <class V>
inline constexpr bool few_lanes = [] { return lanes<V> == 2 || lanes<V> == 4; }();

/// The first `count` lanes; the others are 0.
template <class V>
LAMINA_INLINE V load(const Element<V>* from, Index count) {
#if defined(__AVX512F__)
  if constexpr (std::is_same_v<V, Register<float>>)
    return cast_bits<V>(_mm512_maskz_loadu_ps(static_cast<__mmask16>((1U << count) - 1), from));
  if constexpr (std::is_same_v<V, Register<double>>)
    return cast_bits<V>(_mm512_maskz_loadu_pd(static_cast<__mmask8>((1U << count) - 1), from));
#elif defined(__AVX__)
  if constexpr (std::is_same_v<V, Register<float>>)
    return cast_bits<V>(_mm256_maskload_ps(from, cast_bits<__m256i>(first_lanes<V>(count))));
  if constexpr (std::is_same_v<V, Register<double>>)
    return cast_bits<V>(_mm256_maskload_pd(from, cast_bits<__m256i>(first_lanes<V>(count))));
#endif
  V v{};
  if constexpr (few_lanes<V>) {
    LAMINA_UNROLL
    for (int l = 0; l < lanes<V>; ++l)
      if (l < count) v[l] = from[l];
  } else {
    std::memcpy(&v, from, static_cast<std::size_t>(count) * sizeof *from);
  }
  return v;
}
/// v where the mask has all bits, else 0.
template <class V>
LAMINA_INLINE V only(const V& v, const Integers<V>& mask) {
  return cast_bits<V>(cast_bits<Integers<V>>(v) & mask);
}

template <class V>
LAMINA_INLINE void store(Element<V>* to, const V& v) {
  std::memcpy(to, &v, sizeof v);
}
/// The first `count` lanes only.
template <class V>
LAMINA_INLINE void store(Element<V>* to, const V& v, Index count) {
#if defined(__AVX512F__)
  if constexpr (std::is_same_v<V, Register<float>>)
    return _mm512_mask_storeu_ps(to, static_cast<__mmask16>((1U << count) - 1), cast_bits<__m512>(v));
  if constexpr (std::is_same_v<V, Register<double>>)
    return _mm512_mask_storeu_pd(to, static_cast<__mmask8>((1U << count) - 1), cast_bits<__m512d>(v));
#endif
  if constexpr (few_lanes<V>) {
    LAMINA_UNROLL
    for (int l = 0; l < lanes<V>; ++l)
      if (l < count) to[l] = v[l];
  } else {
    std::memcpy(to, &v, static_cast<std::size_t>(count) * sizeof *to);
  }
}
/// x in all lanes.
template <class V>
LAMINA_INLINE V broadcast(Element<V> x) {
  if constexpr (std::is_same_v<V, Element<V>>) {
    return x;
  } else {
    return x - V{};  // and not V{} + x, which would lose the sign of −0
  }
}

/// Keeps v in a register from here on: g++ would rather read it again from memory wherever it is used, and the kernels of
/// the products would then wait for their reads.
template <class V>
LAMINA_INLINE void keep(V& v) {
#if defined(__GNUC__) && defined(__AVX512F__)
  if constexpr (sizeof(V) >= 16 && !std::is_same_v<V, Element<V>>) asm("" : "+v"(v));
#elif defined(__GNUC__) && defined(__SSE2__)
  if constexpr (sizeof(V) >= 16 && !std::is_same_v<V, Element<V>>) asm("" : "+x"(v));
#elif defined(__GNUC__) && defined(__aarch64__)
  if constexpr (sizeof(V) >= 16 && !std::is_same_v<V, Element<V>>) asm("" : "+w"(v));
#else
  (void)v;
#endif
}

/// The same number, or place in memory, of which the compiler does not know before here what it is.
template <class T>
LAMINA_INLINE void opaque(T& x) {
#if defined(__GNUC__)
  asm("" : "+r"(x));
#else
  (void)x;
#endif
}

/// Says that a place in memory is needed soon.
inline void prefetch(const void* place) {
#if defined(__GNUC__)
  __builtin_prefetch(place);
#else
  (void)place;
#endif
}
inline void prefetch_to_write(const void* place) {
#if defined(__GNUC__)
  __builtin_prefetch(place, 1);
#else
  (void)place;
#endif
}

/// The same of `size` numbers side by side.
template <class Scalar>
LAMINA_INLINE void prefetch(const Scalar* data, Index size) {
  constexpr Index line = 64 / static_cast<Index>(sizeof(Scalar));
  for (Index i = 0; i < size; i += line) prefetch(static_cast<const void*>(data + i));
}
/// Of columns, or rows, that lie apart, so many are fetched ahead of the one that is read: the processor does not see by
/// itself where they begin.
inline constexpr Index runs_ahead = 6;

/// `count` numbers copied, without the call of memmove that takes longer than the copy of few.
template <class Scalar>
LAMINA_INLINE void copy(const Scalar* from, Index count, Scalar* to) {
  using V = Register<Scalar>;
  Index i = 0;
  LAMINA_NO_UNROLL
  for (; i + lanes<V> <= count; i += lanes<V>) store(to + i, load<V>(from + i));
  LAMINA_NO_UNROLL
  for (; i < count; ++i) to[i] = from[i];
}

/// The same for every column of a matrix, columns being so far apart in either.
template <class Scalar>
void copy(const Scalar* from, Index from_stride, Index rows, Index columns, Scalar* to, Index to_stride) {
  for (Index j = 0; j < columns; ++j) copy(from + j * from_stride, rows, to + j * to_stride);
}

/// to += from, for `count` numbers.
template <class Scalar>
void add(const Scalar* from, Index count, Scalar* to) {
  using V = Register<Scalar>;
  Index i = 0;
  LAMINA_NO_UNROLL
  for (; i + lanes<V> <= count; i += lanes<V>) store(to + i, load<V>(to + i) + load<V>(from + i));
  LAMINA_NO_UNROLL
  for (; i < count; ++i) to[i] += from[i];
}
/// x /= divisor, for `count` numbers.
template <class Scalar>
void divide(Scalar* x, Index count, Scalar divisor) {
  using V = Register<Scalar>;
  Index i = 0;
  LAMINA_NO_UNROLL
  for (; i + lanes<V> <= count; i += lanes<V>) store(x + i, load<V>(x + i) / divisor);
  LAMINA_NO_UNROLL
  for (; i < count; ++i) x[i] /= divisor;
}

/// |v|; a NaN stays one.
template <class V>
LAMINA_INLINE V abs(const V& v) {
  using Bits = Integers<V>;
  constexpr auto magnitude = static_cast<
      std::make_signed_t<std::conditional_t<sizeof(Element<V>) == 8, std::int64_t, std::int32_t>>>(
      ~(std::uint64_t{1} << (8 * sizeof(Element<V>) - 1)) &
      (sizeof(Element<V>) == 8 ? ~std::uint64_t{0} : 0x7fffffffU));
  return cast_bits<V>(cast_bits<Bits>(v) & magnitude);
}

/// The larger of a bound and v, or v when that is NaN.
template <class V>
LAMINA_INLINE V at_least(const V& v, const V& bound) {
#if defined(__AVX512F__)
  if constexpr (std::is_same_v<V, Register<float>>)
    return cast_bits<V>(_mm512_max_ps(cast_bits<__m512>(bound), cast_bits<__m512>(v)));
  if constexpr (std::is_same_v<V, Register<double>>)
    return cast_bits<V>(_mm512_max_pd(cast_bits<__m512d>(bound), cast_bits<__m512d>(v)));
#elif defined(__AVX__)
  if constexpr (std::is_same_v<V, Register<float>>)
    return cast_bits<V>(_mm256_max_ps(cast_bits<__m256>(bound), cast_bits<__m256>(v)));
  if constexpr (std::is_same_v<V, Register<double>>)
    return cast_bits<V>(_mm256_max_pd(cast_bits<__m256d>(bound), cast_bits<__m256d>(v)));
#endif
  return v < bound ? bound : v;
}
/// The smaller of a bound and v, or v when that is NaN.
template <class V>
LAMINA_INLINE V at_most(const V& v, const V& bound) {
#if defined(__AVX512F__)
  if constexpr (std::is_same_v<V, Register<float>>)
    return cast_bits<V>(_mm512_min_ps(cast_bits<__m512>(bound), cast_bits<__m512>(v)));
  if constexpr (std::is_same_v<V, Register<double>>)
    return cast_bits<V>(_mm512_min_pd(cast_bits<__m512d>(bound), cast_bits<__m512d>(v)));
#elif defined(__AVX__)
  if constexpr (std::is_same_v<V, Register<float>>)
    return cast_bits<V>(_mm256_min_ps(cast_bits<__m256>(bound), cast_bits<__m256>(v)));
  if constexpr (std::is_same_v<V, Register<double>>)
    return cast_bits<V>(_mm256_min_pd(cast_bits<__m256d>(bound), cast_bits<__m256d>(v)));
#endif
  return v > bound ? bound : v;
}

/// √v, correctly rounded, for v ≥ 0.
template <class V>
LAMINA_INLINE V sqrt(const V& v) {
#if defined(__AVX512F__)
  if constexpr (std::is_same_v<V, Register<float>>) return cast_bits<V>(_mm512_sqrt_ps(cast_bits<__m512>(v)));
  if constexpr (std::is_same_v<V, Register<double>>)
    return cast_bits<V>(_mm512_sqrt_pd(cast_bits<__m512d>(v)));
#elif defined(__AVX__)
  if constexpr (std::is_same_v<V, Register<float>>) return cast_bits<V>(_mm256_sqrt_ps(cast_bits<__m256>(v)));
  if constexpr (std::is_same_v<V, Register<double>>)
    return cast_bits<V>(_mm256_sqrt_pd(cast_bits<__m256d>(v)));
#elif defined(__SSE2__)
  if constexpr (std::is_same_v<V, Register<float>>) return cast_bits<V>(_mm_sqrt_ps(cast_bits<__m128>(v)));
  if constexpr (std::is_same_v<V, Register<double>>) return cast_bits<V>(_mm_sqrt_pd(cast_bits<__m128d>(v)));
#endif
  if constexpr (std::is_same_v<V, Element<V>>) {
    return std::sqrt(v);
  } else {
    V root = v;
    for (Index l = 0; l < lanes<V>; ++l) root[l] = std::sqrt(v[l]);
    return root;
  }
}

/// n/d to within 1 ulp, where d is a normal number, 0, infinite or NaN. For formulas that also have a root: after one,
/// Intel's processors divide 512 bits so slowly that an estimate of 1/d and corrections of the quotient (Newton's) are
/// faster; AMD's, and others, divide beside their multiplications. (SSE4a is AMD's alone.)
template <class V>
LAMINA_INLINE V quotient(const V& n, const V& d) {
#if defined(__AVX512DQ__) && !defined(__SSE4A__)
  constexpr int uncorrected = 0x99 | 0x06;  // NaN, infinite or 0
  if constexpr (std::is_same_v<V, Register<float>>) {
    const auto below = cast_bits<__m512>(d), above = cast_bits<__m512>(n);
    const __m512 r = _mm512_rcp14_ps(below), q = _mm512_mul_ps(above, r);
    const __mmask16 kept = _mm512_fpclass_ps_mask(q, uncorrected);
    return cast_bits<V>(
        _mm512_mask_mov_ps(_mm512_fmadd_ps(_mm512_fnmadd_ps(q, below, above), r, q), kept, q));
  }
  if constexpr (std::is_same_v<V, Register<double>>) {
    const auto below = cast_bits<__m512d>(d), above = cast_bits<__m512d>(n);
    const __m512d one = _mm512_set1_pd(1), r = _mm512_rcp14_pd(below), q = _mm512_mul_pd(above, r),
                  better = _mm512_fmadd_pd(_mm512_fnmadd_pd(r, below, one), r, r),
                  p = _mm512_mul_pd(above, better);
    const __mmask8 kept = _mm512_fpclass_pd_mask(q, uncorrected);
    return cast_bits<V>(
        _mm512_mask_mov_pd(_mm512_fmadd_pd(_mm512_fnmadd_pd(p, below, above), better, p), kept, q));
  }
#endif
  return n / d;
}

}  // namespace lamina::simd
