// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <algorithm>
#include <bit>
#include <cerrno>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include "lamina/core/errors.hpp"

/// @file
/// Bytes as numbers, with every read checked against the end, and whole files as bytes.

namespace lamina {

/// Bytes that someone else owns.
using ByteSpan = std::span<const std::byte>;

namespace detail {

static_assert(std::endian::native == std::endian::little || std::endian::native == std::endian::big);

/// A number that a file can hold as it is.
template <class T>
concept StoredNumber = (std::integral<T> && !std::same_as<T, bool> && sizeof(T) <= 8) ||
                       std::same_as<T, float> || std::same_as<T, double>;

/// The unsigned integer of so many bytes.
template <std::size_t Size>
using UnsignedOf =
    std::conditional_t<Size == 1, std::uint8_t,
                       std::conditional_t<Size == 2, std::uint16_t,
                                          std::conditional_t<Size == 4, std::uint32_t, std::uint64_t>>>;

/// The number whose bytes begin at `from`, which need not be aligned.
template <StoredNumber T>
T load_number(const std::byte* from, std::endian order) {
  using Bits = UnsignedOf<sizeof(T)>;
  Bits bits;
  std::memcpy(&bits, from, sizeof bits);
  if (order != std::endian::native) {
    Bits swapped = 0;
    for (std::size_t i = 0; i < sizeof bits; ++i)
      swapped = static_cast<Bits>((std::uint64_t{swapped} << 8) | ((std::uint64_t{bits} >> (8 * i)) & 0xffu));
    bits = swapped;
  }
  return std::bit_cast<T>(bits);
}

/// Puts the bytes of x at the end.
template <StoredNumber T>
void append_number(std::vector<std::byte>& bytes, T x, std::endian order) {
  const auto bits = std::uint64_t{std::bit_cast<UnsignedOf<sizeof(T)>>(x)};
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    const std::size_t place = order == std::endian::little ? i : sizeof(T) - 1 - i;
    bytes.push_back(static_cast<std::byte>((bits >> (8 * place)) & 0xffu));
  }
}

inline void append_bytes(std::vector<std::byte>& bytes, ByteSpan more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
}
inline void append_text(std::vector<std::byte>& bytes, std::string_view text) {
  append_bytes(bytes, std::as_bytes(std::span(text.data(), text.size())));
}

/// The bytes as text.
inline std::string_view as_text(ByteSpan bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// a·b; false when it is beyond 64 bits.
inline bool multiply(std::uint64_t a, std::uint64_t b, std::uint64_t& product) {
  if (b != 0 && a > std::numeric_limits<std::uint64_t>::max() / b) return false;
  product = a * b;
  return true;
}

/// The product of all extents and of the size of an element; false when a step of it is beyond 64 bits.
inline bool multiply(std::span<const std::size_t> extents, std::uint64_t size, std::uint64_t& product) {
  product = 1;
  for (const std::size_t extent : extents)
    if (!multiply(product, extent, product)) return false;
  return multiply(product, size, product);
}

/// A shape for a message: 2×3×4; of rank 0: "a single number".
LAMINA_COLD inline std::string shape_text(std::span<const std::size_t> shape) {
  if (shape.empty()) return "a single number";
  std::string text;
  for (const std::size_t extent : shape) text += (text.empty() ? "" : "\u00d7") + std::to_string(extent);
  return text;
}

/// What the system says of an error number.
LAMINA_COLD inline std::string system_error_text(int error) { return std::generic_category().message(error); }

/// @throws FileError when the path has a zero byte in it: the system would see another, shorter path.
inline void check_path(const std::string& path) {
  if (path.find('\0') != std::string::npos)
    fail<FileError>({path.c_str(), ": expected a path without zero bytes"});
}

}  // namespace detail

/// A cursor over bytes. Every read is checked against the end, and an error names the source, the byte, what was expected
/// and what came. The bytes are not copied.
class ByteReader {
 public:
  /// @param bytes   what is read; must outlive the reader
  /// @param source  for messages: the path of the file
  explicit ByteReader(ByteSpan bytes, std::string source = "bytes in memory")
      : bytes_(bytes), source_(std::move(source)) {}

  const std::string& source() const { return source_; }
  std::size_t size() const { return bytes_.size(); }
  std::size_t position() const { return position_; }
  std::size_t remaining() const { return bytes_.size() - position_; }

  /// The next `count` bytes; `what` they are, for messages. @throws FormatError when so many are not left.
  ByteSpan take(std::uint64_t count, std::string_view what) {
    if (count > remaining())
      fail(what, std::to_string(count) + (count == 1 ? " byte" : " bytes"),
           std::to_string(remaining()) + " before the end");
    const ByteSpan part = bytes_.subspan(position_, static_cast<std::size_t>(count));
    position_ += part.size();
    return part;
  }

  /// The next number. @throws FormatError at the end.
  template <detail::StoredNumber T>
  T read(std::endian order, std::string_view what) {
    return detail::load_number<T>(take(sizeof(T), what).data(), order);
  }
  template <detail::StoredNumber T>
  T little_endian(std::string_view what) {
    return read<T>(std::endian::little, what);
  }
  template <detail::StoredNumber T>
  T big_endian(std::string_view what) {
    return read<T>(std::endian::big, what);
  }

  /// Goes to a byte. @throws FormatError when it is behind the end.
  void seek(std::uint64_t position, std::string_view what) {
    if (position > bytes_.size())
      fail(what, "a place in the " + std::to_string(bytes_.size()) + " bytes", std::to_string(position));
    position_ = static_cast<std::size_t>(position);
  }

  /// @throws FormatError when bytes are left.
  void expect_end(std::string_view behind) const {
    if (remaining() != 0)
      fail("the end", "no bytes behind " + std::string(behind), std::to_string(remaining()));
  }

  /// @throws FormatError at this byte: "source, byte 4, what: expected this, got that".
  [[noreturn]] LAMINA_COLD void fail(std::string_view what, std::string_view expected,
                                     std::string_view got) const {
    fail_at(position_, what, expected, got);
  }
  [[noreturn]] LAMINA_COLD void fail_at(std::size_t position, std::string_view what,
                                        std::string_view expected, std::string_view got) const {
    detail::fail<FormatError>(
        {source_, ", byte ", position, ", ", what, ": expected ", expected, ", got ", got});
  }

 private:
  ByteSpan bytes_;
  std::string source_;
  std::size_t position_ = 0;
};

/// All bytes of a file.
/// @throws FileError naming the path and what the system says: not there, not readable, a directory.
inline std::vector<std::byte> read_file(const std::string& path) {
  detail::check_path(path);
  struct Close {
    void operator()(std::FILE* file) const { static_cast<void>(std::fclose(file)); }
  };
  const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "rb"));
  if (!file)
    detail::fail<FileError>({path, ": expected a file to read, got: ", detail::system_error_text(errno)});
  std::vector<std::byte> bytes;
  for (std::size_t chunk = std::size_t{1} << 14; !std::feof(file.get());) {
    const std::size_t before = bytes.size();
    bytes.resize(before + chunk);
    errno = 0;
    const std::size_t count = std::fread(bytes.data() + before, 1, chunk, file.get());
    if (std::ferror(file.get()))
      detail::fail<FileError>({path, ": cannot be read: ", detail::system_error_text(errno)});
    bytes.resize(before + count);
    chunk = std::min(2 * chunk, std::size_t{1} << 24);
  }
  return bytes;
}

}  // namespace lamina
