// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <limits>

#include "lamina/core/simd.hpp"

/// @file
/// Elementary functions of the lanes of a register of floats or doubles. They are defined for every number: NaN stays
/// NaN, infinities and signed zeros give what the function's limit is, results below the smallest normal number are
/// right to its spacing. The largest error over the arguments of the tests, of every 1021st float and of doubles over the
/// whole range, is stated in units in the last place (ulp) of the result.

namespace lamina::simd {

/// x, but at least low and at most high; a NaN stays one.
template <class V>
LAMINA_INLINE V clamp(const V& x, Element<V> low, Element<V> high) {
  return at_most(at_least(x, broadcast<V>(low)), broadcast<V>(high));
}

namespace detail {

/// c₀ + c₁x + … by Horner's rule, as many terms as there are arguments.
template <class V>
LAMINA_INLINE V polynomial(const V&, Element<V> c) {
  return broadcast<V>(c);
}
template <class V, class... More>
LAMINA_INLINE V polynomial(const V& x, Element<V> c, More... more) {
  return polynomial(x, static_cast<Element<V>>(more)...) * x + c;
}

/// n, the integer nearest to x·factor, as a number and as an integer k.
template <class V>
struct Rounded {
  V n;
  Integers<V> k;

  LAMINA_INLINE Rounded(const V& x, Element<V> factor) {
    using S = Element<V>;
    constexpr S shift = sizeof(S) == 8 ? S(6755399441055744.0) : S(12582912);  // 1.5·2^52 or 1.5·2^23
    const V shifted = x * factor + shift;
    n = shifted - shift;
    k = cast_bits<Integers<V>>(shifted) - cast_bits<Integers<V>>(broadcast<V>(shift));
  }
};

/// x = k·ln 2 + r with an integer k and |r| ≤ ln 2 / 2 (Cody and Waite, Software manual for the elementary functions,
/// 1980): ln 2 in two parts, of which the first has so few bits that its product with k is exact.
template <class V>
struct Reduced {
  V r;
  Integers<V> k;

  LAMINA_INLINE explicit Reduced(const V& x) {
    using S = Element<V>;
    constexpr bool wide = sizeof(S) == 8;
    constexpr S high = wide ? S(6.93147180369123816490e-01) : S(0.693359375);
    constexpr S low = wide ? S(1.90821492927058770002e-10) : S(-2.12194440054690583e-4);
    const Rounded<V> nearest(x, S(1.44269504088896340736));
    k = nearest.k;
    r = x - nearest.n * high - nearest.n * low;
  }
};

/// 2^k for the exponents of normal numbers.
template <class V>
LAMINA_INLINE V power_of_two(const Integers<V>& k) {
  if constexpr (sizeof(Element<V>) == 8) {
    return cast_bits<V>((k + 1023) << 52);
  } else {
    return cast_bits<V>((k + 127) << 23);
  }
}

/// (e^r − 1 − r)/r² for |r| ≤ ln 2 / 2: the first terms of the Taylor series Σ r^(n − 2)/n!, as many as the type needs.
template <class V>
LAMINA_INLINE V exp_tail(const V& r) {
  if constexpr (sizeof(Element<V>) == 8) {
    return polynomial(r, 1.0 / 2, 1.0 / 6, 1.0 / 24, 1.0 / 120, 1.0 / 720, 1.0 / 5040, 1.0 / 40320,
                      1.0 / 362880, 1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600, 1.0 / 6227020800);
  } else {
    return polynomial(r, 1.0F / 2, 1.0F / 6, 1.0F / 24, 1.0F / 120, 1.0F / 720, 1.0F / 5040);
  }
}

}  // namespace detail

/// eˣ to within 2 ulp (float) and 2 ulp (double).
template <Lanes V>
LAMINA_INLINE V exp(const V& x) {
  using S = Element<V>;
  constexpr bool wide = sizeof(S) == 8;
  // Beyond these the result is 0 or infinite.
  const detail::Reduced<V> a(clamp(x, wide ? S(-746) : S(-104), wide ? S(710) : S(89)));
  const V power = detail::exp_tail(a.r) * (a.r * a.r) + a.r + S(1);
  // In two steps: 2^k itself may lie beyond the exponents of normal numbers.
  const Integers<V> half = a.k >> 1;
  return power * detail::power_of_two<V>(half) * detail::power_of_two<V>(a.k - half);
}

/// eˣ − 1 to within 3 ulp, near 0 too: with x = k·ln 2 + r it is 2ᵏ·(eʳ − 1) + (2ᵏ − 1).
template <Lanes V>
LAMINA_INLINE V expm1(const V& x) {
  using S = Element<V>;
  constexpr bool wide = sizeof(S) == 8;
  const detail::Reduced<V> a(clamp(x, wide ? S(-45) : S(-26), wide ? S(710) : S(89)));
  const V tail = detail::exp_tail(a.r) * (a.r * a.r) + a.r;
  const Integers<V> half = a.k >> 1;
  const V first = detail::power_of_two<V>(half), second = detail::power_of_two<V>(a.k - half);
  const V power = first * second;
  // Where 2ᵏ overflows eˣ need not yet, and the 1 does not count.
  const V result =
      power < std::numeric_limits<S>::max() ? tail * power + (power - S(1)) : (tail + S(1)) * first * second;
  return x == S(0) ? x : result;  // −0 stays −0
}

/// tanh x to within 8 ulp (float) and 5 ulp (double), never beyond ±1; with fused multiply-adds 7 and 4.
///
/// float: x·P(x²)/Q(x²), P and Q of degree 4, the best for 0 < |x| ≤ 9.02 (Remez's exchange algorithm; relative error
/// 2.2e-8), as products of polynomials of degree 2: their roots are negative, and so no sum cancels; and processors with
/// adders of their own add beside the multiplications. The last bits of the coefficients were searched for a small error
/// of the whole, with P(0) = Q(0). Beyond, tanh x rounds to ±1, and x·P/Q with the P/Q of the bound is more
/// than that.
///
/// double: with x = n·ln 2/2 + z and E = 2ⁿ it is ((1 + E)·tanh z − (1 − E))/((1 + E) − (1 − E)·tanh z), where
/// tanh z = z·P(z²)/Q(z²), of degree 2 and with a relative error of 5.5e-18 for |z| ≤ ln 2/4; no sum cancels by much more
/// than half.
template <Lanes V>
LAMINA_INLINE V tanh(const V& x) {
  using S = Element<V>;
  V above, below;
  if constexpr (sizeof(S) == 8) {
    const V y = clamp(x, S(-19.07), S(19.07));
    const detail::Rounded<V> nearest(y, S(2.88539008177792681472));  // 2/ln 2
    const V z = y - nearest.n * S(0.34657359027997265471), u = z * z;
    const V e = detail::power_of_two<V>(nearest.k), sum = S(1) + e, difference = S(1) - e;
    const V p = z * detail::polynomial(u, 1.0, 0.11109935420044830678, 0.0010574178297610986588);
    const V q = detail::polynomial(u, 1.0, 0.44443268753377584583, 0.015868313676229805339);
    above = sum * p - difference * q;  // −0 for −0
    below = sum * q - difference * p;
  } else {
    const V u = at_most(x * x, broadcast<V>(S(9.02 * 9.02)));
    above =
        x * (((u * 0.0171808191F + 0.871428907F) * u + 6.92824602F) * ((u + 1491.07507F) * u + 185278.984F));
    below = ((u + 24.7665806F) * u + 55.0212173F) * ((u + 397.366425F) * u + 23330.2441F);
  }
  return clamp(above / below, S(-1), S(1));
}

/// 1/(1 + e⁻ˣ) to within 3 ulp: with n = e^(−|x|) it is 1/(1 + n) for x ≥ 0 and n/(1 + n) for x < 0.
template <Lanes V>
LAMINA_INLINE V sigmoid(const V& x) {
  using S = Element<V>;
  const V n = exp(-abs(x));
  return (x < S(0) ? n : broadcast<V>(S(1))) / (n + S(1));
}

}  // namespace lamina::simd
