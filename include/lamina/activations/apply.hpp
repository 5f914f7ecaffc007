// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <type_traits>

#include "lamina/activations/identity.hpp"
#include "lamina/core/types.hpp"

/// @file
/// The one place where an activation meets the matrices of a layer.

namespace lamina {

namespace detail {

/// An activation chosen at run time, see AnyActivation: visit(f) is f(the activation it holds).
template <class G>
concept AnyOfActivations = requires {
  typename G::Variant;
};

}  // namespace detail

/// Whether g' can be had from A = g(Z) alone, so that Z need not be kept.
template <class G>
inline constexpr bool derivative_from_output_v = [] {
  if constexpr (requires { G::derivative_from_output; }) {
    return static_cast<bool>(G::derivative_from_output);
  } else {
    return false;
  }
}();

/// The family of initial weights that an activation asks for.
template <class G>
constexpr WeightScale weight_scale(const G& activation) {
  if constexpr (detail::AnyOfActivations<G>) {
    return activation.visit([](const auto& g) { return weight_scale(g); });
  } else if constexpr (requires { WeightScale{G::weight_scale}; }) {
    return G::weight_scale;
  } else {
    return WeightScale::glorot;
  }
}

/// @throws OptionError when an option of the activation is outside its domain.
template <class G>
void check_options(const G& activation) {
  if constexpr (detail::AnyOfActivations<G>) {
    activation.visit([](const auto& g) { check_options(g); });
  } else if constexpr (requires { activation.check(); }) {
    activation.check();
  }
}

/// A = g ∘ Z. Z and A: t×n, in memory; A may be Z.
template <class G, class DZ, class DA>
void apply(const G& activation, const DZ& Z, DA& A) {
  if constexpr (detail::AnyOfActivations<G>) {
    activation.visit([&](const auto& g) { apply(g, Z, A); });
  } else if constexpr (std::is_same_v<G, Identity>) {
    if (A.data() != Z.data()) A = Z;
  } else {
    A.array() = activation.g(Z.array());
  }
}

/// dA ← dA ⊙ (g' ∘ Z), with A = g ∘ Z. Z, A and dA: t×n, in memory. Z may be A when derivative_from_output_v.
template <class G, class DZ, class DA, class DdA>
void apply_derivative(const G& activation, const DZ& Z, const DA& A, DdA& dA) {
  if constexpr (detail::AnyOfActivations<G>) {
    activation.visit([&](const auto& g) { apply_derivative(g, Z, A, dA); });
  } else if constexpr (!std::is_same_v<G, Identity>) {
    dA.array() *= activation.derivative(Z.array(), A.array());
  }
}

}  // namespace lamina
