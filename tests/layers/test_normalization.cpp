// Normalization: a fixed scaling, fitted from data, that travels with the network.

#include <cmath>
#include <limits>

#include "lamina/losses/mean_squared_error.hpp"
#include "lamina/optimizers/gradient_descent.hpp"
#include "layers/support.hpp"
#include "support/catch.hpp"
#include "training/problems.hpp"
#include "training/quiet.hpp"

namespace {

using namespace lamina;
using Catch::Matchers::ContainsSubstring;

/// Columns of quite different units.
Eigen::MatrixXd measured(Index m, std::uint64_t seed = 1) {
  Eigen::MatrixXd X = problems::uniform(m, 3, seed);
  X.col(0) = 1000 * X.col(0).array() + 50000;
  X.col(1) *= 1e-6;
  return X;
}

Eigen::MatrixXd apply(const Normalization<3>& scaling, const Eigen::MatrixXd& X) {
  return layer_tests::forward(scaling, X, Pass{});
}

}  // namespace

TEST_CASE("standardize gives columns of mean 0 and deviation 1", "[normalization]") {
  const Eigen::MatrixXd X = measured(200), A = apply(Normalization<3>::standardize(X), X);
  // The first column is 50 times its deviation away from 0: rounding grows by as much.
  CHECK(A.colwise().mean().cwiseAbs().maxCoeff() < 1e-13);
  CHECK((A.array().square().colwise().mean() - 1).abs().maxCoeff() < 1e-13);
}

TEST_CASE("min_max gives columns from low to high", "[normalization]") {
  const Eigen::MatrixXd X = measured(200);
  const Eigen::MatrixXd A = apply(Normalization<3>::min_max(X), X);
  CHECK(A.colwise().minCoeff().isZero(0));
  CHECK((A.colwise().maxCoeff().array() - 1).abs().maxCoeff() < 1e-15);
  const Eigen::MatrixXd B = apply(Normalization<3>::min_max(X, -3, 5), X);
  CHECK((B.colwise().minCoeff().array() == -3).all());
  CHECK((B.colwise().maxCoeff().array() - 5).abs().maxCoeff() < 1e-14);
}

TEST_CASE("the inverse undoes it", "[normalization]") {
  const Eigen::MatrixXd X = measured(200);
  for (const auto& scaling : {Normalization<3>::standardize(X), Normalization<3>::min_max(X, -1, 1)}) {
    const Eigen::MatrixXd back = apply(scaling.inverse(), apply(scaling, X));
    // A few roundings, relative to the largest number of the column.
    for (Index j = 0; j < 3; ++j)
      CHECK((back.col(j) - X.col(j)).cwiseAbs().maxCoeff() < 1e-15 * X.col(j).cwiseAbs().maxCoeff());
  }
}

TEST_CASE("a constant column is only centred", "[normalization]") {
  for (const double constant : {0.0, 5.0, 0.1, -1e12, 1e-300}) {
    INFO(constant);
    Eigen::MatrixXd X = measured(7);
    X.col(2).setConstant(constant);
    const auto standardized = Normalization<3>::standardize(X);
    CHECK(standardized.scale()(2) == 1);
    CHECK(std::abs(apply(standardized, X)(0, 2)) <= 1e-15 * std::abs(constant));
    const auto between = Normalization<3>::min_max(X, 2, 3);
    CHECK(apply(between, X).col(2).isConstant(2, 0));
    CHECK(apply(standardized.inverse(), apply(standardized, X)).col(2).isApproxToConstant(constant, 1e-15));
  }
  const auto single_row = Normalization<3>::standardize(measured(1));
  CHECK((single_row.scale() == 1).all());
}

TEST_CASE("columns whose squares are no doubles are scaled as others are", "[normalization]") {
  const Eigen::MatrixXd X = measured(20);
  const auto expected = Normalization<3>::standardize(X);
  for (const int power : {-700, 700}) {  // the squares underflow, and overflow
    CAPTURE(power);
    const double unit = std::ldexp(1.0, power);
    const auto scaled = Normalization<3>::standardize(X * unit);
    CHECK((scaled.center() == expected.center() * unit).all());
    CHECK((scaled.scale() == expected.scale() / unit).all());
  }
}

TEST_CASE("before it is fitted it is the identity", "[normalization]") {
  const Eigen::MatrixXd X = measured(5);
  CHECK(apply(Normalization<3>(), X) == X);
  CHECK(layer_tests::forward(Normalization<Dynamic>(3), X, Pass{}) == X);
}

TEST_CASE("any expression and scalar can be fitted", "[normalization]") {
  const Eigen::MatrixXd X = measured(20);
  const auto expected = Normalization<3>::standardize(X);
  const Eigen::Matrix<double, Eigen::Dynamic, 3, Eigen::RowMajor> rows = X;
  CHECK((Normalization<3>::standardize(rows).scale() == expected.scale()).all());
  CHECK((Normalization<3>::standardize(X * 1.0).center() == expected.center()).all());
  const auto in_float = Normalization<Dynamic>::min_max(X.cast<float>());
  CHECK((in_float.center().matrix() - X.colwise().minCoeff()).cwiseAbs().maxCoeff() <
        0.01);  // 50000 in float
  CHECK(in_float.inputs() == 3);
}

TEST_CASE("what normalization cannot use", "[normalization]") {
  const Eigen::MatrixXd X = measured(5);
  CHECK_THROWS_AS(Normalization<2>::standardize(X), ShapeError);
  CHECK_THROWS_WITH(Normalization<2>::min_max(X),
                    ContainsSubstring("expected m\u00d72") && ContainsSubstring("5\u00d73"));
  CHECK_THROWS_AS(Normalization<3>::standardize(X.topRows(0)), DataError);
  Eigen::MatrixXd infinite = X;
  infinite(3, 1) = std::numeric_limits<double>::infinity();
  CHECK_THROWS_AS(Normalization<3>::standardize(infinite), DataError);
  CHECK_THROWS_WITH(Normalization<3>::min_max(infinite), ContainsSubstring("row 3, column 1"));
  CHECK_THROWS_AS(Normalization<3>::min_max(X, 1, 1), OptionError);
  CHECK_THROWS_AS(Normalization<3>::min_max(X, 0, std::numeric_limits<double>::infinity()), OptionError);
  CHECK_THROWS_AS(Normalization<Dynamic>(0), ShapeError);

  SECTION("columns whose sum or spread overflows or is denormal") {
    Eigen::MatrixXd large = X, wide = X, narrow = X;
    large.col(1) << 1.7e308, 1.7e308, 0, 0, 0;
    wide.col(1) << -1e308, 1e308, 0, 0, 0;
    narrow.col(1) << 0, 1e-310, 0, 0, 0;
    CHECK_THROWS_AS(Normalization<3>::standardize(large), DataError);
    CHECK_THROWS_AS(Normalization<3>::standardize(narrow), DataError);
    CHECK_THROWS_WITH(Normalization<3>::min_max(wide), ContainsSubstring("column 1"));
    CHECK_THROWS_AS(Normalization<3>::min_max(narrow), DataError);
  }
  SECTION("numbers given by hand") {
    const Eigen::Vector3d ones = Eigen::Vector3d::Ones(), zeros = Eigen::Vector3d::Zero();
    CHECK_NOTHROW(Normalization<3>(zeros, ones, zeros));
    CHECK_THROWS_AS(Normalization<3>(zeros, Eigen::Vector3d(1, 0, 1), zeros), DataError);
    CHECK_THROWS_WITH(Normalization<3>(zeros, Eigen::Vector3d(1, 0, 1), zeros),
                      ContainsSubstring("column 1"));
    CHECK_THROWS_AS(Normalization<3>(zeros, ones, infinite.col(1).head(3) / 0.0), DataError);
    CHECK_THROWS_AS(Normalization<Dynamic>(zeros, ones, Eigen::Vector2d(0, 0)), ShapeError);
    CHECK_THROWS_AS(Normalization<3>(Eigen::Vector2d(0, 0), Eigen::Vector2d(1, 1), Eigen::Vector2d(0, 0)),
                    ShapeError);
  }
}

TEST_CASE("first and last in a network it takes and gives raw numbers", "[normalization]") {
  const Eigen::MatrixXd X = measured(100), test = measured(50, 2);
  const auto quantity = [](const Eigen::MatrixXd& x) -> Eigen::MatrixXd {
    return 3000 + 2 * (x.col(0).array() - 50000) - 4e8 * x.col(1).array();
  };
  const Eigen::MatrixXd Y = quantity(X);
  Network<double, Normalization<3>, Dense<3, 4, Tanh>, Dense<4, 1>, Normalization<1>> net(
      Normalization<3>::standardize(X), {}, {}, Normalization<1>::standardize(Y).inverse());
  net.initialize(1);
  CHECK((net.layer<0>().center() == Normalization<3>::standardize(X).center()).all());  // survives initialize

  // The last layer multiplies dA by the deviation of Y, some 1000 in either direction, and the loss is in units of Y²:
  // a learning rate of 0.1 for standardised targets is 0.1 / variance for raw ones.
  const double variance = (Y.array() - Y.mean()).square().mean();
  fit(net, X, Y, MeanSquaredError{}, GradientDescent{.learning_rate = 0.1 / variance},
      problems::quiet(300, 10));
  CHECK(net.loss(test, quantity(test), MeanSquaredError{}) < 0.01 * variance);
  CHECK((net.layer<0>().center() == Normalization<3>::standardize(X).center()).all());
}
