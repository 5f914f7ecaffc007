// Softmax as a layer.

#include <cmath>
#include <limits>

#include "layers/support.hpp"
#include "support/catch.hpp"
#include "training/problems.hpp"

using namespace lamina;

TEMPLATE_TEST_CASE("rows of a softmax are positive and sum to 1", "[softmax]", float, double, long double) {
  const problems::Matrix<TestType> X = TestType(3) * problems::uniform<TestType>(300, 4, 1);
  const Network<TestType, Softmax<4>> net;
  const problems::Matrix<TestType> A = net.predict(X);
  CHECK((A.array() > 0).all());
  CHECK((A.rowwise().sum().array() - 1).abs().maxCoeff() <= 4 * std::numeric_limits<TestType>::epsilon());
  for (Index i = 0; i < X.rows(); ++i)
    for (Index j = 0; j < 4; ++j)
      CHECK(std::abs(A(i, j) / A(i, 0) - std::exp(X(i, j) - X(i, 0))) <=
            200 * std::numeric_limits<TestType>::epsilon() * std::exp(X(i, j) - X(i, 0)));
}

TEST_CASE("huge inputs neither overflow nor vanish", "[softmax]") {
  constexpr double largest = std::numeric_limits<double>::max();
  const Network<double, Softmax<3>> net;
  Eigen::MatrixXd X(6, 3), expected(6, 3);
  X << 1000, 1000, 1000, 1e300, 0, -1e300, -1e300, -1e300, -1e300, largest, -largest, 0, largest, largest,
      -largest, 5e-324, 0, -5e-324;
  constexpr double third = 1.0 / 3;
  expected << third, third, third, 1, 0, 0, third, third, third, 1, 0, 0, 0.5, 0.5, 0, third, third, third;
  CHECK((net.predict(X) - expected).cwiseAbs().maxCoeff() < 1e-15);
}

TEST_CASE("a softmax of one column is 1", "[softmax]") {
  const Network<double, Softmax<1>> net;
  CHECK(net.predict(Eigen::MatrixXd(problems::uniform(5, 1, 1))).isOnes(0));
  CHECK_THROWS_AS(Softmax<Dynamic>(0), ShapeError);
}

TEST_CASE("equal derivatives of a row have none left", "[softmax]") {
  // The sum of a row is 1 whatever X: dF/dX of F = Σ A is 0.
  const Network<double, Softmax<4>> net;
  const Eigen::MatrixXd X = problems::uniform(10, 4, 1);
  auto workspace = net.workspace();
  CHECK(net.input_gradient(X, X, layer_tests::Sum{}, workspace).cwiseAbs().maxCoeff() < 1e-15);
}
