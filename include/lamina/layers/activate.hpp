// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <string_view>
#include <utility>

#include "lamina/activations/apply.hpp"
#include "lamina/core/concepts.hpp"
#include "lamina/core/extent.hpp"

namespace lamina {

/// An activation as a layer of its own, A = g ∘ A0, for use after a normalisation. A0, A: t×N. No parameters.
template <Index N, class G>
class Activate {
 public:
  static constexpr Index Inputs = N, Outputs = N;
  static constexpr std::string_view name = "Activate";

  Activate() requires(N != Dynamic) = default;
  /// @throws OptionError when an option of the activation is outside its domain.
  explicit Activate(G g) requires(N != Dynamic) : activation_(std::move(g)) { check_options(activation_); }
  /// @throws OptionError, or ShapeError when the extent is not positive, or not the one of the type.
  explicit Activate(Index extent, G g = {}) : extent_(extent), activation_(std::move(g)) {
    check_options(activation_);
  }

  Index inputs() const { return extent_.value(); }
  Index outputs() const { return extent_.value(); }
  const G& activation() const { return activation_; }

  static constexpr Index parameter_count(Index, Index) { return 0; }
  static constexpr Index cache_size(Index, Index, Index) { return 0; }

  template <class S>
  void forward(const ConstSpan<S>&, const ConstTile<S>& A0, Tile<S>& A, Span<S>&, const Pass& pass) const {
    apply(activation_, A0, A, pass.padded);
  }

  template <class S>
  void backward(const ConstSpan<S>&, const ConstTile<S>& A0, Tile<S>& A, Span<S>&, Tile<S>& dA, Span<S>&,
                Tile<S>* dA0, const Pass& pass) const {
    // dA0 = dA ⊙ (g' ∘ A0)
    if (!dA0) return;
    apply_derivative(activation_, A0, detail::constant(A), dA, pass.padded);
    *dA0 = dA;
  }

 private:
  [[no_unique_address]] Extent<N> extent_;
  [[no_unique_address]] G activation_;
};

}  // namespace lamina
