// .npy and .npz files: what is written is read, and what is neither is refused with its place.

#include "lamina/data/npy.hpp"

#include <limits>

#include "support/files.hpp"

#ifdef LAMINA_WITH_ZLIB
#include <zlib.h>
#endif

using namespace lamina;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::Message;
using files::bytes;

namespace {

/// A file of version 1.0 with this header and these elements.
std::vector<std::byte> npy(const std::string& header, const std::vector<std::byte>& elements = {}) {
  std::vector<std::byte> file = bytes("\x93NUMPY\x01");
  file.push_back(std::byte{0});
  detail::append_number(file, static_cast<std::uint16_t>(header.size()), std::endian::little);
  detail::append_text(file, header);
  detail::append_bytes(file, elements);
  return file;
}

std::string message_of(ByteSpan file) {
  try {
    read_npy(file, "a.npy");
  } catch (const FormatError& error) {
    return error.what();
  }
  return "accepted";
}

template <class T>
void round_trip_npy(const std::vector<T>& values) {
  for (const std::vector<std::size_t>& shape : {std::vector<std::size_t>{6}, {2, 3}, {3, 1, 2}, {1, 2, 1, 3}})
    for (const bool fortran_order : {false, true}) {
      const Array array = make_array(shape, values);
      const Array again = read_npy(to_npy(array, {.fortran_order = fortran_order}));
      CHECK(again.type == array.type);
      CHECK(again.shape == shape);
      CHECK(again.bytes == array.bytes);
    }
}

}  // namespace

TEST_CASE("a .npy file by hand", "[npy]") {
  const auto file = npy("{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3), }\n",
                        bytes({0, 1, 0, 4, 0, 2, 0, 5, 0, 3, 0xff, 0xff}));
  const Array array = read_npy(file);
  CHECK(array.type == ElementType::i16);
  CHECK(array.values<int>() == std::vector<int>{1, 2, 3, 4, 5, -1});
  // 1×2×3 in Fortran order: the second index runs fastest.
  const Array deep =
      read_npy(npy("{'descr':'|u1','fortran_order':True,'shape':(1,2,3)}", bytes({1, 4, 2, 5, 3, 6})));
  CHECK(deep.values<int>() == std::vector<int>{1, 2, 3, 4, 5, 6});
  CHECK(deep.matrix<int>() == (Eigen::RowVectorXi(6) << 1, 2, 3, 4, 5, 6).finished());
}

TEST_CASE("what is written as .npy is read bit for bit", "[npy]") {
  const double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  round_trip_npy<std::uint8_t>({0, 1, 2, 127, 128, 255});
  round_trip_npy<std::int8_t>({0, 1, -1, 127, -128, 5});
  round_trip_npy<std::uint16_t>({0, 1, 2, 32767, 65535, 258});
  round_trip_npy<std::int16_t>({0, 1, -1, 32767, -32768, 258});
  round_trip_npy<std::uint32_t>({0, 1, 2, 4294967295u, 5, 16909060});
  round_trip_npy<std::int32_t>({0, 1, -1, 2147483647, -2147483647 - 1, 16909060});
  round_trip_npy<std::uint64_t>({0, 1, 2, std::numeric_limits<std::uint64_t>::max(), 9007199254740993u, 3});
  round_trip_npy<std::int64_t>({0, 1, -1, std::numeric_limits<std::int64_t>::min(), 9007199254740993, 3});
  round_trip_npy<float>(
      {0.0f, -0.0f, 1.5f, 1e-45f, -std::numeric_limits<float>::max(), static_cast<float>(inf)});
  round_trip_npy<double>({0.1, -0.0, 5e-324, -inf, nan, std::numeric_limits<double>::max()});
  const Array half =
      make_array({6}, std::vector<double>{0, -0.5, 65504, 0x1p-24, 1, 2}).rounded_to(ElementType::f16);
  CHECK(read_npy(to_npy(half)).bytes == half.bytes);
  const Array number = make_array({}, std::vector<double>{3.5});
  CHECK(read_npy(to_npy(number)).shape.empty());
  CHECK(read_npy(to_npy(number)).matrix<double>()(0, 0) == 3.5);
}

TEST_CASE("matrices and vectors are written as .npy", "[npy]") {
  files::Folder folder;
  const std::string path = folder.path("matrix.npy");
  Eigen::MatrixXf M(2, 3);
  M << 1, 2, 3, 4, 5, 6.5f;
  for (const bool fortran_order : {false, true}) {
    write_npy(path, M, {.fortran_order = fortran_order});
    CHECK(read_npy_matrix<double>(path) == M.cast<double>());
    CHECK(read_npy(path).type == ElementType::f32);
  }
  write_npy(path, M.row(1));
  CHECK(read_npy(path).shape == std::vector<std::size_t>{3});
  CHECK(read_npy_matrix<float>(path) == M.row(1).transpose());
  CHECK(folder.count() == 1);
}

TEST_CASE("numbers are converted exactly to integers, or refused", "[npy]") {
  const Array array = make_array({3}, std::vector<double>{1, -2, 3.5});
  CHECK_THROWS_MATCHES(array.values<int>("w"), DataError,
                       Message("w, element 2: expected an integer from -2147483648 to 2147483647, got 3.5"));
  CHECK_THROWS_AS(make_array({1}, std::vector<double>{9223372036854775808.0}).values<std::int64_t>(),
                  DataError);
  CHECK(make_array({1}, std::vector<double>{-9223372036854775808.0}).values<std::int64_t>()[0] ==
        std::numeric_limits<std::int64_t>::min());
  CHECK_THROWS_AS(make_array({1}, std::vector<double>{-1}).values<std::uint8_t>(), DataError);
  CHECK_THROWS_AS(make_array({1}, std::vector<double>{std::nan("")}).values<int>(), DataError);
  CHECK_THROWS_AS(make_array({1}, std::vector<int>{256}).values<std::uint8_t>(), DataError);
  CHECK(make_array({1}, std::vector<int>{255}).values<std::uint8_t>()[0] == 255);
  CHECK(make_array({2}, std::vector<std::int64_t>{9007199254740993, -1}).values<std::int64_t>()[0] ==
        9007199254740993);
  CHECK_THROWS_AS(make_array({1}, std::vector<int>{1}).rounded_to(ElementType::f16), OptionError);
  CHECK_THROWS_AS(make_array({1}, std::vector<float>{1}).rounded_to(ElementType::i8), OptionError);
}

TEST_CASE("an array whose bytes are not those of its shape is no matrix", "[npy]") {
  const auto refused = [](std::size_t bytes, const std::string& message) {
    const Array array{ElementType::f64, {2}, std::vector<std::byte>(bytes)};
    CHECK_THROWS_MATCHES(array.matrix<double>("w"), ShapeError, Message(message));
  };
  refused(800, "w: expected the bytes of 2 F64, got 800");
  refused(8, "w: expected the bytes of 2 F64, got 8");
  refused(17, "w: expected the bytes of 2 F64, got 17");
}

TEST_CASE("headers of .npy files", "[npy]") {
  const auto one = bytes({1, 0});
  const auto accepted = [&](const std::string& header) { CHECK(message_of(npy(header, one)) == "accepted"); };
  accepted("{'descr': '<i2', 'fortran_order': False, 'shape': (1,), }");
  accepted("{'descr': '<i2', 'fortran_order': False, 'shape': (), }");
  accepted(" {\"shape\" :(1 , 1),\n\t\"descr\":\"=i2\" , 'fortran_order':True}\n");
  accepted("{'descr': 'f2', 'fortran_order': False, 'shape': (1, 1,)}");
  accepted("{'descr': '|b1', 'fortran_order': False, 'shape': (2L,)}");
  accepted("{'descr': '?', 'fortran_order': False, 'shape': (2,)}");

  // The header begins at byte 10.
  const auto refused = [&](const std::string& header, const std::string& text) {
    CHECK(message_of(npy(header, one)) == "a.npy, byte " + text);
  };
  refused("", "10, the header: expected a dictionary, got the end of the header");
  refused("[1]", "10, the header: expected a dictionary, got '[1]'");
  refused("{'descr': '<i2', 'shape': (1,)}", "41, the header: expected the key fortran_order, got none");
  refused("{'fortran_order': False, 'shape': (1,)}", "49, the header: expected the key descr, got none");
  refused("{'descr': '<i2', 'fortran_order': False}", "50, the header: expected the key shape, got none");
  refused("{'descr': '<i2', 'descr': '<i2'}",
          "27, the header: expected the keys descr, fortran_order and shape, each once, got 'descr'");
  refused("{'what': 1}",
          "11, the header: expected the keys descr, fortran_order and shape, each once, got 'what'");
  const std::string types =
      ", the header: expected b1, i1 to i8, u1 to u8, f2, f4 or f8, with an order of bytes, got ";
  for (const std::string type :
       {"", "<", "<c8", "|O", "<f16", "<U3", "|f4", "<f8 ", "i", "<<f4", "<i3", "4f"})
    refused("{'descr': '" + type + "', 'x': 1}", "20" + types + "'" + type + "'");
  refused(
      "{'descr': [('a', '<f8')]}",
      "20, the header: expected an element type in quotes (structures are not read), got '[('a', '<f8')]}'");
  refused("{'descr': '<i\\x32'}",
          "20, the header: expected a string without escapes and ends of lines, got one with them");
  refused("{'descr': '<i2}", "20, the header: expected a closing quote, got none");
  refused("{'fortran_order': 0}", "28, the header: expected True or False, got '0}'");
  refused("{'fortran_order': 'False'}", "28, the header: expected True or False, got ''False'}'");
  const auto shape = [&](const std::string& extents, const std::string& text) {
    refused("{'shape': " + extents + "}", text);
  };
  shape("1", "20, the header: expected a tuple of extents, got '1}'");
  shape("(1)", "22, the header: expected a comma in a tuple of one, got ')'");
  shape("[1]", "20, the header: expected a tuple of extents, got '[1]}'");
  shape("(-1,)", "21, the header: expected an extent from 0 to 2^64 - 1, got '-1,)}'");
  shape("(+1,)", "21, the header: expected an extent from 0 to 2^64 - 1, got '+1,)}'");
  shape("(01,)", "21, the header: expected an extent from 0 to 2^64 - 1, got '01,)}'");
  shape("(,)", "21, the header: expected an extent from 0 to 2^64 - 1, got ',)}'");
  shape("(18446744073709551616,)",
        "21, the header: expected an extent from 0 to 2^64 - 1, got '1844674407370955'");
  shape("(1.0,)", "22, the header: expected a comma or the end of the tuple, got '.0,)}'");
  shape("(1 1)", "23, the header: expected a comma or the end of the tuple, got '1)}'");
  shape("(1,", "23, the header: expected an extent from 0 to 2^64 - 1, got '}'");
  refused("{'descr': '<i2', 'fortran_order': False, 'shape': (1,)}  x",
          "67, the header: expected nothing behind the dictionary, got 'x'");
  std::string deep;
  for (int i = 0; i < 65; ++i) deep += "1,";
  CHECK_THAT(message_of(npy("{'shape': (" + deep + ")}")),
             ContainsSubstring("expected at most 64 dimensions, got more"));
}

TEST_CASE("what is no .npy file is refused with its place", "[npy]") {
  const std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2)}";
  CHECK(message_of({}) == "a.npy, byte 0, the magic string: expected 6 bytes, got 0 before the end");
  CHECK(message_of(bytes("\x93NUMPX...")) ==
        "a.npy, byte 0, the magic string: expected \\x93NUMPY, got something else");
  auto file = npy(header, std::vector<std::byte>(8));
  CHECK(message_of(file) == "accepted");
  file[6] = std::byte{4};
  CHECK(message_of(file) == "a.npy, byte 6, the version: expected 1.0, 2.0 or 3.0, got 4.0");
  file[6] = std::byte{1};
  CHECK(message_of(npy(header, std::vector<std::byte>(7))) ==
        "a.npy, byte 67, the elements: expected 8 bytes, got 7 before the end");
  CHECK(message_of(npy(header, std::vector<std::byte>(9))) ==
        "a.npy, byte 75, the end: expected no bytes behind the elements, got 1");
  CHECK(message_of(npy("{'descr': '<f8', 'fortran_order': False, 'shape': (2305843009213693952, 1)}")) ==
        "a.npy, byte 10, the shape: expected a size below 2^64, got 2305843009213693952\u00d71");
  CHECK(message_of(npy("{'descr': '|b1', 'fortran_order': False, 'shape': (2,)}", bytes({1, 2}))) ==
        "a.npy, byte 66, a boolean: expected 0 or 1, got 2");
  for (std::size_t length = 0; length < file.size(); ++length)
    CHECK_THROWS_AS(read_npy(ByteSpan(file).first(length)), FormatError);
  CHECK_THROWS_AS(read_npy(std::string("not there.npy")), FileError);
}

TEST_CASE(".npy refuses to write what it cannot hold", "[npy]") {
  CHECK_THROWS_AS(to_npy(make_array({1}, std::vector<float>{1}).rounded_to(ElementType::bf16)), OptionError);
  CHECK_THROWS_AS(to_npy(make_array(std::vector<std::size_t>(65, 1), std::vector<float>{1})), ShapeError);
  CHECK_THROWS_AS(to_npy(Array{ElementType::f32, {2}, std::vector<std::byte>(4)}), ShapeError);
}

// ---- .npz --------------------------------------------------------------------------------------------------

namespace {

std::map<std::string, Array> some_arrays() {
  return {{"W", make_array({2, 3}, std::vector<double>{1, 2, 3, 4, 5, 6})},
          {"b", make_array({3}, std::vector<float>{-1, 0, 1})},
          {"n\u00e4me", make_array({}, std::vector<std::int64_t>{7})}};
}

struct ZipOptions {
  int method = 0;
  int flags = 0;
  bool zip64_header = false;  // as numpy.savez writes it
  bool sizes_behind = false;  // flag 8: sizes after the data
};

/// An archive of one entry, by the specification and not by the library's writer.
std::vector<std::byte> zip(const std::string& name, ByteSpan packed, ByteSpan content,
                           ZipOptions options = {}) {
  std::vector<std::byte> file;
  const auto u16 = [&](int x) {
    detail::append_number(file, static_cast<std::uint16_t>(x), std::endian::little);
  };
  const auto u32 = [&](std::size_t x) {
    detail::append_number(file, static_cast<std::uint32_t>(x), std::endian::little);
  };
  const std::uint32_t crc = detail::crc32(content);
  const int flags = options.flags | (options.sizes_behind ? 8 : 0);
  u32(0x04034B50);
  for (const int x : {45, flags, options.method, 0, 0x21}) u16(x);
  u32(options.sizes_behind ? 0 : crc);
  u32(options.sizes_behind ? 0 : options.zip64_header ? 0xFFFFFFFFu : packed.size());
  u32(options.sizes_behind ? 0 : options.zip64_header ? 0xFFFFFFFFu : content.size());
  u16(static_cast<int>(name.size()));
  u16(options.zip64_header ? 20 : 0);
  detail::append_text(file, name);
  if (options.zip64_header) {
    u16(1), u16(16);
    detail::append_number(file, std::uint64_t{content.size()}, std::endian::little);
    detail::append_number(file, std::uint64_t{packed.size()}, std::endian::little);
  }
  detail::append_bytes(file, packed);
  if (options.sizes_behind) u32(0x08074B50), u32(crc), u32(packed.size()), u32(content.size());
  const std::size_t directory = file.size();
  u32(0x02014B50);
  for (const int x : {45, 45, flags, options.method, 0, 0x21}) u16(x);
  u32(crc), u32(packed.size()), u32(content.size());
  u16(static_cast<int>(name.size()));
  for (int i = 0; i < 4; ++i) u16(0);
  u32(0), u32(0);
  detail::append_text(file, name);
  const std::size_t end = file.size();
  u32(0x06054B50);
  for (const int x : {0, 0, 1, 1}) u16(x);
  u32(end - directory), u32(directory);
  u16(0);
  return file;
}

std::string npz_message(ByteSpan file) {
  try {
    read_npz(file, "a.npz");
  } catch (const FormatError& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("CRC-32 of the standard's check", "[npz]") {
  CHECK(detail::crc32(bytes("123456789")) == 0xCBF43926u);
  CHECK(detail::crc32({}) == 0);
}

TEST_CASE("what is written as .npz is read bit for bit", "[npz]") {
  files::Folder folder;
  const auto arrays = some_arrays();
  write_npz(folder.path("a.npz"), arrays);
  const auto again = read_npz(folder.path("a.npz"));
  REQUIRE(again.size() == arrays.size());
  for (const auto& [name, array] : arrays) {
    INFO(name);
    REQUIRE(again.contains(name));
    CHECK(again.at(name).type == array.type);
    CHECK(again.at(name).shape == array.shape);
    CHECK(again.at(name).bytes == array.bytes);
  }
  CHECK(to_npz(arrays) == to_npz(arrays));
  CHECK(read_npz(to_npz({})).empty());
}

TEST_CASE("archives of others are read", "[npz]") {
  const auto content = to_npy(make_array({2}, std::vector<float>{1, 2}));
  for (const ZipOptions options :
       {ZipOptions{}, ZipOptions{.zip64_header = true}, ZipOptions{.sizes_behind = true}}) {
    const auto arrays = read_npz(zip("x.npy", content, content, options));
    CHECK(arrays.at("x").values<float>() == std::vector<float>{1, 2});
  }
  // A comment at the end of the archive, that looks like an end itself.
  auto file = zip("x.npy", content, content);
  const auto end = std::vector<std::byte>(file.end() - 22, file.end());
  file[file.size() - 2] = std::byte{22};
  detail::append_bytes(file, end);
  file[file.size() - 2] = std::byte{9};
  CHECK(read_npz(file).size() == 1);
}

TEST_CASE("a damaged .npz file is refused with its place", "[npz]") {
  const auto file = to_npz(some_arrays());
  for (std::size_t length = 0; length < file.size(); ++length)
    CHECK_THROWS_AS(read_npz(ByteSpan(file).first(length)), FormatError);
  // Any byte of an array's, changed.
  auto damaged = file;
  damaged[150] ^= std::byte{1};
  CHECK_THAT(npz_message(damaged),
             ContainsSubstring("a.npz, entry 'W.npy': expected bytes whose CRC-32 is "));

  const auto content = to_npy(make_array({2}, std::vector<float>{1, 2}));
  CHECK(npz_message(zip("x.txt", content, content)) == "a.npz: expected entries named *.npy, got 'x.txt'");
  CHECK(npz_message(zip("x.npy", content, content, {.flags = 1})) ==
        "a.npz, entry 'x.npy': expected an entry that is not encrypted");
  CHECK(npz_message(zip("x.npy", content, content, {.method = 12})) ==
        "a.npz, entry 'x.npy': expected an entry that is stored or deflated, got method 12");
  CHECK(npz_message(zip("x.npy", bytes("no array"), bytes("no array"))) ==
        "a.npz, entry 'x.npy', byte 0, the magic string: expected \\x93NUMPY, got something else");
  CHECK(npz_message(zip("x.npy", content, ByteSpan(content).first(100))) ==
        "a.npz, entry 'x.npy': expected 100 bytes, got " + std::to_string(content.size()));

  // The directory is wrong: its place, its entries, its marks.
  const auto good = zip("x.npy", content, content);
  const auto with = [&](std::size_t from_end, int value) {
    auto changed = good;
    changed[changed.size() - from_end] = static_cast<std::byte>(value);
    return npz_message(changed);
  };
  CHECK(with(1, 0) == "accepted");
  CHECK_THAT(with(6, 0xee), ContainsSubstring("the place of the directory: expected "));
  CHECK_THAT(with(12, 0), ContainsSubstring("expected one disk, got several"));
  CHECK_THAT(with(22 + 51, 0), ContainsSubstring("an entry of the directory: expected its mark"));
  CHECK_THAT(with(22 + 9, 200), ContainsSubstring("entry 'x.npy', its header: expected its mark"));
  CHECK_THAT(with(1, 1), ContainsSubstring("expected a zip archive with its directory at the end"));
  auto zip64 = good;
  for (std::size_t i = 0; i < 4; ++i) zip64[zip64.size() - 3 - i] = std::byte{0xff};
  CHECK_THAT(npz_message(zip64), ContainsSubstring("the zip64 format, which is not read"));
}

TEST_CASE("entries that share bytes, and names that come twice, are refused", "[npz]") {
  const auto content = to_npy(make_array({2}, std::vector<float>{1, 2}));
  CHECK_THAT(npz_message(detail::to_zip({{"x.npy", content}, {"x.npy", content}})),
             ContainsSubstring("expected each entry once, got 'x.npy' twice"));
  // The second entry of the directory points at the first one's bytes.
  auto file = detail::to_zip({{"x.npy", content}, {"x.npy", content}});
  const std::size_t second = file.size() - 22 - 51;
  for (std::size_t i = 42; i < 46; ++i) file[second + i] = std::byte{0};
  CHECK_THAT(npz_message(file),
             ContainsSubstring("expected bytes of its own, got those of another entry too"));
}

#ifdef LAMINA_WITH_ZLIB
TEST_CASE("deflated entries are read, up to the limit", "[npz][gzip]") {
  const auto content = to_npy(make_array({100, 100}, std::vector<float>(10000, 2.5f)));
  std::vector<std::byte> packed(content.size() + 100);
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY) == Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);

  const auto file = zip("x.npy", packed, content, {.method = 8});
  CHECK(read_npz(file).at("x").matrix<float>() == Eigen::MatrixXf::Constant(100, 100, 2.5f));
  CHECK(read_npz(file, "a.npz", content.size()).size() == 1);
  CHECK_THROWS_MATCHES(read_npz(file, "a.npz", content.size() - 1), FormatError,
                       Message("a.npz, entry 'x.npy': expected at most 40127 unpacked bytes, got 40128"));
  // What the directory says is less, or more, than what comes.
  CHECK_THAT(npz_message(zip("x.npy", packed, ByteSpan(content).first(1000), {.method = 8})),
             ContainsSubstring("expected at most 1000 unpacked bytes, got more"));
  auto longer = content;
  longer.resize(content.size() + 1);
  CHECK_THAT(npz_message(zip("x.npy", packed, longer, {.method = 8})),
             ContainsSubstring("expected 40129 bytes, got 40128"));
}
#endif
