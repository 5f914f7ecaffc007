// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "lamina/activations/any_activation.hpp"
#include "lamina/layers/activate.hpp"
#include "lamina/layers/batch_norm.hpp"
#include "lamina/layers/dense.hpp"
#include "lamina/layers/dropout.hpp"
#include "lamina/layers/layer_norm.hpp"
#include "lamina/layers/normalization.hpp"
#include "lamina/layers/sequence.hpp"
#include "lamina/layers/softmax.hpp"

namespace lamina {

/// Any layer of lamina/layers/, with run-time extents and a run-time activation.
using AnyLayer =
    std::variant<Dense<Dynamic, Dynamic, AnyActivation, true>, Dense<Dynamic, Dynamic, AnyActivation, false>,
                 Activate<Dynamic, AnyActivation>, Dropout<Dynamic>, BatchNorm<Dynamic>, LayerNorm<Dynamic>,
                 Normalization<Dynamic>, Softmax<Dynamic>>;

/// The layers of a network whose depth and kinds of layer are run-time values.
/// @tparam AnyLayer_  a variant of the kinds of layer it may hold, all with run-time extents
template <class AnyLayer_>
class StackOf {
 public:
  using AnyLayer = AnyLayer_;
  static constexpr Index Inputs = Dynamic, Outputs = Dynamic;
  static constexpr bool fixed = false;

  /// One T for each layer.
  template <class T>
  using PerLayer = std::vector<T>;

  /// No layers yet.
  /// @throws ShapeError when inputs < 1.
  explicit StackOf(Index inputs) : inputs_(inputs) {}

  /// @throws ShapeError when the layer does not take what the last one gives.
  void push_back(AnyLayer layer) {
    std::visit(
        [&](const auto& next) {
          if (layers_.empty()) {
            if (next.inputs() != inputs())
              detail::fail<ShapeError>({"layer 0 (", next.name, "): expected ", inputs(),
                                        " inputs, as many as the network, got ", next.inputs()});
          } else {
            std::visit(
                [&](const auto& last) {
                  detail::check_chain(last.outputs(), next.inputs(), size(), last.name, next.name);
                },
                layers_.back());
          }
        },
        layer);
    layers_.push_back(std::move(layer));
  }

  /// Without the last layer.
  void pop_back() { layers_.pop_back(); }

  bool whole_batch() const {
    bool any = false;
    for_each([&](const auto& layer, std::size_t) {
      any = any || detail::whole_batch<std::remove_cvref_t<decltype(layer)>>;
    });
    return any;
  }

  std::size_t size() const { return layers_.size(); }
  Index inputs() const { return inputs_.value(); }
  Index outputs() const {
    if (layers_.empty()) return inputs();
    return std::visit([](const auto& last) { return last.outputs(); }, layers_.back());
  }

  /// @throws OptionError when there is no layer l.
  AnyLayer& at(std::size_t l) { return layers_[checked(l)]; }
  const AnyLayer& at(std::size_t l) const { return layers_[checked(l)]; }

  /// f(layer, l) from the first to the last.
  template <class F>
  void for_each(F&& f) {
    for (std::size_t l = 0; l < size(); ++l) std::visit([&](auto& layer) { f(layer, l); }, layers_[l]);
  }
  template <class F>
  void for_each(F&& f) const {
    for (std::size_t l = 0; l < size(); ++l) std::visit([&](const auto& layer) { f(layer, l); }, layers_[l]);
  }

  template <class T>
  static PerLayer<T> per_layer(std::size_t size) {
    return PerLayer<T>(size);
  }

 private:
  std::size_t checked(std::size_t l) const {
    if (l >= size()) detail::fail<OptionError>({"layer: expected an index below ", size(), ", got ", l});
    return l;
  }

  Extent<Dynamic> inputs_;
  std::vector<AnyLayer> layers_;
};

/// The stack of a DynamicNetwork.
using Stack = StackOf<AnyLayer>;

}  // namespace lamina
