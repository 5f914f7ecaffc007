#pragma once

/// \file ONNX models made by hand.

#include <onnx/onnx_pb.h>

#include <functional>
#include <string>
#include <vector>

#include "lamina/io/onnx_import.hpp"

/// A graph with the input "x", samples × columns of FLOAT, whose values are names.
struct Graph {
  onnx::ModelProto model;

  explicit Graph(std::int64_t columns = 3, int opset = 17) {
    model.set_ir_version(8);
    model.add_opset_import()->set_version(opset);
    input("x", {-1, columns});
  }
  onnx::GraphProto& graph() { return *model.mutable_graph(); }

  static void describe(onnx::ValueInfoProto& value, const std::string& name,
                       const std::vector<std::int64_t>& shape) {
    value.set_name(name);
    auto& tensor = *value.mutable_type()->mutable_tensor_type();
    tensor.set_elem_type(onnx::TensorProto::FLOAT);
    for (const auto extent : shape) {
      auto& dim = *tensor.mutable_shape()->add_dim();
      if (extent >= 0) dim.set_dim_value(extent);
    }
  }
  void input(const std::string& name, const std::vector<std::int64_t>& shape) {
    describe(*graph().add_input(), name, shape);
  }

  std::string constant(const std::vector<double>& values, const std::vector<std::int64_t>& shape = {}) {
    auto& tensor = *graph().add_initializer();
    tensor.set_name("c" + std::to_string(graph().initializer_size()));
    tensor.set_data_type(onnx::TensorProto::FLOAT);
    for (const auto extent : shape) tensor.add_dims(extent);
    for (const double x : values) tensor.add_float_data(static_cast<float>(x));
    return tensor.name();
  }
  std::string integers(const std::vector<std::int64_t>& values) {
    auto& tensor = *graph().add_initializer();
    tensor.set_name("c" + std::to_string(graph().initializer_size()));
    tensor.set_data_type(onnx::TensorProto::INT64);
    tensor.add_dims(static_cast<std::int64_t>(values.size()));
    for (const auto x : values) tensor.add_int64_data(x);
    return tensor.name();
  }
  std::string node(const std::string& op, const std::vector<std::string>& inputs) {
    auto& node = *graph().add_node();
    node.set_op_type(op);
    node.set_name("n" + std::to_string(graph().node_size()));
    for (const auto& input : inputs) node.add_input(input);
    node.add_output("v" + std::to_string(graph().node_size()));
    return node.output(0);
  }
  onnx::NodeProto& last() { return *graph().mutable_node(graph().node_size() - 1); }
  onnx::AttributeProto& attribute(const std::string& name, onnx::AttributeProto::AttributeType type) {
    auto& attribute = *last().add_attribute();
    attribute.set_name(name);
    attribute.set_type(type);
    return attribute;
  }
  void number(const std::string& name, double x) {
    attribute(name, onnx::AttributeProto::FLOAT).set_f(static_cast<float>(x));
  }
  void integer(const std::string& name, std::int64_t x) {
    attribute(name, onnx::AttributeProto::INT).set_i(x);
  }

  /// The last value is the output.
  std::string bytes() {
    if (graph().output_size() == 0) graph().add_output()->set_name(last().output(0));
    return model.SerializeAsString();
  }
  template <class Scalar = double>
  lamina::LoadedModel<Scalar> load(const lamina::OnnxImportOptions& options = {}) {
    const std::string text = bytes();
    return lamina::import_onnx<Scalar>(std::as_bytes(std::span(text)), options);
  }
  /// What import_onnx says of it; empty: it loads.
  std::string error(const lamina::OnnxImportOptions& options = {}) {
    try {
      static_cast<void>(load(options));
    } catch (const lamina::FormatError& e) {
      return e.what();
    }
    return {};
  }
};
