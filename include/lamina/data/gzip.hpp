// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "lamina/core/bytes.hpp"
#include "lamina/core/errors.hpp"

#ifdef LAMINA_WITH_ZLIB
#include <zlib.h>

#include <algorithm>
#include <memory>
#endif

/// @file
/// Unpacking gzip (RFC 1952) and deflate (RFC 1951), with zlib: for programs that link the CMake target `lamina::zlib`.
/// In others the same calls say so.

namespace lamina {

/// Bytes that compressed data may unpack to where the caller does not say: 1 GiB.
inline constexpr std::size_t default_unpacked_limit = std::size_t{1} << 30;

/// Whether bytes begin as a gzip file does.
inline bool is_gzip(ByteSpan bytes) {
  return bytes.size() >= 2 && bytes[0] == std::byte{0x1f} && bytes[1] == std::byte{0x8b};
}

namespace detail {

enum class Packing { gzip, deflate };

#ifdef LAMINA_WITH_ZLIB

/// Memory grows with what is really unpacked, whatever sizes the data claim.
inline std::vector<std::byte> unpack(ByteSpan bytes, Packing packing, std::size_t limit,
                                     const std::string& source) {
  z_stream stream{};
  if (inflateInit2(&stream, packing == Packing::gzip ? 15 + 16 : -15) != Z_OK)
    fail<FormatError>({source, ": zlib cannot be started"});
  struct End {
    void operator()(z_stream* s) const { inflateEnd(s); }
  };
  const std::unique_ptr<z_stream, End> end(&stream);

  std::vector<std::byte> unpacked;
  constexpr std::size_t first_chunk = std::size_t{1} << 14;
  std::size_t read = 0, chunk = first_chunk;
  const auto wrong = [&](const std::string& expected, const std::string& got) {
    fail<FormatError>({source, ", byte ", read, ": expected ", expected, ", got ", got});
  };
  for (;;) {
    // One byte beyond the limit, to see whether there is one.
    const std::size_t room = std::min(chunk, limit - unpacked.size()) + 1;
    const std::size_t before = unpacked.size(), input = std::min(bytes.size() - read, std::size_t{1} << 24);
    unpacked.resize(before + room);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(bytes.data() + read));
    stream.avail_in = static_cast<uInt>(input);
    stream.next_out = reinterpret_cast<Bytef*>(unpacked.data() + before);
    stream.avail_out = static_cast<uInt>(room);
    const int result = inflate(&stream, Z_NO_FLUSH);
    read += input - stream.avail_in;
    unpacked.resize(before + room - stream.avail_out);
    if (unpacked.size() > limit) wrong("at most " + std::to_string(limit) + " unpacked bytes", "more");
    if (result == Z_STREAM_END) {
      if (read == bytes.size()) return unpacked;
      // A gzip file may be several, one behind another.
      if (packing == Packing::deflate || !is_gzip(bytes.subspan(read)))
        wrong("the end", std::to_string(bytes.size() - read) + " bytes behind the compressed data");
      if (inflateReset(&stream) != Z_OK) wrong("compressed data", "what zlib refuses");
      chunk = first_chunk;
    } else if (result == Z_BUF_ERROR || (result == Z_OK && input == 0 && stream.avail_out != 0)) {
      wrong("more compressed data", "the end");
    } else if (result != Z_OK) {
      wrong("compressed data", stream.msg ? stream.msg : "what zlib refuses");
    }
    if (stream.avail_out == 0) chunk = std::min(2 * chunk, std::size_t{1} << 24);
  }
}

#else

inline std::vector<std::byte> unpack(ByteSpan, Packing, std::size_t, const std::string& source) {
  fail<FormatError>(
      {source,
       ": is compressed, and this program is built without zlib; link the CMake target lamina::zlib, or "
       "unpack it first"});
}

#endif

}  // namespace detail

/// What a gzip file in memory unpacks to.
/// @param limit   bytes that it may unpack to; memory grows with what is really unpacked
/// @param source  for messages: the path of the file
/// @throws FormatError when it is damaged, cut off or followed by something else, when it unpacks to more than the limit,
///   or when the program is built without `lamina::zlib`.
inline std::vector<std::byte> gunzip(ByteSpan bytes, std::size_t limit = default_unpacked_limit,
                                     const std::string& source = "bytes in memory") {
  return detail::unpack(bytes, detail::Packing::gzip, limit, source);
}

}  // namespace lamina
