// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <istream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lamina/core/atomic_file.hpp"
#include "lamina/core/bytes.hpp"
#include "lamina/core/errors.hpp"
#include "lamina/core/write_stream.hpp"
#include "lamina/data/array.hpp"
#include "lamina/io/json.hpp"

/// @file
/// safetensors files: the length of the header as a little-endian 64-bit number, the header in JSON, the elements of all
/// tensors one behind another. https://huggingface.co/docs/safetensors. Needs nlohmann/json: the CMake target `lamina::io`.

namespace lamina {

/// A tensor of a safetensors file. Its elements are where they were read, or are to be written from: someone else's.
struct Tensor {
  std::string name;
  ElementType dtype = ElementType::f32;
  std::vector<std::size_t> shape;  ///< extents, the outermost first; none: a single number
  ByteSpan data;  ///< the elements, little-endian, the last index running fastest; not aligned

  std::size_t size() const { return data.size() / size_of(dtype); }

  /// All elements, the last index running fastest. A floating-point Scalar takes every dtype, rounding to the nearest; an
  /// integer Scalar takes integers only.
  /// @throws DataError when an element is not an integer that Scalar can hold.
  template <class Scalar>
  std::vector<Scalar> values() const {
    std::vector<Scalar> to(size());
    detail::convert_elements(dtype, data, std::endian::little, to.data(), name);
    return to;
  }

  /// The elements as a matrix, row by row: rank 0 is 1×1, rank 1 a column, rank 2 itself; of higher ranks the first extent
  /// is the number of rows.
  /// @throws DataError as values().
  template <class Scalar>
  Eigen::Matrix<Scalar, Dynamic, Dynamic, Eigen::RowMajor> matrix() const {
    return detail::elements_as_matrix<Scalar>(dtype, shape, data, std::endian::little, name);
  }
};

namespace detail {

inline constexpr std::size_t safetensors_longest_header = 100'000'000;  // the format's own limit

/// What the header says.
struct SafetensorsHeader {
  struct Entry {
    Tensor tensor;
    std::uint64_t begin = 0, end = 0;
  };
  std::vector<Entry> entries;
  std::map<std::string, std::string> metadata;
};

/// Takes the header as the JSON parser reads it; nothing is nested deeper than the format has it.
class SafetensorsHandler {
 public:
  explicit SafetensorsHandler(const std::string& source) : source_(source) {}

  SafetensorsHeader header;

  void take(JsonEvent event, const nlohmann::json& value) {
    switch (event) {
      case JsonEvent::object_start:
        return start_object();
      case JsonEvent::object_end:
        return end_object();
      case JsonEvent::array_start:
        return start_array();
      case JsonEvent::array_end:
        return end_array();
      case JsonEvent::key:
        return key(value.get_ref<const std::string&>());
      case JsonEvent::value:
        if (value.is_string()) return string(value.get_ref<const std::string&>());
        if (value.is_number_unsigned()) return number(value.get<std::uint64_t>());
        if (value.is_number_float()) refuse("the number " + value.dump());
        refuse(value.is_number() ? "a negative number" : value.dump());
    }
  }

 private:
  void number(std::uint64_t x) {
    if (place_ == Place::shape) {
      entry().tensor.shape.push_back(static_cast<std::size_t>(x));
      return;
    }
    if (place_ != Place::offsets) refuse("the number " + std::to_string(x));
    if (offsets_ == 2) refuse("a third offset");
    (offsets_ == 0 ? entry().begin : entry().end) = x;
    ++offsets_;
  }

  void string(const std::string& text) {
    if (place_ == Place::metadata_value) {
      header.metadata.emplace(field_, text);
      place_ = Place::metadata;
      return;
    }
    if (place_ != Place::dtype) refuse("the string '" + text.substr(0, 40) + "'");
    for (auto type = ElementType::boolean; type <= ElementType::f64;
         type = static_cast<ElementType>(static_cast<int>(type) + 1))
      if (name_of(type) == text) {
        entry().tensor.dtype = type;
        place_ = Place::tensor;
        return;
      }
    refuse("'" + text.substr(0, 40) + "'");
  }

  void start_object() {
    if (place_ == Place::start) {
      place_ = Place::top;
    } else if (place_ == Place::metadata_start) {
      place_ = Place::metadata;
    } else if (place_ == Place::tensor_start) {
      place_ = Place::tensor;
    } else {
      refuse("an object");
    }
  }

  void key(const std::string& text) {
    if (place_ == Place::metadata) {
      if (header.metadata.contains(text))
        fail({"__metadata__: expected each key once, got '", text, "' twice"});
      field_ = text;
      place_ = Place::metadata_value;
    } else if (place_ == Place::top && text == "__metadata__") {
      if (std::exchange(has_metadata_, true)) fail({"expected __metadata__ once, got it twice"});
      place_ = Place::metadata_start;
    } else if (place_ == Place::top) {
      header.entries.emplace_back().tensor.name = text;
      has_dtype_ = has_shape_ = false;
      offsets_ = -1;
      place_ = Place::tensor_start;
    } else if (text == "dtype" && !has_dtype_) {
      has_dtype_ = true;
      place_ = Place::dtype;
    } else if (text == "shape" && !has_shape_) {
      has_shape_ = true;
      place_ = Place::shape_start;
    } else if (text == "data_offsets" && offsets_ < 0) {
      offsets_ = 0;
      place_ = Place::offsets_start;
    } else {
      refuse("the key '" + text.substr(0, 40) + "'");
    }
  }

  void end_object() {
    if (place_ == Place::tensor) {
      for (const auto& [there, what] : {std::pair(has_dtype_, "dtype"), std::pair(has_shape_, "shape"),
                                        std::pair(offsets_ >= 0, "data_offsets")})
        if (!there) fail({"tensor '", entry().tensor.name, "': expected the key ", what, ", got none"});
      place_ = Place::top;
    } else if (place_ == Place::metadata) {
      place_ = Place::top;
    } else {
      place_ = Place::end;
    }
  }

  void start_array() {
    if (place_ == Place::shape_start) {
      place_ = Place::shape;
    } else if (place_ == Place::offsets_start) {
      place_ = Place::offsets;
    } else {
      refuse("an array");
    }
  }

  void end_array() {
    if (place_ == Place::offsets && offsets_ != 2) refuse(std::to_string(offsets_));
    place_ = Place::tensor;
  }

  enum class Place {
    start,
    top,
    metadata_start,
    metadata,
    metadata_value,
    tensor_start,
    tensor,
    dtype,
    shape_start,
    shape,
    offsets_start,
    offsets,
    end
  };

  SafetensorsHeader::Entry& entry() { return header.entries.back(); }

  [[noreturn]] void fail(std::initializer_list<Piece> pieces) const {
    detail::fail<FormatError>({source_, ", the header: ", message(pieces)});
  }
  [[noreturn]] void refuse(const std::string& got) const {
    const std::string tensor =
        header.entries.empty() ? "" : "tensor '" + header.entries.back().tensor.name + "'";
    switch (place_) {
      case Place::start:
        fail({"expected an object, got ", got});
      case Place::top:
      case Place::end:
        fail({"expected tensors, got ", got});
      case Place::metadata_start:
        fail({"__metadata__: expected an object, got ", got});
      case Place::metadata:
      case Place::metadata_value:
        fail({"__metadata__: expected strings, got ", got, " for '", field_, "'"});
      case Place::tensor_start:
        fail({tensor, ": expected an object, got ", got});
      case Place::tensor:
        fail({tensor, ": expected dtype, shape and data_offsets, each once, got ", got});
      case Place::dtype:
        fail({tensor, ", dtype: expected BOOL, U8 to U64, I8 to I64, F16, BF16, F32 or F64, got ", got});
      case Place::shape_start:
      case Place::shape:
        fail({tensor, ", shape: expected an array of integers from 0 to 2^64 - 1, got ", got});
      case Place::offsets_start:
      case Place::offsets:
        break;
    }
    fail({tensor, ", data_offsets: expected an array of two integers from 0 to 2^64 - 1, got ", got});
  }

  const std::string& source_;
  Place place_ = Place::start;
  std::string field_;
  bool has_metadata_ = false, has_dtype_ = false, has_shape_ = false;
  int offsets_ = -1;  // how many have come; -1: data_offsets itself has not
};

/// Checks the offsets against the shapes and each other, and lets every tensor know its elements: tensors in the order of
/// their offsets lie side by side and fill `data`.
inline void place_tensors(SafetensorsHeader& header, ByteSpan data, const std::string& source) {
  using Entry = SafetensorsHeader::Entry;
  std::stable_sort(header.entries.begin(), header.entries.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  std::uint64_t expected = 0;
  for (Entry& entry : header.entries) {
    Tensor& tensor = entry.tensor;
    const auto wrong = [&](const std::string& field, const std::string& wanted, const std::string& got) {
      fail<FormatError>(
          {source, ", tensor '", tensor.name, "', ", field, ": expected ", wanted, ", got ", got});
    };
    const std::string got = "[" + std::to_string(entry.begin) + ", " + std::to_string(entry.end) + "]";
    if (entry.begin != expected)
      wrong("data_offsets", "a begin of " + std::to_string(expected) + ", where the tensor before ends", got);
    if (entry.end < entry.begin || entry.end > data.size())
      wrong("data_offsets", "an end from there to " + std::to_string(data.size()), got);
    std::uint64_t size = 0;
    if (!multiply(tensor.shape, size_of(tensor.dtype), size))
      wrong("shape", "a size below 2^64", shape_text(tensor.shape));
    if (size != entry.end - entry.begin)
      wrong("data_offsets",
            std::to_string(size) + " bytes for " + shape_text(tensor.shape) + " of " +
                std::string(name_of(tensor.dtype)),
            got);
    tensor.data = data.subspan(static_cast<std::size_t>(entry.begin), static_cast<std::size_t>(size));
    expected = entry.end;
  }
  if (expected != data.size())
    fail<FormatError>(
        {source, ", the elements: expected ", expected, " bytes, as the header says, got ", data.size()});
}

inline SafetensorsHeader read_safetensors_header(ByteSpan bytes, const std::string& source) {
  ByteReader reader(bytes, source);
  const auto length = reader.little_endian<std::uint64_t>("the length of the header");
  if (length > safetensors_longest_header)
    reader.fail_at(0, "the length of the header", "at most " + std::to_string(safetensors_longest_header),
                   std::to_string(length));
  const std::string_view text = as_text(reader.take(length, "the header"));
  if (text.empty() || text[0] != '{')
    reader.fail_at(8, "the header", "an object that begins with '{'", "something else");
  if (const std::size_t zero = text.find('\0'); zero != std::string_view::npos)
    reader.fail_at(8 + zero, "the header", "text", "a zero byte");
  SafetensorsHandler handler(source);
  try {
    for_each_json_event(
        text, [&](int, JsonEvent event, const nlohmann::json& value) { handler.take(event, value); });
  } catch (const nlohmann::json::parse_error& error) {
    fail<FormatError>(
        {source, ", byte ", 8 + (error.byte > 0 ? error.byte - 1 : 0),
         ", the header: expected JSON in UTF-8, got: ", std::string(error.what()).substr(0, 200)});
  } catch (const nlohmann::json::exception& error) {
    fail<FormatError>({source, ", the header: expected numbers that a double holds, got: ",
                       std::string(error.what()).substr(0, 200)});
  }
  std::vector<std::string_view> names;
  for (const auto& entry : handler.header.entries) names.push_back(entry.tensor.name);
  std::sort(names.begin(), names.end());
  if (const auto twice = std::adjacent_find(names.begin(), names.end()); twice != names.end())
    fail<FormatError>({source, ", the header: expected each tensor once, got '", *twice, "' twice"});
  place_tensors(handler.header, bytes.subspan(reader.position()), source);
  return std::move(handler.header);
}

/// Where a dtype comes in a file: the largest elements first, so that all are aligned.
inline int safetensors_rank(ElementType type) {
  using enum ElementType;
  constexpr ElementType order[] = {u64, i64, f64, f32, u32, i32, bf16, f16, u16, i16, i8, u8, boolean};
  return static_cast<int>(std::find(std::begin(order), std::end(order), type) - std::begin(order));
}

/// How a file begins, and the order of the tensors behind it; the same bytes as the reference implementation's.
struct SafetensorsPlan {
  std::vector<std::byte> header;
  std::vector<const Tensor*> order;
};

inline SafetensorsPlan plan_safetensors(std::span<const Tensor> tensors,
                                        const std::map<std::string, std::string>& metadata) {
  SafetensorsPlan plan;
  for (const Tensor& tensor : tensors) {
    std::uint64_t size = 0;
    if (!multiply(tensor.shape, size_of(tensor.dtype), size) || size != tensor.data.size())
      fail<ShapeError>({"safetensors: tensor '", tensor.name, "': expected the bytes of ",
                        shape_text(tensor.shape), " of ", name_of(tensor.dtype), ", got ",
                        tensor.data.size()});
    if (tensor.name == "__metadata__")
      fail<OptionError>(
          {"safetensors: expected a name for a tensor, got '__metadata__', which the format keeps for "
           "itself"});
    plan.order.push_back(&tensor);
  }
  std::sort(plan.order.begin(), plan.order.end(),
            [](const Tensor* a, const Tensor* b) { return a->name < b->name; });
  for (std::size_t i = 1; i < plan.order.size(); ++i)
    if (plan.order[i - 1]->name == plan.order[i]->name)
      fail<OptionError>({"safetensors: expected each name once, got '", plan.order[i]->name, "' twice"});
  std::stable_sort(plan.order.begin(), plan.order.end(), [](const Tensor* a, const Tensor* b) {
    return safetensors_rank(a->dtype) < safetensors_rank(b->dtype);
  });

  const std::string what = "safetensors: names and metadata";
  std::string header = "{";
  if (!metadata.empty()) {
    header += R"("__metadata__":{)";
    bool first = true;
    for (const auto& [key, value] : metadata) {
      header +=
          (std::exchange(first, false) ? "" : ",") + dump_json(key, what) + ":" + dump_json(value, what);
    }
    header += "}";
  }
  std::uint64_t begin = 0;
  for (const Tensor* tensor : plan.order) {
    if (header.size() > 1) header += ",";
    header += dump_json(tensor->name, what) + R"(:{"dtype":")" + std::string(name_of(tensor->dtype)) +
              R"(","shape":[)";
    for (std::size_t d = 0; d < tensor->shape.size(); ++d) {
      if (d > 0) header += ',';
      header += std::to_string(tensor->shape[d]);
    }
    const std::uint64_t end = begin + tensor->data.size();
    header += R"(],"data_offsets":[)" + std::to_string(begin) + "," + std::to_string(end) + "]}";
    begin = end;
  }
  header += "}";
  header.append((8 - header.size() % 8) % 8, ' ');  // the elements begin at a multiple of 8 bytes
  if (header.size() > safetensors_longest_header)
    fail<DataError>({"safetensors: expected a header of at most ", safetensors_longest_header, " bytes, got ",
                     header.size()});
  append_number(plan.header, std::uint64_t{header.size()}, std::endian::little);
  append_text(plan.header, header);
  return plan;
}

}  // namespace detail

/// The tensors and the metadata of a safetensors file, with the memory that they are in. A copy shares the memory.
class TensorFile {
 public:
  /// @param bytes   the file
  /// @param source  for messages: the path of the file
  /// @throws FormatError when it is not a whole safetensors file, or has a dtype that ElementType has not.
  explicit TensorFile(std::vector<std::byte> bytes, std::string source = "bytes in memory")
      : memory_(std::make_shared<const std::vector<std::byte>>(std::move(bytes))),
        source_(std::move(source)) {
    detail::SafetensorsHeader header = detail::read_safetensors_header(*memory_, source_);
    metadata_ = std::move(header.metadata);
    for (auto& entry : header.entries) {
      places_.emplace(entry.tensor.name, tensors_.size());
      tensors_.push_back(std::move(entry.tensor));
    }
  }

  /// All tensors, in the order in which they lie in the file. Their elements live as long as this or a copy of it.
  const std::vector<Tensor>& tensors() const { return tensors_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  const std::string& source() const { return source_; }

  bool contains(const std::string& name) const { return places_.contains(name); }

  /// @throws FormatError naming the file and what is there, when there is no such tensor.
  const Tensor& at(const std::string& name) const {
    const auto place = places_.find(name);
    if (place != places_.end()) return tensors_[place->second];
    std::string there;
    for (const auto& [other, index] : places_)
      if (there.size() < 400) there += (there.empty() ? "'" : ", '") + other + "'";
    detail::fail<FormatError>(
        {source_, ": expected a tensor named '", name, "', got ", places_.size(), " others: ", there});
  }

 private:
  std::shared_ptr<const std::vector<std::byte>> memory_;
  std::string source_;
  std::vector<Tensor> tensors_;
  std::map<std::string, std::size_t> places_;
  std::map<std::string, std::string> metadata_;
};

/// A safetensors file. @throws FileError when it cannot be read, FormatError as TensorFile.
inline TensorFile read_safetensors(const std::string& path) { return TensorFile(read_file(path), path); }

/// A safetensors file in memory, copied. @throws FormatError as TensorFile.
inline TensorFile read_safetensors(ByteSpan bytes, const std::string& source = "bytes in memory") {
  return TensorFile({bytes.begin(), bytes.end()}, source);
}

namespace detail {

/// All bytes of a stream, whatever its exceptions() say. @throws FileError when it fails.
inline std::vector<std::byte> read_stream(std::istream& stream, const std::string& source = "stream") {
  std::vector<std::byte> bytes;
  for (std::size_t chunk = std::size_t{1} << 14; stream;) {
    const std::size_t before = bytes.size();
    bytes.resize(before + chunk);
    try {
      stream.read(reinterpret_cast<char*>(bytes.data() + before), static_cast<std::streamsize>(chunk));
    } catch (const std::ios_base::failure&) {  // its end is one, too; the state says which
    }
    bytes.resize(before + static_cast<std::size_t>(stream.gcount()));
    chunk = std::min(2 * chunk, std::size_t{1} << 24);
  }
  if (!stream.eof() || stream.bad()) fail<FileError>({source, ": the stream cannot be read"});
  return bytes;
}

}  // namespace detail

/// A safetensors file from a stream, up to its end.
/// @throws FileError when the stream fails, FormatError as TensorFile.
inline TensorFile read_safetensors(std::istream& stream, const std::string& source = "stream") {
  return TensorFile(detail::read_stream(stream, source), source);
}

/// The bytes of a safetensors file: the same as the reference implementation writes.
/// @throws ShapeError when bytes are not those of the shape; OptionError when a name comes twice or is "__metadata__";
///   DataError when names or metadata are not UTF-8, or too long.
inline std::vector<std::byte> to_safetensors(std::span<const Tensor> tensors,
                                             const std::map<std::string, std::string>& metadata = {}) {
  detail::SafetensorsPlan plan = detail::plan_safetensors(tensors, metadata);
  std::vector<std::byte> bytes = std::move(plan.header);
  for (const Tensor* tensor : plan.order) detail::append_bytes(bytes, tensor->data);
  return bytes;
}

/// Writes a safetensors file, as a whole or not at all (AtomicFile). @throws as to_safetensors; FileError.
inline void write_safetensors(const std::string& path, std::span<const Tensor> tensors,
                              const std::map<std::string, std::string>& metadata = {}) {
  const detail::SafetensorsPlan plan = detail::plan_safetensors(tensors, metadata);
  write_file_atomically(path, [&](AtomicFile& file) {
    file.write(plan.header);
    for (const Tensor* tensor : plan.order) file.write(tensor->data);
  });
}

/// Writes a safetensors file to a stream. @throws as to_safetensors; FileError when the stream fails.
inline void write_safetensors(std::ostream& stream, std::span<const Tensor> tensors,
                              const std::map<std::string, std::string>& metadata = {}) {
  const detail::SafetensorsPlan plan = detail::plan_safetensors(tensors, metadata);
  detail::write_stream(stream, "safetensors", [&](const auto& put) {
    put(detail::as_text(plan.header));
    for (const Tensor* tensor : plan.order) put(detail::as_text(tensor->data));
  });
}

/// Writes arrays by name. @throws as above.
inline void write_safetensors(const std::string& path, const std::map<std::string, Array>& arrays,
                              const std::map<std::string, std::string>& metadata = {}) {
  std::vector<std::vector<std::byte>> swapped;
  std::vector<Tensor> tensors;
  for (const auto& [name, array] : arrays) {
    ByteSpan data = array.bytes;
    if (std::endian::native == std::endian::big) {
      detail::swap_elements(swapped.emplace_back(array.bytes), size_of(array.type));
      data = swapped.back();
    }
    tensors.push_back({name, array.type, array.shape, data});
  }
  write_safetensors(path, tensors, metadata);
}

}  // namespace lamina
