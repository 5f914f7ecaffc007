// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <string>
#include <utility>

#include "lamina/layers/stack.hpp"
#include "lamina/network.hpp"

namespace lamina {

/// A network whose depth, widths and activations are run-time values: the same Network, over a Stack of layers.
///
///     auto net = DynamicNetwork<float>(4).dense(hidden, "relu").dropout(0.2).dense(3);
///     net.initialize(1);
///
/// Parameters of layers already there are kept when one is added.
template <std::floating_point Scalar>
class DynamicNetwork : public Network<Scalar, Stack> {
  using Base = Network<Scalar, Stack>;

 public:
  /// No layers yet.
  /// @throws ShapeError when inputs < 1.
  explicit DynamicNetwork(Index inputs) : Base(Stack(inputs)) {}

  /// A fully connected layer with so many outputs; its activation is one of lamina/activations/, by value or by name.
  /// @throws ShapeError when outputs < 1, OptionError when the activation is not known.
  DynamicNetwork& dense(Index outputs, AnyActivation activation = Identity{}, bool bias = true) {
    if (bias)
      return add(
          Dense<Dynamic, Dynamic, AnyActivation, true>(this->outputs(), outputs, std::move(activation)));
    return add(
        Dense<Dynamic, Dynamic, AnyActivation, false>(this->outputs(), outputs, std::move(activation)));
  }
  /// An activation as a layer of its own.
  /// @throws OptionError when the activation is not known.
  DynamicNetwork& activation(AnyActivation activation) {
    return add(Activate<Dynamic, AnyActivation>(this->outputs(), std::move(activation)));
  }
  /// @throws OptionError when rate is not in [0, 1).
  DynamicNetwork& dropout(double rate) { return add(Dropout<Dynamic>(this->outputs(), rate)); }
  /// @throws OptionError when epsilon is not positive, or momentum not in [0, 1].
  DynamicNetwork& batch_norm(double momentum = 0.1, double epsilon = 1e-5) {
    return add(BatchNorm<Dynamic>(this->outputs(), momentum, epsilon));
  }
  /// @throws OptionError when epsilon is not positive.
  DynamicNetwork& layer_norm(double epsilon = 1e-5) {
    return add(LayerNorm<Dynamic>(this->outputs(), epsilon));
  }
  /// A fixed scaling, see Normalization::standardize.
  /// @throws ShapeError when it has not as many columns as the network has outputs so far.
  DynamicNetwork& normalization(Normalization<Dynamic> scaling) { return add(std::move(scaling)); }
  DynamicNetwork& softmax() { return add(Softmax<Dynamic>(this->outputs())); }

  /// Any layer.
  /// @throws ShapeError when it does not take what the last one gives, or parameters() has another size than the layers before.
  DynamicNetwork& add(AnyLayer layer) {
    this->check_parameters();
    const Index parameters = std::visit(
        [](const auto& l) {
          return std::remove_cvref_t<decltype(l)>::parameter_count(l.inputs(), l.outputs());
        },
        layer);
    this->mutable_layers().push_back(std::move(layer));
    try {
      this->grow(parameters);
    } catch (...) {  // no memory
      this->mutable_layers().pop_back();
      throw;
    }
    return *this;
  }

  /// Layer l, from 0. Its extents must stay what they are.
  /// @throws OptionError when there is none.
  AnyLayer& layer(std::size_t l) { return this->mutable_layers().at(l); }
  const AnyLayer& layer(std::size_t l) const { return this->layers().at(l); }

  /// W of layer l, In×Out, as a view into θ; γ (1×N) of a normalising layer.
  /// @throws OptionError when there is no such layer, or it has no weights.
  auto weights(std::size_t l) { return view(*this, l, weights_of); }
  auto weights(std::size_t l) const { return view(*this, l, weights_of); }
  /// b of layer l, 1×Out, as a view into θ; β (1×N) of a normalising layer.
  /// @throws OptionError when there is no such layer, or it has no bias.
  auto bias(std::size_t l) { return view(*this, l, bias_of); }
  auto bias(std::size_t l) const { return view(*this, l, bias_of); }

 private:
  static constexpr auto weights_of = [](const auto& layer, auto* theta) -> decltype(layer.weights(theta)) {
    return layer.weights(theta);
  };
  static constexpr auto bias_of = [](const auto& layer, auto* theta) -> decltype(layer.bias(theta)) {
    return layer.bias(theta);
  };

  template <class Self, class Get>
  static auto view(Self& self, std::size_t l, Get get) {
    using S = std::remove_pointer_t<decltype(self.parameters().data())>;
    using Matrix = Eigen::Matrix<Scalar, Dynamic, Dynamic>;
    using View = Eigen::Map<std::conditional_t<std::is_const_v<S>, const Matrix, Matrix>>;
    const AnyLayer& any = self.layers().at(l);
    S* theta = self.parameters().data() + self.offset(l);
    return std::visit(
        [&](const auto& layer) -> View {
          if constexpr (requires { get(layer, theta); }) {
            auto part = get(layer, theta);
            return View(part.data(), part.rows(), part.cols());
          } else {
            detail::fail<OptionError>({"layer ", l, " (", layer.name, ") has no such parameters"});
          }
        },
        any);
  }
};

}  // namespace lamina
