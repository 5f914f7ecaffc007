// A layer of the user's own.

#include "lamina/check_gradients.hpp"
#include "lamina/layers.hpp"
#include "lamina/losses/mean_squared_error.hpp"
#include "lamina/optimizers/gradient_descent.hpp"
#include "support/catch.hpp"
#include "training/problems.hpp"
#include "training/quiet.hpp"

namespace {

using namespace lamina;

/// A = A0 ⊙ 1·s, one scale sⱼ for each column; its share of θ is s.
template <Index N>
struct Scale {
  static constexpr Index Inputs = N, Outputs = N;
  static constexpr std::string_view name = "Scale";
  static constexpr Index inputs() { return N; }
  static constexpr Index outputs() { return N; }
  static constexpr Index parameter_count(Index columns, Index) { return columns; }
  static constexpr Index cache_size(Index, Index, Index) { return 0; }

  static void initialize(auto theta, const auto&, auto&) { theta.setOnes(); }
  static void forward(const auto& s, const auto& A0, auto& A, auto&, const Pass&) { A = A0 * s.asDiagonal(); }
  static void backward(const auto& s, const auto& A0, auto&, auto&, auto& dA, auto& ds, auto* dA0,
                       const Pass&) {
    ds += A0.cwiseProduct(dA).colwise().sum().transpose();  // dsⱼ = Σᵢ A0ᵢⱼ·dAᵢⱼ
    if (dA0) *dA0 = dA * s.asDiagonal();
  }
};

/// A = [A0 | A0²]: another number of columns, and no parameters.
template <Index N>
struct Squares {
  static constexpr Index Inputs = N, Outputs = 2 * N;
  static constexpr Index inputs() { return N; }
  static constexpr Index outputs() { return 2 * N; }
  static constexpr Index parameter_count(Index, Index) { return 0; }
  static constexpr Index cache_size(Index, Index, Index) { return 0; }

  static void forward(const auto&, const auto& A0, auto& A, auto&, const Pass&) {
    A.leftCols(N) = A0;
    A.rightCols(N) = A0.cwiseAbs2();
  }
  static void backward(const auto&, const auto& A0, auto&, auto&, auto& dA, auto&, auto* dA0, const Pass&) {
    if (dA0) *dA0 = dA.leftCols(N) + 2 * A0.cwiseProduct(dA.rightCols(N));
  }
};

using Net = Network<double, Squares<2>, Dense<4, 6, Tanh>, Scale<6>, Dense<6, 1>>;

}  // namespace

TEST_CASE("a user's layer passes the check of its gradients, and learns", "[extension]") {
  STATIC_REQUIRE(Layer<Scale<3>>);
  STATIC_REQUIRE(Layer<Squares<3>>);
  const problems::Surface<> data(300);
  Net net;
  net.initialize(1);
  CHECK(net.parameter_count() == 4 * 6 + 6 + 6 + 6 + 1);
  CHECK(net.parameters().segment(30, 6).isOnes(0));
  CHECK(check_gradients(net, data.X.topRows(20), data.Y.topRows(20), MeanSquaredError{}));

  const double before = net.loss(data.X, data.Y, MeanSquaredError{});
  fit(net, data.X, data.Y, MeanSquaredError{}, GradientDescent{.learning_rate = 0.1},
      problems::quiet(50, 16));
  CHECK(net.loss(data.X, data.Y, MeanSquaredError{}) < before / 10);
  CHECK_FALSE(net.parameters().segment(30, 6).isOnes(0));
}

TEST_CASE("a layer without a name is called user-defined in messages", "[extension]") {
  const auto make = [] { return make_network<double>(Dense<Dynamic, Dynamic>(2, 3), Squares<2>{}); };
  CHECK_THROWS_WITH(make(), Catch::Matchers::ContainsSubstring("layer 1 (user-defined)"));
}

namespace {

/// A = A0, and for backward it keeps A0·A0ᵀ: more for each row, the more rows there are.
template <Index N>
struct Hoard {
  static constexpr Index Inputs = N, Outputs = N;
  static constexpr Index inputs() { return N; }
  static constexpr Index outputs() { return N; }
  static constexpr Index parameter_count(Index, Index) { return 0; }
  static constexpr Index cache_size(Index rows, Index, Index) { return rows * rows; }

  static void forward(const auto&, const auto& A0, auto& A, auto&, const Pass&) { A = A0; }
  static void backward(const auto&, const auto&, auto&, auto&, auto& dA, auto&, auto* dA0, const Pass&) {
    if (dA0) *dA0 = dA;
  }
};

}  // namespace

TEST_CASE("a layer that keeps more for each row with every row is refused", "[extension]") {
  const problems::Surface<> data(300);
  auto net =
      make_network<double>(Dense<Dynamic, Dynamic, Tanh>(2, 3), Hoard<3>{}, Dense<Dynamic, Dynamic>(3, 1));
  net.initialize(1);
  auto workspace = net.workspace();
  for (int twice = 0; twice < 2; ++twice) {
    CHECK_THROWS_AS(net.loss(data.X, data.Y, MeanSquaredError{}, workspace), ShapeError);
    CHECK_THROWS_WITH(
        net.loss(data.X, data.Y, MeanSquaredError{}, workspace),
        Catch::Matchers::ContainsSubstring("cache_size: expected of each layer a + b\u00b7rows"));
  }
  CHECK_THROWS_AS((Network<double, Hoard<2>, Dense<2, 1>>().workspace()), ShapeError);
}
