// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <array>
#include <string>
#include <tuple>
#include <utility>

#include "lamina/core/concepts.hpp"
#include "lamina/core/errors.hpp"

namespace lamina {

namespace detail {

/// Rejects, with both numbers in the compiler's message, a layer that does not take what the one before it gives.
template <Index OutputsOfLayer, Index InputsOfNextLayer>
struct Chain {
  static_assert(OutputsOfLayer == Dynamic || InputsOfNextLayer == Dynamic ||
                    OutputsOfLayer == InputsOfNextLayer,
                "lamina: a layer must have as many inputs as the layer before it has outputs");
  static constexpr bool fits = true;
};

template <class First, class... Rest>
struct ends {
  static constexpr Index inputs = First::Inputs;
  static constexpr Index outputs = ends<Rest...>::outputs;
  static constexpr bool chained =
      Chain<First::Outputs, ends<Rest...>::inputs>::fits && ends<Rest...>::chained;
};
template <class Last>
struct ends<Last> {
  static constexpr Index inputs = Last::Inputs;
  static constexpr Index outputs = Last::Outputs;
  static constexpr bool chained = true;
};

/// @throws ShapeError when layer l does not take what layer l − 1 gives.
inline void check_chain(Index outputs, Index inputs, std::size_t l, std::string_view before,
                        std::string_view name) {
  if (outputs == inputs) return;
  detail::fail<ShapeError>({"layer ", l, " (", name, "): expected ", outputs, " inputs, as many as layer ",
                            l - 1, " (", before, ") has outputs, got ", inputs});
}

}  // namespace detail

/// The layers of a network whose depth and kinds of layer are part of its type.
template <Layer... L>
class Sequence {
  static_assert(sizeof...(L) > 0, "lamina: a network needs at least one layer");
  static_assert(detail::ends<L...>::chained);

 public:
  static constexpr Index Inputs = detail::ends<L...>::inputs, Outputs = detail::ends<L...>::outputs;
  static constexpr bool fixed = ((L::Inputs != Dynamic && L::Outputs != Dynamic) && ...);

  /// One T for each layer.
  template <class T>
  using PerLayer = std::array<T, sizeof...(L)>;

  Sequence() requires(std::default_initializable<L>&&...) = default;
  /// @throws ShapeError when a layer does not take what the one before it gives.
  explicit Sequence(L... layers) : layers_(std::move(layers)...) {
    Index gives = 0;
    std::string_view before;
    for_each([&](const auto& layer, std::size_t l) {
      const auto name = detail::name_of<std::remove_cvref_t<decltype(layer)>>();
      if (l > 0) detail::check_chain(gives, layer.inputs(), l, before, name);
      gives = layer.outputs();
      before = name;
    });
  }

  static constexpr bool whole_batch() { return (detail::whole_batch<L> || ...); }
  static constexpr std::size_t size() { return sizeof...(L); }
  Index inputs() const { return std::get<0>(layers_).inputs(); }
  Index outputs() const { return std::get<sizeof...(L) - 1>(layers_).outputs(); }

  template <std::size_t l>
  auto& get() {
    return std::get<l>(layers_);
  }
  template <std::size_t l>
  const auto& get() const {
    return std::get<l>(layers_);
  }

  /// f(layer, l) from the first to the last.
  template <class F>
  void for_each(F&& f) {
    for_each(*this, f, std::index_sequence_for<L...>());
  }
  template <class F>
  void for_each(F&& f) const {
    for_each(*this, f, std::index_sequence_for<L...>());
  }

  template <class T>
  static PerLayer<T> per_layer(std::size_t) {
    return {};
  }

 private:
  template <class Self, class F, std::size_t... l>
  static void for_each(Self& self, F& f, std::index_sequence<l...>) {
    (f(std::get<l>(self.layers_), l), ...);
  }

  std::tuple<L...> layers_;
};

}  // namespace lamina
