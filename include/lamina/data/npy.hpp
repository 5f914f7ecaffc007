// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <bit>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lamina/core/atomic_file.hpp"
#include "lamina/core/bytes.hpp"
#include "lamina/core/errors.hpp"
#include "lamina/data/array.hpp"
#include "lamina/data/zip.hpp"

/// @file
/// NumPy's files: `.npy`, an array behind a header that is a Python dictionary, and `.npz`, a zip archive of those.
/// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html

namespace lamina {

namespace detail {

inline constexpr std::size_t npy_most_dimensions = 64;  // NumPy's own limit

struct NpyHeader {
  ElementType type = ElementType::f64;
  std::endian order = std::endian::native;
  bool fortran_order = false;
  std::vector<std::size_t> shape;
};

/// The kind and size of an element and the letters NumPy has for them. bfloat16 has none.
inline std::string_view npy_code(ElementType type) {
  constexpr std::string_view codes[] = {"b1", "u1", "i1", "u2", "i2", "u4", "i4",
                                        "u8", "i8", "f2", "",   "f4", "f8"};
  return codes[static_cast<std::size_t>(type)];
}

/// Reads a dictionary such as {'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }: these three keys, each once, in
/// any order, and nothing else.
class NpyHeaderParser {
 public:
  NpyHeaderParser(std::string_view text, std::size_t offset, const ByteReader& reader)
      : text_(text), offset_(offset), reader_(reader) {}

  NpyHeader parse() {
    std::optional<bool> fortran_order;
    bool has_type = false, has_shape = false;
    expect('{', "a dictionary");
    while (!accept('}')) {
      const std::size_t at = (skip_space(), at_);
      const std::string_view key = string("a key in quotes");
      expect(':', "a colon behind the key");
      if (key == "descr" && !has_type) {
        descr();
        has_type = true;
      } else if (key == "fortran_order" && !fortran_order) {
        fortran_order = boolean();
      } else if (key == "shape" && !has_shape) {
        shape();
        has_shape = true;
      } else {
        fail(at, "the keys descr, fortran_order and shape, each once", "'" + std::string(key) + "'");
      }
      if (accept('}')) break;
      expect(',', "a comma or the end of the dictionary");
    }
    skip_space();
    if (at_ != text_.size()) fail(at_, "nothing behind the dictionary", quoted());
    if (!has_type) fail(at_, "the key descr", "none");
    if (!fortran_order) fail(at_, "the key fortran_order", "none");
    if (!has_shape) fail(at_, "the key shape", "none");
    header_.fortran_order = *fortran_order;
    return std::move(header_);
  }

 private:
  void skip_space() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r'))
      ++at_;
  }
  bool accept(char c) {
    skip_space();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void expect(char c, const char* what) {
    if (!accept(c)) fail(at_, what, quoted());
  }
  bool accept(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }

  std::string_view string(const char* what) {
    skip_space();
    const char quote = at_ < text_.size() ? text_[at_] : ' ';
    if (quote != '\'' && quote != '"') fail(at_, what, quoted());
    const std::size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) fail(at_, "a closing quote", "none");
    const std::string_view content = text_.substr(at_ + 1, end - at_ - 1);
    if (content.find_first_of("\\\n") != std::string_view::npos)
      fail(at_, "a string without escapes and ends of lines", "one with them");
    at_ = end + 1;
    return content;
  }

  bool boolean() {
    skip_space();
    if (accept("True")) return true;
    if (accept("False")) return false;
    fail(at_, "True or False", quoted());
  }

  // An order of bytes, a kind and a size: '<f8'. Without an order, or with '=', the order of the machine.
  void descr() {
    skip_space();
    const std::size_t at = at_;
    const std::string_view whole = string("an element type in quotes (structures are not read)");
    std::string_view code = whole;
    const char order = code.empty() ? ' ' : code[0];
    if (order == '<' || order == '>' || order == '=' || order == '|') code.remove_prefix(1);
    if (code == "?") code = "b1";
    for (auto type = ElementType::boolean; type <= ElementType::f64;
         type = static_cast<ElementType>(static_cast<int>(type) + 1)) {
      if (code.empty() || code != npy_code(type) || (order == '|' && size_of(type) > 1)) continue;
      header_.type = type;
      if (order == '<') header_.order = std::endian::little;
      if (order == '>') header_.order = std::endian::big;
      return;
    }
    fail(at, "b1, i1 to i8, u1 to u8, f2, f4 or f8, with an order of bytes", "'" + std::string(whole) + "'");
  }

  // (), (3,), (2, 3) or (2, 3,)
  void shape() {
    expect('(', "a tuple of extents");
    while (!accept(')')) {
      skip_space();
      if (header_.shape.size() == npy_most_dimensions)
        fail(at_, "at most " + std::to_string(npy_most_dimensions) + " dimensions", "more");
      std::uint64_t extent = 0;
      const char *const begin = text_.data() + at_, *const end = text_.data() + text_.size();
      const auto [rest, error] = std::from_chars(begin, end, extent);
      if (error != std::errc{} || (*begin == '0' && rest - begin > 1))
        fail(at_, "an extent from 0 to 2^64 - 1", quoted());
      at_ += static_cast<std::size_t>(rest - begin);
      accept("L");  // an integer of Python 2
      header_.shape.push_back(static_cast<std::size_t>(extent));
      if (accept(')')) {
        if (header_.shape.size() == 1) fail(at_ - 1, "a comma in a tuple of one", "')'");
        return;
      }
      expect(',', "a comma or the end of the tuple");
    }
  }

  /// What is at the place of an error.
  std::string quoted() const {
    if (at_ >= text_.size()) return "the end of the header";
    std::string text = "'";
    for (const char c : text_.substr(at_, 16)) text += c >= ' ' && c <= '~' ? c : '?';
    return text + "'";
  }
  [[noreturn]] void fail(std::size_t at, std::string_view expected, std::string_view got) const {
    reader_.fail_at(offset_ + at, "the header", expected, got);
  }

  std::string_view text_;
  std::size_t at_ = 0, offset_;
  const ByteReader& reader_;
  NpyHeader header_;
};

/// Elements of `size` bytes, moved from one order of indices to the other: from the first index running fastest to the
/// last (to_rows), or back.
inline std::vector<std::byte> reorder(ByteSpan bytes, std::span<const std::size_t> shape, std::size_t size,
                                      bool to_rows) {
  std::vector<std::byte> moved(bytes.size());
  if (bytes.empty()) return moved;
  std::vector<std::size_t> stride(shape.size(), 1), index(shape.size(), 0);
  for (std::size_t d = 1; d < shape.size(); ++d) stride[d] = stride[d - 1] * shape[d - 1];
  std::size_t fortran = 0;
  for (std::size_t row = 0; row < bytes.size(); row += size) {
    const std::size_t from = to_rows ? fortran * size : row, to = to_rows ? row : fortran * size;
    std::copy_n(bytes.data() + from, size, moved.data() + to);
    for (std::size_t d = shape.size(); d-- > 0;) {
      fortran += stride[d];
      if (++index[d] < shape[d]) break;
      fortran -= stride[d] * shape[d];
      index[d] = 0;
    }
  }
  return moved;
}

}  // namespace detail

/// A `.npy` file in memory: versions 1, 2 and 3; f2, f4, f8, integers and bool of either byte order; C and Fortran order.
/// @param source  for messages: the path of the file
/// @throws FormatError when it is anything else (Python objects are never unpickled), cut off, or followed by more bytes.
inline Array read_npy(ByteSpan bytes, const std::string& source = "bytes in memory") {
  using namespace std::string_view_literals;
  ByteReader reader(bytes, source);
  if (detail::as_text(reader.take(6, "the magic string")) != "\x93NUMPY"sv)
    reader.fail_at(0, "the magic string", "\\x93NUMPY", "something else");
  const auto major = reader.little_endian<std::uint8_t>("the version");
  const auto minor = reader.little_endian<std::uint8_t>("the version");
  if (major < 1 || major > 3 || minor != 0)
    reader.fail_at(6, "the version", "1.0, 2.0 or 3.0", std::to_string(major) + "." + std::to_string(minor));
  const std::uint32_t length = major == 1 ? reader.little_endian<std::uint16_t>("the length of the header")
                                          : reader.little_endian<std::uint32_t>("the length of the header");
  const std::size_t offset = reader.position();
  const std::string_view text = detail::as_text(reader.take(length, "the header"));
  detail::NpyHeader header = detail::NpyHeaderParser(text, offset, reader).parse();

  const std::size_t size = size_of(header.type);
  std::uint64_t total = 0;
  if (!detail::multiply(header.shape, size, total))
    reader.fail_at(offset, "the shape", "a size below 2^64", detail::shape_text(header.shape));
  const std::size_t begin = reader.position();
  const ByteSpan data = reader.take(total, "the elements");
  reader.expect_end("the elements");
  Array array{header.type, std::move(header.shape), {}};
  if (header.fortran_order && array.rank() > 1) {
    array.bytes = detail::reorder(data, array.shape, size, true);
  } else {
    array.bytes.assign(data.begin(), data.end());
  }
  if (header.type == ElementType::boolean)
    for (std::size_t i = 0; i < data.size(); ++i)
      if (data[i] > std::byte{1})
        reader.fail_at(begin + i, "a boolean", "0 or 1", std::to_string(std::to_integer<int>(data[i])));
  if (header.order != std::endian::native) detail::swap_elements(array.bytes, size);
  return array;
}

/// A `.npy` file. @throws FileError when it cannot be read, FormatError as above.
inline Array read_npy(const std::string& path) { return read_npy(read_file(path), path); }

/// A `.npy` file as a matrix: rank 0 is 1×1, rank 1 a column, rank 2 itself; of higher ranks the first extent is the number
/// of rows (samples), and a row holds the others, the last index running fastest.
/// @throws FileError, FormatError as read_npy; DataError when Scalar is an integer type that cannot hold a number.
template <class Scalar>
Eigen::Matrix<Scalar, Dynamic, Dynamic, Eigen::RowMajor> read_npy_matrix(const std::string& path) {
  return read_npy(path).matrix<Scalar>(path);
}

/// How a `.npy` file is written.
struct NpyOptions {
  bool fortran_order = false;  ///< the first index runs fastest in the file, as in a column-major matrix
};

/// The bytes of a `.npy` file, version 1.0, little-endian.
/// @throws OptionError for bfloat16, ShapeError for more than 64 dimensions or bytes that are not the shape's.
inline std::vector<std::byte> to_npy(const Array& array, NpyOptions options = {}) {
  const std::string_view code = detail::npy_code(array.type);
  if (code.empty())
    detail::fail<OptionError>({"npy: expected elements of a type that NumPy has, got ", name_of(array.type)});
  if (array.rank() > detail::npy_most_dimensions)
    detail::fail<ShapeError>(
        {"npy: expected at most ", detail::npy_most_dimensions, " dimensions, got ", array.rank()});
  const std::size_t size = size_of(array.type);
  std::uint64_t total = 0;
  if (!detail::multiply(array.shape, size, total) || total != array.bytes.size())
    detail::fail<ShapeError>({"npy: expected the bytes of ", detail::shape_text(array.shape),
                              " elements, got ", array.bytes.size()});
  std::string shape;
  for (const std::size_t extent : array.shape) shape += (shape.empty() ? "" : ", ") + std::to_string(extent);
  if (array.rank() == 1) shape += ",";
  std::string header = "{'descr': '" + std::string(size == 1 ? "|" : "<") + std::string(code) +
                       "', 'fortran_order': " + (options.fortran_order ? "True" : "False") + ", 'shape': (" +
                       shape + "), }";
  // The elements begin at a multiple of 64 bytes.
  constexpr std::size_t before = 6 + 2 + 2, alignment = 64;
  header.append(alignment - 1 - (before + header.size()) % alignment, ' ');
  header += '\n';
  std::vector<std::byte> bytes;
  bytes.reserve(before + header.size() + array.bytes.size());
  detail::append_text(bytes, "\x93NUMPY\x01");
  bytes.push_back(std::byte{0});
  detail::append_number(bytes, static_cast<std::uint16_t>(header.size()), std::endian::little);
  detail::append_text(bytes, header);
  const std::size_t begin = bytes.size();
  if (options.fortran_order && array.rank() > 1) {
    detail::append_bytes(bytes, detail::reorder(array.bytes, array.shape, size, false));
  } else {
    detail::append_bytes(bytes, array.bytes);
  }
  if (std::endian::native == std::endian::big) detail::swap_elements(std::span(bytes).subspan(begin), size);
  return bytes;
}

/// Writes a `.npy` file, as a whole or not at all (AtomicFile).
/// @throws OptionError, ShapeError as to_npy; FileError when it cannot be written.
inline void write_npy(const std::string& path, const Array& array, NpyOptions options = {}) {
  write_file_atomically(path, ByteSpan(to_npy(array, options)));
}

/// Writes a matrix, or a vector as one dimension, in the type of its scalar.
template <class Derived>
void write_npy(const std::string& path, const Eigen::DenseBase<Derived>& M, NpyOptions options = {}) {
  write_npy(path, make_array(M), options);
}

/// A `.npz` file in memory: its arrays by name. Deflated ones are read where the program links `lamina::zlib`.
/// @param source  for messages: the path of the file
/// @param limit   bytes that all deflated arrays together may unpack to
/// @throws FormatError when it is anything else, damaged, in the zip64 format, or has a name twice.
inline std::map<std::string, Array> read_npz(ByteSpan bytes, const std::string& source = "bytes in memory",
                                             std::size_t limit = default_unpacked_limit) {
  std::map<std::string, Array> arrays;
  for (const detail::ZipEntry& entry : detail::read_zip(bytes, source, limit)) {
    constexpr std::string_view ending = ".npy";
    if (!std::string_view(entry.name).ends_with(ending))
      detail::fail<FormatError>({source, ": expected entries named *.npy, got '", entry.name, "'"});
    const std::string name = entry.name.substr(0, entry.name.size() - ending.size());
    if (!arrays.emplace(name, read_npy(entry.bytes, source + ", entry '" + entry.name + "'")).second)
      detail::fail<FormatError>({source, ": expected each entry once, got '", entry.name, "' twice"});
  }
  return arrays;
}

/// A `.npz` file. @throws FileError when it cannot be read, FormatError as above.
inline std::map<std::string, Array> read_npz(const std::string& path,
                                             std::size_t limit = default_unpacked_limit) {
  return read_npz(read_file(path), path, limit);
}

/// The bytes of a `.npz` file: entries stored, as numpy.savez does.
/// @throws OptionError, ShapeError as to_npy; ShapeError at 4 GiB (zip64 is not written).
inline std::vector<std::byte> to_npz(const std::map<std::string, Array>& arrays) {
  std::vector<detail::ZipEntry> entries;
  entries.reserve(arrays.size());
  for (const auto& [name, array] : arrays) entries.push_back({name + ".npy", to_npy(array)});
  return detail::to_zip(entries);
}

/// Writes a `.npz` file, as a whole or not at all (AtomicFile). @throws as to_npz; FileError when it cannot be written.
inline void write_npz(const std::string& path, const std::map<std::string, Array>& arrays) {
  write_file_atomically(path, ByteSpan(to_npz(arrays)));
}

}  // namespace lamina
