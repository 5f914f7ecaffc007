// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <string_view>
#include <type_traits>

#include "lamina/activations/identity.hpp"
#include "lamina/core/concepts.hpp"
#include "lamina/core/simd.hpp"
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

/// For messages and files.
template <class G>
std::string_view activation_name(const G& g) {
  if constexpr (AnyOfActivations<G>) {
    return g.name();
  } else {
    return name_of<G>();
  }
}

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

namespace detail {

/// Whether an activation has the register forms of g and g', for this Scalar.
template <class G, class Scalar>
concept InRegisters = (std::is_same_v<Scalar, float> ||
                       std::is_same_v<Scalar, double>)&&requires(const G g, const simd::Register<Scalar>& z) {
  g.g_lanes(z);
  g.derivative_lanes(z, z);
};

/// How many registers g is computed for at a time: more than one where so many of its operations wait for one another
/// that a processor does not come to the next register's in time.
template <class G, class Scalar>
inline constexpr int registers_at_a_time = [] {
  if constexpr (requires { G::template registers_at_a_time<Scalar>; }) {
    return G::template registers_at_a_time<Scalar>;
  } else {
    return 1;
  }
}();

/// f(offsets…) for all registers of matrices of the same extents: `whole(offset…, number)` for full ones, so many at a
/// time or one, and `rest(offset…, count)` for the end of a column, unless it is padded. Matrices without gaps are one
/// long column.
template <class V, int Several = 1, class Z, class A, class Whole, class Rest>
LAMINA_INLINE void for_each_register(const Z& z, const A& a, bool padded, Whole&& whole, Rest&& rest) {
  constexpr Index lanes = simd::lanes<V>;
  Index rows = z.rows(), columns = z.cols();
  if (padded) rows = (rows + lanes - 1) / lanes * lanes;
  if (z.outerStride() == rows && a.outerStride() == rows) {
    rows *= columns;
    columns = 1;
  }
  for (Index j = 0; j < columns; ++j) {
    const Index at_z = j * z.outerStride(), at_a = j * a.outerStride();
    Index i = 0;
    if constexpr (Several > 1)
      for (; i + Several * lanes <= rows; i += Several * lanes)
        whole(at_z + i, at_a + i, std::integral_constant<int, Several>());
    for (; i + lanes <= rows; i += lanes) whole(at_z + i, at_a + i, std::integral_constant<int, 1>());
    if (i < rows) rest(at_z + i, at_a + i, rows - i);
  }
}

}  // namespace detail

/// A = g ∘ Z. Z and A: t×n, column-major and in memory; A may be Z. When `padded`, their columns may be read and written
/// beyond t, up to full registers.
template <class G, class DZ, class DA>
void apply(const G& activation, const DZ& Z, DA& A, bool padded = false) {
  using Scalar = typename DA::Scalar;
  if constexpr (detail::AnyOfActivations<G>) {
    activation.visit([&](const auto& g) { apply(g, Z, A, padded); });
  } else if constexpr (std::is_same_v<G, Identity> && !DA::IsRowMajor && !DZ::IsRowMajor) {
    if (A.data() != Z.data())
      simd::copy(Z.data(), Z.outerStride(), Z.rows(), Z.cols(), A.data(), A.outerStride());
  } else if constexpr (detail::InRegisters<G, Scalar> && !DA::IsRowMajor && !DZ::IsRowMajor) {
    using V = simd::Register<Scalar>;
    const Scalar* const z = Z.data();
    Scalar* const a = A.data();
    detail::for_each_register<V, detail::registers_at_a_time<G, Scalar>>(
        Z, A, padded,
        [&]<int N>(Index from, Index to, std::integral_constant<int, N>) {
          V v[N];
          LAMINA_UNROLL
          for (int k = 0; k < N; ++k) v[k] = activation.g_lanes(simd::load<V>(z + from + k * simd::lanes<V>));
          LAMINA_UNROLL
          for (int k = 0; k < N; ++k) simd::store(a + to + k * simd::lanes<V>, v[k]);
        },
        [&](Index from, Index to, Index count) {
          simd::store(a + to, activation.g_lanes(simd::load<V>(z + from, count)), count);
        });
  } else {
    A.array() = activation.g(Z.array());
  }
}

/// dA ← dA ⊙ (g' ∘ Z), with A = g ∘ Z. Z, A and dA: t×n, column-major and in memory, A and dA with the same distance of
/// columns. Z may be A when derivative_from_output_v. `padded`: as for apply.
template <class G, class DZ, class DA, class DdA>
void apply_derivative(const G& activation, const DZ& Z, const DA& A, DdA& dA, bool padded = false) {
  using Scalar = typename DdA::Scalar;
  if constexpr (detail::AnyOfActivations<G>) {
    activation.visit([&](const auto& g) { apply_derivative(g, Z, A, dA, padded); });
  } else if constexpr (std::is_same_v<G, Identity>) {
  } else if constexpr (detail::InRegisters<G, Scalar> && !DdA::IsRowMajor && !DA::IsRowMajor &&
                       !DZ::IsRowMajor) {
    using V = simd::Register<Scalar>;
    const Scalar* const z = Z.data();
    const Scalar* const a = A.data();
    Scalar* const da = dA.data();
    eigen_assert(A.outerStride() == dA.outerStride());
    detail::for_each_register<V>(
        Z, dA, padded,
        [&](Index of_z, Index to, auto) {
          simd::store(da + to, simd::load<V>(da + to) * activation.derivative_lanes(simd::load<V>(z + of_z),
                                                                                    simd::load<V>(a + to)));
        },
        [&](Index of_z, Index to, Index count) {
          simd::store(
              da + to,
              simd::load<V>(da + to, count) *
                  activation.derivative_lanes(simd::load<V>(z + of_z, count), simd::load<V>(a + to, count)),
              count);
        });
  } else {
    dA.array() *= activation.derivative(Z.array(), A.array());
  }
}

}  // namespace lamina
