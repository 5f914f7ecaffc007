// Bytes as numbers, half precision, and whole files.

#include "lamina/core/bytes.hpp"

#include <cmath>
#include <limits>

#include "lamina/core/half.hpp"
#include "support/files.hpp"

using namespace lamina;
using Catch::Matchers::Message;
using files::bytes;

TEST_CASE("numbers of either byte order", "[bytes]") {
  const auto data = bytes({0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x88});
  ByteReader big(data), little(data);
  CHECK(big.big_endian<std::uint16_t>("x") == 0x0102);
  CHECK(big.big_endian<std::uint8_t>("x") == 3);
  big.seek(0, "x");
  CHECK(big.big_endian<std::uint64_t>("x") == 0x0102030405060788u);
  CHECK(little.little_endian<std::uint32_t>("x") == 0x04030201u);
  CHECK(little.little_endian<std::int32_t>("x") == -0x77f8f9fb);
  // 1 = 0x3f800000, −2 = 0xc000000000000000
  CHECK(ByteReader(bytes({0x3f, 0x80, 0, 0})).big_endian<float>("x") == 1.0f);
  CHECK(ByteReader(bytes({0, 0, 0, 0, 0, 0, 0, 0xc0})).little_endian<double>("x") == -2.0);

  std::vector<std::byte> written;
  detail::append_number(written, std::uint16_t{0x0102}, std::endian::big);
  detail::append_number(written, std::uint16_t{0x0102}, std::endian::little);
  detail::append_number(written, -2.0, std::endian::big);
  CHECK(written == bytes({1, 2, 2, 1, 0xc0, 0, 0, 0, 0, 0, 0, 0}));
}

TEST_CASE("a read behind the end names the source, the byte and what was expected", "[bytes]") {
  const auto data = bytes({1, 2, 3});
  ByteReader reader(data, "some.file");
  reader.take(1, "the first");
  CHECK_THROWS_MATCHES(reader.little_endian<std::uint32_t>("the second"), FormatError,
                       Message("some.file, byte 1, the second: expected 4 bytes, got 2 before the end"));
  CHECK(reader.position() == 1);
  CHECK_THROWS_AS(reader.take(std::numeric_limits<std::uint64_t>::max(), "all"), FormatError);
  CHECK_THROWS_AS(reader.seek(4, "x"), FormatError);
  CHECK_THROWS_MATCHES(reader.expect_end("the first"), FormatError,
                       Message("some.file, byte 1, the end: expected no bytes behind the first, got 2"));
  reader.take(2, "the rest");
  CHECK_NOTHROW(reader.expect_end("the rest"));
  CHECK_THROWS_AS(ByteReader(ByteSpan{}).take(1, "x"), FormatError);
}

TEST_CASE("products of extents that overflow are noticed", "[bytes]") {
  const std::size_t half = std::size_t{1} << 32;
  std::uint64_t product = 0;
  CHECK(detail::multiply(std::vector<std::size_t>{3, 4}, 8, product));
  CHECK(product == 96);
  CHECK(detail::multiply(std::vector<std::size_t>{}, 8, product));
  CHECK(product == 8);
  CHECK(detail::multiply(std::vector<std::size_t>{half, half - 1}, 1, product));
  CHECK(product == half * (half - 1));
  CHECK_FALSE(detail::multiply(std::vector<std::size_t>{half, half}, 1, product));
  CHECK_FALSE(detail::multiply(std::vector<std::size_t>{(std::size_t{1} << 63) + 2, 2}, 1, product));
  CHECK_FALSE(detail::multiply(std::vector<std::size_t>{half, half / 4}, 8, product));
  CHECK(detail::multiply(std::vector<std::size_t>{0, half}, 8, product));
  CHECK(product == 0);
}

TEST_CASE("a file is read whole, or the error names it", "[bytes]") {
  files::Folder folder;
  std::string text;
  for (int i = 0; i < 100000; ++i) text += static_cast<char>(i * 7 % 251);
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{1} << 14, text.size()}) {
    files::create(folder.path("file"), text.substr(0, size));
    CHECK(read_file(folder.path("file")) == files::bytes(text.substr(0, size)));
  }
  const std::string missing = folder.path("missing");
  CHECK_THROWS_MATCHES(read_file(missing), FileError,
                       Message(missing + ": expected a file to read, got: No such file or directory"));
  CHECK_THROWS_MATCHES(read_file(folder.path()), FileError,
                       Message(folder.path() + ": cannot be read: Is a directory"));
  CHECK_THROWS_AS(read_file(folder.path("file") + std::string("\0x", 2)), FileError);
}

// ---- half precision ----------------------------------------------------------------------------------------

// The definitions: (−1)ˢ·2^(e − bias)·(1 + f/2ᶠ), or (−1)ˢ·2^(1 − bias)·f/2ᶠ for e = 0.
namespace {
double value_of(unsigned bits, int exponent_bits, int fraction_bits) {
  const int bias = (1 << (exponent_bits - 1)) - 1, top = (1 << exponent_bits) - 1;
  const int e = static_cast<int>(bits >> fraction_bits) & top;
  const double f = (bits & ((1u << fraction_bits) - 1)) / std::ldexp(1.0, fraction_bits);
  const double sign = bits >> 15 ? -1 : 1;
  if (e == top) return f == 0 ? sign * std::numeric_limits<double>::infinity() : std::nan("");
  return sign * (e == 0 ? std::ldexp(f, 1 - bias) : std::ldexp(1 + f, e - bias));
}

// Every number and its neighbour: their midpoint goes to the even one, what is beside it to the nearer one.
template <class Widen, class Narrow>
void check_all(int exponent_bits, int fraction_bits, Widen widen, Narrow narrow) {
  int wrong = 0;
  const unsigned infinity = ((1u << exponent_bits) - 1) << fraction_bits;
  for (unsigned bits = 0; bits < 0x10000; ++bits) {
    const double x = value_of(bits, exponent_bits, fraction_bits);
    const double widened = widen(static_cast<std::uint16_t>(bits));
    if (x != x) {
      wrong += widened == widened;
      const std::uint16_t again = narrow(x);
      wrong += (again & 0x7fffu) <= infinity;
      continue;
    }
    wrong += std::bit_cast<std::uint64_t>(widened) != std::bit_cast<std::uint64_t>(x);
    wrong += narrow(x) != bits;
    if ((bits & 0x7fffu) >= infinity) continue;
    // The neighbour further from zero; beyond the largest number it is the one with the next exponent.
    const double next = (bits & 0x7fffu) + 1 == infinity
                            ? std::copysign(std::ldexp(1.0, 1 << (exponent_bits - 1)), x)
                            : value_of(bits + 1, exponent_bits, fraction_bits);
    const double middle = x / 2 + next / 2;
    wrong += narrow(middle) != (bits & 1 ? bits + 1 : bits);
    wrong += narrow(std::nextafter(middle, x)) != bits;
    wrong += narrow(std::nextafter(middle, next)) != bits + 1;
  }
  CHECK(wrong == 0);
}
}  // namespace

TEST_CASE("binary16 and bfloat16, every number and every midpoint", "[half]") {
  check_all(5, 10, float_from_half, half_from);
  check_all(8, 7, float_from_bfloat16, bfloat16_from);
}

TEST_CASE("half precision at the ends of the range of double", "[half]") {
  const double inf = std::numeric_limits<double>::infinity(), largest = std::numeric_limits<double>::max();
  CHECK(half_from(largest) == 0x7c00);
  CHECK(half_from(-inf) == 0xfc00);
  CHECK(half_from(5e-324) == 0);
  CHECK(half_from(-5e-324) == 0x8000);
  CHECK(half_from(65519.999) == 0x7bff);
  CHECK(half_from(65520) == 0x7c00);
  CHECK(bfloat16_from(largest) == 0x7f80);
  CHECK(bfloat16_from(-5e-324) == 0x8000);
  static_assert(half_from(1) == 0x3c00 && bfloat16_from(1) == 0x3f80 && float_from_half(0xc000) == -2);
}
