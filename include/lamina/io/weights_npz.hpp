// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <map>
#include <set>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "lamina/data/npy.hpp"
#include "lamina/io/model.hpp"

/// @file
/// The parameters of a network as arrays in an `.npz` file, by one of two customs:
///
///     scikit-learn   coefs_, intercepts_     coef_0 n×k, intercept_0 k, coef_1, intercept_1, …: dense layers only
///     Keras          model.get_weights()     arr_0, arr_1, … as numpy.savez(path, *weights) names them, layer by layer:
///                                            Dense kernel n×k, bias k; BatchNormalization gamma, beta, moving_mean,
///                                            moving_variance; LayerNormalization gamma, beta
///
/// A kernel is W as it stands in Lamina's equations, n×k. Options, and Normalization layers, are not parameters: they stay
/// as they are in the network.

namespace lamina {

/// How the arrays in an `.npz` file are named, and which there are.
enum class WeightNames { scikit_learn, keras };

namespace detail {

/// An array of a layer, with its shape as NumPy has it.
struct WeightArray {
  LayerTensor tensor;
  bool kernel = false;
};

/// @throws OptionError when scikit-learn has no such layer.
inline std::vector<WeightArray> weight_arrays(std::span<const LayerDescription> layers, WeightNames names) {
  std::vector<WeightArray> arrays;
  std::size_t dense = 0;
  for (std::size_t l = 0; l < layers.size(); ++l) {
    const LayerDescription& layer = layers[l];
    const bool is_dense = layer.kind == LayerKind::dense, scales = layer.kind == LayerKind::normalization;
    if (names == WeightNames::scikit_learn && !is_dense && !scales && has_tensors(layer.kind))
      fail<OptionError>(
          {"npz: expected dense layers, as scikit-learn has, got layer ", l, " (", name_of(layer.kind), ")"});
    if (scales) continue;
    for_each_tensor(layer,
                    [&](const std::string& part, std::vector<std::size_t> shape, LayerTensor::Role role) {
                      if (role == LayerTensor::Role::counter) return;
                      const bool kernel = is_dense && part == "weight";
                      if (kernel) std::swap(shape[0], shape[1]);
                      std::string name = "arr_" + std::to_string(arrays.size());
                      if (names == WeightNames::scikit_learn)
                        name = (kernel ? "coef_" : "intercept_") + std::to_string(dense);
                      arrays.push_back({{std::move(name), std::move(shape), l, role}, kernel});
                    });
    if (is_dense) ++dense;
  }
  return arrays;
}

}  // namespace detail

/// The arrays by name.
/// @throws OptionError when scikit-learn has no such layer, or for a network of long doubles; ShapeError when there are more or
///   fewer parameters than the layers have.
template <class Scalar, class... L>
std::map<std::string, Array> weight_arrays(const Network<Scalar, L...>& network, WeightNames names) {
  static_cast<void>(detail::stored_scalar<Scalar>());
  std::map<std::string, Array> arrays;
  if constexpr (sizeof(Scalar) <= sizeof(double)) {
    const auto wanted = detail::weight_arrays(describe_layers(network.layers()), names);
    network.check_layers();
    detail::Buffers buffers;
    network.layers().for_each([&](const auto& layer, std::size_t) {
      if (detail::LayerFormat<std::remove_cvref_t<decltype(layer)>>::kind == LayerKind::normalization) return;
      for (auto& values : detail::buffers_of(layer)) buffers.push_back(std::move(values));
    });
    const Scalar* theta = network.parameters().data();
    std::size_t buffer = 0;
    for (const auto& [tensor, kernel] : wanted) {
      Array& to = arrays[tensor.name];
      if (tensor.role == detail::LayerTensor::Role::buffer) {
        to = make_array<double>(tensor.shape, buffers[buffer++]);
        continue;
      }
      if (kernel) {
        const auto rows = static_cast<Index>(tensor.shape[0]), columns = static_cast<Index>(tensor.shape[1]);
        to = make_array(Eigen::Map<const Eigen::Matrix<Scalar, Dynamic, Dynamic>>(theta, rows, columns));
      } else {
        to = make_array<Scalar>(tensor.shape, std::span<const Scalar>(theta, tensor.size()));
      }
      theta += tensor.size();
    }
  }
  return arrays;
}

/// Writes the parameters as an `.npz` file, as a whole or not at all (AtomicFile).
/// @throws as weight_arrays; FileError when it cannot be written.
template <class Scalar, class... L>
void save_weights_npz(const Network<Scalar, L...>& network, const std::string& path, WeightNames names) {
  write_npz(path, weight_arrays(network, names));
}

/// Sets the parameters, and the running statistics of BatchNorm layers, from arrays by name: scikit-learn's when there is a
/// coef_0, else Keras's. Floating-point arrays are rounded to the network's scalar.
/// @param source  for messages: the path of the file
/// @throws FormatError naming every array that is missing, has another shape or type or is one too many, or a number that is
///   not finite; OptionError when scikit-learn has no such layer. The network is then as it was.
template <class Scalar, class... L>
void load_weight_arrays(Network<Scalar, L...>& network, const std::map<std::string, Array>& arrays,
                        const std::string& source = "arrays in memory") {
  const WeightNames names = arrays.contains("coef_0") ? WeightNames::scikit_learn : WeightNames::keras;
  const std::vector<LayerDescription> layers = describe_layers(network.layers());
  const auto expected = detail::weight_arrays(layers, names);
  detail::Mismatches mismatches;
  std::set<std::string> known;
  for (const auto& [tensor, kernel] : expected) {
    known.insert(tensor.name);
    const std::string at = "layer " + std::to_string(tensor.layer) + " (" +
                           std::string(name_of(layers[tensor.layer].kind)) + "), array '" + tensor.name + "'";
    const auto found = arrays.find(tensor.name);
    if (found == arrays.end()) {
      mismatches.add({at, ": expected ", detail::shape_text(tensor.shape), ", got no such array"});
    } else if (found->second.shape != tensor.shape) {
      mismatches.add({at, ": expected ", detail::shape_text(tensor.shape), ", got ",
                      detail::shape_text(found->second.shape)});
    } else if (!is_floating(found->second.type)) {
      mismatches.add({at, ": expected f2, f4 or f8, got ", name_of(found->second.type)});
    }
  }
  for (const auto& [name, array] : arrays)
    if (!known.contains(name))
      mismatches.add({"array '", name.substr(0, 100), "': expected no such array, got ",
                      detail::shape_text(array.shape)});
  mismatches.refuse(source);

  auto made = network.layers();
  std::vector<detail::Buffers> buffers(layers.size());
  std::vector<Scalar> theta;
  const auto values_of = [&]<class T>(const detail::LayerTensor& tensor, std::vector<T> values) {
    for (std::size_t i = 0; i < values.size(); ++i)
      if (!std::isfinite(static_cast<Scalar>(values[i])))
        detail::fail<FormatError>({source, ", layer ", tensor.layer, ", array '", tensor.name, "', element ",
                                   detail::element_text(i, tensor.shape),
                                   ": expected a finite number of the network's scalar, got ", values[i]});
    return values;
  };
  for (const auto& [tensor, kernel] : expected) {
    const Array& array = arrays.at(tensor.name);
    detail::check_bytes(array.type, array.shape, array.bytes.size(), tensor.name);
    if (tensor.role == detail::LayerTensor::Role::buffer) {
      buffers[tensor.layer].push_back(values_of(tensor, array.values<double>()));
      continue;
    }
    std::vector<Scalar> values = values_of(tensor, array.values<Scalar>());
    if (kernel) {
      // Row by row in the file, column by column in θ.
      const std::size_t rows = tensor.shape[0], columns = tensor.shape[1];
      for (std::size_t j = 0; j < columns; ++j)
        for (std::size_t i = 0; i < rows; ++i) theta.push_back(values[i * columns + j]);
    } else {
      theta.insert(theta.end(), values.begin(), values.end());
    }
  }
  made.for_each([&](auto& layer, std::size_t l) {
    if constexpr (requires { layer.set_running_statistics(Eigen::RowVectorXd(), Eigen::RowVectorXd()); })
      detail::made_from_file(source, l, [&] {
        layer.set_running_statistics(detail::as_row(buffers[l][0]), detail::as_row(buffers[l][1]));
      });
  });
  Network<Scalar, L...> result(std::move(made));
  std::copy(theta.begin(), theta.end(), result.parameters().data());
  network = std::move(result);
}

/// The same from an `.npz` file. @throws as load_weight_arrays; FileError, FormatError as read_npz.
template <class Scalar, class... L>
void load_weights_npz(Network<Scalar, L...>& network, const std::string& path) {
  load_weight_arrays(network, read_npz(path), path);
}

}  // namespace lamina
