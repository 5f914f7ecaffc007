// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <bit>
#include <cstdint>

/// @file
/// Numbers of 16 bits as they are stored: binary16 (IEEE 754-2008; F16, float16, half) and bfloat16 (the upper half of a
/// float). To float they are exact; from double they are rounded once, to the nearest, ties to even.

namespace lamina {

/// The number whose binary16 bits these are; exact, a NaN stays one.
constexpr float float_from_half(std::uint16_t bits) {
  const std::uint32_t sign = std::uint32_t{bits} >> 15 << 31;
  const std::uint32_t exponent = (bits >> 10) & 0x1fu, fraction = bits & 0x3ffu;
  if (exponent == 0) {  // fraction·2⁻²⁴
    const float magnitude = static_cast<float>(fraction) * 0x1p-24f;
    return sign ? -magnitude : magnitude;
  }
  const std::uint32_t widened = exponent == 0x1f ? 0xffu : exponent + 127 - 15;
  return std::bit_cast<float>(sign | widened << 23 | fraction << 13);
}

/// The number whose bfloat16 bits these are; exact, a NaN stays one.
constexpr float float_from_bfloat16(std::uint16_t bits) {
  return std::bit_cast<float>(std::uint32_t{bits} << 16);
}

namespace detail {

/// The bits of x rounded to 1 + ExponentBits + FractionBits = 16 bits, to the nearest, ties to even; beyond the largest
/// number infinity, below the smallest subnormal zero.
template <int ExponentBits, int FractionBits>
constexpr std::uint16_t narrow(double x) {
  constexpr std::uint64_t infinity = ((std::uint64_t{1} << ExponentBits) - 1) << FractionBits;
  constexpr int bias = (1 << (ExponentBits - 1)) - 1;
  const auto bits = std::bit_cast<std::uint64_t>(x);
  const auto sign = static_cast<std::uint16_t>(bits >> 63 << 15);
  const std::uint64_t fraction = bits & ((std::uint64_t{1} << 52) - 1);
  const int exponent = static_cast<int>((bits >> 52) & 0x7ff);
  const auto with_sign = [&](std::uint64_t magnitude) {
    return static_cast<std::uint16_t>(sign | magnitude);
  };
  if (exponent == 0x7ff) {  // a NaN is made a quiet one
    constexpr std::uint64_t quiet = std::uint64_t{1} << (FractionBits - 1);
    return with_sign(infinity | (fraction ? quiet | fraction >> (52 - FractionBits) : 0));
  }
  const int biased = exponent - 1023 + bias;  // 1 and above: a normal number
  const int shift = 52 - FractionBits + (biased < 1 ? 1 - biased : 0);
  if (shift > 62) return sign;
  const std::uint64_t significand = fraction | (exponent ? std::uint64_t{1} << 52 : 0);
  std::uint64_t kept = significand >> shift;
  const std::uint64_t rest = significand - (kept << shift), half = std::uint64_t{1} << (shift - 1);
  if (rest > half || (rest == half && (kept & 1))) ++kept;
  // The leading bit of a normal number, and a carry of the rounding, count up the exponent.
  if (biased > 1) kept += static_cast<std::uint64_t>(biased - 1) << FractionBits;
  return with_sign(kept < infinity ? kept : infinity);
}

}  // namespace detail

/// The binary16 bits of x, rounded to the nearest, ties to even.
constexpr std::uint16_t half_from(double x) { return detail::narrow<5, 10>(x); }

/// The bfloat16 bits of x, rounded to the nearest, ties to even.
constexpr std::uint16_t bfloat16_from(double x) { return detail::narrow<8, 7>(x); }

}  // namespace lamina
