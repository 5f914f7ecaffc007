// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <onnx/onnx_pb.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <numbers>
#include <ostream>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "lamina/core/atomic_file.hpp"
#include "lamina/core/bytes.hpp"
#include "lamina/core/write_stream.hpp"
#include "lamina/io/json.hpp"
#include "lamina/io/layer_description.hpp"
#include "lamina/network.hpp"
#include "lamina/version.hpp"

/// @file
/// Networks as ONNX models (https://onnx.ai/onnx/repo-docs/IR.html), operator set 17, IR version 8: export_onnx().
///
///     layer              nodes                                          where float and double differ
///     Dense              Gemm (weight Out×In, transB = 1), activation
///     BatchNorm          BatchNormalization
///     LayerNorm          LayerNormalization                             double: ReduceMean, Sub, Mul, … (*)
///     Normalization      Sub, Mul, Add, those that do something
///     Softmax            Softmax
///     Dropout            none
///     Identity           none
///     ReLU, Tanh, Sigmoid                Relu, Tanh, Sigmoid
///     ReLU6, HardTanh                    Clip
///     SiLU               z·Sigmoid(z)                                   z/(1 + Exp(−z))
///     GELU               ½z·(1 + Erf(z/√2))
///     GELUTanh           ½z·(1 + Tanh(√(2/π)·(z + 0.044715·z·z·z)))
///     LeakyReLU          LeakyRelu                                      Relu(z) + slope·Min(z, 0)
///     ELU                Elu                                            Relu(z) + α·(Exp(Min(z, 0)) − 1)
///     CELU               Celu                                           Relu(z) + α·(Exp(Min(z, 0)/α) − 1)
///     SELU               Selu                                           λ·(Relu(z) + α·(Exp(Min(z, 0)) − 1))
///     HardSigmoid        HardSigmoid(1/6, 1/2)                          Clip(z/6 + ½, 0, 1)
///     HardSwish          HardSwish                                      z·Clip(z/6 + ½, 0, 1)
///     Softsign           Softsign                                       z/(1 + Abs(z))
///     Softplus           Softplus(z·β)/β                                Relu(z) + Log(1 + Exp(−β·Abs(z)))/β
///     LogSigmoid         −Softplus(−z)                                  Min(z, 0) − Log(1 + Exp(−Abs(z)))
///     Mish               z·Tanh(Softplus(z))                            z·Tanh(the Softplus above)
///
/// Attributes of ONNX are floats, so an option of a network of doubles is a constant, not an attribute; and ONNX Runtime has
/// most activations for floats only. (*) LayerNormalization computes its statistics in float whatever it is given.

namespace lamina {

/// How a network is written as ONNX.
struct OnnxExportOptions {
  std::string name = "lamina";            ///< of the graph
  std::string input = "X", output = "Y";  ///< of the graph: samples × inputs, samples × outputs
  std::string batch = "samples";          ///< the name of their first dimension, which stays open
  bool floats = false;  ///< a network of doubles is rounded to floats, for which runtimes have more operators
};

namespace detail {

inline constexpr int onnx_ir_version = 8, onnx_opset = 17;

/// Numbers of float or double as they lie in a tensor of ONNX: little-endian.
template <class S>
std::string onnx_raw_data(std::span<const S> values) {
  std::vector<std::byte> bytes;
  const ByteSpan native = std::as_bytes(values);
  bytes.assign(native.begin(), native.end());
  if constexpr (std::endian::native == std::endian::big)
    for (std::size_t i = 0; i < values.size(); ++i)
      std::reverse(bytes.begin() + static_cast<std::ptrdiff_t>(i * sizeof(S)),
                   bytes.begin() + static_cast<std::ptrdiff_t>((i + 1) * sizeof(S)));
  return std::string(as_text(bytes));
}

/// A graph in the making. Values have names; node() gives that of its output.
class OnnxWriter {
 public:
  using Value = std::string;

  /// @param single  whether its numbers are floats, else doubles
  OnnxWriter(onnx::GraphProto& graph, bool single, const OnnxExportOptions& options)
      : graph_(graph), single_(single) {
    for (const auto& [name, option] :
         {std::pair(&options.name, "name"), std::pair(&options.input, "input"),
          std::pair(&options.output, "output"), std::pair(&options.batch, "batch")}) {
      if (name->empty() || name->find('\0') != std::string::npos)
        fail<OptionError>(
            {"OnnxExportOptions: expected a name for ", option, ", got \"", name->c_str(), "\""});
      static_cast<void>(dump_json(*name, std::string("OnnxExportOptions, ") + option));  // checks the UTF-8
    }
    if (options.input == options.output)
      fail<OptionError>({"OnnxExportOptions: expected different names for input and output, got \"",
                         options.input, "\" for both"});
    names_ = {options.input, options.output};
    graph_.set_name(options.name);
  }

  bool single() const { return single_; }
  int type() const { return single_ ? onnx::TensorProto::FLOAT : onnx::TensorProto::DOUBLE; }
  /// What names begin with from here on.
  void begin_layer(std::size_t l) { prefix_ = "layer" + std::to_string(l) + "_"; }

  Value node(const char* op, std::initializer_list<Value> inputs) {
    onnx::NodeProto& node = *graph_.add_node();
    node.set_op_type(op);
    for (const Value& input : inputs) node.add_input(input);
    const Value name = unique(prefix_ + op);
    node.set_name(name);
    node.add_output(name);
    return name;
  }
  /// Of the node added last: an option of a layer or an activation, which a float can hold.
  void attribute(const char* name, double x) {
    onnx::AttributeProto& attribute = *last().add_attribute();
    attribute.set_name(name);
    attribute.set_type(onnx::AttributeProto::FLOAT);
    attribute.set_f(static_cast<float>(x));
  }
  void attribute(const char* name, int x) {
    onnx::AttributeProto& attribute = *last().add_attribute();
    attribute.set_name(name);
    attribute.set_type(onnx::AttributeProto::INT);
    attribute.set_i(x);
  }
  void last_axis() {
    onnx::AttributeProto& attribute = *last().add_attribute();
    attribute.set_name("axes");
    attribute.set_type(onnx::AttributeProto::INTS);
    attribute.add_ints(-1);
  }
  /// What the node added last gives is called so.
  void rename_last(const std::string& output) { last().set_output(0, output); }

  /// A number, or a row of them, or a matrix row by row, in the graph's own type.
  template <class S>
  Value constant(const char* name, std::span<const S> values, std::initializer_list<Index> shape) {
    onnx::TensorProto& tensor = *graph_.add_initializer();
    tensor.set_name(unique(prefix_ + name));
    tensor.set_data_type(type());
    for (const Index extent : shape) tensor.add_dims(extent);
    tensor.set_raw_data(onnx_raw_data(values));
    return tensor.name();
  }
  Value constant(const char* name, double x) {
    if (single_) {
      const auto y = static_cast<float>(x);
      return constant(name, std::span(&y, 1), {});
    }
    return constant(name, std::span<const double>(&x, 1), {});
  }
  /// The same as a row of doubles that the scalar of the graph has.
  Value row(const char* name, const std::vector<double>& values) {
    const auto n = static_cast<Index>(values.size());
    if (!single_) return constant(name, std::span<const double>(values), {n});
    std::vector<float> floats;
    for (const double x : values) floats.push_back(static_cast<float>(x));
    return constant(name, std::span<const float>(floats), {n});
  }

  void declare(onnx::ValueInfoProto& value, const std::string& name, const std::string& batch,
               Index columns) const {
    value.set_name(name);
    auto& tensor = *value.mutable_type()->mutable_tensor_type();
    tensor.set_elem_type(type());
    tensor.mutable_shape()->add_dim()->set_dim_param(batch);
    tensor.mutable_shape()->add_dim()->set_dim_value(columns);
  }

 private:
  onnx::NodeProto& last() { return *graph_.mutable_node(graph_.node_size() - 1); }
  std::string unique(std::string name) {
    const std::string base = name;
    for (int i = 2; !names_.insert(name).second; ++i) name = base + "_" + std::to_string(i);
    return name;
  }

  onnx::GraphProto& graph_;
  bool single_;
  std::string prefix_;
  std::set<std::string> names_;
};

/// A = g ∘ Z in nodes, one function for each activation. Those that are one operator of ONNX for floats are that.
struct OnnxActivation {
  using Value = OnnxWriter::Value;
  OnnxWriter& to;
  const Value& z;

  Value operator()(const Identity&) const { return z; }
  Value operator()(const ReLU&) const { return to.node("Relu", {z}); }
  Value operator()(const Tanh&) const { return to.node("Tanh", {z}); }
  Value operator()(const Sigmoid&) const { return to.node("Sigmoid", {z}); }
  Value operator()(const ReLU6&) const { return clip(z, 0, 6); }
  Value operator()(const HardTanh&) const { return clip(z, -1, 1); }
  /// z·σ(z)
  /// or, as ONNX Runtime fuses that into an operator that it has for floats only, z/(1 + e⁻ᶻ)
  Value operator()(const SiLU&) const {
    if (to.single()) return to.node("Mul", {z, to.node("Sigmoid", {z})});
    return to.node("Div",
                   {z, to.node("Add", {to.node("Exp", {to.node("Neg", {z})}), to.constant("one", 1)})});
  }
  /// ½z·(1 + erf(z/√2))
  Value operator()(const GELU&) const {
    return half_z_times_one_plus(to.node("Erf", {divide(z, std::numbers::sqrt2)}));
  }
  /// ½z·(1 + tanh(√(2/π)·(z + 0.044715·z³)))
  Value operator()(const GELUTanh&) const {
    const Value cube = to.node("Mul", {z, to.node("Mul", {z, z})});
    const Value u = to.node("Add", {z, times(cube, 0.044715)});
    return half_z_times_one_plus(to.node("Tanh", {times(u, std::numbers::sqrt2 * std::numbers::inv_sqrtpi)}));
  }
  /// max(z, 0) + slope·min(z, 0)
  Value operator()(const LeakyReLU& g) const {
    if (to.single()) return with_alpha("LeakyRelu", g.slope);
    return to.node("Add", {to.node("Relu", {z}), times(min_0(z), g.slope)});
  }
  Value operator()(const ELU& g) const {
    return to.single() ? with_alpha("Elu", g.alpha) : exponential(g.alpha, min_0(z));
  }
  Value operator()(const CELU& g) const {
    return to.single() ? with_alpha("Celu", g.alpha) : exponential(g.alpha, divide(min_0(z), g.alpha));
  }
  Value operator()(const SELU&) const {
    if (!to.single()) return times(exponential(SELU::alpha<double>, min_0(z)), SELU::lambda<double>);
    const Value a = with_alpha("Selu", SELU::alpha<double>);
    to.attribute("gamma", SELU::lambda<double>);
    return a;
  }
  Value operator()(const HardSigmoid&) const {
    if (!to.single()) return ramp();
    const Value a = with_alpha("HardSigmoid", 1.0 / 6);
    to.attribute("beta", 0.5);
    return a;
  }
  Value operator()(const HardSwish&) const {
    return to.single() ? to.node("HardSwish", {z}) : to.node("Mul", {z, ramp()});
  }
  Value operator()(const Softsign&) const {
    if (to.single()) return to.node("Softsign", {z});
    return to.node("Div", {z, to.node("Add", {to.node("Abs", {z}), to.constant("one", 1)})});
  }
  Value operator()(const Softplus& g) const {
    if (!to.single()) return to.node("Add", {to.node("Relu", {z}), divide(log_1_exp(g.beta), g.beta)});
    return divide(to.node("Softplus", {times(z, g.beta)}), g.beta);
  }
  Value operator()(const LogSigmoid&) const {
    if (to.single()) return to.node("Neg", {to.node("Softplus", {to.node("Neg", {z})})});
    return to.node("Sub", {min_0(z), log_1_exp(1)});
  }
  Value operator()(const Mish&) const { return to.node("Mul", {z, to.node("Tanh", {(*this)(Softplus{})})}); }

 private:
  Value with_alpha(const char* op, double alpha) const {
    const Value a = to.node(op, {z});
    to.attribute("alpha", alpha);
    return a;
  }
  Value times(const Value& x, double factor) const {
    return factor == 1 ? x : to.node("Mul", {x, to.constant("factor", factor)});
  }
  Value divide(const Value& x, double divisor) const {
    return divisor == 1 ? x : to.node("Div", {x, to.constant("divisor", divisor)});
  }
  Value clip(const Value& x, double low, double high) const {
    return to.node("Clip", {x, to.constant("low", low), to.constant("high", high)});
  }
  Value min_0(const Value& x) const { return to.node("Min", {x, to.constant("zero", 0)}); }
  Value half_z_times_one_plus(const Value& x) const {
    return times(to.node("Mul", {z, to.node("Add", {x, to.constant("one", 1)})}), 0.5);
  }
  /// max(z, 0) + α·(exp(x) − 1)
  Value exponential(double alpha, const Value& x) const {
    const Value below = to.node("Sub", {to.node("Exp", {x}), to.constant("one", 1)});
    return to.node("Add", {to.node("Relu", {z}), times(below, alpha)});
  }
  /// min(max(z/6 + ½, 0), 1)
  Value ramp() const { return clip(to.node("Add", {divide(z, 6), to.constant("half", 0.5)}), 0, 1); }
  /// log(1 + exp(−β·|z|))
  Value log_1_exp(double beta) const {
    const Value n = to.node("Exp", {times(to.node("Abs", {z}), -beta)});
    return to.node("Log", {to.node("Add", {n, to.constant("one", 1)})});
  }
};

/// The nodes of a layer after the value x.
/// @param theta    its share of θ
/// @param buffers  its numbers that are not in θ
template <class S>
OnnxWriter::Value write_onnx_layer(OnnxWriter& to, OnnxWriter::Value x, const LayerDescription& layer,
                                   const S* theta, const Buffers& buffers) {
  const Index n = layer.inputs, k = layer.outputs;
  const auto share = [&](Index first, Index count) {
    return std::span<const S>(theta + first, static_cast<std::size_t>(count));
  };
  switch (layer.kind) {
    case LayerKind::dense: {
      // W is column-major In×Out: row by row Out×In.
      const auto weight = to.constant("weight", share(0, n * k), {k, n});
      if (layer.bias) {
        const auto bias = to.constant("bias", share(n * k, k), {k});
        x = to.node("Gemm", {x, weight, bias});
      } else {
        x = to.node("Gemm", {x, weight});
      }
      to.attribute("transB", 1);
      break;
    }
    case LayerKind::activation:
    case LayerKind::dropout:
      break;
    case LayerKind::batch_norm: {
      // The attribute is a float; of an epsilon that is none, the rest is in the variance.
      const double epsilon = layer.options.at("epsilon");
      auto attribute = static_cast<float>(epsilon);
      std::vector<double> variance = buffers[1];
      if (!to.single()) {
        if (attribute > epsilon) attribute = std::nextafter(attribute, 0.0f);
        for (double& v : variance) v += epsilon - static_cast<double>(attribute);
      }
      const auto gamma = to.constant("scale", share(0, n), {n}),
                 beta = to.constant("shift", share(n, n), {n});
      const auto mean = to.row("mean", buffers[0]);
      x = to.node("BatchNormalization", {x, gamma, beta, mean, to.row("variance", variance)});
      to.attribute("epsilon", static_cast<double>(attribute));
      to.attribute("momentum", 1 - layer.options.at("momentum"));  // of the old, in ONNX
      break;
    }
    case LayerKind::layer_norm: {
      const double epsilon = layer.options.at("epsilon");
      const auto gamma = to.constant("scale", share(0, n), {n}),
                 beta = to.constant("shift", share(n, n), {n});
      if (to.single()) {
        x = to.node("LayerNormalization", {x, gamma, beta});
        to.attribute("epsilon", epsilon);
        to.attribute("axis", -1);
        break;
      }
      const auto mean = [&](const OnnxWriter::Value& of) {
        const auto value = to.node("ReduceMean", {of});
        to.last_axis();
        return value;
      };
      // (x − mean)/√(mean((x − mean)²) + ε) ⊙ γ + β
      const auto centred = to.node("Sub", {x, mean(x)});
      const auto variance = mean(to.node("Mul", {centred, centred}));
      const auto deviation = to.node("Sqrt", {to.node("Add", {variance, to.constant("epsilon", epsilon)})});
      const auto normal = to.node("Div", {centred, deviation});
      x = to.node("Add", {to.node("Mul", {normal, gamma}), beta});
      break;
    }
    case LayerKind::normalization: {
      // (x − center)·scale + offset, with the numbers that Normalization::forward computes with.
      std::vector<double> center, scale, offset;
      bool moved = false, scaled = false, shifted = false;
      for (std::size_t j = 0; j < buffers[0].size(); ++j) {
        center.push_back(static_cast<double>(static_cast<S>(buffers[0][j])));
        scale.push_back(static_cast<double>(static_cast<S>(buffers[1][j])));
        offset.push_back(static_cast<double>(
            static_cast<S>(buffers[2][j] - (buffers[0][j] - center.back()) * buffers[1][j])));
        moved = moved || center.back() != 0;
        scaled = scaled || scale.back() != 1;
        shifted = shifted || offset.back() != 0;
      }
      if (moved) x = to.node("Sub", {x, to.row("center", center)});
      if (scaled) x = to.node("Mul", {x, to.row("scale", scale)});
      if (shifted) x = to.node("Add", {x, to.row("offset", offset)});
      break;
    }
    case LayerKind::softmax:
      x = to.node("Softmax", {x});
      to.attribute("axis", -1);
      break;
  }
  if (has_activation(layer.kind)) {
    const auto activation = made_activation<AnyActivation>(layer);
    x = activation.visit([&](const auto& g) { return OnnxActivation{to, x}(g); });
  }
  return x;
}

/// @throws DataError when a number of the graph is not finite, naming the tensor.
template <class S>
void check_onnx_numbers(const onnx::GraphProto& graph) {
  for (const auto& tensor : graph.initializer()) {
    const ByteSpan bytes = std::as_bytes(std::span(tensor.raw_data()));
    for (std::size_t i = 0; i < bytes.size() / sizeof(S); ++i)
      if (const S x = load_number<S>(bytes.data() + i * sizeof(S), std::endian::little); !std::isfinite(x))
        fail<DataError>({"export_onnx: tensor '", tensor.name(), "', element ", i,
                         ": expected a finite number of the network's scalar, got ", x});
  }
}

template <class S, class... L>
onnx::ModelProto onnx_model(const Network<S, L...>& network, const OnnxExportOptions& options) {
  static_assert(std::is_same_v<S, float> || std::is_same_v<S, double>,
                "lamina: export_onnx writes networks of float or double");
  const std::vector<LayerDescription> layers = describe_layers(network.layers());
  std::vector<Buffers> buffers;
  std::vector<Index> first{0};
  network.layers().for_each([&](const auto& layer, std::size_t) {
    buffers.push_back(buffers_of(layer));
    first.push_back(first.back() +
                    std::remove_cvref_t<decltype(layer)>::parameter_count(layer.inputs(), layer.outputs()));
  });
  network.check_layers();
  if constexpr (std::is_same_v<S, double>) {
    if (options.floats) {
      Network<float, L...> rounded(network.layers());
      rounded.parameters() = network.parameters().template cast<float>();
      return onnx_model(rounded, options);
    }
  }

  onnx::ModelProto model;
  model.set_ir_version(onnx_ir_version);
  model.set_producer_name("lamina");
  model.set_producer_version(LAMINA_VERSION_STRING);
  auto& operators = *model.add_opset_import();
  operators.set_domain("");
  operators.set_version(onnx_opset);

  onnx::GraphProto& graph = *model.mutable_graph();
  OnnxWriter to(graph, std::is_same_v<S, float>, options);
  OnnxWriter::Value x = options.input;
  for (std::size_t l = 0; l < layers.size(); ++l) {
    to.begin_layer(l);
    try {
      x = write_onnx_layer(to, x, layers[l], network.parameters().data() + first[l], buffers[l]);
    } catch (const OptionError& error) {
      fail<OptionError>({"export_onnx: layer ", l, ": ", error.what()});
    }
  }
  if (x == options.input) to.node("Identity", {x});
  to.rename_last(options.output);
  to.declare(*graph.add_input(), options.input, options.batch, network.inputs());
  to.declare(*graph.add_output(), options.output, options.batch, network.outputs());
  check_onnx_numbers<S>(graph);
  return model;
}

inline std::vector<std::byte> onnx_bytes(const onnx::ModelProto& model) {
  const std::size_t size = model.ByteSizeLong();
  if (size > static_cast<std::size_t>(std::numeric_limits<int>::max()))
    fail<OptionError>(
        {"export_onnx: expected a model of at most 2 GiB, which ONNX can hold, got ", size, " bytes"});
  std::vector<std::byte> bytes(size);
  if (!model.SerializeToArray(bytes.data(), static_cast<int>(size)))
    fail<OptionError>({"export_onnx: the model cannot be written"});
  return bytes;
}

}  // namespace detail

/// The network, as predict has it, as the bytes of an ONNX model: one input, samples × inputs, and one output, samples ×
/// outputs, both of the network's scalar and with the number of samples open; scaling layers are in it.
///
/// @throws OptionError when the network has no layer or an activation of the user's own (a layer of one's own is a compile
///     error), a name is empty or both are the same, or the model is larger than 2 GiB; DataError when a number that would be
///     written is not finite, or a name is not UTF-8; ShapeError when the parameters are not as many as the layers have.
template <std::floating_point Scalar, class... L>
std::vector<std::byte> to_onnx(const Network<Scalar, L...>& network, const OnnxExportOptions& options = {}) {
  return detail::onnx_bytes(detail::onnx_model(network, options));
}

/// The same to a file, which is replaced as a whole or stays as it was, see AtomicFile.
///
///     export_onnx(network, "iris.onnx");
///
/// @throws FileError when it cannot be written, and what to_onnx throws.
template <std::floating_point Scalar, class... L>
void export_onnx(const Network<Scalar, L...>& network, const std::string& path,
                 const OnnxExportOptions& options = {}) {
  write_file_atomically(path, ByteSpan(to_onnx(network, options)));
}

/// The same to a stream. @throws FileError when it takes no more, and what to_onnx throws; nothing is written then.
template <std::floating_point Scalar, class... L>
void export_onnx(const Network<Scalar, L...>& network, std::ostream& stream,
                 const OnnxExportOptions& options = {}) {
  const std::vector<std::byte> bytes = to_onnx(network, options);
  detail::write_text(stream, "export_onnx", detail::as_text(bytes));
}

}  // namespace lamina
