// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lamina/core/bytes.hpp"
#include "lamina/core/errors.hpp"
#include "lamina/data/gzip.hpp"

/// @file
/// Zip archives, as far as `.npz` files need them: stored entries, and deflated ones with `lamina::zlib`; no zip64, no
/// encryption, one disk. PKWARE, APPNOTE.TXT, .ZIP file format specification.

namespace lamina::detail {

/// CRC-32 of zip and gzip: the remainder by x³² + x²⁶ + x²³ + x²² + x¹⁶ + x¹² + x¹¹ + x¹⁰ + x⁸ + x⁷ + x⁵ + x⁴ + x² + x + 1, bits
/// reflected. ISO 3309.
inline std::uint32_t crc32(ByteSpan bytes) {
  static constexpr auto table = [] {
    std::array<std::uint32_t, 256> remainders{};
    for (std::uint32_t i = 0; i < 256; ++i) {
      std::uint32_t r = i;
      for (int bit = 0; bit < 8; ++bit) r = (r >> 1) ^ (r & 1 ? 0xEDB88320u : 0u);
      remainders[i] = r;
    }
    return remainders;
  }();
  std::uint32_t crc = 0xFFFFFFFFu;
  for (const std::byte byte : bytes)
    crc = (crc >> 8) ^ table[(crc ^ std::to_integer<std::uint32_t>(byte)) & 0xFFu];
  return ~crc;
}

/// A file in an archive.
struct ZipEntry {
  std::string name;
  std::vector<std::byte> bytes;
};

inline constexpr std::uint32_t zip_local = 0x04034B50, zip_central = 0x02014B50, zip_end = 0x06054B50;

/// What the central directory says of an entry.
struct ZipRecord {
  std::uint16_t flags, method;
  std::uint32_t crc, packed, unpacked, offset;
  std::string name;
  std::size_t begin = 0, end = 0;  ///< of its packed bytes
};

/// The record at the end, which says where the central directory is: behind it only a comment of the length it says.
inline std::size_t find_zip_end(const ByteReader& reader, ByteSpan bytes) {
  constexpr std::size_t size = 22, longest_comment = 0xFFFF;
  if (bytes.size() >= size)
    for (std::size_t comment = 0; comment <= std::min(longest_comment, bytes.size() - size); ++comment) {
      const std::byte* const at = bytes.data() + (bytes.size() - size - comment);
      if (load_number<std::uint32_t>(at, std::endian::little) == zip_end &&
          load_number<std::uint16_t>(at + 20, std::endian::little) == comment)
        return bytes.size() - size - comment;
    }
  reader.fail_at(0, "the archive", "a zip archive with its directory at the end",
                 std::to_string(bytes.size()) + " bytes without one");
}

/// The entries of the central directory, and where each one's bytes are.
inline std::vector<ZipRecord> read_zip_directory(ByteSpan bytes, const std::string& source) {
  ByteReader reader(bytes, source);
  const std::size_t end = find_zip_end(reader, bytes);
  reader.seek(end + 4, "the end of the directory");
  const auto disk = reader.little_endian<std::uint16_t>("the number of the disk");
  const auto first_disk = reader.little_endian<std::uint16_t>("the disk of the directory");
  const auto here = reader.little_endian<std::uint16_t>("the number of entries");
  const auto count = reader.little_endian<std::uint16_t>("the number of entries");
  const auto size = reader.little_endian<std::uint32_t>("the size of the directory");
  const auto begin = reader.little_endian<std::uint32_t>("the place of the directory");
  if (count == 0xFFFF || size == 0xFFFFFFFFu || begin == 0xFFFFFFFFu)
    reader.fail_at(end, "the directory", "a zip archive below 4 GiB",
                   "one in the zip64 format, which is not read");
  if (disk != 0 || first_disk != 0 || here != count)
    reader.fail_at(end, "the directory", "one disk", "several");
  if (std::uint64_t{begin} + size != end)
    reader.fail_at(end, "the place of the directory", std::to_string(end) + " as its end",
                   std::to_string(std::uint64_t{begin} + size));

  std::vector<ZipRecord> records;
  reader.seek(begin, "the directory");
  for (unsigned i = 0; i < count; ++i) {
    if (reader.little_endian<std::uint32_t>("an entry of the directory") != zip_central)
      reader.fail_at(reader.position() - 4, "an entry of the directory", "its mark", "something else");
    reader.take(4, "versions");
    ZipRecord record{};
    record.flags = reader.little_endian<std::uint16_t>("flags");
    record.method = reader.little_endian<std::uint16_t>("the method");
    reader.take(4, "the time");
    record.crc = reader.little_endian<std::uint32_t>("the CRC");
    record.packed = reader.little_endian<std::uint32_t>("the packed size");
    record.unpacked = reader.little_endian<std::uint32_t>("the size");
    const auto name = reader.little_endian<std::uint16_t>("the length of the name");
    const auto extra = reader.little_endian<std::uint16_t>("the length of the extra field");
    const auto comment = reader.little_endian<std::uint16_t>("the length of the comment");
    reader.take(8, "attributes");
    record.offset = reader.little_endian<std::uint32_t>("the place of the entry");
    record.name = as_text(reader.take(name, "the name"));
    reader.take(std::uint64_t{extra} + comment, "the extra field and the comment");
    records.push_back(std::move(record));
  }
  if (reader.position() != end)
    reader.fail("the directory", std::to_string(count) + " entries up to byte " + std::to_string(end),
                "another size");

  // Entries may not share bytes: a small file could hold one large entry many times.
  std::vector<std::pair<std::size_t, std::size_t>> places;
  for (ZipRecord& record : records) {
    const auto entry = [&](const char* part) { return "entry '" + record.name + "', " + part; };
    const auto zip64 = [](std::uint32_t number) { return number == 0xFFFFFFFFu; };
    if (zip64(record.packed) || zip64(record.unpacked) || zip64(record.offset))
      reader.fail_at(begin, entry("its sizes"), "a zip archive below 4 GiB",
                     "one in the zip64 format, which is not read");
    reader.seek(record.offset, entry("its place"));
    if (reader.little_endian<std::uint32_t>(entry("its header")) != zip_local)
      reader.fail_at(record.offset, entry("its header"), "its mark", "something else");
    reader.take(2, "the version");
    const auto flags = reader.little_endian<std::uint16_t>("flags");
    const auto method = reader.little_endian<std::uint16_t>("the method");
    reader.take(4, "the time");
    const auto crc = reader.little_endian<std::uint32_t>("the CRC");
    const auto packed = reader.little_endian<std::uint32_t>("the packed size");
    const auto unpacked = reader.little_endian<std::uint32_t>("the size");
    const auto name = reader.little_endian<std::uint16_t>("the length of the name");
    const auto extra = reader.little_endian<std::uint16_t>("the length of the extra field");
    const std::string_view text = as_text(reader.take(name, "the name"));
    // What is written before the sizes are known has none here (flag 8), and NumPy writes the header of zip64 at once.
    const bool sizes_follow = flags & 8u;
    if (text != record.name || flags != record.flags || method != record.method ||
        (!sizes_follow && (crc != record.crc || (!zip64(packed) && packed != record.packed) ||
                           (!zip64(unpacked) && unpacked != record.unpacked))))
      reader.fail_at(record.offset, entry("its header"), "what the directory says", "something else");
    reader.take(extra, "the extra field");
    record.begin = reader.position();
    record.end = record.begin + reader.take(record.packed, entry("its bytes")).size();
    if (record.end > begin)
      reader.fail_at(record.begin, entry("its bytes"), "their end before the directory", "more");
    places.emplace_back(record.offset, record.end);
  }
  std::sort(places.begin(), places.end());
  for (std::size_t i = 1; i < places.size(); ++i)
    if (places[i].first < places[i - 1].second)
      reader.fail_at(places[i].first, "an entry", "bytes of its own", "those of another entry too");
  return records;
}

/// All files in an archive.
/// @param limit  bytes that all deflated entries together may unpack to
/// @throws FormatError when it is damaged, or needs what is not read.
inline std::vector<ZipEntry> read_zip(ByteSpan bytes, const std::string& source, std::size_t limit) {
  std::vector<ZipEntry> entries;
  for (const ZipRecord& record : read_zip_directory(bytes, source)) {
    const std::string where = source + ", entry '" + record.name + "'";
    const ByteSpan packed = bytes.subspan(record.begin, record.end - record.begin);
    ZipEntry entry{record.name, {}};
    if (record.flags & 1u) fail<FormatError>({where, ": expected an entry that is not encrypted"});
    if (record.method == 0) {
      entry.bytes.assign(packed.begin(), packed.end());
    } else if (record.method == 8) {
      if (record.unpacked > limit)
        fail<FormatError>({where, ": expected at most ", limit, " unpacked bytes, got ", record.unpacked});
      entry.bytes = unpack(packed, Packing::deflate, record.unpacked, where);
      limit -= entry.bytes.size();
    } else {
      fail<FormatError>(
          {where, ": expected an entry that is stored or deflated, got method ", record.method});
    }
    if (entry.bytes.size() != record.unpacked)
      fail<FormatError>({where, ": expected ", record.unpacked, " bytes, got ", entry.bytes.size()});
    if (const std::uint32_t crc = crc32(entry.bytes); crc != record.crc)
      fail<FormatError>({where, ": expected bytes whose CRC-32 is ", record.crc, ", got ", crc});
    entries.push_back(std::move(entry));
  }
  return entries;
}

/// An archive of stored files; the same bytes for the same entries, at any time.
/// @throws ShapeError when it would need zip64: 4 GiB, 65535 entries, or a name of 64 KiB.
inline std::vector<std::byte> to_zip(const std::vector<ZipEntry>& entries) {
  std::vector<std::byte> bytes, directory;
  const auto u16 = [](std::vector<std::byte>& to, std::uint64_t x) {
    append_number(to, static_cast<std::uint16_t>(x), std::endian::little);
  };
  const auto u32 = [](std::vector<std::byte>& to, std::uint64_t x) {
    append_number(to, static_cast<std::uint32_t>(x), std::endian::little);
  };
  std::uint64_t size = 22;
  for (const ZipEntry& entry : entries) size += 30 + 46 + 2 * entry.name.size() + entry.bytes.size();
  if (size >= 0xFFFFFFFFu) fail<ShapeError>({"zip archive: expected less than 4 GiB, got ", size, " bytes"});
  if (entries.size() >= 0xFFFF)
    fail<ShapeError>({"zip archive: expected less than 65535 entries, got ", entries.size()});
  for (const ZipEntry& entry : entries) {
    if (entry.name.size() > 0xFFFF)
      fail<ShapeError>({"zip archive: expected names below 64 KiB, got ", entry.name.size(), " bytes"});
    const std::size_t offset = bytes.size();
    // Version 2.0, the name in UTF-8 (flag 2048), stored, at the first time that zip knows: 1 January 1980.
    const auto common = [&](std::vector<std::byte>& to) {
      for (const unsigned x : {20u, 0x800u, 0u, 0u, 0x21u}) u16(to, x);
      for (const std::uint64_t x : {std::uint64_t{crc32(entry.bytes)}, std::uint64_t{entry.bytes.size()},
                                    std::uint64_t{entry.bytes.size()}})
        u32(to, x);
      u16(to, entry.name.size());
      u16(to, 0);
    };
    u32(bytes, zip_local);
    common(bytes);
    append_text(bytes, entry.name);
    append_bytes(bytes, entry.bytes);
    u32(directory, zip_central);
    u16(directory, 20);
    common(directory);
    for (int i = 0; i < 3; ++i) u16(directory, 0);
    u32(directory, 0);
    u32(directory, offset);
    append_text(directory, entry.name);
  }
  const std::size_t begin = bytes.size();
  append_bytes(bytes, directory);
  u32(bytes, zip_end);
  for (const std::size_t x : {std::size_t{0}, std::size_t{0}, entries.size(), entries.size()}) u16(bytes, x);
  u32(bytes, directory.size());
  u32(bytes, begin);
  u16(bytes, 0);
  return bytes;
}

}  // namespace lamina::detail
