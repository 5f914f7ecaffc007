// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <deque>
#include <limits>
#include <map>
#include <optional>
#include <ostream>
#include <set>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "lamina/core/random.hpp"
#include "lamina/dynamic_network.hpp"
#include "lamina/io/model_file.hpp"
#include "lamina/network.hpp"

/// @file
/// Models in files: safetensors files (https://huggingface.co/docs/safetensors) whose tensors have the names, shapes and
/// memory layout of torch.nn.Sequential's state_dict, and whose metadata say the rest, see model_file.hpp.
///
///     layer                  modules of Sequential        tensors of module i, n inputs, k outputs
///     Dense                  Linear, and its activation   i.weight k×n, i.bias k: byte for byte Lamina's [W | b]
///     Activate               the activation
///     BatchNorm              BatchNorm1d                  i.weight n, i.bias n, i.running_mean n, i.running_var n (both F64),
///                                                         i.num_batches_tracked (I64)
///     LayerNorm              LayerNorm                    i.weight n, i.bias n
///     Normalization          one of the user's            i.center n, i.scale n, i.offset n (F64)
///     Dropout, Softmax       Dropout, Softmax
///
/// Modules are counted from 0; a Dense with the identity for its activation is one module.

namespace lamina {

/// What a file is to say of a model, beside its layers and parameters.
struct SaveOptions {
  std::optional<SavedLoss> loss = {};             ///< `.loss = Huber{.delta = 2}`
  std::vector<std::string> class_names = {};      ///< one for each output, or two for one output; or none
  std::vector<std::string> feature_names = {};    ///< one for each input; or none
  std::map<std::string, std::string> extra = {};  ///< anything, in UTF-8
  Index golden_pairs =
      3;  ///< 0 to 64; fewer, or none, when they would be more than 65536 numbers, or are not finite
};

/// How a file is read.
struct LoadOptions {
  /// The names in the file of the modules whose tensors are the layers', in the order of the layers that have tensors: of a
  /// PyTorch model that is no Sequential, say {"encoder.fc1", "encoder.norm", "head"}. Empty: as in Sequential, {"0", "2" …}.
  std::vector<std::string> modules = {};
  bool check_golden_pairs = true;
};

/// A model from a file.
template <std::floating_point Scalar>
struct LoadedModel : ModelInfo {
  DynamicNetwork<Scalar> network;
};

namespace detail {

/// The element type of parameters in a file. @throws OptionError for long double, which safetensors does not have.
template <class Scalar>
ElementType stored_scalar() {
  if constexpr (std::same_as<Scalar, float> || std::same_as<Scalar, double>) {
    return element_type<Scalar>();
  } else {
    fail<OptionError>(
        {"save: expected a network of float or double, got long double, which safetensors does not have"});
  }
}

/// "[3, 1]", the place of element i.
LAMINA_COLD inline std::string element_text(std::size_t i, std::span<const std::size_t> shape) {
  std::string text;
  for (std::size_t d = shape.size(); d-- > 0;) {
    text = std::to_string(i % shape[d]) + (text.empty() ? "" : ", ") + text;
    i /= shape[d];
  }
  return "[" + text + "]";
}

// ---- golden pairs ----------------------------------------------------------------------------------------

/// A few inputs for a network: standard normal numbers; where the first layer scales, what it makes such numbers of. They
/// are floats, if they can be, so that a network of another scalar gets the same.
template <class Scalar, class Layers>
Eigen::Matrix<Scalar, Dynamic, Dynamic> golden_inputs(const Layers& layers, Index rows) {
  Eigen::Matrix<Scalar, Dynamic, Dynamic> X(rows, layers.inputs());
  Buffers scaling;
  layers.for_each([&](const auto& layer, std::size_t l) {
    if (l == 0) scaling = buffers_of(layer);
  });
  Random random(0x6c616d696e61);
  for (Index i = 0; i < X.rows(); ++i)
    for (Index j = 0; j < X.cols(); ++j) {
      double x = random.normal();
      const auto k = static_cast<std::size_t>(j);
      if (scaling.size() == 3) x = scaling[0][k] + (x - scaling[2][k]) / scaling[1][k];
      const auto rounded = static_cast<float>(x);
      X(i, j) = std::isfinite(rounded) ? static_cast<Scalar>(rounded) : static_cast<Scalar>(x);
    }
  return X;
}

/// Which rows of M are finite in both.
template <class Matrix>
Matrix finite_rows(const Matrix& M, const Matrix& other) {
  Matrix kept(M.rows(), M.cols());
  Index count = 0;
  for (Index i = 0; i < M.rows(); ++i)
    if (M.row(i).allFinite() && other.row(i).allFinite()) kept.row(count++) = M.row(i);
  return kept.topRows(count);
}

/// The tolerance: how far the outputs move when every parameter is moved by one rounding, up or down at random, a thousand
/// times that; and at least a thousand roundings of the largest output. Two processors sum in different orders, fuse products
/// with sums or do not, and have other last digits in exp and tanh, so outputs are not the same bits on all; but they differ
/// by some roundings of the terms only, which is what the network does to roundings of its parameters.
template <class Scalar, class... L>
std::optional<GoldenPairs> make_golden_pairs(const Network<Scalar, L...>& network, Index pairs) {
  using Matrix = Eigen::Matrix<Scalar, Dynamic, Dynamic>;
  constexpr Scalar epsilon = std::numeric_limits<Scalar>::epsilon();
  const Index rows = std::min(pairs, 65536 / (network.inputs() + network.outputs()));
  if (rows < 1) return {};
  Matrix X = golden_inputs<Scalar>(network.layers(), rows);
  X = finite_rows(X, X);
  if (X.rows() == 0) return {};
  Matrix A = network.predict(X);
  X = finite_rows(X, A);
  A = finite_rows(A, A);
  if (X.rows() == 0) return {};

  Network<Scalar, L...> moved = network;
  Random random(1);
  for (Index i = 0; i < moved.parameter_count(); ++i)
    moved.parameters()[i] *= random.next32() & 1 ? 1 + epsilon : 1 - epsilon;
  const Scalar difference = (moved.predict(X) - A).cwiseAbs().maxCoeff(), largest = A.cwiseAbs().maxCoeff();
  const double tolerance = 1000 * std::max(static_cast<double>(difference),
                                           static_cast<double>(epsilon) * static_cast<double>(largest));
  if (!std::isfinite(tolerance)) return {};
  return GoldenPairs{X.template cast<double>(), A.template cast<double>(), tolerance};
}

/// The distance from 1 to the next number of a type.
constexpr double spacing(ElementType type) {
  if (type == ElementType::bf16) return 0x1p-7;
  if (type == ElementType::f16) return 0x1p-10;
  return type == ElementType::f32 ? 0x1p-23 : 0x1p-52;
}

/// @throws FormatError when an output is not the golden one. The tolerance is that of the coarsest type on the way.
template <class Scalar, class... L>
void check_golden_pairs(const Network<Scalar, L...>& network, const ModelFile& file, double coarsest) {
  const GoldenPairs& golden = *file.info().golden;
  const Eigen::Matrix<Scalar, Dynamic, Dynamic> X = golden.inputs.cast<Scalar>();
  if (!X.allFinite())
    fail<FormatError>(
        {file.source(), ", lamina.golden.inputs: expected numbers that the network's scalar has"});
  const Eigen::MatrixXd A = network.predict(X).template cast<double>();
  const double ratio = std::max(coarsest, static_cast<double>(std::numeric_limits<Scalar>::epsilon())) /
                       spacing(*file.info().scalar);
  const double tolerance = golden.tolerance * std::max(1.0, ratio);
  for (Index i = 0; i < A.rows(); ++i)
    for (Index j = 0; j < A.cols(); ++j)
      if (!(std::abs(A(i, j) - golden.outputs(i, j)) <= tolerance))
        fail<FormatError>({file.source(), ", lamina.golden: expected output ", j, " of pair ", i, " to be ",
                           golden.outputs(i, j), " within ", tolerance,
                           ", as it was when the model was saved, got ", A(i, j)});
}

// ---- saving ----------------------------------------------------------------------------------------------

/// What is to be written; the parameters stay where they are.
struct ModelTensors {
  std::vector<Tensor> tensors;
  std::map<std::string, std::string> metadata;
  std::deque<std::vector<std::byte>> owned;
};

/// Little-endian bytes of numbers: their own, where the machine has them so.
template <class T>
ByteSpan stored_bytes(std::span<const T> values, std::deque<std::vector<std::byte>>& owned) {
  const ByteSpan bytes = std::as_bytes(values);
  if (std::endian::native == std::endian::little) return bytes;
  swap_elements(owned.emplace_back(bytes.begin(), bytes.end()), sizeof(T));
  return owned.back();
}

/// @throws DataError at the first number that is not finite as a Scalar.
template <class Scalar, class T>
void check_finite(const LayerTensor& tensor, std::span<const T> values) {
  for (std::size_t i = 0; i < values.size(); ++i)
    if (!std::isfinite(static_cast<Scalar>(values[i])))
      fail<DataError>({"save: layer ", tensor.layer, ", tensor '", tensor.name, "', element ",
                       element_text(i, tensor.shape),
                       ": expected a finite number of the network's scalar, got ", values[i]});
}

template <class Scalar, class... L>
ModelTensors model_tensors(const Network<Scalar, L...>& network, const SaveOptions& options) {
  ModelInfo info{.version = LAMINA_VERSION_STRING,
                 .scalar = stored_scalar<Scalar>(),
                 .layers = describe_layers(network.layers()),
                 .loss = options.loss,
                 .class_names = options.class_names,
                 .feature_names = options.feature_names,
                 .extra = options.extra};
  check_names<OptionError>("SaveOptions: ", info);
  if (options.golden_pairs < 0 || options.golden_pairs > most_golden_pairs)
    fail<OptionError>(
        {"SaveOptions: expected 0 to ", most_golden_pairs, " golden_pairs, got ", options.golden_pairs});
  network.check_layers();

  ModelTensors model;
  Buffers buffers;
  network.layers().for_each([&](const auto& layer, std::size_t) {
    for (auto& values : buffers_of(layer)) buffers.push_back(std::move(values));
  });
  const Scalar* theta = network.parameters().data();
  std::size_t buffer = 0;
  for (const LayerTensor& tensor : tensors_of(info.layers)) {
    Tensor& to = model.tensors.emplace_back(Tensor{tensor.name, *info.scalar, tensor.shape, {}});
    if (tensor.role == LayerTensor::Role::parameter) {
      const std::span<const Scalar> values(theta, tensor.size());
      check_finite<Scalar>(tensor, values);
      if constexpr (sizeof(Scalar) <= 8) to.data = stored_bytes(values, model.owned);
      theta += tensor.size();
    } else if (tensor.role == LayerTensor::Role::buffer) {
      const std::span<const double> values(buffers[buffer++]);
      check_finite<Scalar>(tensor, values);
      const auto bytes = std::as_bytes(values);
      to.dtype = ElementType::f64;
      auto& owned = model.owned.emplace_back(bytes.begin(), bytes.end());
      if (std::endian::native == std::endian::big) swap_elements(owned, sizeof(double));
      to.data = owned;
    } else {
      to.dtype = ElementType::i64;
      to.data = model.owned.emplace_back(sizeof(std::int64_t));  // 0
    }
  }
  check_outputs<OptionError>("save", info.layers, model.tensors);
  info.golden = make_golden_pairs(network, options.golden_pairs);
  model.metadata = to_metadata(info);
  return model;
}

// ---- loading ---------------------------------------------------------------------------------------------

/// What does not fit, all of it.
class Mismatches {
 public:
  LAMINA_COLD void add(std::initializer_list<Piece> pieces) {
    if (++count_ <= 20) text_ += (text_.empty() ? "" : "; ") + message(pieces);
  }
  void refuse(const std::string& source) const {
    if (count_ == 0) return;
    const std::string more = count_ > 20 ? "; and " + std::to_string(count_ - 20) + " more" : "";
    fail<FormatError>({source, ": does not fit the network: ", text_, more});
  }

 private:
  std::string text_;
  std::size_t count_ = 0;
};

/// @throws FormatError naming every layer of the file that is not the network's. Options may differ.
inline void compare_layers(std::span<const LayerDescription> network, std::span<const LayerDescription> file,
                           const std::string& source) {
  Mismatches mismatches;
  if (network.size() != file.size())
    mismatches.add({"expected ", network.size(), " layers, got ", file.size()});
  for (std::size_t l = 0; l < std::min(network.size(), file.size()); ++l)
    if (const auto expected = text_of(network[l]), got = text_of(file[l]); expected != got)
      mismatches.add({"layer ", l, ": expected ", expected, ", got ", got});
  mismatches.refuse(source);
}

/// @throws FormatError naming every tensor that is missing, has another shape or type, or is one too many.
inline void compare_tensors(std::span<const LayerDescription> layers, std::span<const LayerTensor> expected,
                            const TensorFile& file) {
  Mismatches mismatches;
  std::set<std::string> known;
  for (const LayerTensor& want : expected) {
    known.insert(want.name);
    const bool counter = want.role == LayerTensor::Role::counter;
    const std::string at = "layer " + std::to_string(want.layer) + " (" +
                           std::string(name_of(layers[want.layer].kind)) + "), tensor '" + want.name + "'";
    if (!file.contains(want.name)) {
      if (!counter) mismatches.add({at, ": expected ", shape_text(want.shape), ", got no such tensor"});
      continue;
    }
    const Tensor& got = file.at(want.name);
    const bool one = counter && got.size() == 1;
    if (got.shape != want.shape && !one)
      mismatches.add({at, ": expected ", shape_text(want.shape), ", got ", shape_text(got.shape)});
    if (is_floating(got.dtype) == counter)
      mismatches.add({at, ": expected ", counter ? "an integer" : "F16, BF16, F32 or F64", ", got ",
                      name_of(got.dtype)});
  }
  for (const Tensor& tensor : file.tensors())
    if (!known.contains(tensor.name))
      mismatches.add({"tensor '", tensor.name.substr(0, 100), "': expected no such tensor, got ",
                      shape_text(tensor.shape)});
  mismatches.refuse(file.source());
}

/// The numbers of a file, all of them checked.
template <class Scalar>
struct ModelNumbers {
  std::vector<Scalar> theta;
  std::vector<Buffers> buffers;  // for each layer
  double coarsest = 0;           // spacing of the parameters' types
};

/// The numbers of a tensor, which must be finite, as Scalars too.
template <class T, class Scalar>
std::vector<T> finite_values(const LayerTensor& want, const Tensor& tensor, const std::string& source) {
  std::vector<T> values = tensor.values<T>();
  for (std::size_t i = 0; i < values.size(); ++i)
    if (!std::isfinite(static_cast<Scalar>(values[i])))
      fail<FormatError>({source, ", layer ", want.layer, ", tensor '", want.name, "', element ",
                         element_text(i, want.shape),
                         ": expected a finite number of the network's scalar, got ",
                         tensor.values<double>()[i]});
  return values;
}

template <class Scalar>
ModelNumbers<Scalar> read_numbers(std::span<const LayerDescription> layers, const TensorFile& file,
                                  const std::vector<std::string>& modules) {
  const std::vector<LayerTensor> expected = tensors_of(layers, modules);
  compare_tensors(layers, expected, file);
  ModelNumbers<Scalar> numbers;
  numbers.buffers.resize(layers.size());
  for (const LayerTensor& want : expected) {
    if (want.role == LayerTensor::Role::counter) continue;
    const Tensor& tensor = file.at(want.name);
    if (want.role == LayerTensor::Role::buffer) {
      numbers.buffers[want.layer].push_back(finite_values<double, Scalar>(want, tensor, file.source()));
    } else {
      const auto values = finite_values<Scalar, Scalar>(want, tensor, file.source());
      numbers.theta.insert(numbers.theta.end(), values.begin(), values.end());
      numbers.coarsest = std::max(numbers.coarsest, spacing(tensor.dtype));
    }
  }
  return numbers;
}

/// f(), and what a layer refuses as a FormatError that names the file and the layer.
template <class F>
auto made_from_file(const std::string& source, std::size_t l, const F& f) {
  try {
    return f();
  } catch (const Error& error) {
    fail<FormatError>({source, ", layer ", l, ": ", error.what()});
  }
}

template <class Scalar, class... L, class Layers>
Network<Scalar, L...> made_network(Layers layers, const ModelNumbers<Scalar>& numbers, const ModelFile& file,
                                   const LoadOptions& options) {
  Network<Scalar, L...> network(std::move(layers));
  std::copy(numbers.theta.begin(), numbers.theta.end(), network.parameters().data());
  if (options.check_golden_pairs && file.info().golden) check_golden_pairs(network, file, numbers.coarsest);
  return network;
}

}  // namespace detail

// ---- saving --------------------------------------------------------------------------------------------------

/// Writes a model: a safetensors file that is replaced as a whole or not at all (AtomicFile).
///
///     save(network, "iris.safetensors", {.loss = SoftmaxCrossEntropy{}, .class_names = {"setosa", "versicolor", "virginica"}});
///
/// @throws OptionError when the network has no layer, is of long doubles, has more outputs than load() believes for so few
///   parameters (2^20, and 64 for each), or an option does not fit it; DataError when a parameter or running statistic is not
///   finite in the network's scalar, naming its tensor and element, or a name is not UTF-8; FileError when it cannot be
///   written.
template <class Scalar, class... L>
void save(const Network<Scalar, L...>& network, const std::string& path, const SaveOptions& options = {}) {
  const detail::ModelTensors model = detail::model_tensors(network, options);
  write_safetensors(path, model.tensors, model.metadata);
}

/// The same to a stream.
template <class Scalar, class... L>
void save(const Network<Scalar, L...>& network, std::ostream& stream, const SaveOptions& options = {}) {
  const detail::ModelTensors model = detail::model_tensors(network, options);
  write_safetensors(stream, model.tensors, model.metadata);
}

/// The same as bytes in memory.
template <class Scalar, class... L>
std::vector<std::byte> to_safetensors(const Network<Scalar, L...>& network, const SaveOptions& options = {}) {
  const detail::ModelTensors model = detail::model_tensors(network, options);
  return to_safetensors(model.tensors, model.metadata);
}

// ---- loading -------------------------------------------------------------------------------------------------

/// Reads a model into a network of the same layers: a file of save(), or any safetensors file, as PyTorch writes them, that
/// has the tensors of these layers, in F16, BF16, F32 or F64. A network of floats rounds F64 to the nearest.
///
/// From a file of save() come also the options of the layers (the slope of a LeakyReLU, the rate of a Dropout, the momentum
/// and epsilon of a BatchNorm); the kinds of layer, extents and activations must be the network's. Then the golden pairs are
/// checked.
///
/// @param file  a path, a std::istream, bytes in memory, or a ModelFile
/// @return what the file says beside the parameters; empty of a file that is not Lamina's
/// @throws FileError when it cannot be read; FormatError naming the file, the layer and the tensor or field, what was
///   expected and what came, when it is damaged, does not fit the network (every mismatch is named), has a number that is not
///   finite, or does not reproduce its golden pairs; OptionError when options.modules are not as many as the layers with
///   tensors. The network is then as it was.
template <class Scalar, class... L>
ModelInfo load(Network<Scalar, L...>& network, const ModelFile& file, const LoadOptions& options = {}) {
  std::vector<LayerDescription> layers = describe_layers(network.layers());
  if (file.info().has_architecture()) {
    detail::compare_layers(layers, file.info().layers, file.source());
    layers = file.info().layers;
  }
  const auto numbers = detail::read_numbers<Scalar>(layers, file.tensors(), options.modules);
  auto made = network.layers();
  made.for_each([&](auto& layer, std::size_t l) {
    using Layer = std::remove_cvref_t<decltype(layer)>;
    layer = detail::made_from_file(
        file.source(), l, [&] { return detail::LayerFormat<Layer>::made(layers[l], numbers.buffers[l]); });
  });
  network = detail::made_network<Scalar, L...>(std::move(made), numbers, file, options);
  return file.info();
}

/// Reads a model that the file alone says all of: one of save().
///
///     auto model = load_network<float>("iris.safetensors");
///     model.network.predict(X);   model.class_names …
///
/// @throws as load; FormatError when the file does not say which layers it has.
template <std::floating_point Scalar = float>
LoadedModel<Scalar> load_network(const ModelFile& file, const LoadOptions& options = {}) {
  const ModelInfo& info = file.info();
  if (!info.has_architecture())
    detail::fail<FormatError>(
        {file.source(),
         ": expected metadata of Lamina that say the layers of the model, got none; load() reads "
         "such a file into a network that has them"});
  const auto numbers = detail::read_numbers<Scalar>(info.layers, file.tensors(), options.modules);
  Stack stack(info.inputs());
  for (std::size_t l = 0; l < info.layers.size(); ++l)
    stack.push_back(detail::made_from_file(
        file.source(), l, [&] { return detail::made_layer(info.layers[l], numbers.buffers[l]); }));
  LoadedModel<Scalar> model{info, DynamicNetwork<Scalar>(info.inputs())};
  static_cast<Network<Scalar, Stack>&>(model.network) =
      detail::made_network<Scalar, Stack>(std::move(stack), numbers, file, options);
  return model;
}

/// What a file says of a model, without making it. @throws FileError, FormatError as ModelFile.
inline ModelInfo load_info(const ModelFile& file) { return file.info(); }

}  // namespace lamina
