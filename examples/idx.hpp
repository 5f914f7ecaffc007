#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#ifdef LAMINA_EXAMPLES_HAVE_ZLIB
#include <zlib.h>
#endif

/// @file
/// A checked reader of IDX files of bytes, as MNIST comes in: 0, 0, the element type (8), the number of extents d, then
/// d big-endian 32-bit extents, then the elements, the last extent running fastest. With zlib also gzipped.

namespace idx {

using Images = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// The bytes of a file, unpacked when they are gzipped.
inline std::vector<unsigned char> bytes(const std::string& path) {
#ifdef LAMINA_EXAMPLES_HAVE_ZLIB
  const gzFile file = gzopen(path.c_str(), "rb");  // reads plain files too
  if (!file) throw std::runtime_error(path + ": cannot be opened");
  std::vector<unsigned char> data, chunk(1 << 16);
  int count = 0;
  while ((count = gzread(file, chunk.data(), static_cast<unsigned>(chunk.size()))) > 0)
    data.insert(data.end(), chunk.begin(), chunk.begin() + count);
  if (gzclose(file) != Z_OK || count < 0) throw std::runtime_error(path + ": is not a whole gzip file");
#else
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(path + ": cannot be opened");
  const std::vector<unsigned char> data{std::istreambuf_iterator<char>(file),
                                        std::istreambuf_iterator<char>()};
  if (data.size() > 1 && data[0] == 0x1f && data[1] == 0x8b)
    throw std::runtime_error(path + ": is gzipped; unpack it with gunzip, or build the examples with zlib");
#endif
  return data;
}

/// An IDX file in memory.
struct File {
  std::vector<std::size_t> extents;
  std::vector<unsigned char> data;  ///< the whole file
  std::size_t begin = 0;            ///< of the elements in it

  /// @throws std::runtime_error naming the file, what was expected and what came.
  File(const std::string& path, std::size_t dimensions) : data(bytes(path)) {
    const std::size_t header = 4 + 4 * dimensions;
    const auto fail = [&](const std::string& expected, const std::string& got) {
      throw std::runtime_error(path + ": expected " + expected + ", got " + got);
    };
    if (data.size() < header)
      fail("a header of " + std::to_string(header) + " bytes", std::to_string(data.size()));
    if (big_endian(0) != 0x0800 + dimensions)
      fail("the magic number " + std::to_string(0x0800 + dimensions) + " of bytes in " +
               std::to_string(dimensions) + (dimensions == 1 ? " dimension" : " dimensions"),
           std::to_string(big_endian(0)));
    std::size_t size = 1;
    for (std::size_t d = 0; d < dimensions; ++d) {
      extents.push_back(big_endian(4 + 4 * d));
      if (extents[d] == 0 || extents[d] > (std::size_t{1} << 31) / size)
        fail("a size from 1 to 2^31", "another");
      size *= extents[d];
    }
    if (data.size() != header + size)
      fail(std::to_string(header + size) + " bytes, as the header says", std::to_string(data.size()));
    begin = header;
  }

 private:
  std::size_t big_endian(std::size_t at) const {
    return std::size_t{data[at]} << 24 | std::size_t{data[at + 1]} << 16 | std::size_t{data[at + 2]} << 8 |
           data[at + 3];
  }
};

/// Images as rows of numbers from 0 to 1.
inline Images images(const std::string& path) {
  const File file(path, 3);
  const auto count = static_cast<Eigen::Index>(file.extents[0]);
  const auto pixels = static_cast<Eigen::Index>(file.extents[1] * file.extents[2]);
  using Bytes = Eigen::Matrix<unsigned char, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  return Eigen::Map<const Bytes>(file.data.data() + file.begin, count, pixels).cast<float>() / 255;
}

/// Labels.
inline Eigen::VectorXi labels(const std::string& path) {
  const File file(path, 1);
  const auto count = static_cast<Eigen::Index>(file.extents[0]);
  return Eigen::Map<const Eigen::Matrix<unsigned char, Eigen::Dynamic, 1>>(file.data.data() + file.begin,
                                                                           count)
      .cast<int>();
}

}  // namespace idx
