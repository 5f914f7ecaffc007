// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "lamina/core/errors.hpp"
#include "lamina/core/types.hpp"
#include "lamina/layers/stack.hpp"

/// @file
/// The layers of a network as data: what a file says of them, and what it is made of again.

namespace lamina {

/// The kinds of layer that files know: those of lamina/layers/.
enum class LayerKind { dense, activation, dropout, batch_norm, layer_norm, normalization, softmax };

/// Its name in a file.
constexpr std::string_view name_of(LayerKind kind) {
  constexpr std::string_view names[] = {"dense",      "activation",    "dropout", "batch_norm",
                                        "layer_norm", "normalization", "softmax"};
  return names[static_cast<std::size_t>(kind)];
}

/// A layer without its parameters: its kind, extents and options.
struct LayerDescription {
  LayerKind kind = LayerKind::dense;
  Index inputs = 0, outputs = 0;
  bool bias = false;                                      ///< of a dense layer: whether it has one
  std::string activation = {};                            ///< of dense and activation: its name
  std::map<std::string, double> activation_options = {};  ///< slope, alpha, beta …
  std::map<std::string, double> options = {};             ///< rate, momentum, epsilon

  friend bool operator==(const LayerDescription&, const LayerDescription&) = default;
};

namespace detail {

/// The options that a layer of this kind has.
inline std::vector<std::string_view> option_names(LayerKind kind) {
  if (kind == LayerKind::dropout) return {"rate"};
  if (kind == LayerKind::batch_norm) return {"momentum", "epsilon"};
  if (kind == LayerKind::layer_norm) return {"epsilon"};
  return {};
}

inline bool has_activation(LayerKind kind) {
  return kind == LayerKind::dense || kind == LayerKind::activation;
}

/// "dense, 4 to 8, leaky_relu, with a bias": what must be the same for a file to fit a network.
inline std::string text_of(const LayerDescription& layer) {
  std::string text = std::string(name_of(layer.kind)) + ", " + std::to_string(layer.inputs) + " to " +
                     std::to_string(layer.outputs);
  if (has_activation(layer.kind)) text += ", " + layer.activation.substr(0, 60);
  if (layer.kind == LayerKind::dense) text += layer.bias ? ", with a bias" : ", without a bias";
  return text;
}

/// f(name, option) for the options of an activation: those that Lamina's activations have, or what the activation's own
/// options(f) names.
template <class G, class F>
void activation_options(G& g, F&& f) {
  if constexpr (requires { g.options(f); }) {
    g.options(f);
  } else if constexpr (requires { g.slope; }) {
    static_assert(sizeof(G) == sizeof(double),
                  "lamina: an activation says its options in a member options(f)");
    f("slope", g.slope);
  } else if constexpr (requires { g.alpha; }) {
    static_assert(sizeof(G) == sizeof(double),
                  "lamina: an activation says its options in a member options(f)");
    f("alpha", g.alpha);
  } else if constexpr (requires { g.beta; }) {
    static_assert(sizeof(G) == sizeof(double),
                  "lamina: an activation says its options in a member options(f)");
    f("beta", g.beta);
  } else {
    static_assert(std::is_empty_v<G>, "lamina: an activation says its options in a member options(f)");
  }
}

template <class G>
void describe_activation(const G& g, LayerDescription& layer) {
  if constexpr (AnyOfActivations<G>) {
    g.visit([&](const auto& one) { describe_activation(one, layer); });
  } else {
    layer.activation = G::name;
    activation_options(g, [&](const char* option, double x) { layer.activation_options[option] = x; });
  }
}

/// The activation that the description says. A G that is one activation has been found to have its name.
/// @throws OptionError when there is none of that name, or its options are others or outside their domains.
template <class G>
G made_activation(const LayerDescription& layer) {
  if constexpr (AnyOfActivations<G>) {
    return G(std::string_view(layer.activation)).visit([&](const auto& one) {
      return G(made_activation<std::remove_cvref_t<decltype(one)>>(layer));
    });
  } else {
    G g{};
    std::size_t found = 0;
    activation_options(g, [&](const char* option, double& x) {
      const auto saved = layer.activation_options.find(option);
      if (saved == layer.activation_options.end())
        fail<OptionError>({"activation ", layer.activation, ": expected the option ", option, ", got none"});
      x = saved->second;
      ++found;
    });
    if (found != layer.activation_options.size())
      fail<OptionError>({"activation ", layer.activation, ": expected ", found, " options, got ",
                         layer.activation_options.size()});
    check_options(g);
    return g;
  }
}

/// The numbers of a layer that are not in θ.
using Buffers = std::vector<std::vector<double>>;

inline Eigen::Map<const Eigen::RowVectorXd> as_row(const std::vector<double>& values) {
  return {values.data(), static_cast<Index>(values.size())};
}
template <class Row>
std::vector<double> as_values(const Row& row) {
  return {row.data(), row.data() + row.size()};
}

/// How a type of layer is described, and made again.
template <class L>
struct LayerFormat {
  static_assert(sizeof(L) == 0, "lamina: files know the layers of lamina/layers/ only, not one of your own");
};

template <Index In, Index Out, class G, bool HasBias>
struct LayerFormat<Dense<In, Out, G, HasBias>> {
  using Layer = Dense<In, Out, G, HasBias>;
  static constexpr LayerKind kind = LayerKind::dense;
  static void describe(const Layer& layer, LayerDescription& to) {
    to.bias = HasBias;
    describe_activation(layer.activation(), to);
  }
  static Layer made(const LayerDescription& from, std::span<const std::vector<double>>) {
    return Layer(from.inputs, from.outputs, made_activation<G>(from));
  }
};

template <Index N, class G>
struct LayerFormat<Activate<N, G>> {
  static constexpr LayerKind kind = LayerKind::activation;
  static void describe(const Activate<N, G>& layer, LayerDescription& to) {
    describe_activation(layer.activation(), to);
  }
  static Activate<N, G> made(const LayerDescription& from, std::span<const std::vector<double>>) {
    return Activate<N, G>(from.inputs, made_activation<G>(from));
  }
};

template <Index N>
struct LayerFormat<Dropout<N>> {
  static constexpr LayerKind kind = LayerKind::dropout;
  static void describe(const Dropout<N>& layer, LayerDescription& to) { to.options["rate"] = layer.rate(); }
  static Dropout<N> made(const LayerDescription& from, std::span<const std::vector<double>>) {
    return Dropout<N>(from.inputs, from.options.at("rate"));
  }
};

template <Index N>
struct LayerFormat<BatchNorm<N>> {
  static constexpr LayerKind kind = LayerKind::batch_norm;
  static void describe(const BatchNorm<N>& layer, LayerDescription& to) {
    to.options = {{"momentum", layer.momentum()}, {"epsilon", layer.epsilon()}};
  }
  static Buffers buffers(const BatchNorm<N>& layer) {
    return {as_values(layer.running_mean()), as_values(layer.running_variance())};
  }
  static BatchNorm<N> made(const LayerDescription& from, std::span<const std::vector<double>> buffers) {
    const double momentum = from.options.at("momentum"), epsilon = from.options.at("epsilon");
    BatchNorm<N> layer = [&] {
      if constexpr (N == Dynamic) {
        return BatchNorm<N>(from.inputs, momentum, epsilon);
      } else {
        return BatchNorm<N>(momentum, epsilon);
      }
    }();
    layer.set_running_statistics(as_row(buffers[0]), as_row(buffers[1]));
    return layer;
  }
};

template <Index N>
struct LayerFormat<LayerNorm<N>> {
  static constexpr LayerKind kind = LayerKind::layer_norm;
  static void describe(const LayerNorm<N>& layer, LayerDescription& to) {
    to.options["epsilon"] = layer.epsilon();
  }
  static LayerNorm<N> made(const LayerDescription& from, std::span<const std::vector<double>>) {
    if constexpr (N == Dynamic) {
      return LayerNorm<N>(from.inputs, from.options.at("epsilon"));
    } else {
      return LayerNorm<N>(from.options.at("epsilon"));
    }
  }
};

template <Index N>
struct LayerFormat<Normalization<N>> {
  static constexpr LayerKind kind = LayerKind::normalization;
  static void describe(const Normalization<N>&, LayerDescription&) {}
  static Buffers buffers(const Normalization<N>& layer) {
    return {as_values(layer.center()), as_values(layer.scale()), as_values(layer.offset())};
  }
  static Normalization<N> made(const LayerDescription&, std::span<const std::vector<double>> buffers) {
    return Normalization<N>(as_row(buffers[0]), as_row(buffers[1]), as_row(buffers[2]));
  }
};

template <Index N>
struct LayerFormat<Softmax<N>> {
  static constexpr LayerKind kind = LayerKind::softmax;
  static void describe(const Softmax<N>&, LayerDescription&) {}
  static Softmax<N> made(const LayerDescription& from, std::span<const std::vector<double>>) {
    return Softmax<N>(from.inputs);
  }
};

/// The numbers of a layer that are not in θ: of BatchNorm the running mean and variance, of Normalization center, scale and
/// offset.
template <class L>
Buffers buffers_of(const L& layer) {
  if constexpr (requires { LayerFormat<L>::buffers(layer); }) {
    return LayerFormat<L>::buffers(layer);
  } else {
    return {};
  }
}

/// The layer of a Stack that a description says. @throws OptionError, DataError when a number is outside its domain.
inline AnyLayer made_layer(const LayerDescription& from, std::span<const std::vector<double>> buffers) {
  const auto made = [&]<class L>(std::type_identity<L>) -> AnyLayer {
    return LayerFormat<L>::made(from, buffers);
  };
  switch (from.kind) {
    case LayerKind::dense:
      if (from.bias) return made(std::type_identity<Dense<Dynamic, Dynamic, AnyActivation, true>>());
      return made(std::type_identity<Dense<Dynamic, Dynamic, AnyActivation, false>>());
    case LayerKind::activation:
      return made(std::type_identity<Activate<Dynamic, AnyActivation>>());
    case LayerKind::dropout:
      return made(std::type_identity<Dropout<Dynamic>>());
    case LayerKind::batch_norm:
      return made(std::type_identity<BatchNorm<Dynamic>>());
    case LayerKind::layer_norm:
      return made(std::type_identity<LayerNorm<Dynamic>>());
    case LayerKind::normalization:
      return made(std::type_identity<Normalization<Dynamic>>());
    case LayerKind::softmax:
      break;
  }
  return made(std::type_identity<Softmax<Dynamic>>());
}

}  // namespace detail

/// The layers of a network, without their parameters.
/// @throws OptionError when it has none.
template <class Layers>
std::vector<LayerDescription> describe_layers(const Layers& layers) {
  std::vector<LayerDescription> list;
  layers.for_each([&](const auto& layer, std::size_t) {
    using L = std::remove_cvref_t<decltype(layer)>;
    LayerDescription& to = list.emplace_back();
    to.kind = detail::LayerFormat<L>::kind;
    to.inputs = layer.inputs();
    to.outputs = layer.outputs();
    detail::LayerFormat<L>::describe(layer, to);
  });
  if (list.empty()) detail::fail<OptionError>({"network: expected at least one layer, got none"});
  return list;
}

namespace detail {

/// A tensor that a layer has in a file.
struct LayerTensor {
  enum class Role {
    parameter,  ///< a run of θ
    buffer,     ///< numbers kept in double
    counter,    ///< an integer that PyTorch has and Lamina has not
  };
  std::string name;
  std::vector<std::size_t> shape;
  std::size_t layer = 0;
  Role role = Role::parameter;

  std::size_t size() const {
    std::size_t product = 1;
    for (const std::size_t extent : shape) product *= extent;
    return product;
  }
};

/// The tensors of a layer, those in θ in the order of θ; W, column-major In×Out, is Out×In row by row.
template <class F>
void for_each_tensor(const LayerDescription& layer, F&& f) {
  using Role = LayerTensor::Role;
  const auto in = static_cast<std::size_t>(layer.inputs), out = static_cast<std::size_t>(layer.outputs);
  switch (layer.kind) {
    case LayerKind::dense:
      f("weight", std::vector<std::size_t>{out, in}, Role::parameter);
      if (layer.bias) f("bias", std::vector<std::size_t>{out}, Role::parameter);
      return;
    case LayerKind::batch_norm:
    case LayerKind::layer_norm:
      f("weight", std::vector<std::size_t>{in}, Role::parameter);
      f("bias", std::vector<std::size_t>{in}, Role::parameter);
      if (layer.kind == LayerKind::layer_norm) return;
      f("running_mean", std::vector<std::size_t>{in}, Role::buffer);
      f("running_var", std::vector<std::size_t>{in}, Role::buffer);
      f("num_batches_tracked", std::vector<std::size_t>{}, Role::counter);
      return;
    case LayerKind::normalization:
      f("center", std::vector<std::size_t>{in}, Role::buffer);
      f("scale", std::vector<std::size_t>{in}, Role::buffer);
      f("offset", std::vector<std::size_t>{in}, Role::buffer);
      return;
    case LayerKind::activation:
    case LayerKind::dropout:
    case LayerKind::softmax:
      return;
  }
}

inline bool has_tensors(LayerKind kind) {
  return kind == LayerKind::dense || kind == LayerKind::batch_norm || kind == LayerKind::layer_norm ||
         kind == LayerKind::normalization;
}

/// The tensors of all layers under the names that they have in torch.nn.Sequential, where the activation of a dense layer is
/// a module of its own; or with these names for the modules of the layers that have tensors.
/// @throws OptionError when there are names, but not one for each of those layers.
inline std::vector<LayerTensor> tensors_of(std::span<const LayerDescription> layers,
                                           const std::vector<std::string>& modules = {}) {
  std::vector<LayerTensor> tensors;
  std::size_t number = 0, with_tensors = 0;
  for (std::size_t l = 0; l < layers.size(); ++l) {
    const LayerDescription& layer = layers[l];
    if (has_tensors(layer.kind)) {
      const std::string module = modules.empty()                 ? std::to_string(number)
                                 : with_tensors < modules.size() ? modules[with_tensors]
                                                                 : "";
      ++with_tensors;
      for_each_tensor(layer, [&](const char* name, std::vector<std::size_t> shape, LayerTensor::Role role) {
        tensors.push_back({module + "." + name, std::move(shape), l, role});
      });
    }
    number += layer.kind == LayerKind::dense && layer.activation != "identity" ? 2 : 1;
  }
  if (!modules.empty() && modules.size() != with_tensors)
    fail<OptionError>({"modules: expected a name for each of the ", with_tensors,
                       " layers that have tensors, got ", modules.size()});
  return tensors;
}

}  // namespace detail
}  // namespace lamina
