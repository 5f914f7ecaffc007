// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <istream>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "lamina/core/bytes.hpp"
#include "lamina/io/model.hpp"
#include "lamina/io/onnx_chain.hpp"

/// @file
/// Networks from ONNX models: import_onnx(). What is read is one chain of
///
///     Gemm, MatMul                            with a constant weight and bias
///     Add, Sub, Mul, Div, Neg                 with a number, or one for each column
///     activations                             as operators or spelled in others, see onnx_expression.hpp: Relu, LeakyRelu,
///                                             PRelu, Elu, Selu, Celu, Gelu, Softplus, Softsign, Swish, Mish, Sigmoid, Tanh,
///                                             HardSigmoid, HardSwish, Clip, Min, Max, Exp, Log, Abs, Erf, Pow, Reciprocal
///     Softmax, LayerNormalization             over the columns; the latter also spelled with ReduceMean, Sqrt, …
///     BatchNormalization                      in inference mode
///     Flatten, Reshape, Identity, Dropout, Cast, Constant, and Transpose of a constant
///     Scaler                                  of ai.onnx.ml
///
/// of operator sets 7 to 25. All else is refused, naming the node and its operator.

namespace lamina {

/// How an ONNX model is read.
struct OnnxImportOptions {
  std::string output = {};  ///< which of several outputs; what only the others need is not looked at
};

namespace detail {

/// The layers that a chain of steps is.
template <class Scalar>
class OnnxLayers {
 public:
  explicit OnnxLayers(const OnnxChain& chain) : chain_(chain), graph_(chain.graph()) {
    read_input_shape();
    for (const auto& step : chain.steps()) {
      OnnxNode node = graph_.node(step.node);
      add(step, node);
    }
    flush();
    if (layers.empty()) add_layer({.kind = LayerKind::activation, .activation = "identity"}, {});
    check_output();
  }

  std::vector<LayerDescription> layers;
  std::vector<Buffers> buffers;
  std::vector<Scalar> theta;
  Index inputs() const { return inputs_; }

 private:
  using Step = OnnxChain::Step;

  // ---- shapes ------------------------------------------------------------------------------------------------

  /// The extents of a sample. Where the file does not say, a sample is a row, as long as the first layer takes.
  void read_input_shape() {
    const auto& input = graph_.input();
    const std::string place = graph_.source() + ", input " + quoted(input.name());
    const auto& type = input.type().tensor_type();
    bool known = type.has_shape();
    if (known) {
      if (type.shape().dim_size() < 2)
        fail<FormatError>({place, ": expected samples and their features, 2 dimensions or more, got ",
                           type.shape().dim_size()});
      if (type.shape().dim(0).has_dim_value()) batch_ = type.shape().dim(0).dim_value();
      for (int d = 1; d < type.shape().dim_size(); ++d) {
        const auto& dim = type.shape().dim(d);
        known = known && dim.has_dim_value();
        if (!known) continue;
        if (dim.dim_value() < 1 || dim.dim_value() > largest_extent)
          fail<FormatError>(
              {place, ", dimension ", d, ": expected 1 to ", largest_extent, ", got ", dim.dim_value()});
        sample_.push_back(static_cast<std::size_t>(dim.dim_value()));
      }
    }
    if (!known) {
      if (type.has_shape() && type.shape().dim_size() > 2)
        fail<FormatError>({place, ": expected numbers for all dimensions but the first, got others"});
      sample_ = {first_extent(place)};
    }
    std::uint64_t n = 0;
    if (!multiply(sample_, 1, n) || n < 1 || n > static_cast<std::uint64_t>(largest_extent))
      fail<FormatError>(
          {place, ": expected 1 to ", largest_extent, " numbers in a sample, got ", shape_text(sample_)});
    inputs_ = columns_ = static_cast<Index>(n);
    spend(n, place);
  }
  /// Of the first step that says how many columns it takes.
  std::size_t first_extent(const std::string& place) const {
    for (const auto& step : chain_.steps()) {
      if (step.kind != Step::Kind::operation) continue;
      OnnxNode node = graph_.node(step.node);
      if (node.op() == "Reshape") break;
      for (int i = 0; i < 2; ++i) {
        const auto* constant = chain_.constant(node.input(i));
        if (!constant || constant->shape.empty()) continue;
        const bool transposed = node.op() == "Gemm" && node.integer("transB", 0) != 0;
        const bool matrix = node.op() == "Gemm" || node.op() == "MatMul";
        return matrix && !transposed ? constant->shape.front() : constant->shape.back();
      }
      if (node.op() != "Softmax" && node.op() != "Flatten") break;
    }
    fail<FormatError>({place, ": expected the number of features, got none"});
  }

  /// What is made must be in proportion to the file.
  void spend(std::uint64_t numbers, const std::string& place) {
    spent_ += numbers;
    if (const std::uint64_t most = (std::uint64_t{1} << 20) + 16 * graph_.size(); spent_ > most)
      fail<FormatError>({place, ": expected at most ", std::to_string(most),
                         " numbers in the layers of a file of ", std::to_string(graph_.size()),
                         " bytes, got ", std::to_string(spent_)});
  }

  void expect_rows(const OnnxNode& node) const {
    if (sample_.size() != 1) node.refuse("a matrix, samples × features", "samples × " + shape_text(sample_));
  }

  /// A constant for each column, as it is broadcast to a sample.
  std::vector<double> broadcast(const OnnxNode& node, const OnnxConstant& constant) const {
    std::vector<std::size_t> shape = constant.shape;
    const auto misfit = [&] {
      node.refuse("a constant for samples × " + shape_text(sample_),
                  shape_text(constant.shape) + " of " + constant.place);
    };
    if (shape.size() > sample_.size() + 1) misfit();
    if (shape.size() == sample_.size() + 1) {
      if (shape[0] != 1) misfit();
      shape.erase(shape.begin());
    }
    shape.insert(shape.begin(), sample_.size() - shape.size(), 1);
    for (std::size_t d = 0; d < shape.size(); ++d)
      if (shape[d] != sample_[d] && shape[d] != 1) misfit();
    const std::vector<double> values = constant.values();
    std::vector<double> columns(static_cast<std::size_t>(columns_));
    for (std::size_t j = 0; j < columns.size(); ++j) {
      std::size_t rest = j, from = 0, stride = 1;
      for (std::size_t d = shape.size(); d-- > 0; rest /= sample_[d], stride *= shape[d])
        if (shape[d] != 1) from += rest % sample_[d] * stride;
      columns[j] = values[from];
    }
    return columns;
  }

  /// A row of as many numbers as there are columns.
  std::vector<double> row(const OnnxNode& node, int input) const {
    const OnnxConstant& constant = *chain_.constant(node.input(input));
    if (constant.shape != std::vector<std::size_t>{static_cast<std::size_t>(columns_)})
      node.refuse(std::to_string(columns_) + " numbers for input " + std::to_string(input),
                  shape_text(constant.shape) + " of " + constant.place);
    return constant.values();
  }

  // ---- layers ------------------------------------------------------------------------------------------------

  void add_layer(LayerDescription layer, Buffers numbers) {
    if (layer.kind != LayerKind::dense) layer.inputs = layer.outputs = columns_;
    spend(static_cast<std::uint64_t>(layer.outputs) * (1 + numbers.size()), graph_.source());
    layers.push_back(std::move(layer));
    buffers.push_back(std::move(numbers));
  }
  /// The values, all of them finite in the network's scalar.
  static std::vector<double> held(std::string_view place, std::vector<double> values) {
    for (const double x : values)
      if (!std::isfinite(static_cast<Scalar>(x)))
        fail<FormatError>({place, ": expected finite numbers of the network's scalar, got ", x});
    return values;
  }
  void append(std::string_view place, std::vector<double> values) {
    for (const double x : held(place, std::move(values))) theta.push_back(static_cast<Scalar>(x));
  }

  void add(const Step& step, OnnxNode& node) {
    switch (step.kind) {
      case Step::Kind::scale:
        return scale(std::vector<double>(static_cast<std::size_t>(columns_), step.number), node);
      case Step::Kind::shift:
        return shift(std::vector<double>(static_cast<std::size_t>(columns_), step.number), node);
      case Step::Kind::activation:
        return add_activation(step.g);
      case Step::Kind::layer_norm:
        expect_rows(node);
        flush();
        return add_layer_norm(node, step.number, std::vector<double>(static_cast<std::size_t>(columns_), 1),
                              std::vector<double>(static_cast<std::size_t>(columns_), 0));
      case Step::Kind::operation:
        break;
    }
    const std::string& op = node.op();
    if (op == "Gemm" || op == "MatMul") return add_dense(node);
    if (op == "Add" || op == "Sub" || op == "Mul" || op == "Div") return add_scaling(node);
    if (op == "Flatten" || op == "Reshape") return reshape(node);
    expect_rows(node);
    if (op == "Scaler") return add_scaler(node);
    flush();
    if (op == "Softmax") {
      // Before version 13 all dimensions from the axis on are one; for rows that is the same.
      const std::int64_t axis = node.integer("axis", graph_.opset() < 13 ? 1 : -1);
      if (axis != 1 && axis != -1) node.refuse("an axis of 1 or −1, the columns", std::to_string(axis));
      return add_layer({.kind = LayerKind::softmax}, {});
    }
    if (op == "LayerNormalization") {
      const std::int64_t axis = node.integer("axis", -1);
      if (axis != 1 && axis != -1) node.refuse("an axis of 1 or −1, the columns", std::to_string(axis));
      const double epsilon = node.number("epsilon", static_cast<double>(1e-5f));
      return add_layer_norm(
          node, epsilon, row(node, 1),
          node.has_input(2) ? row(node, 2) : std::vector<double>(static_cast<std::size_t>(columns_), 0));
    }
    add_batch_norm(node);
  }

  /// alpha·A0·B + beta·C, with B and C constant.
  void add_dense(OnnxNode& node) {
    const bool gemm = node.op() == "Gemm";
    expect_rows(node);
    flush();
    if (gemm && node.integer("transA", 0) != 0) node.refuse("transA = 0", "another: samples would be mixed");
    const bool transposed = gemm && node.integer("transB", 0) != 0;
    const double alpha = gemm ? node.number("alpha", 1) : 1, beta = gemm ? node.number("beta", 1) : 1;
    const OnnxConstant& B = *chain_.constant(node.input(1));
    if (B.shape.size() != 2) node.refuse("a matrix for input 1", shape_text(B.shape) + " of " + B.place);
    const std::size_t n = B.shape[transposed ? 1 : 0], k = B.shape[transposed ? 0 : 1];
    if (n != static_cast<std::size_t>(columns_) || k < 1 || k > static_cast<std::size_t>(largest_extent))
      node.refuse("a weight for " + std::to_string(columns_) + " inputs, " + std::to_string(columns_) + "×k" +
                      (transposed ? " transposed" : ""),
                  shape_text(B.shape) + " of " + B.place);
    const bool bias = gemm && node.has_input(2) && beta != 0;
    spend(static_cast<std::uint64_t>(n) * k + (bias ? k : 0), node.place());
    // In θ W is column by column n×k, which is row by row k×n.
    OnnxConstant W = B;
    if (!transposed) {
      std::swap(W.shape[0], W.shape[1]);
      W.transposed = !W.transposed;
    }
    std::vector<double> numbers = W.values();
    for (double& w : numbers) w *= alpha;
    append(node.place(), numbers);
    columns_ = static_cast<Index>(k);
    sample_ = {k};
    if (bias) {
      numbers = broadcast(node, *chain_.constant(node.input(2)));
      for (double& b : numbers) b *= beta;
      append(node.place(), numbers);
    }
    add_layer({.kind = LayerKind::dense,
               .inputs = static_cast<Index>(n),
               .outputs = columns_,
               .bias = bias,
               .activation = "identity"},
              {});
  }

  void add_activation(const AnyActivation& g) {
    flush();
    LayerDescription description{.kind = LayerKind::activation};
    describe_activation(g, description);
    if (!layers.empty() && layers.back().kind == LayerKind::dense && layers.back().activation == "identity") {
      layers.back().activation = description.activation;
      layers.back().activation_options = description.activation_options;
    } else {
      add_layer(std::move(description), {});
    }
  }

  void add_layer_norm(const OnnxNode& node, double epsilon, const std::vector<double>& gamma,
                      const std::vector<double>& beta) {
    append(node.place(), gamma);
    append(node.place(), beta);
    add_layer({.kind = LayerKind::layer_norm, .options = {{"epsilon", positive(node, epsilon)}}}, {});
    spend(2 * gamma.size(), node.place());
  }
  /// Lamina's epsilons are not 0: the smallest that it takes does nothing to a variance.
  static double positive(const OnnxNode& node, double epsilon) {
    if (!(epsilon >= 0)) node.refuse("an epsilon from 0", number(epsilon));
    return std::max<double>(epsilon, std::numeric_limits<float>::min());
  }

  void add_batch_norm(OnnxNode& node) {
    if (node.integer("training_mode", 0) != 0) node.refuse("training_mode = 0", "another");
    // Before there was that attribute (opset 14), the statistics of the batch among the outputs meant training.
    if (node.has_more_outputs()) node.refuse("one output, as in inference", "more");
    if (node.integer("spatial", 1) != 0 && node.integer("spatial", 1) != 1)
      node.refuse("spatial = 0 or 1", "another");
    const double epsilon = positive(node, node.number("epsilon", static_cast<double>(1e-5f)));
    const double momentum =
        1 - node.number("momentum", static_cast<double>(0.9f));  // ONNX: the share of the old
    append(node.place(), row(node, 1));
    append(node.place(), row(node, 2));
    add_layer({.kind = LayerKind::batch_norm, .options = {{"momentum", momentum}, {"epsilon", epsilon}}},
              {held(node.place(), row(node, 3)), held(node.place(), row(node, 4))});
    spend(2 * static_cast<std::uint64_t>(columns_), node.place());
  }

  // ---- scaling: (A0 − center)·scale + offset -------------------------------------------------------------------

  void add_scaling(OnnxNode& node) {
    const bool first = chain_.constant(node.input(0)) != nullptr;
    std::vector<double> numbers = broadcast(node, *chain_.constant(node.input(first ? 0 : 1)));
    if (node.op() == "Add") return shift(numbers, node);
    if (node.op() == "Mul") return scale(numbers, node);
    if (node.op() == "Sub" && first) {  // c − x
      scale(std::vector<double>(numbers.size(), -1), node);
      return shift(numbers, node);
    }
    for (double& x : numbers) x = node.op() == "Sub" ? -x : 1 / x;
    node.op() == "Sub" ? shift(numbers, node) : scale(numbers, node);
  }
  /// (x − offset)·scale
  void add_scaler(OnnxNode& node) {
    const auto each = [&](const char* name, double otherwise) {
      std::vector<double> numbers = node.numbers(name).value_or(std::vector<double>{otherwise});
      if (numbers.size() == 1) numbers.resize(static_cast<std::size_t>(columns_), numbers[0]);
      if (numbers.size() != static_cast<std::size_t>(columns_))
        node.refuse(std::to_string(columns_) + " numbers in attribute " + quoted(name),
                    std::to_string(numbers.size()));
      return numbers;
    };
    std::vector<double> offset = each("offset", 0);
    for (double& x : offset) x = -x;
    shift(offset, node);
    scale(each("scale", 1), node);
  }

  void begin_scaling(const std::vector<double>& numbers, const OnnxNode& node) {
    for (const double x : numbers)
      if (!std::isfinite(x)) node.refuse("finite numbers", number(x));
    spend(static_cast<std::uint64_t>(columns_), node.place());
    scaling_place_ = node.place();
    if (!scaling_.empty()) return;
    const auto n = static_cast<std::size_t>(columns_);
    scaling_ = {std::vector<double>(n, 0), std::vector<double>(n, 1), std::vector<double>(n, 0)};
  }
  static bool all(const std::vector<double>& numbers, double x) {
    return std::all_of(numbers.begin(), numbers.end(), [&](double y) { return y == x; });
  }
  void shift(const std::vector<double>& numbers, const OnnxNode& node) {
    begin_scaling(numbers, node);
    const bool scaled = !all(scaling_[1], 1) || !all(scaling_[2], 0);
    for (std::size_t j = 0; j < numbers.size(); ++j) {
      if (scaled) {
        scaling_[2][j] += numbers[j];
      } else {
        scaling_[0][j] -= numbers[j];
      }
    }
  }
  void scale(const std::vector<double>& numbers, const OnnxNode& node) {
    if (!scaling_.empty() && !all(scaling_[2], 0)) flush();
    begin_scaling(numbers, node);
    for (std::size_t j = 0; j < numbers.size(); ++j) {
      scaling_[1][j] *= numbers[j];
      if (!(std::abs(scaling_[1][j]) > 0) || !std::isfinite(scaling_[1][j]))
        node.refuse("a scale other than 0", number(scaling_[1][j]));
    }
  }
  /// The scaling so far as what it is after the last layer: its bias, its γ and β, or a layer of its own.
  void flush() {
    if (scaling_.empty()) return;
    auto [center, scale, offset] = std::tuple(scaling_[0], scaling_[1], scaling_[2]);
    scaling_.clear();
    const bool scaled = !all(scale, 1), moved = !all(center, 0), shifted = !all(offset, 0);
    if (!scaled && !moved && !shifted) return;
    LayerDescription* last = layers.empty() ? nullptr : &layers.back();
    if (last && last->kind == LayerKind::dense && !last->bias && last->activation == "identity" && !scaled) {
      for (std::size_t j = 0; j < center.size(); ++j) offset[j] -= center[j];
      append(scaling_place_, std::move(offset));
      last->bias = true;
      return;
    }
    const auto n = static_cast<std::size_t>(columns_);
    if (last && last->kind == LayerKind::layer_norm && (!moved || !scaled) &&
        std::all_of(theta.end() - static_cast<std::ptrdiff_t>(2 * n),
                    theta.end() - static_cast<std::ptrdiff_t>(n), [](Scalar x) { return x == 1; }) &&
        std::all_of(theta.end() - static_cast<std::ptrdiff_t>(n), theta.end(),
                    [](Scalar x) { return x == 0; })) {
      for (std::size_t j = 0; j < n; ++j) offset[j] -= center[j];
      theta.resize(theta.size() - 2 * n);
      append(scaling_place_, std::move(scale));
      append(scaling_place_, std::move(offset));
      return;
    }
    for (auto* part : {&center, &scale, &offset}) *part = held(scaling_place_, std::move(*part));
    add_layer({.kind = LayerKind::normalization}, {center, scale, offset});
  }

  // ---- shapes of samples ---------------------------------------------------------------------------------------

  /// Rows stay rows: only the extents of a sample may change.
  void reshape(OnnxNode& node) {
    if (node.op() == "Flatten") {
      std::int64_t axis = node.integer("axis", 1);
      if (axis < 0) axis += static_cast<std::int64_t>(sample_.size()) + 1;
      if (axis != 1) node.refuse("axis = 1: a row for each sample", std::to_string(axis));
      sample_ = {static_cast<std::size_t>(columns_)};
      return;
    }
    const OnnxConstant& constant = *chain_.constant(node.input(1));
    if (constant.type != onnx::TensorProto::INT64 || constant.shape.size() != 1 || constant.size() < 2 ||
        constant.size() > 8 || node.integer("allowzero", 0) != 0)
      node.refuse("a shape of 2 to 8 INT64",
                  shape_text(constant.shape) + " " + onnx_type_name(constant.type) + " of " + constant.place);
    const std::vector<double> shape = constant.values();
    std::vector<std::size_t> sample;
    double product = 1;
    bool open = shape[0] == -1, wrong = false;
    for (std::size_t d = 1; d < shape.size(); ++d) {
      double extent = shape[d];
      if (extent == 0) extent = d <= sample_.size() ? static_cast<double>(sample_[d - 1]) : -2;
      if (extent == -1) {
        wrong = wrong || open;
        open = true;
      } else {
        wrong = wrong || !(extent >= 1 && extent <= static_cast<double>(largest_extent));
        product *= extent;
      }
      sample.push_back(extent >= 1 && !wrong ? static_cast<std::size_t>(extent) : 0);
    }
    const auto n = static_cast<double>(columns_);
    const bool keeps_rows =
        shape[0] == -1 || shape[0] == 0 || (batch_ > 0 && shape[0] == static_cast<double>(batch_));
    const bool inner = open && shape[0] != -1;
    if (wrong || !keeps_rows || (inner ? std::fmod(n, product) != 0 : product != n))
      node.refuse("a shape that keeps samples × " + std::to_string(columns_), "another");
    for (std::size_t& extent : sample)
      if (extent == 0) extent = static_cast<std::size_t>(n / product);
    sample_ = sample;
  }

  /// What the file says of its output must be so.
  void check_output() const {
    const auto& output = graph_.output();
    const std::string place = graph_.source() + ", output " + quoted(output.name());
    if (sample_.size() != 1)
      fail<FormatError>({place, ": expected samples × features, got samples × ", shape_text(sample_)});
    if (!output.has_type()) return;
    const auto& type = output.type().tensor_type();
    if (!output.type().has_tensor_type() || type.elem_type() != chain_.output_type())
      fail<FormatError>(
          {place, ": expected a tensor of ", onnx_type_name(chain_.output_type()), ", got ",
           output.type().has_tensor_type() ? onnx_type_name(type.elem_type()) : "another type"});
    if (!type.has_shape()) return;
    const bool rows = type.shape().dim_size() == 2;
    if (!rows || (type.shape().dim(1).has_dim_value() && type.shape().dim(1).dim_value() != columns_))
      fail<FormatError>({place, ": expected samples × ", columns_, ", which the nodes make, got ",
                         rows ? "samples × " + std::to_string(type.shape().dim(1).dim_value())
                              : std::to_string(type.shape().dim_size()) + " dimensions"});
  }

  const OnnxChain& chain_;
  const OnnxGraph& graph_;
  std::int64_t batch_ = 0;
  std::vector<std::size_t> sample_;
  Index inputs_ = 0, columns_ = 0;
  std::uint64_t spent_ = 0;
  Buffers scaling_;
  std::string scaling_place_ = {};  ///< of the node that scaled last
};

template <class Scalar>
LoadedModel<Scalar> onnx_network(ByteSpan bytes, const std::string& source,
                                 const OnnxImportOptions& options) {
  const OnnxGraph graph(bytes, source, options.output);
  const OnnxChain chain(graph);
  const OnnxLayers<Scalar> made(chain);
  ModelInfo info;
  if (graph.model().producer_name() == "lamina") info.version = graph.model().producer_version();
  info.scalar = chain.input_type() == onnx::TensorProto::FLOAT ? ElementType::f32 : ElementType::f64;
  info.layers = made.layers;
  Stack stack(made.inputs());
  for (std::size_t l = 0; l < made.layers.size(); ++l)
    stack.push_back(made_from_file(source, l, [&] { return made_layer(made.layers[l], made.buffers[l]); }));
  LoadedModel<Scalar> model{std::move(info), DynamicNetwork<Scalar>(made.inputs())};
  static_cast<Network<Scalar, Stack>&>(model.network) = Network<Scalar, Stack>(std::move(stack));
  std::copy(made.theta.begin(), made.theta.end(), model.network.parameters().data());
  return model;
}

}  // namespace detail

/// Reads an ONNX model that is a chain of fully connected layers, activations and scalings (see the top of
/// lamina/io/onnx_import.hpp) as a network. A sample of several dimensions is taken as a row, element after element.
///
///     auto model = import_onnx<float>("iris.onnx");
///     model.network.predict(X);
///
/// Dropout is left out. A scaling is a Normalization, or the bias of the layer before it.
///
/// @return as load_network: the network, its layers, and the scalar of the file's numbers
/// @throws FileError when it cannot be read; FormatError naming the file, the node and its operator, or the tensor, what was
///   expected and what came, when it is damaged, is no such chain, or has a number that is not finite.
template <std::floating_point Scalar = float>
LoadedModel<Scalar> import_onnx(ByteSpan bytes, const OnnxImportOptions& options = {}) {
  return detail::onnx_network<Scalar>(bytes, "bytes in memory", options);
}
/// The same from a file.
template <std::floating_point Scalar = float>
LoadedModel<Scalar> import_onnx(const std::string& path, const OnnxImportOptions& options = {}) {
  return detail::onnx_network<Scalar>(read_file(path), path, options);
}
template <std::floating_point Scalar = float>
LoadedModel<Scalar> import_onnx(const char* path, const OnnxImportOptions& options = {}) {
  return import_onnx<Scalar>(std::string(path), options);
}
/// The same from a stream, up to its end.
template <std::floating_point Scalar = float>
LoadedModel<Scalar> import_onnx(std::istream& stream, const OnnxImportOptions& options = {}) {
  return detail::onnx_network<Scalar>(detail::read_stream(stream), "stream", options);
}

}  // namespace lamina
