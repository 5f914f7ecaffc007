// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <concepts>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "lamina/core/parallel.hpp"
#include "lamina/core/types.hpp"

/// @file
/// The contracts between the floors, as C++20 concepts. What a user writes to extend Lamina is here.

namespace lamina {

/// An activation function g and its derivative g', applied element by element.
///
/// `g(Z)` and `derivative(Z, A)`, with A = g(Z), take Eigen array expressions and return one expression each: no
/// named array inside, it would dangle. Options are data members with defaults. An activation may also say
///
///     static constexpr bool derivative_from_output = true;            // derivative(Z, A) does not look at Z
///     static constexpr WeightScale weight_scale = WeightScale::he;    // initial weights; glorot when silent
template <class T>
concept Activation = std::default_initializable<T> &&
    requires(const T g, const Eigen::ArrayXXd& Z, const Eigen::ArrayXXd& A) {
  { T::name } -> std::convertible_to<std::string_view>;
  g.g(Z);
  g.derivative(Z, A);
};

/// A loss: a sum over the rows (samples) of A, the network's output, and Y, the targets.
///
/// `value(A, Y)` is that sum, `gradient(A, Y, dA)` writes its derivative with respect to A. Both take Eigen matrix
/// expressions with a run-time number of rows. Dividing by the number of samples, or by the sum of their weights,
/// is the engine's. A loss may also say
///
///     static constexpr Index target_columns(Index outputs);   // columns of Y, at most `outputs`; else as many
///     static constexpr Index classes(Index outputs);          // accepts labels 0 … classes − 1
///     auto weight(y) const;                                   // the share of a row y of Y in the divisor; else 1
///     static constexpr double target_minimum, target_maximum; // bounds of Y, inclusive
///     void check(Index outputs) const;                        // throws OptionError or ShapeError
template <class T, class Scalar>
concept LossFunction = requires(const T loss, const ConstTile<Scalar>& A, const ConstTile<Scalar>& Y,
                                Tile<Scalar>& dA) {
  { loss.value(A, Y) } -> std::convertible_to<Scalar>;
  loss.gradient(A, Y, dA);
};

/// What a layer may want to know of the pass it is run in.
struct Pass {
  Mode mode = Mode::evaluation;
  std::uint64_t seed = 0;    ///< of everything random in the pass
  std::uint64_t number = 0;  ///< of the training pass, so that each draws its own masks
  std::uint32_t layer = 0;   ///< of the layer in its network, from 0
  Index first_row = 0;       ///< position in the batch of the tile's first row
  Team team = {};            ///< of a layer that says InTeam, see Layer
  bool padded = false;  ///< columns of tiles may be read and written beyond t, up to whole SIMD registers
};

/// What becomes of a layer's derivatives.
enum class GradientUse {
  write,  ///< dtheta = …
  add,    ///< dtheta += …
  hand_over,  ///< whoever is told that they are done takes them: dtheta is room to compute them in, and need not hold them
};

/// A layer: a differentiable map from t×Inputs to t×Outputs whose parameters θ are an argument.
///
///     static constexpr Index Inputs, Outputs;                                   // either may be Dynamic
///     Index inputs() const; Index outputs() const;
///     static constexpr Index parameter_count(Index inputs, Index outputs);      // Scalars of θ it reads
///     static constexpr Index cache_size(Index rows, Index inputs, Index outputs);  // Scalars kept for backward: a + b·rows
///     void forward(theta, A0, A, cache, pass) const;                            // writes A and cache
///     void backward(theta, A0, A, cache, dA, dtheta, dA0, pass) const;          // dtheta += …, *dA0 = …
///
/// A0 is t×Inputs, A is t×Outputs. backward may overwrite dA and cache; dA0 is null when nobody needs it. A layer with
/// InTeam whose parameters take most of the time, as Dense's do, may have backward in two parts; the engine then calls the first for
/// all layers before it calls the second for any, and lets the optimiser have each parameter's gradient while it is in
/// the cache:
///
///     void backward_inputs(theta, A0, A, cache, dA, dA0, pass) const;              // dA becomes dZ, *dA0 = …
///     void backward_parameters(A0, A0_transposed, dZ, dtheta, use, pass, done) const;  // see GradientUse
///
/// A0_transposed is A0ᵀ in Panels, see core/product.hpp, or null; done(first, count, derivatives) says that those of the parameters from number `first` on are
/// there, all of them once, by any thread of the team. Each derivative must be a sum over samples of an element of A0, or 1,
/// times an element of dZ: what the engine takes for their bound rests on that.
///
/// A layer may also have
///
///     void initialize(theta, rule, random) const;  // writes θ; rule(W) or rule's default; zeros when absent
///     void parameter_parts(part) const;            // part(ParameterKind, count, rows) for its share of θ, in order, see
///                                                  // ParameterRange; one run of weights when absent
///     static constexpr bool whole_batch = true;    // one tile must hold the whole batch
///     void update(cache, rows);                    // with whole_batch: after a finite training pass
///     auto with_run_time_extents() const;          // with InTeam: an equal layer of another type, whose functions are then
///                                                  // called, so that they are compiled once for all extents
///     void persist(archive);                       // what update changes, to or from a checkpoint: archive.numbers(…)
///     using InTeam = Self;                         // forward and backward are called by all threads of pass.team, each
///                                                  // to do its share; else, and in classes derived from such a layer,
///                                                  // by the first alone, for which pass.team is itself
template <class T>
concept Layer = std::copyable<T> && requires(const T layer) {
  { T::Inputs } -> std::convertible_to<Index>;
  { T::Outputs } -> std::convertible_to<Index>;
  { layer.inputs() } -> std::convertible_to<Index>;
  { layer.outputs() } -> std::convertible_to<Index>;
  { T::parameter_count(Index{1}, Index{1}) } -> std::convertible_to<Index>;
  { T::cache_size(Index{1}, Index{1}, Index{1}) } -> std::convertible_to<Index>;
};

/// An optimiser: sees θ and dF/dθ, nothing else. It may also have
///
///     void check() const;   // throws OptionError; asked before a pass, when nothing has changed yet
///
/// and, when every parameter's step depends on that parameter alone, what lets the engine take the step part by part:
///
///     template <class Scalar> void begin(Index size);      // a step for so many parameters begins
///     template <class Scalar> void update(Index first, Index count, Scalar* theta, const Scalar* gradient);
///     template <class Scalar> bool stays_finite(double largest) const;  // no gradient ≤ largest can spoil θ or its state
///
/// where `theta` and `gradient` begin at parameter `first`; update may be called from several threads at a time.
template <class T, class Vector>
concept Optimizer = requires(T optimizer, Vector& theta, const Vector& gradient) {
  optimizer.step(theta, gradient);
};

/// An optimiser that can step part by part.
template <class T, class Scalar>
concept ElementwiseOptimizer = requires(T optimizer, Scalar* theta, const Scalar* gradient) {
  optimizer.template begin<Scalar>(Index{1});
  optimizer.update(Index{0}, Index{1}, theta, gradient);
  { optimizer.template stays_finite<Scalar>(1.0) } -> std::convertible_to<bool>;
};

namespace detail {

/// Columns of Y for a network of so many outputs.
template <class Loss>
constexpr Index target_columns(const Loss&, Index outputs) {
  if constexpr (requires { Loss::target_columns(outputs); }) {
    return Loss::target_columns(outputs);
  } else {
    return outputs;
  }
}

/// The name of a layer, an activation or a loss for messages.
template <class T>
constexpr std::string_view name_of() {
  if constexpr (requires { std::string_view(T::name); }) {
    return T::name;
  } else {
    return "user-defined";
  }
}

/// Whether the layer says so itself: what derives from one that does has functions of its own.
template <class T>
constexpr bool shared = [] {
  if constexpr (requires { typename T::InTeam; }) {
    return std::is_same_v<typename T::InTeam, T>;
  } else {
    return false;
  }
}();

template <class T>
constexpr bool whole_batch = [] {
  if constexpr (requires { T::whole_batch; }) {
    return static_cast<bool>(T::whole_batch);
  } else {
    return false;
  }
}();

}  // namespace detail
}  // namespace lamina
