// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <Eigen/Core>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "lamina/core/atomic_file.hpp"
#include "lamina/core/bytes.hpp"
#include "lamina/core/errors.hpp"
#include "lamina/data/array.hpp"
#include "lamina/data/gzip.hpp"

/// @file
/// IDX files, as MNIST comes in: 0, 0, the element type, the rank, then an extent after another as big-endian 32-bit
/// numbers, then the elements, big-endian, the last index running fastest. http://yann.lecun.com/exdb/mnist/

namespace lamina {

namespace detail {

/// Element types and their codes in IDX files.
struct IdxCode {
  std::uint8_t code;
  ElementType type;
};
inline constexpr IdxCode idx_codes[] = {{0x08, ElementType::u8},  {0x09, ElementType::i8},
                                        {0x0B, ElementType::i16}, {0x0C, ElementType::i32},
                                        {0x0D, ElementType::f32}, {0x0E, ElementType::f64}};

}  // namespace detail

/// An IDX file in memory; a gzipped one where the program links `lamina::zlib`.
/// @param source  for messages: the path of the file
/// @param limit   bytes that a gzipped file may unpack to
/// @throws FormatError when it is anything else, cut off, or followed by more bytes.
inline Array read_idx(ByteSpan bytes, const std::string& source = "bytes in memory",
                      std::size_t limit = default_unpacked_limit) {
  if (is_gzip(bytes)) {
    const std::vector<std::byte> unpacked = gunzip(bytes, limit, source);
    if (is_gzip(unpacked))
      detail::fail<FormatError>({source, ": expected an IDX file in the gzip file, got another"});
    return read_idx(unpacked, source, limit);
  }
  ByteReader reader(bytes, source);
  const auto zeros = reader.big_endian<std::uint16_t>("the magic number");
  if (zeros != 0)
    reader.fail_at(0, "the magic number", "two zero bytes",
                   std::to_string(zeros >> 8) + " and " + std::to_string(zeros & 0xff));
  const auto code = reader.big_endian<std::uint8_t>("the element type");
  Array array;
  bool known = false;
  for (const detail::IdxCode& entry : detail::idx_codes)
    if (entry.code == code) {
      array.type = entry.type;
      known = true;
    }
  if (!known) reader.fail_at(2, "the element type", "8, 9, 11, 12, 13 or 14", std::to_string(code));
  const auto rank = reader.big_endian<std::uint8_t>("the number of dimensions");
  if (rank == 0) reader.fail_at(3, "the number of dimensions", "1 or more", "0");
  for (unsigned d = 0; d < rank; ++d) array.shape.push_back(reader.big_endian<std::uint32_t>("an extent"));
  std::uint64_t size = 0;
  if (!detail::multiply(array.shape, size_of(array.type), size))
    reader.fail_at(4, "the extents", "a product below 2^64", detail::shape_text(array.shape));
  const ByteSpan data = reader.take(size, "the elements");
  reader.expect_end("the elements");
  array.bytes.assign(data.begin(), data.end());
  if (std::endian::native == std::endian::little) detail::swap_elements(array.bytes, size_of(array.type));
  return array;
}

/// An IDX file; a gzipped one where the program links `lamina::zlib`.
/// @param limit  bytes that a gzipped file may unpack to
/// @throws FileError when it cannot be read, FormatError when it is not a whole IDX file.
inline Array read_idx(const std::string& path, std::size_t limit = default_unpacked_limit) {
  return read_idx(read_file(path), path, limit);
}

/// The samples of an IDX file as a matrix, m×n, rows are samples: the first extent is m, n the product of the others. The
/// numbers are not scaled.
/// @throws FileError, FormatError as read_idx(path); DataError when Scalar is an integer type that cannot hold a number.
template <class Scalar>
Eigen::Matrix<Scalar, Dynamic, Dynamic, Eigen::RowMajor> read_idx_matrix(
    const std::string& path, std::size_t limit = default_unpacked_limit) {
  return read_idx(path, limit).matrix<Scalar>(path);
}

/// The labels of an IDX file of one dimension: integers from 0.
/// @throws FileError, FormatError as read_idx(path), and FormatError when it has another rank, floating-point numbers or a
///   negative one.
inline Eigen::VectorXi read_idx_labels(const std::string& path, std::size_t limit = default_unpacked_limit) {
  const Array array = read_idx(path, limit);
  if (array.rank() != 1)
    detail::fail<FormatError>(
        {path, ": expected labels in one dimension, got ", detail::shape_text(array.shape)});
  if (array.type == ElementType::f32 || array.type == ElementType::f64)
    detail::fail<FormatError>({path, ": expected labels that are integers, got ", name_of(array.type)});
  Eigen::VectorXi labels = array.matrix<int>(path);
  for (Index i = 0; i < labels.size(); ++i)
    if (labels(i) < 0)
      detail::fail<FormatError>({path, ", element ", i, ": expected a label from 0, got ", labels(i)});
  return labels;
}

/// Samples and their labels.
template <class Scalar>
struct LabelledSamples {
  Eigen::Matrix<Scalar, Dynamic, Dynamic, Eigen::RowMajor> X;  ///< m×n, rows are samples
  Eigen::VectorXi labels;                                      ///< m
};

/// Samples and labels from two IDX files that belong together.
/// @throws as read_idx_matrix and read_idx_labels; ShapeError when their numbers differ.
template <class Scalar>
LabelledSamples<Scalar> read_idx_samples(const std::string& samples, const std::string& labels,
                                         std::size_t limit = default_unpacked_limit) {
  LabelledSamples<Scalar> both{read_idx_matrix<Scalar>(samples, limit), read_idx_labels(labels, limit)};
  if (both.X.rows() != both.labels.size())
    detail::fail<ShapeError>({labels, ": expected ", both.X.rows(), " labels, one for each sample in ",
                              samples, ", got ", both.labels.size()});
  return both;
}

/// The bytes of an IDX file.
/// @throws OptionError when IDX has no such element type, ShapeError when it cannot hold the shape.
inline std::vector<std::byte> to_idx(const Array& array) {
  std::uint8_t code = 0;
  for (const detail::IdxCode& entry : detail::idx_codes)
    if (entry.type == array.type) code = entry.code;
  if (code == 0)
    detail::fail<OptionError>(
        {"IDX: expected elements of type U8, I8, I16, I32, F32 or F64, got ", name_of(array.type)});
  if (array.rank() < 1 || array.rank() > 255)
    detail::fail<ShapeError>({"IDX: expected from 1 to 255 dimensions, got ", array.rank()});
  std::uint64_t size = 0;
  if (!detail::multiply(array.shape, size_of(array.type), size) || size != array.bytes.size())
    detail::fail<ShapeError>({"IDX: expected the bytes of ", detail::shape_text(array.shape),
                              " elements, got ", array.bytes.size()});
  std::vector<std::byte> bytes{std::byte{0}, std::byte{0}, std::byte{code},
                               static_cast<std::byte>(array.rank())};
  for (const std::size_t extent : array.shape) {
    if (extent > std::numeric_limits<std::uint32_t>::max())
      detail::fail<ShapeError>({"IDX: expected extents below 2^32, got ", extent});
    detail::append_number(bytes, static_cast<std::uint32_t>(extent), std::endian::big);
  }
  const std::size_t header = bytes.size();
  detail::append_bytes(bytes, array.bytes);
  if (std::endian::native == std::endian::little)
    detail::swap_elements(std::span(bytes).subspan(header), size_of(array.type));
  return bytes;
}

/// Writes an IDX file, as a whole or not at all (AtomicFile).
/// @throws OptionError, ShapeError as to_idx; FileError when it cannot be written.
inline void write_idx(const std::string& path, const Array& array) {
  write_file_atomically(path, ByteSpan(to_idx(array)));
}

/// Writes a matrix, or a vector as one dimension, in the type of its scalar.
template <class Derived>
void write_idx(const std::string& path, const Eigen::DenseBase<Derived>& M) {
  write_idx(path, make_array(M));
}

}  // namespace lamina
