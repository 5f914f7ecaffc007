// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <numbers>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lamina/io/onnx_expression.hpp"
#include "lamina/io/onnx_graph.hpp"

/// @file
/// The operators of an ONNX graph as a chain of steps from its input to its output. Arithmetic becomes expressions; they are
/// taken apart from the output back.

namespace lamina::detail {

/// The arithmetic of a graph as a chain of steps from its input to its output.
class OnnxChain {
 public:
  using Expressions = OnnxExpressions;
  using Id = Expressions::Id;
  using Kind = Expressions::Kind;

  /// What is done next to the rows of a matrix.
  struct Step {
    enum class Kind { operation, activation, scale, shift, layer_norm };
    Kind kind = Kind::operation;
    int node = 0;          ///< that makes it
    AnyActivation g = {};  ///< activation
    double number = 0;     ///< scale, shift: of all columns alike; layer_norm: epsilon
  };

  explicit OnnxChain(const OnnxGraph& graph) : graph_(graph), constants_(graph.constants()) {
    const auto& type = graph.input().type();
    if (!type.has_tensor_type())
      fail<FormatError>({graph.source(), ", input ", quoted(graph.input().name()),
                         ": expected a tensor, got another type"});
    type_ = type.tensor_type().elem_type();
    if (type_ != onnx::TensorProto::FLOAT && type_ != onnx::TensorProto::DOUBLE)
      fail<FormatError>({graph.source(), ", input ", quoted(graph.input().name()),
                         ": expected FLOAT or DOUBLE, got ", onnx_type_name(type_)});
    const Id input = leaf(-1, 0);
    values_.emplace(graph.input().name(), Value{input, type_});
    for (int i = 0; i < graph.graph().node_size(); ++i) {
      OnnxNode node = graph.node(i);
      // Where nothing is chosen, even what does not lead to the output must make sense.
      if (!graph.needed(i)) {
        if (graph.one_output()) expect_operator(node, i);
        continue;
      }
      expect_operator(node, i);
      expressions_.node = i;
      read(node, i);
      node.finish();
      if (expressions_.overflowed()) node.refuse("a chain of layers", "an expression that is no activation");
    }
    const std::string& output = graph.output().name();
    if (!values_.contains(output))
      fail<FormatError>({graph.source(), ", output ", quoted(output),
                         ": expected a value that depends on the input ", quoted(graph.input().name()),
                         ", got a constant"});
    find_steps(values_.at(output).expression, input);
    type_of_output_ = values_.at(output).type;
  }

  const OnnxGraph& graph() const { return graph_; }
  /// From the first to the last.
  const std::vector<Step>& steps() const { return steps_; }
  const OnnxConstant* constant(const std::string& name) const {
    const auto place = constants_.find(name);
    return place == constants_.end() ? nullptr : &place->second;
  }
  int input_type() const { return type_; }
  int output_type() const { return type_of_output_; }

 private:
  struct Value {
    Id expression = 0;
    int type = 0;
  };
  /// A value that is not arithmetic, and what it is made of.
  struct Leaf {
    int node = 0;
    Id from = 0;
  };

  Id leaf(int node, Id from) {
    leaves_.push_back({node, from});
    return expressions_.leaf(static_cast<int>(leaves_.size()) - 1);
  }

  /// Operators of ONNX that are read, and the operator set that brought them.
  static int since(std::string_view op) {
    static constexpr std::pair<std::string_view, int> known[] = {{"Abs", 1},
                                                                 {"Add", 1},
                                                                 {"BatchNormalization", 1},
                                                                 {"Cast", 1},
                                                                 {"Celu", 12},
                                                                 {"Clip", 1},
                                                                 {"Constant", 1},
                                                                 {"Div", 1},
                                                                 {"Dropout", 1},
                                                                 {"Elu", 1},
                                                                 {"Erf", 9},
                                                                 {"Exp", 1},
                                                                 {"Flatten", 1},
                                                                 {"Gelu", 20},
                                                                 {"Gemm", 1},
                                                                 {"HardSigmoid", 1},
                                                                 {"HardSwish", 14},
                                                                 {"Identity", 1},
                                                                 {"LayerNormalization", 17},
                                                                 {"LeakyRelu", 1},
                                                                 {"Log", 1},
                                                                 {"MatMul", 1},
                                                                 {"Max", 1},
                                                                 {"Min", 1},
                                                                 {"Mish", 18},
                                                                 {"Mul", 1},
                                                                 {"Neg", 1},
                                                                 {"PRelu", 1},
                                                                 {"Pow", 1},
                                                                 {"Reciprocal", 1},
                                                                 {"ReduceMean", 1},
                                                                 {"Relu", 1},
                                                                 {"Reshape", 1},
                                                                 {"Selu", 1},
                                                                 {"Sigmoid", 1},
                                                                 {"Softmax", 1},
                                                                 {"Softplus", 1},
                                                                 {"Softsign", 1},
                                                                 {"Sqrt", 1},
                                                                 {"Sub", 1},
                                                                 {"Swish", 24},
                                                                 {"Tanh", 1},
                                                                 {"Transpose", 1}};
    for (const auto& [name, version] : known)
      if (name == op) return version;
    return 0;
  }
  bool is_scaler(int i) const {
    const auto& node = graph_.graph().node(i);
    return node.domain() == "ai.onnx.ml" && node.op_type() == "Scaler";
  }
  void expect_operator(const OnnxNode& node, int i) const {
    const std::string& domain = graph_.graph().node(i).domain();
    if (is_scaler(i)) return;
    if (!domain.empty() && domain != "ai.onnx")
      node.refuse("an operator of ONNX itself",
                  "one of the domain " + quoted(domain) + ", which is not supported");
    const int version = since(node.op());
    if (version == 0)
      node.refuse("an operator of a chain of fully connected layers",
                  quoted(node.op()) + ", which is not supported");
    if (graph_.opset() < version)
      node.refuse("an operator of operator set " + std::to_string(graph_.opset()),
                  "one that came with " + std::to_string(version));
  }

  // ---- operators to expressions ----------------------------------------------------------------------------

  bool is_constant(const std::string& name) const { return constants_.contains(name); }
  const OnnxConstant& needed_constant(const OnnxNode& node, int input) const {
    const auto* found = constant(node.input(input));
    if (!found) node.refuse("a constant for input " + std::to_string(input), quoted(node.input(input)));
    return *found;
  }
  Value dynamic(const OnnxNode& node, int input) const {
    const auto place = values_.find(node.input(input));
    if (place == values_.end())
      node.refuse("an input that depends on the input of the graph",
                  quoted(node.input(input)) + ", which does not");
    return place->second;
  }
  /// A constant beside a value must have its type.
  void expect_type(const OnnxNode& node, const OnnxConstant& constant, int type) const {
    if (constant.type != type)
      node.refuse(onnx_type_name(type) + ", as its other input",
                  onnx_type_name(constant.type) + " of " + constant.place);
  }
  static bool is_number(const OnnxConstant& constant) {
    return constant.shape.size() <= 2 && constant.size() == 1;
  }
  double finite_number(const OnnxNode& node, const OnnxConstant& constant) const {
    const double x = constant.values()[0];
    if (!std::isfinite(x)) node.refuse("a finite number", number(x) + " of " + constant.place);
    return x;
  }
  double number_input(const OnnxNode& node, int input, int type) const {
    const OnnxConstant& constant = needed_constant(node, input);
    expect_type(node, constant, type);
    if (constant.size() != 1)
      node.refuse("a number for input " + std::to_string(input), shape_text(constant.shape));
    return constant.values()[0];
  }

  void set(const OnnxNode& node, Id expression, int type) {
    values_.emplace(node.output(), Value{expression, type});
  }
  void set_operation(const OnnxNode& node, Value from) {
    set(node, leaf(node.index(), from.expression), from.type);
  }
  void set_constant(const OnnxNode& node, OnnxConstant constant) {
    constants_.emplace(node.output(), std::move(constant));
  }

  void read(OnnxNode& node, int i) {
    const std::string& op = node.op();
    if (is_scaler(i)) {
      node.expect_inputs(1, 1);
      node.ignore({"offset", "scale"});
      return set_operation(node, dynamic(node, 0));
    }
    if (op == "Constant") return read_constant(node);
    const bool first_is_constant = is_constant(node.input(0));
    if (op == "Gemm" || op == "MatMul" || op == "BatchNormalization" || op == "LayerNormalization") {
      node.expect_inputs(op == "BatchNormalization" ? 5 : 2, op == "MatMul"               ? 2
                                                             : op == "BatchNormalization" ? 5
                                                                                          : 3);
      if (first_is_constant) node.refuse("a constant as its second input only", quoted(node.input(0)));
      const Value x = dynamic(node, 0);
      for (int k = 1; k < 5; ++k)
        if (node.has_input(k)) expect_type(node, needed_constant(node, k), x.type);
      // They are read when the layer is made.
      if (op == "Gemm") node.ignore({"alpha", "beta", "transA", "transB"});
      if (op == "BatchNormalization") node.ignore({"epsilon", "momentum", "training_mode", "spatial"});
      if (op == "LayerNormalization") node.ignore({"axis", "epsilon", "stash_type"});
      return set_operation(node, x);
    }
    if (op == "Softmax") {
      node.expect_inputs(1, 1);
      node.ignore({"axis"});
      return set_operation(node, dynamic(node, 0));
    }
    if (op == "Flatten" || op == "Reshape" || op == "Transpose" || op == "Identity" || op == "Cast" ||
        op == "Dropout")
      return first_is_constant ? read_moved_constant(node) : read_moved(node);
    if (op == "Add" || op == "Sub" || op == "Mul" || op == "Div") return read_binary(node);
    if (op == "Min" || op == "Max" || op == "Clip") return read_bounds(node);
    if (op == "Pow") return read_power(node);
    if (op == "ReduceMean") return read_mean(node);
    if (op == "PRelu") {
      node.expect_inputs(2, 2);
      const Value x = dynamic(node, 0);
      expect_type(node, needed_constant(node, 1), x.type);
      work_ += needed_constant(node, 1).size();
      if (work_ > graph_.size()) node.refuse("slopes that are looked at once", "the same ones too often");
      const std::vector<double> slopes = needed_constant(node, 1).values();
      if (slopes.empty() ||
          std::any_of(slopes.begin(), slopes.end(), [&](double s) { return !(s == slopes[0]); }))
        node.refuse("one slope for all columns", "several");
      return set(node, leaky(x.expression, slopes[0]), x.type);
    }
    node.expect_inputs(1, 1);
    const Value x = dynamic(node, 0);
    set(node, unary(node, x.expression), x.type);
  }

  /// max(x, 0) + slope·min(x, 0)
  Id leaky(Id x, double slope) {
    auto& e = expressions_;
    return e.add(e.clip(x, 0, e.infinity), slope, e.clip(x, -e.infinity, 0));
  }
  /// max(x, 0) + α·(exp(rate·min(x, 0)) − 1)
  Id exponential(Id x, double alpha, double rate) {
    auto& e = expressions_;
    const Id exponent = e.times(rate, e.clip(x, -e.infinity, 0));
    return e.add(e.clip(x, 0, e.infinity), alpha, e.plus(e.function(Kind::exp, exponent), -1));
  }
  /// min(max(slope·x + offset, 0), 1)
  Id ramp(Id x, double slope, double offset) {
    return expressions_.clip(expressions_.plus(expressions_.times(slope, x), offset), 0, 1);
  }

  /// Operators of one input, in arithmetic.
  Id unary(OnnxNode& node, Id x) {
    auto& e = expressions_;
    const std::string& op = node.op();
    if (op == "Relu") return e.clip(x, 0, e.infinity);
    if (op == "Sigmoid") return e.function(Kind::sigmoid, x);
    if (op == "Tanh") return e.function(Kind::tanh, x);
    if (op == "Exp") return e.function(Kind::exp, x);
    if (op == "Abs") return e.function(Kind::abs, x);
    if (op == "Erf") return e.function(Kind::erf, x);
    if (op == "Sqrt") return e.function(Kind::square_root, x);
    if (op == "Reciprocal") return e.reciprocal(x);
    if (op == "Neg") return e.times(-1, x);
    if (op == "LeakyRelu") return leaky(x, node.number("alpha", static_cast<double>(0.01f)));
    if (op == "Elu") return exponential(x, node.number("alpha", 1), 1);
    if (op == "Celu") {
      const double alpha = node.number("alpha", 1);
      if (!(alpha > 0)) node.refuse("an alpha > 0", number(alpha));
      return exponential(x, alpha, 1 / alpha);
    }
    if (op == "Selu") {
      const double alpha = node.number("alpha", static_cast<double>(1.67326319217681884765625f));
      return e.times(node.number("gamma", static_cast<double>(1.05070102214813232421875f)),
                     exponential(x, alpha, 1));
    }
    if (op == "HardSigmoid") {
      const double alpha = node.number("alpha", static_cast<double>(0.2f));
      return ramp(x, alpha, node.number("beta", 0.5));
    }
    if (op == "HardSwish") return e.multiply(x, ramp(x, 1.0 / 6, 0.5));
    if (op == "Softplus") return e.function(Kind::log_1_exp, x);
    if (op == "Softsign") return e.multiply(x, e.reciprocal(e.plus(e.function(Kind::abs, x), 1)));
    if (op == "Swish") return e.multiply(x, e.function(Kind::sigmoid, e.times(node.number("alpha", 1), x)));
    if (op == "Mish") return e.multiply(x, e.function(Kind::tanh, e.function(Kind::log_1_exp, x)));
    if (op == "Gelu") {
      const std::string approximate = node.text("approximate", "none");
      if (approximate != "none" && approximate != "tanh")
        node.refuse("approximate none or tanh", quoted(approximate));
      const Id cube = e.multiply(x, e.multiply(x, x));
      const Id f = approximate == "none"
                       ? e.function(Kind::erf, e.times(1 / std::numbers::sqrt2, x))
                       : e.function(Kind::tanh, e.times(std::numbers::sqrt2 * std::numbers::inv_sqrtpi,
                                                        e.add(x, 0.044715, cube)));
      return e.times(0.5, e.multiply(x, e.plus(f, 1)));
    }
    if (op == "Log") {
      if (const auto logarithm = e.logarithm(x)) return *logarithm;
      node.refuse("the logarithm of 1 + exp(…) or of Sigmoid", "another");
    }
    node.refuse("an operator that is supported", quoted(op));
  }

  void read_binary(OnnxNode& node) {
    auto& e = expressions_;
    const std::string& op = node.op();
    node.expect_inputs(2, 2);
    const bool constant_first = is_constant(node.input(0)), constant_second = is_constant(node.input(1));
    if (!constant_first && !constant_second) {
      const Value x = dynamic(node, 0), y = dynamic(node, 1);
      if (x.type != y.type)
        node.refuse("inputs of one type", onnx_type_name(x.type) + " and " + onnx_type_name(y.type));
      if (op == "Add") return set(node, e.add(x.expression, 1, y.expression), x.type);
      if (op == "Sub") return set(node, e.add(x.expression, -1, y.expression), x.type);
      if (op == "Mul") return set(node, e.multiply(x.expression, y.expression), x.type);
      return set(node, e.multiply(x.expression, e.reciprocal(y.expression)), x.type);
    }
    const Value x = dynamic(node, constant_first ? 1 : 0);
    const OnnxConstant& constant = needed_constant(node, constant_first ? 0 : 1);
    expect_type(node, constant, x.type);
    if (!is_number(constant)) {
      if (constant_first && op == "Div") node.refuse("a division by a constant", "one of a constant");
      return set_operation(node, x);
    }
    const double c = finite_number(node, constant);
    if (op == "Add") return set(node, e.plus(x.expression, c), x.type);
    if (op == "Mul") return set(node, e.times(c, x.expression), x.type);
    if (op == "Sub")
      return set(node, constant_first ? e.plus(e.times(-1, x.expression), c) : e.plus(x.expression, -c),
                 x.type);
    if (constant_first) return set(node, e.times(c, e.reciprocal(x.expression)), x.type);
    if (c == 0) node.refuse("a divisor other than 0", "0");
    // α/α is 1 for the recogniser, whatever 1/α rounds to.
    set(node, e.times(1 / c, x.expression), x.type);
  }

  void read_bounds(OnnxNode& node) {
    const std::string& op = node.op();
    double low = -Expressions::infinity, high = Expressions::infinity;
    Value x;
    if (op == "Clip") {
      node.expect_inputs(1, graph_.opset() < 11 ? 1 : 3);
      x = dynamic(node, 0);
      if (graph_.opset() < 11) {
        constexpr auto most = static_cast<double>(std::numeric_limits<float>::max());
        low = node.number("min", -most);
        high = node.number("max", most);
      } else {
        if (node.has_input(1)) low = number_input(node, 1, x.type);
        if (node.has_input(2)) high = number_input(node, 2, x.type);
      }
      // The largest number of the type is no bound.
      const double most = x.type == onnx::TensorProto::FLOAT
                              ? static_cast<double>(std::numeric_limits<float>::max())
                              : std::numeric_limits<double>::max();
      if (low <= -most) low = -Expressions::infinity;
      if (high >= most) high = Expressions::infinity;
      if (!(low < high)) node.refuse("min < max", number(low) + " and " + number(high));
    } else {
      node.expect_inputs(2, 2);
      const int constant = is_constant(node.input(0)) ? 0 : 1;
      if (!is_constant(node.input(constant)))
        node.refuse("a constant as one of its inputs",
                    quoted(node.input(0)) + " and " + quoted(node.input(1)));
      x = dynamic(node, 1 - constant);
      const double bound = number_input(node, constant, x.type);
      if (!std::isfinite(bound)) node.refuse("a finite bound", number(bound));
      (op == "Min" ? high : low) = bound;
      if (!is_number(needed_constant(node, constant)))
        node.refuse("a number of at most 2 dimensions", "more");
    }
    const bool bounded = low > -Expressions::infinity || high < Expressions::infinity;
    set(node, bounded ? expressions_.clip(x.expression, low, high) : x.expression, x.type);
  }

  void read_power(OnnxNode& node) {
    auto& e = expressions_;
    node.expect_inputs(2, 2);
    const Value x = dynamic(node, 0);
    const OnnxConstant& exponent = needed_constant(node, 1);
    if (!is_number(exponent)) node.refuse("a number as its exponent", shape_text(exponent.shape));
    const double p = exponent.values()[0];
    Id power = x.expression;
    if (p == 2) {
      power = e.multiply(x.expression, x.expression);
    } else if (p == 3) {
      power = e.multiply(x.expression, e.multiply(x.expression, x.expression));
    } else if (p == 0.5) {
      power = e.function(Kind::square_root, x.expression);
    } else if (p == -1) {
      power = e.reciprocal(x.expression);
    } else if (p != 1) {
      node.refuse("an exponent of 0.5, −1, 1, 2 or 3", number(p));
    }
    set(node, power, x.type);
  }

  void read_mean(OnnxNode& node) {
    node.expect_inputs(1, graph_.opset() < 18 ? 1 : 2);
    const Value x = dynamic(node, 0);
    std::vector<std::int64_t> axes;
    if (const auto given = node.integers("axes")) {
      axes = *given;
      if (graph_.opset() >= 18) node.refuse("axes as an input", "an attribute");
    }
    if (node.has_input(1) && needed_constant(node, 1).size() == 1) {
      const double axis = needed_constant(node, 1).values()[0];
      axes.push_back(axis == -1 ? -1 : axis == 1 ? 1 : 0);
    }
    if (node.integer("keepdims", 1) != 1) node.refuse("keepdims = 1", "another");
    node.ignore({"noop_with_empty_axes"});
    // Of a layer normalisation: its matrix has two dimensions, which is checked there.
    if (axes.size() != 1 || (axes[0] != -1 && axes[0] != 1))
      node.refuse("the mean over the last axis", "another");
    set(node, expressions_.function(Kind::mean, x.expression), x.type);
  }

  void read_constant(OnnxNode& node) {
    node.expect_inputs(0, 0);
    if (const auto* tensor = node.tensor("value")) {
      OnnxConstant constant = OnnxConstant::of(*tensor, graph_.source());
      constant.place = node.place();
      return set_constant(node, std::move(constant));
    }
    onnx::TensorProto& tensor = owned_.emplace_back();
    tensor.set_data_type(onnx::TensorProto::FLOAT);
    if (node.has("value_float")) {
      tensor.add_float_data(static_cast<float>(node.number("value_float", 0)));
    } else if (const auto numbers = node.numbers("value_floats")) {
      for (const double x : *numbers) tensor.add_float_data(static_cast<float>(x));
      tensor.add_dims(static_cast<std::int64_t>(numbers->size()));
    } else {
      tensor.set_data_type(onnx::TensorProto::INT64);
      if (node.has("value_int")) {
        tensor.add_int64_data(node.integer("value_int", 0));
      } else if (const auto integers = node.integers("value_ints")) {
        for (const std::int64_t x : *integers) tensor.add_int64_data(x);
        tensor.add_dims(static_cast<std::int64_t>(integers->size()));
      } else {
        node.refuse("a value of numbers", "none");
      }
    }
    OnnxConstant constant = OnnxConstant::of(tensor, graph_.source());
    constant.place = node.place();
    set_constant(node, std::move(constant));
  }

  /// Views of constants: nothing is copied.
  void read_moved_constant(OnnxNode& node) {
    const std::string& op = node.op();
    node.expect_inputs(1, op == "Identity" || op == "Transpose" || op == "Cast" || op == "Flatten" ? 1 : 3);
    OnnxConstant constant = needed_constant(node, 0);
    const std::size_t rank = constant.shape.size();
    if (op == "Identity") return set_constant(node, std::move(constant));
    if (op == "Cast") {
      const auto type = static_cast<int>(std::clamp<std::int64_t>(node.integer("to", 0), 0, 1000));
      node.ignore({"saturate"});
      const bool exact = type == onnx::TensorProto::DOUBLE ||
                         (type == onnx::TensorProto::FLOAT && constant.type != onnx::TensorProto::DOUBLE);
      if (type != constant.type && !exact)
        node.refuse("a cast to FLOAT or DOUBLE that rounds nothing",
                    "one from " + onnx_type_name(constant.type) + " to " + onnx_type_name(type));
      constant.type = type;
      return set_constant(node, std::move(constant));
    }
    if (op == "Transpose") {
      const auto order = node.integers("perm");
      if (rank > 2) node.refuse("a matrix", shape_text(constant.shape));
      if (order && order->size() != rank)
        node.refuse("perm for " + std::to_string(rank) + " dimensions", "another");
      const bool swaps = rank == 2 && (!order || *order == std::vector<std::int64_t>{1, 0});
      if (rank == 2 && !swaps && *order != std::vector<std::int64_t>{0, 1})
        node.refuse("perm [0, 1] or [1, 0]", "another");
      if (swaps) {
        std::swap(constant.shape[0], constant.shape[1]);
        constant.transposed = !constant.transposed;
      }
      return set_constant(node, std::move(constant));
    }
    node.refuse("a value that depends on the input of the graph", "the constant " + quoted(node.input(0)));
  }

  /// What moves no number of a row: Identity, Dropout, Cast; Flatten and Reshape are looked at when the shape is known.
  void read_moved(OnnxNode& node) {
    const std::string& op = node.op();
    Value x = dynamic(node, 0);
    if (op == "Identity" || op == "Transpose") node.expect_inputs(1, 1);
    if (op == "Identity") return set(node, x.expression, x.type);
    if (op == "Cast") {
      node.expect_inputs(1, 1);
      const std::int64_t type = node.integer("to", 0);
      node.ignore({"saturate"});
      if (type != x.type && type != onnx::TensorProto::DOUBLE)
        node.refuse("a cast to " + onnx_type_name(x.type) + " or DOUBLE",
                    "one to type " + std::to_string(type));
      return set(node, x.expression, static_cast<int>(type));
    }
    if (op == "Dropout") {
      node.expect_inputs(1, 3);
      node.ignore({"ratio", "seed"});
      if (node.has_input(2)) {
        const OnnxConstant& training = needed_constant(node, 2);
        if (training.size() != 1 || training.values()[0] != 0) node.refuse("training_mode false", "another");
      }
      return set(node, x.expression, x.type);
    }
    if (op == "Flatten" || op == "Reshape") {
      node.expect_inputs(op == "Flatten" ? 1 : 2, op == "Flatten" ? 1 : 2);
      if (op == "Reshape") static_cast<void>(needed_constant(node, 1));
      node.ignore({"axis", "allowzero"});
      return set_operation(node, x);
    }
    node.refuse("Flatten or Reshape, or a constant", quoted(op));
  }

  // ---- expressions to steps --------------------------------------------------------------------------------

  /// From the output back to the input.
  void find_steps(Id x, Id input) {
    auto& e = expressions_;
    const double digits = type_ == onnx::TensorProto::FLOAT ? 0x1p-24 : 0x1p-53;
    while (x != input) {
      if (e.overflowed()) refuse(e.at(x).node, "numbers that overflow");
      const Expressions::Expression expression = e.at(x);
      const int node = expression.node;
      const auto step = [&](Step::Kind kind, double number = 0) {
        steps_.push_back({kind, node, {}, number});
      };
      if (expression.kind == Kind::leaf) {
        const Leaf& leaf = leaves_[static_cast<std::size_t>(expression.a)];
        steps_.push_back({Step::Kind::operation, leaf.node});
        x = leaf.from;
        continue;
      }
      if (const auto normalized = e.normalized(x)) {
        if (normalized->outer != 1) step(Step::Kind::scale, normalized->outer);
        step(Step::Kind::layer_norm, normalized->epsilon);
        x = normalized->of;
        continue;
      }
      std::optional<Expressions::Applied> applied;
      try {
        applied = e.activation(x, digits);
      } catch (const OptionError& error) {
        refuse(node, error.what());
      }
      if (applied) {
        if (applied->shift != 0) step(Step::Kind::shift, applied->shift);
        if (applied->outer != 1) step(Step::Kind::scale, applied->outer);
        steps_.push_back({Step::Kind::activation, node, applied->g});
        if (applied->inner != 1) step(Step::Kind::scale, applied->inner);
        x = applied->of;
        continue;
      }
      // a·x, a + x
      if (expression.kind == Kind::sum && expression.parts.size() == 1) {
        if (expression.a != 0) step(Step::Kind::shift, expression.a);
        x = e.times(expression.parts[0].factor, expression.parts[0].of);
        continue;
      }
      if (const auto scaled = e.split(x); expression.kind == Kind::product && scaled.of != x) {
        step(Step::Kind::scale, scaled.factor);
        x = scaled.of;
        continue;
      }
      refuse(node, "expected a chain of layers, got arithmetic of values that is no activation of Lamina's");
    }
    std::reverse(steps_.begin(), steps_.end());
  }
  [[noreturn]] LAMINA_COLD void refuse(int node, const std::string& why) const {
    fail<FormatError>({graph_.node(node).place(), ": not supported: ", why});
  }

  const OnnxGraph& graph_;
  std::map<std::string, OnnxConstant> constants_;
  std::map<std::string, Value> values_;
  std::deque<onnx::TensorProto> owned_;
  std::vector<Leaf> leaves_;
  OnnxExpressions expressions_;
  std::vector<Step> steps_;
  int type_ = 0, type_of_output_ = 0;
  std::uint64_t work_ = 0;
};

}  // namespace lamina::detail
