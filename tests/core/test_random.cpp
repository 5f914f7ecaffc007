// Random numbers: published answers, the same bits everywhere, the right distributions.

#include "lamina/core/random.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <random>
#include <set>
#include <vector>

#include "support/catch.hpp"

namespace {

using namespace lamina;

/// Σ (observed − expected)²/expected
double chi_square(const std::vector<int>& observed, double expected) {
  double sum = 0;
  for (const int n : observed) sum += (n - expected) * (n - expected) / expected;
  return sum;
}

/// √n·sup |F_n − F|, the statistic of Kolmogorov and Smirnov.
template <class F>
double kolmogorov_smirnov(std::vector<double> x, F distribution) {
  std::sort(x.begin(), x.end());
  const double n = static_cast<double>(x.size());
  double D = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double p = distribution(x[i]), k = static_cast<double>(i);
    D = std::max({D, (k + 1) / n - p, p - k / n});
  }
  return D * std::sqrt(n);
}

double normal_distribution(double z) { return std::erfc(-z / std::sqrt(2.0)) / 2; }

// Seeds are fixed, so the statistical tests always give the same answer. Their bounds are those of
// significance 10⁻⁴: a right generator would pass them for all but one in ten thousand seeds.
constexpr double chi_square_99 = 148.23;  // 99 degrees of freedom
constexpr double kolmogorov = 2.225;      // 2·exp(−2x²) = 10⁻⁴
constexpr double deviations = 3.891;      // of a normal distribution, both sides

/// Mixes the bits of x into h (FNV-1a).
std::uint64_t hash(std::uint64_t h, double x) {
  return (h ^ std::bit_cast<std::uint64_t>(x)) * 1099511628211u;
}

}  // namespace

TEST_CASE("Philox4x32-10: known answers of the authors' Random123") {
  using Block = Philox::Counter;
  CHECK(Philox::block({0, 0, 0, 0}, {0, 0}) == Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(Philox::block({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}) ==
        Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(Philox::block({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
  static_assert(Philox::block({0, 0, 0, 0}, {0, 0})[0] == 0x6627e8d5);
}

// The numbers below came out of g++ 12 and clang++ 14, with -O0, -O3, -march=native (FMA, AVX-512) and
// -ffp-contract=fast alike. They must never change: seeds are part of people's results.
TEST_CASE("Random: the same bits everywhere") {
  SECTION("words: the blocks of Philox one after another") {
    Random random(0x0123456789abcdef, 0xfedcba9876543210);
    for (std::uint32_t block = 0; block < 3; ++block)
      for (const std::uint32_t word :
           Philox::block({block, 0, 0x76543210, 0xfedcba98}, {0x89abcdef, 0x01234567}))
        CHECK(random.next32() == word);
    Random again(0x0123456789abcdef, 0xfedcba9876543210), words = again;
    const std::uint64_t low = words.next32(), high = words.next32();
    CHECK(again.next64() == (high << 32 | low));
  }
  SECTION("uniform") {
    Random random(42);
    for (const double want :
         {0x1.dfd524ee73abcp-2, 0x1.5d0acf5c4afd4p-2, 0x1.4ee9b3f7f36c8p-2, 0x1.d1381bee0e3d6p-2})
      CHECK(random.uniform() == want);
    for (const double want :
         {-0x1.eb1f20dd14626p-1, -0x1.342a986e10201p-1, -0x1.d78f780a79fafp-1, -0x1.d320241a15087p+0})
      CHECK(random.uniform(-3, 0.1) == want);
  }
  SECTION("normal, below") {
    Random random(42, 5);
    for (const double want :
         {-0x1.d702650740a0cp-3, 0x1.236101c51b23p+0, 0x1.840888e603647p-1, -0x1.c817def9f9216p-4,
          0x1.e00580570f1a4p+0, 0x1.057b19e37a0acp-1, -0x1.5ef2a983432ccp-1, -0x1.5e5e8274e03cdp-2})
      CHECK(random.normal() == want);
    CHECK(random.below(10) == 0);
    CHECK(random.below(~std::uint64_t{0} - 5) == 10954262177588167606u);
    CHECK(random.below(10) == 0);
    CHECK(random.below(~std::uint64_t{0} - 5) == 4754259032133116081u);
    CHECK(random.below(10) == 6);
    CHECK(random.below(~std::uint64_t{0} - 5) == 9745931176534181541u);
    CHECK(random.below(10) == 3);
    CHECK(random.below(~std::uint64_t{0} - 5) == 15104640643503431285u);
  }
  SECTION("a million normals") {
    Random random(7, 1);
    double sum = 0;
    std::uint64_t h = 0;
    for (int i = 0; i < 1000000; ++i) {
      const double z = random.normal();
      sum += z;
      h = hash(h, z);
    }
    CHECK(sum == -0x1.e111f76892062p+7);
    CHECK(h == 0x947b7c3fdeeaf441u);
  }
  SECTION("shuffle") {
    std::vector<int> v(20);
    std::iota(v.begin(), v.end(), 0);
    Random(3).shuffle(v);
    CHECK(v == std::vector<int>{18, 11, 16, 0, 13, 15, 8, 3, 4, 1, 7, 6, 17, 19, 5, 12, 10, 9, 14, 2});
  }
  SECTION("random_bits") {
    CHECK(random_bits(1, 2, 3, 4) == Philox::Counter{0x71667102, 0xde6b64f6, 0xfe83ff26, 0x83614ccf});
    CHECK(random_bits(0xdeadbeefcafef00d, std::uint64_t{1} << 40, 7, std::uint64_t{1} << 36) ==
          Philox::Counter{0x2024ced6, 0xbc15b865, 0x939499cc, 0x45258e9a});
  }
}

TEST_CASE("Random: a state restores the sequence at any word") {
  Random random(5, 6);
  for (int drawn = 0; drawn < 11; ++drawn) {
    CAPTURE(drawn);
    CHECK(random.state() == Random::State{5, 6, static_cast<std::uint64_t>(drawn)});
    Random restored(random.state()), copy = random;
    CHECK(restored == random);
    for (int i = 0; i < 9; ++i) {
      const auto word = copy.next32();
      CHECK(restored.next32() == word);
    }
    CHECK(restored == copy);
    CHECK_FALSE(restored == random);
    random.next32();
  }
  CHECK_FALSE(Random(5, 6) == Random(5, 7));
  CHECK_FALSE(Random(5, 6) == Random(6, 6));
  CHECK(Random(5).next64() != Random(5, 1).next64());
  CHECK(Random(5).next64() != Random(6).next64());
}

TEST_CASE("random_bits: a function of its arguments, each of which counts") {
  std::set<Philox::Counter> blocks;
  std::size_t calls = 0;
  const std::uint64_t high = std::uint64_t{1} << 47, middle = std::uint64_t{1} << 33;
  for (const std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{1}, middle})
    for (const std::uint64_t pass : {std::uint64_t{0}, std::uint64_t{1}, middle, high})
      for (const std::uint32_t layer : {0u, 1u, 0x80000000u})
        for (const std::uint64_t index : {std::uint64_t{0}, std::uint64_t{1}, middle, high}) {
          CHECK(random_bits(seed, pass, layer, index) == random_bits(seed, pass, layer, index));
          blocks.insert(random_bits(seed, pass, layer, index));
          ++calls;
        }
  CHECK(blocks.size() == calls);

  SECTION("and apart from the sequence of the same seed") {
    Random random(1);
    const auto bits = random_bits(1, 0, 0, 0);
    CHECK(random.next32() != bits[0]);
  }
}

TEST_CASE("Random: uniform numbers") {
  Random random(2024);
  const int n = 100000;
  std::vector<double> x(n);
  for (double& u : x) u = random.uniform();
  CHECK(*std::min_element(x.begin(), x.end()) >= 0);
  CHECK(*std::max_element(x.begin(), x.end()) < 1);
  CHECK(kolmogorov_smirnov(x, [](double u) { return u; }) < kolmogorov);
  const double mean = std::accumulate(x.begin(), x.end(), 0.0) / n;
  CHECK(std::abs(mean - 0.5) < deviations * std::sqrt(1.0 / 12 / n));

  SECTION("neighbours are independent: pairs in a 10×10 grid") {
    std::vector<int> cells(100);
    for (std::size_t i = 0; i + 1 < x.size(); i += 2)
      ++cells[static_cast<std::size_t>(x[i] * 10) * 10 + static_cast<std::size_t>(x[i + 1] * 10)];
    CHECK(chi_square(cells, n / 200.0) < chi_square_99);
  }
  SECTION("streams are independent: pairs of the first numbers of streams i and i + 1") {
    std::vector<int> cells(100);
    for (std::uint64_t i = 0; i < 50000; ++i)
      ++cells[static_cast<std::size_t>(Random(1, 2 * i).uniform() * 10) * 10 +
              static_cast<std::size_t>(Random(1, 2 * i + 1).uniform() * 10)];
    CHECK(chi_square(cells, 500) < chi_square_99);
  }
  SECTION("within bounds") {
    for (int i = 0; i < 1000; ++i) {
      const double u = random.uniform(1, std::nextafter(1.0, 2.0));
      CHECK(u == 1);  // never the upper end
      const double v = random.uniform(-2, 3);
      CHECK((v >= -2 && v < 3));
    }
    CHECK(random.uniform(4, 4) == 4);
    // Their distance is no double.
    constexpr double most = std::numeric_limits<double>::max();
    std::vector<int> quarters(4);
    for (int i = 0; i < 4000; ++i) {
      const double w = random.uniform(-most, most);
      REQUIRE((w >= -most && w < most));
      ++quarters[w < 0 ? (w < -most / 2 ? 0 : 1) : (w < most / 2 ? 2 : 3)];
    }
    for (const int count : quarters) CHECK(std::abs(count - 1000) < 110);  // 4 standard deviations of 27
  }
}

TEST_CASE("Random: normal numbers") {
  Random random(99);
  const int n = 200000;
  std::vector<double> x(n);
  for (double& z : x) z = random.normal();
  CHECK(kolmogorov_smirnov(x, normal_distribution) < kolmogorov);

  // The first four moments, 0, 1, 0 and 3, whose estimates have variances 1/n, 2/n, 15/n and 96/n.
  double m[5] = {};
  for (const double z : x)
    for (int k = 1; k <= 4; ++k) m[k] += std::pow(z, k) / n;
  CHECK(std::abs(m[1]) < deviations * std::sqrt(1.0 / n));
  CHECK(std::abs(m[2] - 1) < deviations * std::sqrt(2.0 / n));
  CHECK(std::abs(m[3]) < deviations * std::sqrt(15.0 / n));
  CHECK(std::abs(m[4] - 3) < deviations * std::sqrt(96.0 / n));

  SECTION("the tails are there: beyond 3.5 with probability 4.65·10⁻⁴") {
    const auto beyond = std::count_if(x.begin(), x.end(), [](double z) { return std::abs(z) > 3.5; });
    CHECK(std::abs(static_cast<double>(beyond) - 4.6526e-4 * n) < deviations * std::sqrt(4.6526e-4 * n));
  }
}

TEST_CASE("Random: integers below n are unbiased") {
  Random random(5);
  for (const std::uint64_t n : {std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{3}, std::uint64_t{1} << 63,
                                std::numeric_limits<std::uint64_t>::max()})
    for (int i = 0; i < 100; ++i) CHECK(random.below(n) < n);
  CHECK_THROWS_AS(random.below(0), OptionError);

  SECTION("100 cells") {
    std::vector<int> cells(100);
    for (int i = 0; i < 100000; ++i) ++cells[random.below(100)];
    CHECK(chi_square(cells, 1000) < chi_square_99);
  }
  SECTION("n = 3·2⁶², where taking x·n alone would give 0, 3, 6, … twice as often") {
    int multiples_of_three = 0;
    const int draws = 90000;
    for (int i = 0; i < draws; ++i) multiples_of_three += random.below(std::uint64_t{3} << 62) % 3 == 0;
    CHECK(std::abs(multiples_of_three - draws / 3.0) < deviations * std::sqrt(draws * 2.0 / 9));
  }
  SECTION("the upper half of a product") {
    CHECK(detail::multiply_high(~std::uint64_t{0}, ~std::uint64_t{0}) == ~std::uint64_t{0} - 1);
    CHECK(detail::multiply_high(0x123456789abcdef0, 0xfedcba9876543210) == 0x121fa00ad77d7422);
    CHECK(detail::multiply_high(std::uint64_t{1} << 32, std::uint64_t{1} << 32) == 1);
    CHECK(detail::multiply_high(0xffffffff, 0xffffffff) == 0);
  }
}

TEST_CASE("Random: every order is as likely") {
  Random random(8);
  std::vector<int> orders(24);
  for (int n = 0; n < 24000; ++n) {
    std::array<int, 4> v{0, 1, 2, 3};
    random.shuffle(v.begin(), v.end());
    int order = 0;
    for (int i = 0, base = 6; i < 3; base /= (3 - i), ++i)
      order += base * static_cast<int>(std::count_if(
                          v.begin() + i, v.end(), [&](int x) { return x < v[static_cast<std::size_t>(i)]; }));
    ++orders[static_cast<std::size_t>(order)];
  }
  CHECK(chi_square(orders, 1000) < 58.0);  // 23 degrees of freedom: 10⁻⁴ at 55.8
  std::vector<int> none;
  random.shuffle(none);
  CHECK(none.empty());
}

TEST_CASE("Random: a standard generator") {
  static_assert(std::uniform_random_bit_generator<Random>);
  Random random(1);
  std::vector<int> v{1, 2, 3, 4, 5};
  std::shuffle(v.begin(), v.end(), random);
  std::sort(v.begin(), v.end());
  CHECK(v == std::vector<int>{1, 2, 3, 4, 5});
}

TEST_CASE("the portable logarithm is within 2 units in the last place") {
  Random random(11);
  double worst = 0;
  const auto compare = [&](double x) {
    const double want = std::log(x), ulp = std::nextafter(std::abs(want), INFINITY) - std::abs(want);
    // std::log itself may be off by a unit; its argument in long double says more where that is wider.
    const long double exact = std::log(static_cast<long double>(x));
    worst = std::max(
        worst,
        static_cast<double>(std::abs(static_cast<long double>(detail::portable_log(x)) - exact)) / ulp);
  };
  for (int i = 0; i < 200000; ++i) {
    compare(random.uniform() + 0x1p-54);
    compare(1 + (random.uniform() - 0.5) * 1e-3);
    compare(std::ldexp(1 + random.uniform(), static_cast<int>(random.below(2040)) - 1020));
  }
  for (const double x :
       {0.5, 1.0, 2.0, std::sqrt(0.5), std::sqrt(2.0), std::nextafter(1.0, 0.0), std::nextafter(1.0, 2.0),
        std::numeric_limits<double>::min(), std::numeric_limits<double>::max(), 0x1p-53})
    compare(x);
  CHECK(worst <= 2);
  CHECK(detail::portable_log(1) == 0);
}

TEST_CASE("the normal quantile inverts the distribution") {
  Random random(12);
  double worst = 0;
  for (int i = 0; i < 100000; ++i) {
    const double p = i % 2 ? random.uniform() + 0x1p-54
                           : std::ldexp(1 + random.uniform(), -2 - static_cast<int>(random.below(53)));
    const long double z = detail::normal_quantile(p);
    const long double density = std::exp(-z * z / 2) / std::sqrt(2 * std::acos(-1.0L));
    const long double error = (std::erfc(-z / std::sqrt(2.0L)) / 2 - static_cast<long double>(p)) / density;
    worst = std::max(worst,
                     static_cast<double>(std::abs(error)) / std::max(std::abs(static_cast<double>(z)), 1e-3));
    CHECK(detail::normal_quantile(1 - p) == -detail::normal_quantile(1 - (1 - p)));
  }
  CHECK(worst < 2e-15);
  CHECK(detail::normal_quantile(0.5) == 0);
}
