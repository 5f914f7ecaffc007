// How a layer uses an activation: apply, apply_derivative, what an activation may say about itself, and
// AnyActivation.

#include <limits>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>
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

/// The equations, for single numbers.
template <class G>
long double g_of(long double z) {
  using One = Eigen::Array<long double, 1, 1>;
  return One(G{}.g(One(z)))(0);
}
template <class G>
long double derivative_of(long double z, long double a) {
  using One = Eigen::Array<long double, 1, 1>;
  return One(G{}.derivative(One(z), One(a)))(0);
}

/// One activation without its type: the checks are compiled once for a scalar.
template <class S>
struct Erased {
  std::string_view name;
  AnyActivation any;  ///< the identity if it has no place there
  WeightScale weight_scale;
  bool from_output, in_registers;
  void (*apply)(const Tile<S>& Z, Tile<S>& A, bool padded);
  void (*apply_derivative)(const Tile<S>& Z, const Tile<S>& A, Tile<S>& dA, bool padded);
  long double (*g)(long double z);
  long double (*derivative)(long double z, long double a);
};

template <class S, class G>
Erased<S> erased(G) {
  AnyActivation any;
  if constexpr (!std::is_same_v<G, Cube>) any = G{};
  return {G::name,
          any,
          lamina::weight_scale(G{}),
          derivative_from_output_v<G>,
          lamina::detail::InRegisters<G, S>,
          [](const Tile<S>& Z, Tile<S>& A, bool padded) { lamina::apply(G{}, Z, A, padded); },
          [](const Tile<S>& Z, const Tile<S>& A, Tile<S>& dA, bool padded) {
            lamina::apply_derivative(G{}, Z, A, dA, padded);
          },
          g_of<G>,
          derivative_of<G>};
}

template <class S>
std::vector<Erased<S>> all_activations() {
  std::vector<Erased<S>> all;
  for_each_type([&](const auto& g) { all.push_back(erased<S>(g)); });
  return all;
}

TEMPLATE_TEST_CASE("apply: in place, on tiles, for every activation", "", float, double, long double) {
  using S = TestType;
  using Matrix = Eigen::Matrix<S, Eigen::Dynamic, Eigen::Dynamic>;
  std::vector<Erased<S>> activations = all_activations<S>();
  activations.push_back(erased<S>(Cube{}));

  Matrix Z = Matrix::Random(7, 5) * S(4);
  const Matrix dA0 = Matrix::Random(7, 5);
  const auto tile = [](Matrix& M) { return Tile<S>(M.data(), 7, 5, Eigen::OuterStride<>(7)); };
  const Tile<S> Z_tile = tile(Z);
  for (const Erased<S>& g : activations) {
    CAPTURE(g.name);
    Matrix A(7, 5), dA = dA0;
    Tile<S> A_tile = tile(A), dA_tile = tile(dA);
    g.apply(Z_tile, A_tile, false);
    g.apply_derivative(Z_tile, A_tile, dA_tile, false);

    // The equations, number by number, to within the 8 ulp that simd::tanh of floats promises.
    for (Eigen::Index i = 0; i < Z.size(); ++i) {
      const S tolerance = 8 * std::numeric_limits<S>::epsilon();
      CHECK(std::abs(S(g.g(Z(i))) - A(i)) <= tolerance * std::max(S(1), std::abs(A(i))));
      CHECK(std::abs(S(g.derivative(Z(i), A(i)) * dA0(i)) - dA(i)) <=
            tolerance * std::max(S(1), std::abs(dA(i))));
    }

    // A may be Z, and both may be tiles of larger buffers.
    Buffer<S> z(S(99)), da(S(77));
    z.tile = Z;
    da.tile = dA0;
    g.apply(z.tile, z.tile, false);
    CHECK((z.tile - A).cwiseAbs().maxCoeff() <= 8 * std::numeric_limits<S>::epsilon() * S(8));
    g.apply_derivative(Z_tile, z.tile, da.tile, false);
    CHECK((da.tile - dA).cwiseAbs().maxCoeff() <= 32 * std::numeric_limits<S>::epsilon());
    CHECK(z.border_is(S(99)));
    CHECK(da.border_is(S(77)));

    // Who says that g' comes from the output does not look at Z.
    if (g.from_output) {
      Matrix again = dA0, nothing = Matrix::Constant(7, 5, std::numeric_limits<S>::quiet_NaN());
      Tile<S> again_tile = tile(again);
      g.apply_derivative(tile(nothing), A_tile, again_tile, false);
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
  int tested = 0;
  for (const Erased<S>& g : all_activations<S>()) {
    if (!g.in_registers) continue;  // Eigen's functions of packets and of numbers differ
    ++tested;
    CAPTURE(g.name);
    Column alone;
    for (Eigen::Index i = 0; i < most; ++i) {
      Column z = Column::Constant(Z(i));
      Tile<S> tile = first(z, 1);
      g.apply(tile, tile, false);
      alone(i) = z(0);
    }
    for (Eigen::Index n = 1; n < most; ++n) {
      CAPTURE(n);
      Column A = Z;
      Tile<S> tile = first(A, n);
      g.apply(tile, tile, false);
      CHECK(A.head(n) == alone.head(n));
      CHECK(A.tail(most - n) == Z.tail(most - n));
      // Padded, it may go on to the end of a register, and no further.
      constexpr Eigen::Index lanes = lamina::simd::lanes<lamina::simd::Register<S>>;
      const Eigen::Index end = (n + lanes - 1) / lanes * lanes;
      if (end > most) continue;
      A = Z;
      g.apply(tile, tile, true);
      CHECK(A.head(n) == alone.head(n));
      CHECK(A.tail(most - end) == Z.tail(most - end));
      Column dA = Column::Ones(), want = dA;
      Tile<S> derivative = first(dA, n), unpadded = first(want, n);
      g.apply_derivative(first(Z, n), first(alone, n), unpadded, false);
      g.apply_derivative(first(Z, n), first(alone, n), derivative, true);
      CHECK(dA.head(n) == want.head(n));
      CHECK((dA.tail(most - end).array() == 1).all());
    }
  }
  CHECK(tested > 0);
}

TEST_CASE("AnyActivation: every activation, by name and by value, is the one itself") {
  const Eigen::MatrixXd Z = Eigen::MatrixXd::Random(6, 3) * 5;
  const auto tile = [](Eigen::MatrixXd& M) { return Tile<double>(M.data(), 6, 3, Eigen::OuterStride<>(6)); };
  std::string names;
  for (const Erased<double>& g : all_activations<double>()) {
    CAPTURE(g.name);
    const AnyActivation by_name(g.name), &by_value = g.any;
    CHECK(by_name.name() == g.name);
    CHECK(by_value.name() == g.name);
    CHECK(by_name.weight_scale() == g.weight_scale);
    CHECK(lamina::weight_scale(by_value) == g.weight_scale);
    Eigen::MatrixXd Z_copy = Z, A(6, 3), dA = Eigen::MatrixXd::Ones(6, 3), A_any(6, 3), dA_any = dA;
    Tile<double> Z_tile = tile(Z_copy), A_tile = tile(A), dA_tile = tile(dA), A_any_tile = tile(A_any),
                 dA_any_tile = tile(dA_any);
    g.apply(Z_tile, A_tile, false);
    g.apply_derivative(Z_tile, A_tile, dA_tile, false);
    lamina::apply(by_name, Z_tile, A_any_tile);
    lamina::apply_derivative(by_value, Z_tile, A_any_tile, dA_any_tile);
    CHECK(A == A_any);
    CHECK(dA == dA_any);
    (names += names.empty() ? "" : " ") += g.name;
  }
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
  CHECK_NOTHROW(check_options(LeakyReLU{.slope = -2}));
  // What a network of floats would have as 0 or infinity.
  CHECK_THROWS_WITH(
      AnyActivation(CELU{.alpha = 1e-50}),
      ContainsSubstring("CELU: alpha: expected 0 or a magnitude from") && ContainsSubstring("got 1e-50"));
  CHECK_THROWS_AS(AnyActivation(LeakyReLU{.slope = -1e300}), OptionError);
  CHECK_THROWS_AS(AnyActivation(ELU{.alpha = 1e300}), OptionError);
  CHECK_THROWS_AS(AnyActivation(Softplus{.beta = 1e-50}), OptionError);
  CHECK_NOTHROW(check_options(Cube{}));
}
