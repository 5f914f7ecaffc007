// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <string_view>
#include <type_traits>

#include "lamina/core/concepts.hpp"
#include "lamina/core/function_ref.hpp"

/// @file
/// What the engine knows of a layer and of a loss: an object and a table of functions. So the engine is compiled once for
/// a Scalar, whatever networks a program has; a call through a pointer for each layer and tile costs next to nothing.

namespace lamina::engine {

/// Sums over tiles are kept at least in double.
template <class Scalar>
using Sum = std::conditional_t<(sizeof(Scalar) < sizeof(double)), double, Scalar>;

/// Whether the engine may call backward of a layer in two parts, see Layer.
template <class L, class Scalar>
concept TwoPartBackward = detail::shared<L> &&
    requires(const L& layer, const ConstSpan<Scalar>& theta, const ConstTile<Scalar>& A0, Tile<Scalar>& A,
             Span<Scalar>& cache, Tile<Scalar>* dA0, const Pass& pass) {
  layer.backward_inputs(theta, A0, A, cache, A, dA0, pass);
};

/// The functions of a kind of layer, see Layer; `layer` is an object of that kind.
template <class Scalar>
struct LayerOperations {
  std::string_view name;
  bool shared;       ///< forward and backward are called by all threads of a team
  bool whole_batch;  ///< one tile must hold the whole batch
  Index (*parameter_count)(Index inputs, Index outputs);
  Index (*cache_size)(Index rows, Index inputs, Index outputs);
  void (*forward)(const void* layer, const ConstSpan<Scalar>& theta, const ConstTile<Scalar>& A0,
                  Tile<Scalar>& A, Span<Scalar>& cache, const Pass& pass);
  /// @name One of these, or the two parts
  /// @{
  void (*backward)(const void* layer, const ConstSpan<Scalar>& theta, const ConstTile<Scalar>& A0,
                   Tile<Scalar>& A, Span<Scalar>& cache, Tile<Scalar>& dA, Span<Scalar>& dtheta,
                   Tile<Scalar>* dA0, const Pass& pass);
  void (*backward_inputs)(const void* layer, const ConstSpan<Scalar>& theta, const ConstTile<Scalar>& A0,
                          Tile<Scalar>& A, Span<Scalar>& cache, Tile<Scalar>& dA, Tile<Scalar>* dA0,
                          const Pass& pass);
  void (*backward_parameters)(const void* layer, const ConstTile<Scalar>& A0, const Scalar* A0t,
                              const ConstTile<Scalar>& dZ, Span<Scalar>& dtheta, GradientUse use,
                              const Pass& pass, FunctionRef<void(Index, Index, const Scalar*)> done);
  /// @}
};

/// The layer itself, or for fixed shapes the same layer with run-time extents, when it has one: then the functions are
/// compiled once for all extents.
template <class L>
decltype(auto) with_run_time_extents(const void* layer) {
  const L& self = *static_cast<const L*>(layer);
  if constexpr (detail::shared<L> && requires { self.with_run_time_extents(); }) {
    return self.with_run_time_extents();
  } else {
    return (self);
  }
}

template <class Scalar, class L>
constexpr LayerOperations<Scalar> operations_of_layer() {
  LayerOperations<Scalar> of{};
  of.name = detail::name_of<L>();
  of.shared = detail::shared<L>;
  of.whole_batch = detail::whole_batch<L>;
  of.parameter_count = [](Index inputs, Index outputs) -> Index {
    return L::parameter_count(inputs, outputs);
  };
  of.cache_size = [](Index rows, Index inputs, Index outputs) -> Index {
    return L::cache_size(rows, inputs, outputs);
  };
  of.forward = [](const void* layer, const ConstSpan<Scalar>& theta, const ConstTile<Scalar>& A0,
                  Tile<Scalar>& A, Span<Scalar>& cache,
                  const Pass& pass) { with_run_time_extents<L>(layer).forward(theta, A0, A, cache, pass); };
  if constexpr (TwoPartBackward<L, Scalar>) {
    of.backward_inputs = [](const void* layer, const ConstSpan<Scalar>& theta, const ConstTile<Scalar>& A0,
                            Tile<Scalar>& A, Span<Scalar>& cache, Tile<Scalar>& dA, Tile<Scalar>* dA0,
                            const Pass& pass) {
      with_run_time_extents<L>(layer).backward_inputs(theta, A0, A, cache, dA, dA0, pass);
    };
    of.backward_parameters = [](const void* layer, const ConstTile<Scalar>& A0, const Scalar* A0t,
                                const ConstTile<Scalar>& dZ, Span<Scalar>& dtheta, GradientUse use,
                                const Pass& pass, FunctionRef<void(Index, Index, const Scalar*)> done) {
      with_run_time_extents<L>(layer).backward_parameters(A0, A0t, dZ, dtheta, use, pass, done);
    };
  } else {
    of.backward = [](const void* layer, const ConstSpan<Scalar>& theta, const ConstTile<Scalar>& A0,
                     Tile<Scalar>& A, Span<Scalar>& cache, Tile<Scalar>& dA, Span<Scalar>& dtheta,
                     Tile<Scalar>* dA0, const Pass& pass) {
      with_run_time_extents<L>(layer).backward(theta, A0, A, cache, dA, dtheta, dA0, pass);
    };
  }
  return of;
}
/// The functions of layers of kind L.
template <class Scalar, class L>
inline constexpr LayerOperations<Scalar> layer_operations = operations_of_layer<Scalar, L>();

/// A loss, see LossFunction.
template <class Scalar>
struct AnyLoss {
  const void* self;
  Sum<Scalar> (*value_)(const void* self, const ConstTile<Scalar>& A, const ConstTile<Scalar>& Y);
  void (*gradient_)(const void* self, const ConstTile<Scalar>& A, const ConstTile<Scalar>& Y,
                    Tile<Scalar>& dA);
  Sum<Scalar> (*weight_)(const void* self, const ConstTile<Scalar>& y);  ///< null: 1
  Index (*classes_)(Index outputs);                                      ///< null: it takes no labels
  Index (*target_columns_)(const void* self, Index outputs);

  bool weighs() const { return weight_ != nullptr; }
  Sum<Scalar> weight(const ConstTile<Scalar>& y) const { return weight_ ? weight_(self, y) : 1; }
  Index classes(Index outputs) const { return classes_(outputs); }
  Index target_columns(Index outputs) const { return target_columns_(self, outputs); }
  Sum<Scalar> value(const ConstTile<Scalar>& A, const ConstTile<Scalar>& Y) const {
    return value_(self, A, Y);
  }
  void gradient(const ConstTile<Scalar>& A, const ConstTile<Scalar>& Y, Tile<Scalar>& dA) const {
    gradient_(self, A, Y, dA);
  }
};

template <class Scalar, class Loss>
AnyLoss<Scalar> any_loss(const Loss& loss) {
  AnyLoss<Scalar> any{};
  any.self = &loss;
  any.value_ = [](const void* self, const ConstTile<Scalar>& A, const ConstTile<Scalar>& Y) {
    return static_cast<Sum<Scalar>>(static_cast<const Loss*>(self)->value(A, Y));
  };
  any.gradient_ = [](const void* self, const ConstTile<Scalar>& A, const ConstTile<Scalar>& Y,
                     Tile<Scalar>& dA) { static_cast<const Loss*>(self)->gradient(A, Y, dA); };
  if constexpr (requires(const ConstTile<Scalar>& y) { loss.weight(y); })
    any.weight_ = [](const void* self, const ConstTile<Scalar>& y) {
      return static_cast<Sum<Scalar>>(static_cast<const Loss*>(self)->weight(y));
    };
  if constexpr (requires { Loss::classes(Index{1}); })
    any.classes_ = [](Index outputs) -> Index { return Loss::classes(outputs); };
  any.target_columns_ = [](const void* self, Index outputs) -> Index {
    return detail::target_columns(*static_cast<const Loss*>(self), outputs);
  };
  return any;
}

}  // namespace lamina::engine
