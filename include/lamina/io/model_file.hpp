// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <Eigen/Core>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <istream>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lamina/core/errors.hpp"
#include "lamina/core/extent.hpp"
#include "lamina/io/json.hpp"
#include "lamina/io/layer_description.hpp"
#include "lamina/io/safetensors.hpp"
#include "lamina/io/saved_loss.hpp"
#include "lamina/version.hpp"

/// @file
/// What a model's file says beside its tensors, in the `__metadata__` of the safetensors file:
///
///     lamina.format          "1"
///     lamina.version         version of the library that wrote it
///     lamina.scalar          "F32" or "F64"
///     lamina.architecture    [{"kind": "dense", "inputs": 4, "outputs": 8, "bias": true, "activation": "leaky_relu",
///                              "activation_options": {"slope": 0.2}}, {"kind": "dropout", "inputs": 8, "outputs": 8,
///                              "options": {"rate": 0.5}}, …]
///     lamina.loss            {"name": "huber", "options": {"delta": [1.0]}}
///     lamina.class_names     ["setosa", …]
///     lamina.feature_names   ["length", …]
///     lamina.extra           {"key": "value", …}
///     lamina.golden          {"inputs": [[…], …], "outputs": [[…], …], "tolerance": 1e-4}
///     format                 "pt": the tensors are those of a state_dict of PyTorch
///
/// All are JSON but the first three and the last; the loss and what follows it are left out when there are none.

namespace lamina {

/// A few inputs and the outputs that the model had for them when it was saved.
struct GoldenPairs {
  Eigen::MatrixXd inputs;   ///< k×inputs
  Eigen::MatrixXd outputs;  ///< k×outputs
  double tolerance = 0;     ///< how far an output may be from the one here
};

/// What a file says of a model beside its parameters.
struct ModelInfo {
  std::string version = {};                   ///< of the library that wrote it; empty: it was not Lamina
  std::optional<ElementType> scalar = {};     ///< of the network that was saved, F32 or F64
  std::vector<LayerDescription> layers = {};  ///< empty when the file does not say
  std::optional<SavedLoss> loss = {};         ///< it was trained for
  std::vector<std::string> class_names =
      {};  ///< one for each output, or two for the one output of a binary classifier
  std::vector<std::string> feature_names = {};    ///< one for each input
  std::map<std::string, std::string> extra = {};  ///< the user's own
  std::optional<GoldenPairs> golden = {};

  /// Whether the file says which layers the model has.
  bool has_architecture() const { return !layers.empty(); }
  Index inputs() const { return layers.empty() ? 0 : layers.front().inputs; }
  Index outputs() const { return layers.empty() ? 0 : layers.back().outputs; }
  /// Weights, biases, scales and shifts of all layers.
  Index parameter_count() const {
    Index count = 0;
    for (const LayerDescription& layer : layers) {
      if (layer.kind == LayerKind::dense) count += (layer.inputs + (layer.bias ? 1 : 0)) * layer.outputs;
      if (layer.kind == LayerKind::batch_norm || layer.kind == LayerKind::layer_norm)
        count += 2 * layer.inputs;
    }
    return count;
  }
};

namespace detail {

inline constexpr Index most_golden_pairs = 64;

/// Names of classes and features, one for each output and input.
/// @throws E when there are others.
template <class E>
void check_names(const std::string& source, const ModelInfo& info) {
  const auto features = static_cast<Index>(info.feature_names.size()),
             classes = static_cast<Index>(info.class_names.size());
  if (features != 0 && features != info.inputs())
    fail<E>({source, "feature_names: expected one for each of ", info.inputs(), " inputs, got ", features});
  if (classes != 0 && classes != info.outputs() && !(info.outputs() == 1 && classes == 2))
    fail<E>({source, "class_names: expected one for each of ", info.outputs(),
             info.outputs() == 1 ? " outputs, or two, got " : " outputs, got ", classes});
}

/// A layer without tensors may have any extents: what is computed with them must not be far larger than the file.
/// @throws E when all layers together have more outputs than that.
template <class E, class Tensors>
void check_outputs(const std::string& source, std::span<const LayerDescription> layers,
                   const Tensors& tensors) {
  std::uint64_t outputs = 0, elements = 0;
  for (const LayerDescription& layer : layers) outputs += static_cast<std::uint64_t>(layer.outputs);
  for (const Tensor& tensor : tensors) elements += tensor.size();
  if (const std::uint64_t most = (std::uint64_t{1} << 20) + 64 * elements; outputs > most)
    fail<E>({source, ": expected at most ", most, " outputs of all layers together for ", elements,
             " elements of tensors, got ", outputs});
}

// ---- reading ---------------------------------------------------------------------------------------------

inline std::map<std::string, double> read_options(const JsonField& field) {
  std::map<std::string, double> options;
  field.for_each_key(
      [&](const std::string& name, const JsonField& value) { options[name] = value.number(); });
  return options;
}

inline LayerDescription read_layer(const JsonField& field) {
  LayerDescription layer;
  const JsonField kind = field.at("kind");
  const std::string name = kind.text();
  bool known = false;
  for (auto k = LayerKind::dense; k <= LayerKind::softmax;
       k = static_cast<LayerKind>(static_cast<int>(k) + 1))
    if (name_of(k) == name) {
      layer.kind = k;
      known = true;
    }
  if (!known)
    kind.fail("dense, activation, dropout, batch_norm, layer_norm, normalization or softmax",
              "'" + name.substr(0, 60) + "'");
  layer.inputs = field.at("inputs").integer(1, largest_extent);
  layer.outputs = field.at("outputs").integer(1, largest_extent);
  const bool dense = layer.kind == LayerKind::dense;
  if (!dense && layer.inputs != layer.outputs)
    field.at("outputs").fail(std::to_string(layer.inputs) + ", as many as inputs");
  if (dense) layer.bias = field.at("bias").boolean();
  if (has_activation(layer.kind)) {
    layer.activation = field.at("activation").text();
    if (field.has("activation_options"))
      layer.activation_options = read_options(field.at("activation_options"));
  }
  const auto names = option_names(layer.kind);
  if (!names.empty()) {
    const JsonField options = field.at("options");
    for (const std::string_view option : names)
      static_cast<void>(options.at(std::string(option).c_str()).number());
    layer.options = read_options(options);
    if (layer.options.size() != names.size())
      options.fail(std::to_string(names.size()) + " options", std::to_string(layer.options.size()));
  }
  if (dense) {
    field.expect_keys({"kind", "inputs", "outputs", "bias", "activation", "activation_options"});
  } else if (layer.kind == LayerKind::activation) {
    field.expect_keys({"kind", "inputs", "outputs", "activation", "activation_options"});
  } else if (!names.empty()) {
    field.expect_keys({"kind", "inputs", "outputs", "options"});
  } else {
    field.expect_keys({"kind", "inputs", "outputs"});
  }
  return layer;
}

inline Eigen::MatrixXd read_rows(const JsonField& field, Index rows, Index columns) {
  if (static_cast<Index>(field.size()) != rows)
    field.fail(std::to_string(rows) + " rows", std::to_string(field.size()));
  Eigen::MatrixXd M(rows, 0);
  for (Index i = 0; i < rows; ++i) {
    const JsonField row = field.at(static_cast<std::size_t>(i));
    const std::vector<double> values = row.numbers();
    if (static_cast<Index>(values.size()) != columns)
      row.fail(std::to_string(columns) + " numbers", std::to_string(values.size()));
    if (i == 0) M.resize(rows, columns);  // not before so many numbers are there
    M.row(i) = as_row(values);
  }
  return M;
}

inline ModelInfo read_info(const TensorFile& file) {
  ModelInfo info;
  const auto& metadata = file.metadata();
  const std::string at = file.source() + ", lamina.";
  const auto find = [&](const char* key) -> const std::string* {
    const auto entry = metadata.find(std::string("lamina.") + key);
    return entry == metadata.end() ? nullptr : &entry->second;
  };
  /// f(the field) when it is there.
  const auto with = [&](const char* key, const auto& f) {
    const std::string* text = find(key);
    if (!text) return;
    const nlohmann::json value = parse_json(*text, at + key);
    f(JsonField(value, at + key));
  };

  const std::string* format = find("format");
  if (!format) return info;
  const auto required = [&](const char* key) -> const std::string& {
    const std::string* text = find(key);
    if (!text) fail<FormatError>({at, key, ": expected it, got none"});
    return *text;
  };
  info.version = required("version");
  if (*format != "1")
    fail<FormatError>({at, "format: expected 1, got '", format->substr(0, 20), "', written by version ",
                       info.version.substr(0, 20)});
  if (info.version.empty()) fail<FormatError>({at, "version: expected a version, got ''"});
  const std::string& scalar = required("scalar");
  if (scalar != "F32" && scalar != "F64")
    fail<FormatError>({at, "scalar: expected F32 or F64, got '", scalar.substr(0, 20), "'"});
  info.scalar = scalar == "F32" ? ElementType::f32 : ElementType::f64;

  static_cast<void>(required("architecture"));
  with("architecture", [&](const JsonField& layers) {
    if (layers.size() == 0) layers.fail("at least one layer", "none");
    for (std::size_t l = 0; l < layers.size(); ++l) {
      const JsonField field = layers.at(l);
      LayerDescription layer = read_layer(field);
      if (l > 0 && layer.inputs != info.layers.back().outputs)
        field.at("inputs").fail(std::to_string(info.layers.back().outputs) +
                                ", as many as the layer before has outputs");
      info.layers.push_back(std::move(layer));
    }
  });
  check_outputs<FormatError>(at + "architecture", info.layers, file.tensors());

  with("loss", [&](const JsonField& loss) {
    info.loss.emplace(loss.at("name").text(), std::map<std::string, std::vector<double>>());
    loss.at("options").for_each_key([&](const std::string& name, const JsonField& values) {
      info.loss->options[name] = values.numbers();
    });
    loss.expect_keys({"name", "options"});
  });
  with("class_names", [&](const JsonField& names) { info.class_names = names.texts(); });
  with("feature_names", [&](const JsonField& names) { info.feature_names = names.texts(); });
  check_names<FormatError>(at, info);
  with("extra", [&](const JsonField& extra) {
    extra.for_each_key(
        [&](const std::string& key, const JsonField& value) { info.extra[key] = value.text(); });
  });
  with("golden", [&](const JsonField& golden) {
    const JsonField inputs = golden.at("inputs");
    const auto rows = static_cast<Index>(inputs.size());
    if (rows < 1 || rows > most_golden_pairs)
      inputs.fail("1 to " + std::to_string(most_golden_pairs) + " rows", std::to_string(rows));
    info.golden.emplace();
    info.golden->inputs = read_rows(inputs, rows, info.inputs());
    info.golden->outputs = read_rows(golden.at("outputs"), rows, info.outputs());
    info.golden->tolerance = golden.at("tolerance").number();
    if (!(info.golden->tolerance >= 0)) golden.at("tolerance").fail("a number from 0");
    golden.expect_keys({"inputs", "outputs", "tolerance"});
  });
  return info;
}

// ---- writing ---------------------------------------------------------------------------------------------

inline nlohmann::json to_json(const LayerDescription& layer) {
  nlohmann::json json{
      {"kind", std::string(name_of(layer.kind))}, {"inputs", layer.inputs}, {"outputs", layer.outputs}};
  if (layer.kind == LayerKind::dense) json["bias"] = layer.bias;
  if (has_activation(layer.kind)) json["activation"] = layer.activation;
  if (!layer.activation_options.empty()) json["activation_options"] = layer.activation_options;
  if (!layer.options.empty()) json["options"] = layer.options;
  return json;
}

inline nlohmann::json to_json(const Eigen::MatrixXd& M) {
  nlohmann::json rows = nlohmann::json::array();
  for (Index i = 0; i < M.rows(); ++i) {
    const Eigen::RowVectorXd row = M.row(i);
    rows.push_back(as_values(row));
  }
  return rows;
}

/// @throws OptionError when an option of an activation is not finite; DataError when a name is not UTF-8.
inline std::map<std::string, std::string> to_metadata(const ModelInfo& info) {
  std::map<std::string, std::string> metadata{{"format", "pt"},
                                              {"lamina.format", "1"},
                                              {"lamina.version", info.version},
                                              {"lamina.scalar", std::string(name_of(*info.scalar))}};
  const auto add = [&](const char* key, const nlohmann::json& value) {
    const std::string name = std::string("lamina.") + key;
    metadata[name] = dump_json(value, name);
  };
  nlohmann::json layers = nlohmann::json::array();
  for (const LayerDescription& layer : info.layers) {
    for (const auto& [name, x] : layer.activation_options)
      if (!std::isfinite(x))
        fail<OptionError>(
            {"activation ", layer.activation, ", ", name, ": expected a finite number, got ", x});
    layers.push_back(to_json(layer));
  }
  add("architecture", layers);
  if (info.loss) add("loss", {{"name", info.loss->name}, {"options", info.loss->options}});
  if (!info.class_names.empty()) add("class_names", info.class_names);
  if (!info.feature_names.empty()) add("feature_names", info.feature_names);
  if (!info.extra.empty()) add("extra", info.extra);
  if (info.golden)
    add("golden", {{"inputs", to_json(info.golden->inputs)},
                   {"outputs", to_json(info.golden->outputs)},
                   {"tolerance", info.golden->tolerance}});
  return metadata;
}

}  // namespace detail

/// An opened model: what its file says, and its tensors. Made from a path, a stream or bytes wherever a model is asked for;
/// to be named when one file is loaded more than once.
class ModelFile {
 public:
  /// @throws FileError when it cannot be read; FormatError naming the file, the field, what was expected and what came, when
  ///   it is not a safetensors file or says things of a model that cannot be. A safetensors file that says nothing of a
  ///   model, as PyTorch's, is one.
  ModelFile(const std::string& path)
      : ModelFile(read_safetensors(path)) {}                     // NOLINT(google-explicit-constructor)
  ModelFile(const char* path) : ModelFile(std::string(path)) {}  // NOLINT(google-explicit-constructor)
  ModelFile(std::istream& stream)
      : ModelFile(read_safetensors(stream)) {}                       // NOLINT(google-explicit-constructor)
  ModelFile(ByteSpan bytes) : ModelFile(read_safetensors(bytes)) {}  // NOLINT(google-explicit-constructor)
  ModelFile(std::vector<std::byte> bytes)
      : ModelFile(TensorFile(std::move(bytes))) {}  // NOLINT(google-explicit-constructor)
  ModelFile(TensorFile file)                        // NOLINT(google-explicit-constructor)
      : file_(std::move(file)), info_(detail::read_info(file_)) {}

  const TensorFile& tensors() const { return file_; }
  const ModelInfo& info() const { return info_; }
  const std::string& source() const { return file_.source(); }

 private:
  TensorFile file_;
  ModelInfo info_;
};

}  // namespace lamina
