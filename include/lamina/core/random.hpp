// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <utility>

#include "lamina/core/errors.hpp"

/// @file
/// Random numbers that are the same bits on every platform, compiler and optimisation level: integer
/// arithmetic, and for real numbers only operations that IEEE 754 rounds correctly (+, −, ×, ÷, √ and an
/// explicit fused multiply-add, so that no compiler has a product and a sum left to contract). The C
/// library's log, sin and cos, which differ, are not used. What is needed is IEEE double arithmetic without
/// -ffast-math.

namespace lamina {

/// The counter-based generator Philox4x32-10: 128 random bits that are a function of a counter and a key
/// alone.
///
/// Salmon, Moraes, Dror and Shaw, Parallel random numbers: as easy as 1, 2, 3, SC 2011.
struct Philox {
  using Counter = std::array<std::uint32_t, 4>;
  using Key = std::array<std::uint32_t, 2>;

  static constexpr Counter block(Counter c, Key k) {
    for (int round = 0; round < 10; ++round) {
      const std::uint64_t p = std::uint64_t{0xD2511F53} * c[0], q = std::uint64_t{0xCD9E8D57} * c[2];
      c = {high(q) ^ c[1] ^ k[0], low(q), high(p) ^ c[3] ^ k[1], low(p)};
      k = {k[0] + 0x9E3779B9u, k[1] + 0xBB67AE85u};
    }
    return c;
  }

  static constexpr std::uint32_t low(std::uint64_t x) { return static_cast<std::uint32_t>(x); }
  static constexpr std::uint32_t high(std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32); }
};

/// 4×32 random bits for block `index` of layer `layer` in pass `pass`: a function of its arguments alone, so
/// that what is drawn with it depends neither on threads nor on tiles. Distinct for pass and index below 2⁴⁸.
constexpr std::array<std::uint32_t, 4> random_bits(std::uint64_t seed, std::uint64_t pass,
                                                   std::uint32_t layer, std::uint64_t index) {
  constexpr std::uint64_t masks = 0x6d61736b73000000;  // keeps these bits apart from those of Random(seed)
  const std::uint32_t tops = (Philox::high(pass) << 16) | (Philox::high(index) & 0xffff);
  return Philox::block({Philox::low(index), tops, Philox::low(pass), layer},
                       {Philox::low(seed ^ masks), Philox::high(seed ^ masks)});
}

namespace detail {

/// log x for a positive, finite, normal x, within 2 units in the last place of the result.
///
/// x = 2ᵉ·m with m in [√½, √2):   log x = e·log 2 + log m,   log m = 2 artanh r = 2(r + r³/3 + r⁵/5 + …),
/// r = (m − 1)/(m + 1), |r| < 0.172: after the term in r²¹ less than 2⁻⁵⁸ of log m is left.
inline double portable_log(double x) {
  constexpr double ln2_high = 0x1.62e42fefa3800p-1, ln2_low = 0x1.ef35793c76730p-45;  // e·ln2_high is exact
  constexpr std::uint64_t one = 0x3ff0000000000000, sqrt_half = 0x3fe6a09e667f3bcd;  // the bits of 1 and √½
  const auto bits = std::bit_cast<std::uint64_t>(x);
  const int e = static_cast<int>((bits + (one - sqrt_half)) >> 52) - 0x3ff;
  const auto m = std::bit_cast<double>(bits - static_cast<std::uint64_t>(e) * (std::uint64_t{1} << 52));

  const double r = (m - 1) / (m + 1), r2 = r * r;
  double series = 1.0 / 21;
  for (int n = 19; n >= 3; n -= 2) series = std::fma(series, r2, 1.0 / n);
  const double tail = std::fma(r * r2, series, e * ln2_low / 2);  // log x = e·ln2_high + 2(r + tail)
  return std::fma(e, ln2_high, 2 * (r + tail));
}

/// c[0] + c[1]·x + c[2]·x² + …
template <std::size_t N>
double polynomial(const double (&c)[N], double x) {
  double sum = c[N - 1];
  for (std::size_t i = N - 1; i-- > 0;) sum = std::fma(sum, x, c[i]);
  return sum;
}

/// Φ⁻¹(p), the quantile of the standard normal distribution, for p in (0, 1): relative error below 10⁻¹⁵.
///
/// Wichura, Algorithm AS 241: the percentage points of the normal distribution, Applied Statistics 37(3),
/// 1988.
inline double normal_quantile(double p) {
  constexpr double a[] = {3.3871328727963666080e0,  1.3314166789178437745e+2, 1.9715909503065514427e+3,
                          1.3731693765509461125e+4, 4.5921953931549871457e+4, 6.7265770927008700853e+4,
                          3.3430575583588128105e+4, 2.5090809287301226727e+3};
  constexpr double b[] = {1.0,
                          4.2313330701600911252e+1,
                          6.8718700749205790830e+2,
                          5.3941960214247511077e+3,
                          2.1213794301586595867e+4,
                          3.9307895800092710610e+4,
                          2.8729085735721942674e+4,
                          5.2264952788528545610e+3};
  constexpr double c[] = {1.42343711074968357734e0,  4.63033784615654529590e0, 5.76949722146069140550e0,
                          3.64784832476320460504e0,  1.27045825245236838258e0, 2.41780725177450611770e-1,
                          2.27238449892691845833e-2, 7.74545014278341407640e-4};
  constexpr double d[] = {1.0,
                          2.05319162663775882187e0,
                          1.67638483018380384940e0,
                          6.89767334985100004550e-1,
                          1.48103976427480074590e-1,
                          1.51986665636164571966e-2,
                          5.47593808499534494600e-4,
                          1.05075007164441684324e-9};
  constexpr double e[] = {6.65790464350110377720e0,  5.46378491116411436990e0,  1.78482653991729133580e0,
                          2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
                          2.71155556874348757815e-5, 2.01033439929228813265e-7};
  constexpr double f[] = {1.0,
                          5.99832206555887937690e-1,
                          1.36929880922735805310e-1,
                          1.48753612908506148525e-2,
                          7.86869131145613259100e-4,
                          1.84631831751005468180e-5,
                          1.42151175831644588870e-7,
                          2.04426310338993978564e-15};
  const double q = p - 0.5;
  if (q >= -0.425 && q <= 0.425) {
    const double r = std::fma(-q, q, 0.180625);
    return q * polynomial(a, r) / polynomial(b, r);
  }
  const double r = std::sqrt(-portable_log(q < 0 ? p : 1 - p));
  const double z =
      r <= 5 ? polynomial(c, r - 1.6) / polynomial(d, r - 1.6) : polynomial(e, r - 5) / polynomial(f, r - 5);
  return q < 0 ? -z : z;
}

/// The upper 64 bits of the product a·b.
constexpr std::uint64_t multiply_high(std::uint64_t a, std::uint64_t b) {
  const std::uint64_t a0 = Philox::low(a), a1 = Philox::high(a), b0 = Philox::low(b), b1 = Philox::high(b);
  const std::uint64_t middle = a1 * b0 + Philox::high(a0 * b0);
  return a1 * b1 + Philox::high(middle) + Philox::high(a0 * b1 + Philox::low(middle));
}

}  // namespace detail

/// A sequence of random numbers for a seed and a stream: the blocks 0, 1, 2, … of Philox4x32-10.
///
/// Different streams of a seed, and different seeds, are independent. Its whole state is three integers, so
/// it can be saved, restored and compared; it is also a standard uniform random bit generator.
class Random {
 public:
  struct State {
    std::uint64_t seed = 0;
    std::uint64_t stream = 0;
    std::uint64_t position = 0;  ///< words of 32 bits drawn so far

    friend bool operator==(const State&, const State&) = default;
  };

  explicit Random(std::uint64_t seed, std::uint64_t stream = 0) : Random(State{seed, stream, 0}) {}
  /// Continues where the generator that had this state was.
  explicit Random(const State& state) : state_(state) {
    if (state_.position % 4 != 0) refill();
  }

  const State& state() const { return state_; }
  friend bool operator==(const Random& a, const Random& b) { return a.state_ == b.state_; }

  /// The next 32 random bits.
  std::uint32_t next32() {
    if (state_.position % 4 == 0) refill();
    return words_[state_.position++ % 4];
  }
  /// The next 64 random bits, the lower half drawn first.
  std::uint64_t next64() {
    const std::uint64_t low = next32();
    return low | std::uint64_t{next32()} << 32;
  }

  /// Uniform on the multiples of 2⁻⁵³ in [0, 1).
  double uniform() { return static_cast<double>(next64() >> 11) * 0x1p-53; }

  /// Uniform in [low, high).
  double uniform(double low, double high) {
    const double u = uniform(), width = high - low;
    const double x = std::isinf(width) ? std::fma(high, u, low * (1 - u)) : std::fma(width, u, low);
    return x < high ? x : low;  // rounding may reach high
  }

  /// Standard normal: Φ⁻¹(u), u uniform on the odd multiples of 2⁻⁵³ in (0, 1).
  double normal() { return detail::normal_quantile((static_cast<double>(next64() >> 12) + 0.5) * 0x1p-52); }

  /// Uniform on 0, 1, …, n − 1, without bias.
  ///
  /// Lemire, Fast random integer generation in an interval, ACM Transactions on Modeling and Computer
  /// Simulation 29(1), 2019.
  /// @throws OptionError when n = 0.
  std::uint64_t below(std::uint64_t n) {
    if (n == 0) throw OptionError("Random::below: expected n > 0, got 0");
    std::uint64_t x = next64();
    if (x * n < n)
      for (const std::uint64_t least = (0 - n) % n; x * n < least;) x = next64();
    return detail::multiply_high(x, n);
  }

  /// Puts the elements into a random order, each with the same probability.
  ///
  /// Fisher and Yates; Durstenfeld, Algorithm 235: random permutation, Communications of the ACM 7(7), 1964.
  template <class Iterator>
  void shuffle(Iterator first, Iterator last) {
    using Difference = typename std::iterator_traits<Iterator>::difference_type;
    for (auto n = static_cast<std::uint64_t>(last - first); n > 1; --n)
      std::iter_swap(first + static_cast<Difference>(n - 1), first + static_cast<Difference>(below(n)));
  }
  template <class Range>
  void shuffle(Range&& range) {
    shuffle(std::begin(range), std::end(range));
  }

  /// @name A standard uniform random bit generator
  /// @{
  using result_type = std::uint64_t;
  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return ~result_type{0}; }
  result_type operator()() { return next64(); }
  /// @}

 private:
  void refill() {
    const std::uint64_t block = state_.position / 4;
    words_ = Philox::block(
        {Philox::low(block), Philox::high(block), Philox::low(state_.stream), Philox::high(state_.stream)},
        {Philox::low(state_.seed), Philox::high(state_.seed)});
  }

  State state_;
  std::array<std::uint32_t, 4> words_{};
};

}  // namespace lamina
