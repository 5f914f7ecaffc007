// How a layer uses an activation: apply, apply_derivative, what an activation may say about itself, and
// AnyActivation.

#include <limits>
#include <sstream>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lamina/activations.hpp"
#include "lamina/core/concepts.hpp"
#include "support/catch.hpp"

namespace {

using namespace lamina;
using Catch::Matchers::ContainsSubstring;

/// A user's own, z³, in as many lines as it needs.
struct Cube {
  static constexpr std::string_view name = "cube";
  static auto g(const auto& Z) { return Z.cube(); }
  template <class Array>
  static auto derivative(const Array& Z, const auto& /*A*/) {
    return typename Array::Scalar(3) * Z.square();
  }
};

template <class F>
void for_each_type(F f) {
  [&]<class... G>(std::type_identity<std::variant<G...>>) {
    (f(G{}), ...);
  }(std::type_identity<AnyActivation::Variant>{});
}

/// Rows 1 … 7 of a 9×5 buffer: not contiguous, not aligned.
template <class Scalar>
struct Buffer {
  Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic> all{9, 5};
  Tile<Scalar> tile{all.data() + 1, 7, 5, Eigen::OuterStride<>(9)};

  explicit Buffer(Scalar value) { all.setConstant(value); }
  bool border_is(Scalar value) const {
    return (all.row(0).array() == value).all() && (all.row(8).array() == value).all();
  }
};

}  // namespace

static_assert(Activation<Cube>);
static_assert(!derivative_from_output_v<Cube> && !derivative_from_output_v<GELU> &&
              !derivative_from_output_v<AnyActivation>);
static_assert(derivative_from_output_v<Tanh> && derivative_from_output_v<ReLU> &&
              derivative_from_output_v<Identity>);
static_assert(weight_scale(Cube{}) == WeightScale::glorot && weight_scale(Tanh{}) == WeightScale::glorot);
static_assert(weight_scale(ReLU{}) == WeightScale::he && weight_scale(SELU{}) == WeightScale::lecun);

/// One activation on tiles and on single numbers, without its type: the checks are compiled once for a scalar.
template <class S>
struct Erased {
  std::string_view name;
  bool from_output;
  void (*apply)(const Tile<S>& Z, Tile<S>& A);
  void (*apply_derivative)(const Tile<S>& Z, const Tile<S>& A, Tile<S>& dA);
  S (*g)(S z);
  S (*derivative)(S z, S a);
};

template <class S, class G>
Erased<S> erased(G) {
  using One = Eigen::Array<S, 1, 1>;
  return {G::name,
          derivative_from_output_v<G>,
          [](const Tile<S>& Z, Tile<S>& A) { lamina::apply(G{}, Z, A); },
          [](const Tile<S>& Z, const Tile<S>& A, Tile<S>& dA) { lamina::apply_derivative(G{}, Z, A, dA); },
          [](S z) -> S { return One(G{}.g(One(z)))(0); },
          [](S z, S a) -> S { return One(G{}.derivative(One(z), One(a)))(0); }};
}

TEMPLATE_TEST_CASE("apply: in place, on tiles, for every activation", "", float, double, long double) {
  using S = TestType;
  using Matrix = Eigen::Matrix<S, Eigen::Dynamic, Eigen::Dynamic>;
  std::vector<Erased<S>> activations{erased<S>(Cube{})};
  for_each_type([&](const auto& g) { activations.push_back(erased<S>(g)); });

  Matrix Z = Matrix::Random(7, 5) * S(4);
  const Matrix dA0 = Matrix::Random(7, 5);
  const auto tile = [](Matrix& M) { return Tile<S>(M.data(), 7, 5, Eigen::OuterStride<>(7)); };
  const Tile<S> Z_tile = tile(Z);
  for (const Erased<S>& g : activations) {
    CAPTURE(g.name);
    Matrix A(7, 5), dA = dA0;
    Tile<S> A_tile = tile(A), dA_tile = tile(dA);
    g.apply(Z_tile, A_tile);
    g.apply_derivative(Z_tile, A_tile, dA_tile);

    // The equations, number by number. Packets and single numbers may differ in the last places.
    for (Eigen::Index i = 0; i < Z.size(); ++i) {
      const S tolerance = 8 * std::numeric_limits<S>::epsilon();
      CHECK(std::abs(g.g(Z(i)) - A(i)) <= tolerance * std::max(S(1), std::abs(A(i))));
      CHECK(std::abs(g.derivative(Z(i), A(i)) * dA0(i) - dA(i)) <=
            tolerance * std::max(S(1), std::abs(dA(i))));
    }

    // A may be Z, and both may be tiles of larger buffers.
    Buffer<S> z(S(99)), da(S(77));
    z.tile = Z;
    da.tile = dA0;
    g.apply(z.tile, z.tile);
    CHECK((z.tile - A).cwiseAbs().maxCoeff() <= 8 * std::numeric_limits<S>::epsilon() * S(8));
    g.apply_derivative(Z_tile, z.tile, da.tile);
    CHECK((da.tile - dA).cwiseAbs().maxCoeff() <= 32 * std::numeric_limits<S>::epsilon());
    CHECK(z.border_is(S(99)));
    CHECK(da.border_is(S(77)));

    // Who says that g' comes from the output does not look at Z.
    if (g.from_output) {
      Matrix again = dA0, nothing = Matrix::Constant(7, 5, std::numeric_limits<S>::quiet_NaN());
      Tile<S> again_tile = tile(again);
      g.apply_derivative(tile(nothing), A_tile, again_tile);
      CHECK(again == dA);
    }
  }
}

TEMPLATE_TEST_CASE("apply: a number's result does not depend on how many there are", "", float, double) {
  using S = TestType;
  constexpr int most = 70;  // more than are computed at a time
  using Column = Eigen::Matrix<S, most, 1>;
  Column Z = Column::Random() * S(4);
  const auto first = [](Column& column, Eigen::Index n) {
    return Tile<S>(column.data(), n, 1, Eigen::OuterStride<>(most));
  };
  for_each_type([&]<class G>(const G& g) {
    if constexpr (!lamina::detail::InRegisters<G, S>)
      return;  // Eigen's functions of packets and of numbers differ
    CAPTURE(g.name);
    Column alone;
    for (Eigen::Index i = 0; i < most; ++i) {
      Column z = Column::Constant(Z(i));
      Tile<S> tile = first(z, 1);
      lamina::apply(g, tile, tile);
      alone(i) = z(0);
    }
    for (Eigen::Index n = 1; n < most; ++n) {
      CAPTURE(n);
      Column A = Z;
      Tile<S> tile = first(A, n);
      lamina::apply(g, tile, tile);
      CHECK(A.head(n) == alone.head(n));
      CHECK(A.tail(most - n) == Z.tail(most - n));
      // Padded, it may go on to the end of a register, and no further.
      constexpr Eigen::Index lanes = lamina::simd::lanes<lamina::simd::Register<S>>;
      const Eigen::Index end = (n + lanes - 1) / lanes * lanes;
      if (end > most) continue;
      A = Z;
      lamina::apply(g, tile, tile, true);
      CHECK(A.head(n) == alone.head(n));
      CHECK(A.tail(most - end) == Z.tail(most - end));
      Column dA = Column::Ones(), want = dA;
      Tile<S> derivative = first(dA, n), unpadded = first(want, n);
      lamina::apply_derivative(g, first(Z, n), first(alone, n), unpadded);
      lamina::apply_derivative(g, first(Z, n), first(alone, n), derivative, true);
      CHECK(dA.head(n) == want.head(n));
      CHECK((dA.tail(most - end).array() == 1).all());
    }
  });
}

TEST_CASE("AnyActivation: every activation, by name and by value, is the one itself") {
  const Eigen::MatrixXd Z = Eigen::MatrixXd::Random(6, 3) * 5;
  std::string names;
  for_each_type([&](const auto& g) {
    const AnyActivation by_name(g.name), by_value = g;
    CHECK(by_name.name() == g.name);
    CHECK(by_value.name() == g.name);
    CHECK(by_name.weight_scale() == lamina::weight_scale(g));
    CHECK(lamina::weight_scale(by_value) == lamina::weight_scale(g));
    Eigen::MatrixXd A(6, 3), dA = Eigen::MatrixXd::Ones(6, 3), A_any(6, 3), dA_any = dA;
    lamina::apply(g, Z, A);
    lamina::apply_derivative(g, Z, A, dA);
    lamina::apply(by_name, Z, A_any);
    lamina::apply_derivative(by_value, Z, A_any, dA_any);
    CHECK(A == A_any);
    CHECK(dA == dA_any);
    (names += names.empty() ? "" : " ") += g.name;
  });
  CHECK(AnyActivation::names() == names);
  CHECK(names ==
        "identity sigmoid tanh relu leaky_relu elu selu gelu gelu_tanh softplus silu mish hardsigmoid "
        "hardtanh softsign "
        "relu6 hardswish celu logsigmoid");
}

TEST_CASE("AnyActivation: conversions and options") {
  CHECK(AnyActivation().name() == "identity");
  AnyActivation g = "relu";
  CHECK(g.name() == "relu");
  g = std::string("tanh");
  CHECK(g.name() == "tanh");
  g = std::string_view("mish");
  CHECK(g.name() == "mish");
  g = LeakyReLU{.slope = 0.5};
  CHECK(g.name() == "leaky_relu");
  Eigen::VectorXd z = Eigen::VectorXd::Constant(1, -2.0);
  lamina::apply(g, z, z);
  CHECK(z(0) == -1);
}

TEST_CASE("AnyActivation: what is not known or not possible is an OptionError") {
  CHECK_THROWS_AS(AnyActivation("swish"), OptionError);
  CHECK_THROWS_WITH(AnyActivation("ReLU"),
                    ContainsSubstring("\"ReLU\"") && ContainsSubstring("relu leaky_relu"));
  CHECK_THROWS_AS(AnyActivation(""), OptionError);
  constexpr double nan = std::numeric_limits<double>::quiet_NaN(),
                   inf = std::numeric_limits<double>::infinity();
  CHECK_THROWS_AS(AnyActivation(LeakyReLU{.slope = nan}), OptionError);
  CHECK_THROWS_AS(AnyActivation(ELU{.alpha = -1}), OptionError);
  CHECK_THROWS_AS(AnyActivation(ELU{.alpha = inf}), OptionError);
  CHECK_THROWS_AS(AnyActivation(CELU{.alpha = 0}), OptionError);
  CHECK_THROWS_WITH(AnyActivation(Softplus{.beta = 0}),
                    ContainsSubstring("beta > 0") && ContainsSubstring("got 0"));
  CHECK_NOTHROW(check_options(ELU{.alpha = 0}));
  CHECK_NOTHROW(check_options(Cube{}));
}
