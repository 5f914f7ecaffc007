// IDX files: what is written is read, and everything that is not an IDX file is refused with its place.

#include "lamina/data/idx.hpp"

#include <limits>

#include "support/files.hpp"

#ifdef LAMINA_WITH_ZLIB
#include <zlib.h>
#endif

using namespace lamina;
using Catch::Matchers::Message;
using files::bytes;

namespace {

template <class T>
void round_trip_idx(const std::vector<T>& values) {
  for (const std::vector<std::size_t>& shape :
       {std::vector<std::size_t>{6}, {2, 3}, {1, 3, 2}, {6, 1, 1, 1}}) {
    const Array array = make_array(shape, values);
    const Array again = read_idx(to_idx(array));
    CHECK(again.type == array.type);
    CHECK(again.shape == shape);
    CHECK(again.bytes == array.bytes);
  }
}

#ifdef LAMINA_WITH_ZLIB
std::vector<std::byte> gzip(ByteSpan from) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) == Z_OK);
  std::vector<std::byte> to(deflateBound(&stream, static_cast<uLong>(from.size())));
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(from.data()));
  stream.avail_in = static_cast<uInt>(from.size());
  stream.next_out = reinterpret_cast<Bytef*>(to.data());
  stream.avail_out = static_cast<uInt>(to.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  to.resize(stream.total_out);
  deflateEnd(&stream);
  return to;
}
#endif

}  // namespace

TEST_CASE("an IDX file by hand", "[idx]") {
  // 2×3 numbers of 16 bits.
  const auto file =
      bytes({0, 0, 0x0B, 2, 0, 0, 0, 2, 0, 0, 0, 3, 0, 1, 0xff, 0xff, 0x7f, 0xff, 0x80, 0, 0, 0, 1, 2});
  const Array array = read_idx(file);
  CHECK(array.type == ElementType::i16);
  CHECK(array.shape == std::vector<std::size_t>{2, 3});
  CHECK(array.values<int>() == std::vector<int>{1, -1, 32767, -32768, 0, 258});
  CHECK(array.matrix<double>()(1, 2) == 258);
  CHECK(to_idx(array) == file);
}

TEST_CASE("what is written as IDX is read bit for bit", "[idx]") {
  const double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  round_trip_idx<std::uint8_t>({0, 1, 2, 127, 128, 255});
  round_trip_idx<std::int8_t>({0, 1, -1, 127, -128, 5});
  round_trip_idx<std::int16_t>({0, 1, -1, 32767, -32768, 258});
  round_trip_idx<std::int32_t>({0, 1, -1, 2147483647, -2147483647 - 1, 16909060});
  round_trip_idx<float>(
      {0.0f, -0.0f, 1.5f, 1e-45f, -std::numeric_limits<float>::max(), static_cast<float>(inf)});
  round_trip_idx<double>({0.1, -0.0, 5e-324, -inf, nan, std::numeric_limits<double>::max()});
}

TEST_CASE("matrices in either storage order and vectors are written as IDX", "[idx]") {
  files::Folder folder;
  const std::string path = folder.path("matrix");
  Eigen::MatrixXd M(2, 3);
  M << 1, 2, 3, 4, 5, 6.5;
  write_idx(path, M);
  CHECK(read_idx_matrix<double>(path) == M);
  CHECK(read_idx(path).values<double>() == std::vector<double>{1, 2, 3, 4, 5, 6.5});
  write_idx(path, M.transpose().cast<float>());
  CHECK(read_idx_matrix<double>(path) == M.transpose());
  write_idx(path, M.col(1));
  CHECK(read_idx(path).shape == std::vector<std::size_t>{2});
  CHECK(folder.count() == 1);
}

TEST_CASE("labels are integers from 0 in one dimension", "[idx]") {
  files::Folder folder;
  const std::string path = folder.path("labels");
  write_idx(path, Eigen::Vector3i(2, 0, 70000));
  CHECK(read_idx_labels(path) == Eigen::Vector3i(2, 0, 70000));
  write_idx(path, Eigen::Vector3i(2, -1, 0));
  CHECK_THROWS_MATCHES(read_idx_labels(path), FormatError,
                       Message(path + ", element 1: expected a label from 0, got -1"));
  write_idx(path, Eigen::Vector3f(2, 1, 0));
  CHECK_THROWS_MATCHES(read_idx_labels(path), FormatError,
                       Message(path + ": expected labels that are integers, got F32"));
  write_idx(path, Eigen::MatrixXi(Eigen::MatrixXi::Zero(2, 2)));
  CHECK_THROWS_MATCHES(read_idx_labels(path), FormatError,
                       Message(path + ": expected labels in one dimension, got 2\u00d72"));
}

TEST_CASE("what is no IDX file is refused with its place", "[idx]") {
  const auto refused = [](const std::vector<std::byte>& file, const std::string& text) {
    CHECK_THROWS_MATCHES(read_idx(file, "a.idx"), FormatError, Message("a.idx, byte " + text));
  };
  refused({}, "0, the magic number: expected 2 bytes, got 0 before the end");
  refused(bytes({0, 5, 8, 1}), "0, the magic number: expected two zero bytes, got 0 and 5");
  refused(bytes({0, 0, 10, 1}), "2, the element type: expected 8, 9, 11, 12, 13 or 14, got 10");
  refused(bytes({0, 0, 8, 0}), "3, the number of dimensions: expected 1 or more, got 0");
  refused(bytes({0, 0, 8, 1, 0, 0}), "4, an extent: expected 4 bytes, got 2 before the end");
  refused(bytes({0, 0, 8, 1, 0, 0, 0, 2, 7}), "8, the elements: expected 2 bytes, got 1 before the end");
  refused(bytes({0, 0, 8, 1, 0, 0, 0, 1, 7, 7}), "9, the end: expected no bytes behind the elements, got 1");
  refused(bytes({0, 0, 14, 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}),
          "4, the extents: expected a product below 2^64, got 4294967295\u00d74294967295\u00d74294967295");
  CHECK_THROWS_AS(read_idx(std::string("not there.idx")), FileError);
}

// Every byte that is cut off or added is noticed.
TEST_CASE("an IDX file that is cut off anywhere is refused", "[idx]") {
  const auto file = to_idx(make_array({2, 2}, std::vector<float>{1, 2, 3, 4}));
  for (std::size_t length = 0; length < file.size(); ++length)
    CHECK_THROWS_AS(read_idx(ByteSpan(file).first(length)), FormatError);
}

TEST_CASE("extents of zero give empty matrices", "[idx]") {
  const Array array = read_idx(bytes({0, 0, 8, 3, 0, 0, 0, 0, 0, 0, 0, 28, 0, 0, 0, 28}));
  CHECK(array.matrix<float>().rows() == 0);
  CHECK(array.matrix<float>().cols() == 784);
  // A row of more elements than an Index can count.
  const Array wide = read_idx(bytes({0, 0, 8, 3, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255}));
  CHECK_THROWS_AS(wide.matrix<float>(), ShapeError);
}

TEST_CASE("IDX refuses to write what it cannot hold", "[idx]") {
  CHECK_THROWS_AS(to_idx(make_array({1}, std::vector<std::uint16_t>{1})), OptionError);
  CHECK_THROWS_AS(to_idx(make_array({}, std::vector<float>{1})), ShapeError);
  CHECK_THROWS_AS(to_idx(make_array(std::vector<std::size_t>(256, 1), std::vector<float>{1})), ShapeError);
  CHECK_THROWS_AS(to_idx(Array{ElementType::f32, {2}, std::vector<std::byte>(4)}), ShapeError);
  CHECK_THROWS_AS(to_idx(make_array({0, std::size_t{1} << 32}, std::vector<float>{})), ShapeError);
  CHECK_THROWS_AS(make_array({3}, std::vector<float>{1}), ShapeError);
}

#ifdef LAMINA_WITH_ZLIB

TEST_CASE("a gzipped IDX file is read", "[idx][gzip]") {
  const Array array = make_array({50, 20}, std::vector<std::int32_t>(1000, 7));
  const auto file = to_idx(array), packed = gzip(file);
  CHECK(read_idx(packed).bytes == array.bytes);
  CHECK(gunzip(packed) == file);

  files::Folder folder;
  write_file_atomically(folder.path("x.gz"), ByteSpan(packed));
  CHECK(read_idx_matrix<float>(folder.path("x.gz")) == Eigen::MatrixXf::Constant(50, 20, 7));

  // Several gzip files, one behind another, are one.
  auto two = gzip(ByteSpan(file).first(11));
  detail::append_bytes(two, gzip(ByteSpan(file).subspan(11)));
  CHECK(gunzip(two) == file);

  // So many that it takes minutes where each one costs what a large one does.
  const auto nothing = gzip(ByteSpan());
  std::vector<std::byte> many = gzip(std::vector<std::byte>(1 << 20));
  for (int i = 0; i < 50'000; ++i) detail::append_bytes(many, nothing);
  CHECK(gunzip(many) == std::vector<std::byte>(1 << 20));
}

TEST_CASE("a damaged gzip file is refused", "[idx][gzip]") {
  std::vector<double> values;
  for (int i = 0; i < 500; ++i) values.push_back(i * 0.37);
  const auto packed = gzip(to_idx(make_array({500}, values)));
  for (std::size_t length = 2; length < packed.size(); length += 7)
    CHECK_THROWS_AS(gunzip(ByteSpan(packed).first(length)), FormatError);
  auto damaged = packed;
  damaged[packed.size() / 2] ^= std::byte{0x55};
  CHECK_THROWS_AS(gunzip(damaged), FormatError);
  auto longer = packed;
  longer.push_back(std::byte{0});
  CHECK_THROWS_AS(gunzip(longer), FormatError);
  CHECK_THROWS_AS(read_idx(gzip(packed)), FormatError);  // gzipped twice
}

TEST_CASE("what unpacks to more than the limit is refused", "[idx][gzip]") {
  const std::vector<std::byte> zeros(std::size_t{1} << 22);
  const auto packed = gzip(zeros);
  CHECK(packed.size() < 10000);
  CHECK(gunzip(packed, zeros.size()) == zeros);
  std::string message;
  try {
    gunzip(packed, zeros.size() - 1, "z.gz");
  } catch (const FormatError& error) {
    message = error.what();
  }
  CHECK_THAT(message,
             Catch::Matchers::ContainsSubstring("expected at most 4194303 unpacked bytes, got more"));
  CHECK_THROWS_AS(gunzip(packed, 0), FormatError);
  CHECK(gunzip(packed, std::numeric_limits<std::size_t>::max()) == zeros);
}

#endif
