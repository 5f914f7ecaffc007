// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <onnx/onnx_pb.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lamina/core/bytes.hpp"
#include "lamina/core/errors.hpp"
#include "lamina/core/types.hpp"
#include "lamina/data/array.hpp"

/// @file
/// An ONNX model that may say anything: its graph, tensors and nodes, with every value that is looked at checked. What it is
/// not, is a FormatError that names the file, the node or tensor, what was expected and what came.

namespace lamina::detail {

/// A name in a file, for messages.
LAMINA_COLD inline std::string printable(const std::string& name) {
  std::string text = name.substr(0, 60);
  for (char& c : text)
    if (c < ' ' || c > '~') c = '?';
  return text;
}
LAMINA_COLD inline std::string quoted(const std::string& name) { return "'" + printable(name) + "'"; }

inline std::string onnx_type_name(int type) {
  if (!onnx::TensorProto::DataType_IsValid(type)) return "type " + std::to_string(type);
  return onnx::TensorProto::DataType_Name(static_cast<onnx::TensorProto::DataType>(type));
}

/// The element type of a tensor, when it is one that Lamina reads.
inline std::optional<ElementType> onnx_element_type(int type) {
  switch (type) {
    case onnx::TensorProto::FLOAT:
      return ElementType::f32;
    case onnx::TensorProto::DOUBLE:
      return ElementType::f64;
    case onnx::TensorProto::FLOAT16:
      return ElementType::f16;
    case onnx::TensorProto::BFLOAT16:
      return ElementType::bf16;
    case onnx::TensorProto::INT64:
      return ElementType::i64;
    case onnx::TensorProto::INT32:
      return ElementType::i32;
    case onnx::TensorProto::BOOL:
      return ElementType::boolean;
    default:
      return {};
  }
}

/// A constant of the graph: a tensor of the file, or another view of one. Its elements stay in the file until values().
struct OnnxConstant {
  const onnx::TensorProto* tensor = nullptr;
  std::string place = {};  ///< for messages: "m.onnx, tensor 'W1'"
  std::vector<std::size_t> shape = {};
  int type = onnx::TensorProto::UNDEFINED;
  bool transposed = false;  ///< of two dimensions: the file has them the other way round

  std::size_t size() const {
    std::size_t product = 1;
    for (const std::size_t extent : shape) product *= extent;
    return product;
  }

  /// @throws FormatError when the file does not have as many elements as the shape says, or not in the file.
  static constexpr int most_dims = 64;

  static OnnxConstant of(const onnx::TensorProto& from, const std::string& source) {
    OnnxConstant constant{&from, source + ", tensor " + quoted(from.name()), {}, from.data_type()};
    const auto& at = constant.place;
    if (from.data_location() != onnx::TensorProto::DEFAULT || from.external_data_size() > 0)
      fail<FormatError>({at, ": expected its numbers in the file itself, got external data"});
    if (from.has_segment()) fail<FormatError>({at, ": expected a whole tensor, got a segment"});
    if (from.dims_size() > most_dims)  // every view of it copies them
      fail<FormatError>({at, ", dims: expected at most ", most_dims, ", got ", from.dims_size()});
    for (const auto extent : from.dims()) {
      if (extent < 0) fail<FormatError>({at, ", dims: expected numbers from 0, got ", extent});
      constant.shape.push_back(static_cast<std::size_t>(extent));
    }
    const auto stored = onnx_element_type(from.data_type());
    std::uint64_t bytes = 0;
    if (!multiply(constant.shape, stored ? size_of(*stored) : 1, bytes))
      fail<FormatError>(
          {at, ", dims: expected as many as there are numbers, got ", shape_text(constant.shape)});
    if (!stored) return constant;  // whoever wants its numbers says so
    const std::uint64_t count = bytes / size_of(*stored);
    if (from.has_raw_data()) {
      if (from.raw_data().size() != bytes)
        fail<FormatError>({at, ", raw_data: expected ", std::to_string(bytes), " bytes for ",
                           shape_text(constant.shape), " ", onnx_type_name(from.data_type()), ", got ",
                           from.raw_data().size()});
      if (constant.typed_count() != 0 || from.int64_data_size() + from.float_data_size() > 0)
        fail<FormatError>({at, ": expected its numbers once, got raw_data and others"});
    } else if (constant.typed_count() != count) {
      fail<FormatError>({at, ": expected ", std::to_string(count), " numbers for ",
                         shape_text(constant.shape), " ", onnx_type_name(from.data_type()), ", got ",
                         constant.typed_count()});
    }
    return constant;
  }

  /// All elements, row by row of the shape.
  /// @throws FormatError when they are no numbers.
  std::vector<double> values() const {
    const auto stored = onnx_element_type(tensor->data_type());
    if (!stored)
      fail<FormatError>({place, ": expected FLOAT, DOUBLE, FLOAT16, BFLOAT16, INT64, INT32 or BOOL, got ",
                         onnx_type_name(tensor->data_type())});
    std::vector<double> values(size());
    if (tensor->has_raw_data()) {
      convert_elements(*stored, std::as_bytes(std::span(tensor->raw_data())), std::endian::little,
                       values.data(), place);
    } else {
      for (std::size_t i = 0; i < values.size(); ++i) values[i] = typed(*stored, static_cast<int>(i));
    }
    if (transposed) {
      std::vector<double> rows(values.size());
      for (std::size_t i = 0; i < shape[0]; ++i)
        for (std::size_t j = 0; j < shape[1]; ++j) rows[i * shape[1] + j] = values[j * shape[0] + i];
      values = std::move(rows);
    }
    return values;
  }

 private:
  std::size_t typed_count() const {
    switch (tensor->data_type()) {
      case onnx::TensorProto::FLOAT:
        return static_cast<std::size_t>(tensor->float_data_size());
      case onnx::TensorProto::DOUBLE:
        return static_cast<std::size_t>(tensor->double_data_size());
      case onnx::TensorProto::INT64:
        return static_cast<std::size_t>(tensor->int64_data_size());
      default:
        return static_cast<std::size_t>(tensor->int32_data_size());
    }
  }
  double typed(ElementType stored, int i) const {
    switch (stored) {
      case ElementType::f32:
        return static_cast<double>(tensor->float_data(i));
      case ElementType::f64:
        return tensor->double_data(i);
      case ElementType::i64:
        return static_cast<double>(tensor->int64_data(i));
      case ElementType::f16:
        return static_cast<double>(float_from_half(static_cast<std::uint16_t>(tensor->int32_data(i))));
      case ElementType::bf16:
        return static_cast<double>(float_from_bfloat16(static_cast<std::uint16_t>(tensor->int32_data(i))));
      default:
        return static_cast<double>(tensor->int32_data(i));
    }
  }
};

/// A node and its place. Attributes are read by name; what nobody has read is refused by finish().
class OnnxNode {
 public:
  OnnxNode(const onnx::NodeProto& node, int index, const std::string& source) : node_(&node), index_(index) {
    place_ = source + ", node " + std::to_string(index);
    if (node.has_name() && !node.name().empty()) place_ += " " + quoted(node.name());
    place_ += " (" + (node.domain().empty() ? "" : printable(node.domain()) + ".") +
              printable(node.op_type()) + ")";
    for (const auto& attribute : node.attribute())
      if (!attributes_.emplace(attribute.name(), &attribute).second)
        refuse("each attribute once", quoted(attribute.name()) + " twice");
  }

  const std::string& place() const { return place_; }
  int index() const { return index_; }
  const std::string& op() const { return node_->op_type(); }
  const std::string& output() const { return node_->output(0); }
  /// Input i, empty when it is left out.
  const std::string& input(int i) const {
    static const std::string none;
    return i < node_->input_size() ? node_->input(i) : none;
  }
  bool has_input(int i) const { return !input(i).empty(); }
  /// Whether it has outputs besides the first.
  bool has_more_outputs() const {
    return std::any_of(node_->output().begin() + 1, node_->output().end(),
                       [](const std::string& name) { return !name.empty(); });
  }
  /// @throws FormatError when inputs are missing or there are more.
  void expect_inputs(int least, int most) const {
    int there = node_->input_size();
    while (there > least && input(there - 1).empty()) --there;
    if (there < least || there > most)
      refuse((least == most ? "" : std::to_string(least) + " to ") + std::to_string(most) + " inputs",
             std::to_string(node_->input_size()));
    for (int i = 0; i < least; ++i)
      if (!has_input(i)) refuse("an input " + std::to_string(i), "none");
  }

  bool has(const char* name) const { return attributes_.contains(name); }
  double number(const char* name, double otherwise) {
    const auto* attribute = find(name, onnx::AttributeProto::FLOAT);
    if (!attribute) return otherwise;
    const auto x = static_cast<double>(attribute->f());
    if (!(x - x == 0)) refuse("a finite number for attribute " + quoted(name), detail::number(x));
    return x;
  }
  std::int64_t integer(const char* name, std::int64_t otherwise) {
    const auto* attribute = find(name, onnx::AttributeProto::INT);
    return attribute ? attribute->i() : otherwise;
  }
  std::string text(const char* name, const char* otherwise) {
    const auto* attribute = find(name, onnx::AttributeProto::STRING);
    return attribute ? attribute->s() : otherwise;
  }
  std::optional<std::vector<std::int64_t>> integers(const char* name) {
    const auto* attribute = find(name, onnx::AttributeProto::INTS);
    if (!attribute) return {};
    return std::vector<std::int64_t>(attribute->ints().begin(), attribute->ints().end());
  }
  std::optional<std::vector<double>> numbers(const char* name) {
    const auto* attribute = find(name, onnx::AttributeProto::FLOATS);
    if (!attribute) return {};
    return std::vector<double>(attribute->floats().begin(), attribute->floats().end());
  }
  const onnx::TensorProto* tensor(const char* name) {
    const auto* attribute = find(name, onnx::AttributeProto::TENSOR);
    return attribute ? &attribute->t() : nullptr;
  }
  /// Attributes without a meaning here.
  void ignore(std::initializer_list<const char*> names) {
    for (const char* name : names) attributes_.erase(name);
  }
  void finish() const {
    if (!attributes_.empty()) refuse("no other attributes", quoted(attributes_.begin()->first));
  }

  [[noreturn]] LAMINA_COLD void refuse(std::string_view expected, std::string_view got) const {
    fail<FormatError>({place_, ": expected ", expected, ", got ", got});
  }

 private:
  /// The attribute, which is then read.
  const onnx::AttributeProto* find(const char* name, onnx::AttributeProto::AttributeType type) {
    const auto place = attributes_.find(name);
    if (place == attributes_.end()) return nullptr;
    const onnx::AttributeProto* attribute = place->second;
    if (attribute->type() != type || !attribute->ref_attr_name().empty())
      refuse("attribute " + quoted(name) + " as " + onnx::AttributeProto::AttributeType_Name(type),
             attribute->ref_attr_name().empty()
                 ? std::string(onnx::AttributeProto::AttributeType_Name(attribute->type()))
                 : "a reference to another");
    attributes_.erase(place);
    return attribute;
  }

  const onnx::NodeProto* node_;
  int index_;
  std::string place_;
  std::map<std::string, const onnx::AttributeProto*> attributes_;
};

/// A model, parsed, whose graph is one: every name is defined once and before it is used, tensors have their numbers, there
/// is one input beside the constants.
class OnnxGraph {
 public:
  static constexpr std::int64_t oldest_opset = 7, newest_opset = 25;

  /// @param output  of the graph; empty: the only one
  OnnxGraph(ByteSpan bytes, std::string source, const std::string& output)
      : source_(std::move(source)), size_(bytes.size()) {
    constexpr auto most = static_cast<std::size_t>(std::numeric_limits<int>::max());
    if (bytes.size() > most)
      fail<FormatError>(
          {source_, ": expected at most 2 GiB, which ONNX can hold, got ", bytes.size(), " bytes"});
    if (!model_.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
      fail<FormatError>({source_,
                         ": expected an ONNX model (a protocol buffer, nested at most 100 deep), got ",
                         bytes.size(), " bytes that are none"});
    if (!model_.has_graph()) fail<FormatError>({source_, ", graph: expected it, got none"});
    if (model_.ir_version() < 1)
      fail<FormatError>({source_, ", ir_version: expected a version from 1, got ", model_.ir_version()});
    read_opset();
    read_constants();
    read_input();
    read_nodes();
    choose_output(output);
    find_needed();
  }

  const std::string& source() const { return source_; }
  const onnx::ModelProto& model() const { return model_; }
  const onnx::GraphProto& graph() const { return model_.graph(); }
  std::int64_t opset() const { return opset_; }
  bool one_output() const { return graph().output_size() == 1; }
  const std::map<std::string, OnnxConstant>& constants() const { return constants_; }
  const onnx::ValueInfoProto& input() const { return *input_; }
  const onnx::ValueInfoProto& output() const { return *output_; }
  /// Whether the output depends on node i.
  bool needed(int i) const { return needed_[static_cast<std::size_t>(i)]; }
  OnnxNode node(int i) const { return {graph().node(i), i, source_}; }

  /// Bytes of the file: what is made of it must be in proportion to them.
  std::uint64_t size() const { return size_; }

 private:
  void read_opset() {
    for (const auto& import : model_.opset_import()) {
      if (!import.domain().empty() && import.domain() != "ai.onnx") continue;
      if (opset_ != 0)
        fail<FormatError>({source_, ", opset_import: expected the operators of ONNX once, got twice"});
      opset_ = import.version();
      if (opset_ < oldest_opset || opset_ > newest_opset)
        fail<FormatError>({source_, ", opset_import: expected a version of ONNX's operators from ",
                           oldest_opset, " to ", newest_opset, ", got ", opset_});
    }
    if (opset_ == 0)
      fail<FormatError>({source_, ", opset_import: expected a version of ONNX's operators, got none"});
    for (const auto& function : model_.functions())
      if (function.domain().empty() || function.domain() == "ai.onnx")
        fail<FormatError>(
            {source_, ", functions: expected none in ONNX's own domain, got ", quoted(function.name())});
    if (graph().sparse_initializer_size() > 0)
      fail<FormatError>({source_, ", sparse_initializer: expected dense tensors only, got ",
                         graph().sparse_initializer_size(), " sparse ones"});
  }

  void define(const std::string& name, const std::string& where) {
    if (name.empty()) fail<FormatError>({where, ": expected a name, got none"});
    if (!defined_.insert(name).second)
      fail<FormatError>({where, ": expected each value once, got ", quoted(name), " twice"});
  }

  void read_constants() {
    for (const auto& tensor : graph().initializer()) {
      define(tensor.name(), source_ + ", initializer");
      constants_.emplace(tensor.name(), OnnxConstant::of(tensor, source_));
    }
  }

  void read_input() {
    std::set<std::string> names;
    for (const auto& input : graph().input()) {
      if (!names.insert(input.name()).second)
        fail<FormatError>(
            {source_, ", input: expected each input once, got ", quoted(input.name()), " twice"});
      if (constants_.contains(input.name())) continue;  // before IR version 4 these are inputs too
      if (input_)
        fail<FormatError>({source_, ", input: expected one beside the constants, got ",
                           quoted(input_->name()), " and ", quoted(input.name())});
      input_ = &input;
      define(input.name(), source_ + ", input");
    }
    if (!input_) fail<FormatError>({source_, ", input: expected one, got none"});
  }

  void read_nodes() {
    for (int i = 0; i < graph().node_size(); ++i) {
      const auto& node = graph().node(i);
      const OnnxNode here = this->node(i);
      for (const auto& input : node.input())
        if (!input.empty() && !defined_.contains(input))
          here.refuse("inputs that are defined before", quoted(input) + ", which is not");
      if (node.output_size() < 1 || node.output(0).empty()) here.refuse("an output", "none");
      for (const auto& output : node.output()) {
        if (!output.empty()) define(output, here.place());
        if (!output.empty()) made_by_.emplace(output, i);
      }
    }
  }

  void choose_output(const std::string& name) {
    if (graph().output_size() == 0) fail<FormatError>({source_, ", output: expected one, got none"});
    std::string names;
    for (const auto& output : graph().output()) {
      if (!defined_.contains(output.name()))
        fail<FormatError>({source_, ", output: expected a value of the graph, got ", quoted(output.name()),
                           ", which no node makes"});
      if (names.size() < 400) names += (names.empty() ? "" : ", ") + quoted(output.name());
      if (output.name() == name || graph().output_size() == 1) output_ = &output;
    }
    if (!name.empty() && output_ && output_->name() != name) output_ = nullptr;
    if (!output_)
      fail<FormatError>({source_, ", output: expected ",
                         name.empty() ? "one, or OnnxImportOptions::output" : quoted(name), ", got ", names});
  }

  /// What the output depends on; nodes are after those that they read.
  void find_needed() {
    needed_.assign(static_cast<std::size_t>(graph().node_size()), false);
    const auto need = [&](const std::string& name) {
      if (const auto node = made_by_.find(name); node != made_by_.end())
        needed_[static_cast<std::size_t>(node->second)] = true;
    };
    need(output_->name());
    for (int i = graph().node_size(); i-- > 0;)
      if (needed_[static_cast<std::size_t>(i)])
        for (const auto& input : graph().node(i).input()) need(input);
  }

  std::string source_;
  std::uint64_t size_;
  onnx::ModelProto model_;
  std::int64_t opset_ = 0;
  std::map<std::string, OnnxConstant> constants_;
  const onnx::ValueInfoProto* input_ = nullptr;
  const onnx::ValueInfoProto* output_ = nullptr;
  std::set<std::string> defined_;
  std::map<std::string, int> made_by_;
  std::vector<bool> needed_;
};

}  // namespace lamina::detail
