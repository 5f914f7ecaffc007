// safetensors files: what is written is read, the bytes are those of the format, and what is no such file is refused.

#include "lamina/io/safetensors.hpp"

#include <sstream>

#include "support/files.hpp"

namespace test_safetensors {

using namespace lamina;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::Message;
using files::bytes;

namespace {

std::vector<std::byte> with_header(const std::string& header, std::size_t data = 0) {
  std::vector<std::byte> file;
  detail::append_number(file, std::uint64_t{header.size()}, std::endian::little);
  detail::append_text(file, header);
  file.resize(file.size() + data);
  return file;
}

std::string message_of(ByteSpan file) {
  try {
    read_safetensors(file, "a.st");
  } catch (const FormatError& error) {
    return error.what();
  }
  return "accepted";
}

std::string header_of(ByteSpan file) {
  return std::string(
      detail::as_text(file.subspan(8, detail::load_number<std::uint64_t>(file.data(), std::endian::little))));
}

const std::vector<float> floats{1, -2, 3.5f, 0, 5, 6};
const std::vector<double> doubles{0.1, 1e300};
const std::vector<std::int8_t> small{-1, 2, 3};

std::vector<Tensor> some_tensors() {
  return {{"b", ElementType::i8, {3}, std::as_bytes(std::span(small))},
          {"W", ElementType::f32, {2, 3}, std::as_bytes(std::span(floats))},
          {"A", ElementType::f32, {1}, std::as_bytes(std::span(floats)).first(4)},
          {"x", ElementType::f64, {2}, std::as_bytes(std::span(doubles))}};
}

}  // namespace

// The reference implementation (huggingface/safetensors, `prepare`) sorts by dtype, the largest first, then by name; pads the
// header with spaces to a multiple of 8 bytes; and writes metadata first.
TEST_CASE("a safetensors file as the reference implementation writes it", "[safetensors]") {
  const auto file = to_safetensors(some_tensors(), {{"format", "torch"}, {"a\"b\n", "\u00e9\x1f"}});
  CHECK(header_of(file) ==
        "{\"__metadata__\":{\"a\\\"b\\n\":\"\u00e9\\u001f\",\"format\":\"torch\"},"
        "\"x\":{\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[0,16]},"
        "\"A\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[16,20]},"
        "\"W\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[20,44]},"
        "\"b\":{\"dtype\":\"I8\",\"shape\":[3],\"data_offsets\":[44,47]}}     ");
  CHECK(header_of(file).size() % 8 == 0);
  CHECK(file.size() == 8 + header_of(file).size() + 47);
  CHECK(to_safetensors({}) == with_header("{}      "));
}

TEST_CASE("what is written as safetensors is read bit for bit", "[safetensors]") {
  files::Folder folder;
  const std::string path = folder.path("a.safetensors");
  const std::map<std::string, std::string> metadata{{"format", "pt"}};
  write_safetensors(path, some_tensors(), metadata);
  std::stringstream stream;
  write_safetensors(stream, some_tensors(), metadata);
  CHECK(read_file(path) == to_safetensors(some_tensors(), metadata));
  CHECK(files::bytes(stream.str()) == read_file(path));
  CHECK(folder.count() == 1);

  const auto check = [&](const TensorFile& file) {
    CHECK(file.tensors().size() == 4);
    CHECK(file.metadata() == metadata);
    CHECK(file.at("W").values<float>() == floats);
    CHECK(file.at("W").matrix<double>()(1, 0) == 0);
    CHECK(file.at("W").matrix<double>()(0, 2) == 3.5);
    CHECK(file.at("x").values<double>() == doubles);
    CHECK(file.at("b").values<int>() == std::vector<int>{-1, 2, 3});
    CHECK(file.contains("A"));
    CHECK_FALSE(file.contains("a"));
  };
  check(read_safetensors(path));
  check(read_safetensors(stream));
  check(read_safetensors(read_file(path)));
  // A copy shares the memory.
  TensorFile* first = new TensorFile(read_file(path));
  const TensorFile copy = *first;
  delete first;
  check(copy);
}

TEST_CASE("streams that throw of themselves are read, and fail with the same errors", "[safetensors]") {
  constexpr auto all = std::ios::failbit | std::ios::badbit | std::ios::eofbit;
  std::stringstream stream;
  stream.exceptions(all);
  write_safetensors(stream, some_tensors());
  CHECK(read_safetensors(stream).at("W").values<float>() == floats);

  std::istringstream wrong("x");
  wrong.exceptions(all);
  CHECK_THROWS_AS(read_safetensors(wrong), FormatError);

  /// Takes nothing, and fails when it is read.
  struct Broken : std::streambuf {
    int_type underflow() override { throw std::ios_base::failure("broken"); }
  } buffer;
  for (const auto mask : {std::ios::goodbit, all}) {
    std::istream in(&buffer);
    in.exceptions(mask);
    CHECK_THROWS_MATCHES(read_safetensors(in), FileError, Message("stream: the stream cannot be read"));
    std::ostream out(&buffer);
    out.exceptions(mask);
    CHECK_THROWS_MATCHES(write_safetensors(out, some_tensors()), FileError,
                         Message("safetensors: the stream cannot be written"));
  }
}

TEST_CASE("arrays by name are written as tensors, rounded when asked to", "[safetensors]") {
  files::Folder folder;
  const std::string path = folder.path("a.safetensors");
  const Array array = make_array({2}, std::vector<float>{1.0009765625f, 3});  // 1 + 2⁻¹⁰
  write_safetensors(path, {{"f32", array},
                           {"f16", array.rounded_to(ElementType::f16)},
                           {"bf16", array.rounded_to(ElementType::bf16)}});
  const TensorFile file = read_safetensors(path);
  CHECK(file.at("f32").values<float>() == std::vector<float>{1.0009765625f, 3});
  CHECK(file.at("f16").values<float>() == std::vector<float>{1.0009765625f, 3});
  CHECK(file.at("bf16").values<float>() == std::vector<float>{1, 3});
  CHECK(file.at("bf16").dtype == ElementType::bf16);
}

TEST_CASE("a tensor that is not there: the error says what is", "[safetensors]") {
  const TensorFile file(to_safetensors(some_tensors()), "a.st");
  CHECK_THROWS_MATCHES(file.at("V"), FormatError,
                       Message("a.st: expected a tensor named 'V', got 4 others: 'A', 'W', 'b', 'x'"));
}

TEST_CASE("what cannot be a safetensors file is not written", "[safetensors]") {
  const auto data = std::as_bytes(std::span(floats));
  const auto refuses = [](const std::vector<Tensor>& tensors, const std::string& text) {
    try {
      to_safetensors(tensors);
      FAIL("written");
    } catch (const Error& error) {
      CHECK(error.what() == "safetensors: " + text);
    }
  };
  refuses({{"W", ElementType::f32, {2, 2}, data}},
          "tensor 'W': expected the bytes of 2\u00d72 of F32, got 24");
  refuses({{"__metadata__", ElementType::f32, {6}, data}},
          "expected a name for a tensor, got '__metadata__', which the format keeps for itself");
  refuses({{"W", ElementType::f32, {6}, data}, {"W", ElementType::i8, {24}, data}},
          "expected each name once, got 'W' twice");
  refuses({{"\xff", ElementType::f32, {6}, data}},
          "names and metadata: expected text in UTF-8, got other bytes");
  CHECK_THROWS_AS(to_safetensors({}, {{"a", "\xed\xa0\x80"}}), DataError);
  // Nothing is written before everything is checked.
  files::Folder folder;
  CHECK_THROWS_AS(
      write_safetensors(folder.path("x"), std::vector<Tensor>{{"W", ElementType::f32, {5}, data}}),
      ShapeError);
  CHECK(folder.count() == 0);
}

TEST_CASE("a safetensors file that is cut off or longer is refused", "[safetensors]") {
  const auto file = to_safetensors(some_tensors());
  for (std::size_t length = 0; length < file.size(); ++length)
    CHECK_THROWS_AS(read_safetensors(ByteSpan(file).first(length)), FormatError);
  auto longer = file;
  longer.push_back(std::byte{0});
  CHECK_THROWS_AS(read_safetensors(longer), FormatError);
  std::istringstream failed;
  failed.setstate(std::ios::badbit);
  CHECK_THROWS_AS(read_safetensors(failed), FileError);
  CHECK_THROWS_AS(read_safetensors(std::string("not there.safetensors")), FileError);
}

TEST_CASE("the error says which tensor and which field", "[safetensors]") {
  const auto refused = [](const std::string& header, const std::string& text, std::size_t data = 0) {
    INFO(header);
    CHECK(message_of(with_header(header, data)) == "a.st, " + text);
  };
  const auto entry = [&](const std::string& fields, const std::string& text, std::size_t data = 0) {
    refused("{\"t\":" + fields + "}", text, data);
  };
  CHECK(message_of({}) == "a.st, byte 0, the length of the header: expected 8 bytes, got 0 before the end");
  CHECK(message_of(bytes({0, 0, 0, 0, 0, 0, 0, 0x80})) ==
        "a.st, byte 0, the length of the header: expected at most 100000000, got 9223372036854775808");
  CHECK(message_of(bytes({9, 0, 0, 0, 0, 0, 0, 0, '{'})) ==
        "a.st, byte 8, the header: expected 9 bytes, got 1 before the end");
  refused("", "byte 8, the header: expected an object that begins with '{', got something else");
  refused(" {}", "byte 8, the header: expected an object that begins with '{', got something else");
  refused("\xef\xbb\xbf{}",
          "byte 8, the header: expected an object that begins with '{', got something else");
  refused(std::string("{}\0\0", 4), "byte 10, the header: expected text, got a zero byte");
  CHECK_THAT(message_of(with_header("{\"t\":?}")),
             ContainsSubstring("a.st, byte 13, the header: expected JSON in UTF-8, got: "));
  CHECK_THAT(message_of(with_header("{}{}")),
             ContainsSubstring("a.st, byte 10, the header: expected JSON in UTF-8, got: "));
  CHECK_THAT(message_of(with_header("{\"t\":{\"shape\":[1e999]}}")),
             ContainsSubstring("a.st, the header: expected numbers that a double holds, got: "));
  entry("1", "the header: tensor 't': expected an object, got the number 1");
  entry("[]", "the header: tensor 't': expected an object, got an array");
  entry("{}", "the header: tensor 't': expected the key dtype, got none");
  entry("{\"dtype\":\"F32\"}", "the header: tensor 't': expected the key shape, got none");
  entry("{\"dtype\":\"F32\",\"shape\":[]}",
        "the header: tensor 't': expected the key data_offsets, got none");
  const std::string keys = "the header: tensor 't': expected dtype, shape and data_offsets, each once, got ";
  entry("{\"dtype\":\"F32\",\"dtype\":\"F32\"}", keys + "the key 'dtype'");
  entry("{\"shape\":[],\"shape\":[]}", keys + "the key 'shape'");
  entry("{\"data_offsets\":[0,0],\"data_offsets\":[0,0]}", keys + "the key 'data_offsets'");
  entry("{\"what\":1}", keys + "the key 'what'");
  const std::string dtypes =
      "the header: tensor 't', dtype: expected BOOL, U8 to U64, I8 to I64, F16, BF16, F32 or F64, got ";
  entry("{\"dtype\":\"f32\"}", dtypes + "'f32'");
  entry("{\"dtype\":\"F8_E4M3\"}", dtypes + "'F8_E4M3'");
  entry("{\"dtype\":null}", dtypes + "null");
  entry("{\"dtype\":{}}", dtypes + "an object");
  const std::string shapes =
      "the header: tensor 't', shape: expected an array of integers from 0 to 2^64 - 1, got ";
  entry("{\"shape\":3}", shapes + "the number 3");
  entry("{\"shape\":[-1]}", shapes + "a negative number");
  entry("{\"shape\":[-0]}", shapes + "a negative number");
  entry("{\"shape\":[1.0]}", shapes + "the number 1.0");
  entry("{\"shape\":[true]}", shapes + "true");
  entry("{\"shape\":[[1]]}", shapes + "an array");
  entry("{\"shape\":[18446744073709551616]}", shapes + "the number 1.8446744073709552e+19");
  const std::string offsets =
      "the header: tensor 't', data_offsets: expected an array of two integers from 0 to 2^64 - 1, got ";
  entry("{\"data_offsets\":[0]}", offsets + "1");
  entry("{\"data_offsets\":[0,1,2]}", offsets + "a third offset");
  entry("{\"data_offsets\":[\"0\",\"4\"]}", offsets + "the string '0'");
  refused("{\"__metadata__\":null}", "the header: __metadata__: expected an object, got null");
  refused("{\"__metadata__\":{\"a\":1}}",
          "the header: __metadata__: expected strings, got the number 1 for 'a'");
  refused("{\"__metadata__\":{\"a\":{}}}",
          "the header: __metadata__: expected strings, got an object for 'a'");
  refused("{\"__metadata__\":{\"a\":\"\",\"a\":\"\"}}",
          "the header: __metadata__: expected each key once, got 'a' twice");
  refused("{\"__metadata__\":{},\"__metadata__\":{}}",
          "the header: expected __metadata__ once, got it twice");
  const std::string one = "\"t\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}";
  refused("{" + one + "," + one + "}", "the header: expected each tensor once, got 't' twice");

  const auto place = [&](const std::string& shape, const std::string& data_offsets, const std::string& text,
                         std::size_t data) {
    entry("{\"dtype\":\"F32\",\"shape\":[" + shape + "],\"data_offsets\":[" + data_offsets + "]}", text,
          data);
  };
  place("1", "1,5",
        "tensor 't', data_offsets: expected a begin of 0, where the tensor before ends, got [1, 5]", 5);
  place("1", "0,4", "tensor 't', data_offsets: expected an end from there to 3, got [0, 4]", 3);
  place("2", "0,4", "tensor 't', data_offsets: expected 8 bytes for 2 of F32, got [0, 4]", 4);
  place("", "0,8", "tensor 't', data_offsets: expected 4 bytes for a single number of F32, got [0, 8]", 8);
  place("4294967296,4294967296", "0,0",
        "tensor 't', shape: expected a size below 2^64, got 4294967296\u00d74294967296", 0);
  place("1", "0,4", "the elements: expected 4 bytes, as the header says, got 5", 5);
}

TEST_CASE("nesting of any depth is refused at once", "[safetensors]") {
  const std::size_t depth = 3'000'000;
  CHECK_THAT(message_of(with_header("{\"t\":" + std::string(depth, '['))),
             ContainsSubstring("expected an object, got an array"));
  CHECK_THAT(message_of(with_header("{\"t\":{\"shape\":" + std::string(depth, '['))),
             ContainsSubstring("got an array"));
}

}  // namespace test_safetensors
