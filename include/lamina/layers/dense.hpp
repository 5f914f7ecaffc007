// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <algorithm>
#include <string_view>
#include <utility>

#include "lamina/activations/apply.hpp"
#include "lamina/activations/identity.hpp"
#include "lamina/core/concepts.hpp"
#include "lamina/core/extent.hpp"
#include "lamina/core/function_ref.hpp"
#include "lamina/core/parameters.hpp"
#include "lamina/core/product.hpp"

namespace lamina {

/// A fully connected layer,
///
///     Z = A0·W + 1·b,   A = g ∘ Z,
///
/// with A0: t×In (rows are samples), W: In×Out, b: 1×Out (absent when HasBias is false), Z and A: t×Out.
/// Its share of θ is [W | b], W column by column.
///
/// @tparam In, Out     extents; either may be Dynamic and is then given to the constructor
/// @tparam G           the activation g, see lamina/activations/
template <Index In, Index Out, class G = Identity, bool HasBias = true>
class Dense {
 public:
  static constexpr Index Inputs = In, Outputs = Out;
  static constexpr bool has_bias = HasBias;
  using InTeam = Dense;
  static constexpr std::string_view name = "Dense";

  Dense() requires(In != Dynamic && Out != Dynamic) = default;
  /// @throws OptionError when an option of the activation is outside its domain.
  explicit Dense(G g) requires(In != Dynamic && Out != Dynamic) : activation_(std::move(g)) {
    check_options(activation_);
  }
  /// @throws OptionError, or ShapeError when an extent is not positive, or not the one of the type, or there are more
  ///         weights than any memory holds.
  Dense(Index inputs, Index outputs, G g = {})
      : inputs_(inputs), outputs_(outputs), activation_(std::move(g)) {
    if (inputs * outputs > Index{1} << 47)
      detail::fail<ShapeError>({"Dense: expected at most 2^47 weights, got ", inputs, "\u00d7", outputs});
    check_options(activation_);
  }

  Index inputs() const { return inputs_.value(); }
  Index outputs() const { return outputs_.value(); }
  const G& activation() const { return activation_; }
  /// The same layer, see Layer.
  auto with_run_time_extents() const {
    return Dense<Dynamic, Dynamic, G, HasBias>(inputs(), outputs(), activation_);
  }

  static constexpr Index parameter_count(Index inputs, Index outputs) {
    return inputs * outputs + (HasBias ? outputs : 0);
  }
  /// Z is kept for g', unless g' can be had from A alone.
  static constexpr Index cache_size(Index rows, Index, Index outputs) {
    return derivative_from_output_v<G> ? 0 : rows * outputs;
  }

  /// W as a view into this layer's share of θ. S is Scalar or const Scalar.
  template <class S>
  auto weights(S* theta) const {
    return map<S, In, Out>(theta, inputs(), outputs());
  }
  /// b as a view into this layer's share of θ.
  template <class S>
  auto bias(S* theta) const requires(HasBias) {
    return map<S, 1, Out>(theta + inputs() * outputs(), 1, outputs());
  }

  /// part(kind, count, rows) for the parts of its share of θ, see ParameterRange.
  void parameter_parts(auto&& part) const {
    part(ParameterKind::weights, inputs() * outputs(), inputs());
    if constexpr (HasBias) part(ParameterKind::bias, outputs(), outputs());
  }

  template <class S>
  void initialize(Span<S> theta, const auto& rule, auto& random) const {
    auto W = map<S, Dynamic, Dynamic>(theta.data(), inputs(), outputs());  // one type for all shapes
    std::fill_n(theta.data(), theta.size(), S(0));
    rule(W, weight_scale(activation_), random);
  }

  template <class S>
  LAMINA_NOINLINE void forward(const ConstSpan<S>& theta, const ConstTile<S>& A0, Tile<S>& A, Span<S>& cache,
                               const Pass& pass) const {
    const ConstTile<S> W = detail::tile(theta.data(), inputs(), outputs());
    const S* b = HasBias ? theta.data() + W.size() : nullptr;
    Tile<S> Z = preactivation(A, cache);

    // Z = A0·W + 1·b,   A = g ∘ Z
    const detail::Block<S> mine(Z.rows(), Z.cols(), pass.team);
    if (mine.empty()) return;
    multiply(detail::product(A0, W, Z, b, pass.padded), pass.team);
    const auto Z_mine = detail::constant(detail::part(Z, mine.rows, mine.columns));
    auto A_mine = detail::part(A, mine.rows, mine.columns);
    apply(activation_, Z_mine, A_mine, pass.padded);
  }

  template <class S>
  void backward(const ConstSpan<S>& theta, const ConstTile<S>& A0, Tile<S>& A, Span<S>& cache, Tile<S>& dA,
                Span<S>& dtheta, Tile<S>* dA0, const Pass& pass) const {
    backward_inputs(theta, A0, A, cache, dA, dA0, pass);
    backward_parameters<S>(A0, nullptr, detail::constant(dA), dtheta, GradientUse::add, pass,
                           [](Index, Index, const S*) {});
  }

  /// dA becomes dZ; *dA0, unless it is null, dF/dA0.
  template <class S>
  LAMINA_NOINLINE void backward_inputs(const ConstSpan<S>& theta, const ConstTile<S>& /*A0*/, Tile<S>& A,
                                       Span<S>& cache, Tile<S>& dA, Tile<S>* dA0, const Pass& pass) const {
    const ConstTile<S> W = detail::tile(theta.data(), inputs(), outputs());
    Tile<S> Z = preactivation(A, cache);

    // dZ = dA ⊙ (g' ∘ Z)
    const detail::Block<S> mine(Z.rows(), Z.cols(), pass.team);
    if (!mine.empty()) {
      const auto Z_mine = detail::constant(detail::part(Z, mine.rows, mine.columns)),
                 A_mine = detail::constant(detail::part(A, mine.rows, mine.columns));
      auto dZ_mine = detail::part(dA, mine.rows, mine.columns);
      apply_derivative(activation_, Z_mine, A_mine, dZ_mine, pass.padded);
    }
    pass.team.wait();
    const ConstTile<S> dZ = detail::constant(dA);

    // dA0 = dZ·Wᵀ
    if (dA0) multiply(detail::product_with_transposed(dZ, W, *dA0, pass.padded), pass.team);
  }

  /// dW and db.
  /// @param A0t   A0ᵀ in Panels, or null when nobody has it
  /// @param done  is called with (first, count, derivatives) of parameters whose derivatives are there, by several threads
  ///              perhaps
  template <class S>
  LAMINA_NOINLINE void backward_parameters(const ConstTile<S>& A0, const S* A0t, const ConstTile<S>& dZ,
                                           Span<S>& dtheta, GradientUse use, const Pass& pass,
                                           FunctionRef<void(Index, Index, const S*)> done) const {
    Tile<S> dW = detail::tile(dtheta.data(), inputs(), outputs());

    // dW = A0ᵀ·dZ
    multiply(detail::transposed_product(A0, A0t, dZ, dW, use, pass.padded), pass.team,
             [&](Index first, Index columns, const S* derivatives) {
               done(first * inputs(), columns * inputs(), derivatives);
             });

    // db = 1ᵀ·dZ
    if constexpr (HasBias) {
      const detail::Share mine(outputs(), 1, pass.team);
      if (mine.size() == 0) return;
      S* const db = dtheta.data() + dW.size();
      detail::sum_columns(dZ, mine, db, use == GradientUse::add, pass.padded);
      done(dW.size() + mine.begin, mine.size(), db + mine.begin);
    }
  }

 private:
  template <class S, Index Rows, Index Columns>
  static auto map(S* data, Index rows, Index columns) {
    using Plain = Eigen::Matrix<std::remove_const_t<S>, static_cast<int>(Rows), static_cast<int>(Columns)>;
    return Eigen::Map<std::conditional_t<std::is_const_v<S>, const Plain, Plain>>(data, rows, columns);
  }

  /// Z: a place of its own in the cache, or A's when g' can be had from A alone.
  template <class S>
  static Tile<S> preactivation(Tile<S>& A, Span<S>& cache) {
    if constexpr (derivative_from_output_v<G>) {
      return A;
    } else {
      return {cache.data(), A.rows(), A.cols(),
              Eigen::OuterStride<>(std::min(A.outerStride(), cache.size() / A.cols()))};
    }
  }

  [[no_unique_address]] Extent<In> inputs_;
  [[no_unique_address]] Extent<Out> outputs_;
  [[no_unique_address]] G activation_;
};

}  // namespace lamina
