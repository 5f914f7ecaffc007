// The ways to predict agree, bit for bit.

#include <Eigen/Dense>
#include <type_traits>
#include <vector>

#include "lamina/layers.hpp"
#include "lamina/losses.hpp"
#include "lamina/network.hpp"
#include "support/catch.hpp"
#include "training/problems.hpp"

namespace {

using namespace lamina;
using Catch::Matchers::ContainsSubstring;
using Net = Network<double, Dense<3, 8, Tanh>, Dense<8, 2>>;

Net initialized() {
  Net net;
  net.initialize(1);
  return net;
}

}  // namespace

TEST_CASE("predict with and without a workspace, and into an output", "[network][predict]") {
  const Net net = initialized();
  auto workspace = net.workspace();
  for (const Index m : {1, 2, 15, 16, 17, 255, 256, 257, 1000, 3}) {  // tiles, parts of tiles, and back again
    INFO("m = " << m);
    const Eigen::MatrixXd X = problems::uniform(m, 3, 1), expected = net.predict(X);
    CHECK(expected.rows() == m);
    CHECK(net.predict(X, workspace) == expected);

    Eigen::MatrixXd output(m, 2), larger = Eigen::MatrixXd::Constant(m + 2, 5, 7);
    net.predict(X, workspace, output);
    CHECK(output == expected);
    net.predict(X, workspace, larger.block(1, 2, m, 2));
    CHECK(larger.block(1, 2, m, 2) == expected);
    larger.block(1, 2, m, 2).setConstant(7);
    CHECK(larger.isConstant(7, 0));  // nothing outside the block was touched

    Eigen::Matrix<double, Eigen::Dynamic, 2, Eigen::RowMajor> by_rows(m, 2);
    net.predict(X, workspace, by_rows);
    CHECK(by_rows == expected);
    std::vector<double> numbers(static_cast<std::size_t>(2 * m + 1));
    net.predict(X, workspace, Eigen::Map<Eigen::MatrixXd>(numbers.data() + 1, m, 2));
    CHECK(Eigen::Map<Eigen::MatrixXd>(numbers.data() + 1, m, 2) == expected);
  }
}

TEST_CASE("a prediction is the formula", "[network][predict]") {
  const Net net = initialized();
  const Eigen::MatrixXd X = problems::uniform(300, 3, 1);
  const Eigen::MatrixXd A1 =
      ((X * net.weights<0>()).rowwise() + Eigen::RowVectorXd(net.bias<0>())).array().tanh();
  const Eigen::MatrixXd A2 = (A1 * net.weights<1>()).rowwise() + Eigen::RowVectorXd(net.bias<1>());
  // Sums of at most nine numbers below one, in another order.
  CHECK((net.predict(X) - A2).cwiseAbs().maxCoeff() < 1e-14);
}

TEST_CASE("X may be any expression, in any storage order and alignment", "[network][predict]") {
  const Net net = initialized();
  const Eigen::MatrixXd X = problems::uniform(20, 3, 1), expected = net.predict(X);
  const Eigen::Matrix<double, Eigen::Dynamic, 3, Eigen::RowMajor> by_rows = X;
  CHECK(net.predict(by_rows) == expected);
  CHECK(net.predict(X.array()) == expected);
  CHECK(net.predict(2 * X / 2) == expected);
  CHECK(net.predict(X * Eigen::Matrix3d::Identity()) == expected);
  const Eigen::MatrixXd transposed = X.transpose();
  CHECK(net.predict(transposed.transpose()) == expected);
  Eigen::MatrixXd larger = Eigen::MatrixXd::Constant(30, 9, 5);
  larger.block(3, 4, 20, 3) = X;
  CHECK(net.predict(larger.block(3, 4, 20, 3)) == expected);
  CHECK(net.predict(X.colwise().reverse()) == expected.colwise().reverse());

  const Eigen::VectorXd numbers = problems::uniform(9, 1, 2);
  CHECK(net.predict(numbers.segment(2, 3).transpose()) ==
        net.predict(Eigen::RowVector3d(numbers(2), numbers(3), numbers(4))));
  const Eigen::RowVectorXd row_of_numbers = numbers.transpose();
  CHECK(net.predict(row_of_numbers.head(3)) ==
        net.predict(Eigen::RowVector3d(numbers(0), numbers(1), numbers(2))));

  std::vector<char> bytes(sizeof(double) * 60 + sizeof(double));
  auto* unaligned = reinterpret_cast<double*>(bytes.data()) + 1;
  Eigen::Map<Eigen::MatrixXd>(unaligned, 20, 3) = X;
  CHECK(net.predict(Eigen::Map<const Eigen::MatrixXd>(unaligned, 20, 3)) == expected);
}

TEST_CASE("the extents of X that are fixed are those of the prediction", "[network][predict]") {
  const Net net = initialized();
  const Eigen::MatrixXd X = problems::uniform(5, 3, 1), expected = net.predict(X);
  const Eigen::Matrix<double, 5, 3> five = X;
  const auto prediction = net.predict(five);
  STATIC_REQUIRE(std::is_same_v<decltype(prediction), const Eigen::Matrix<double, 5, 2>>);
  CHECK(prediction == expected);

  const Eigen::RowVector3d row = X.row(0);
  const auto one = net.predict(row);
  STATIC_REQUIRE(decltype(one)::RowsAtCompileTime == 1);
  CHECK(one == net.predict(X.topRows(1)));
  CHECK(net.predict(X.row(3)) == net.predict(X.middleRows(3, 1)));

  Network<double, Dense<3, 1>> single;
  single.initialize(1);
  const double y = single.predict(row)(0);
  CHECK(y == single.predict(X)(0, 0));

  SECTION("unless the prediction would be too large for the stack") {
    Network<double, Dense<1, 100>> wide;
    wide.initialize(1);
    const Eigen::Matrix<double, 400, 1> many = problems::uniform(400, 1, 1);
    CHECK(wide.predict(many) == wide.predict(Eigen::MatrixXd(many)));
  }
}

TEST_CASE("a network of one input takes a column", "[network][predict]") {
  Network<double, Dense<1, 4, Tanh>, Dense<4, 1>> net;
  net.initialize(1);
  const Eigen::VectorXd x = problems::uniform(40, 1, 1);
  CHECK(net.predict(x) == net.predict(Eigen::MatrixXd(x)));
}

TEST_CASE("what predict cannot use", "[network][predict]") {
  const Net net = initialized();
  auto workspace = net.workspace();
  const Eigen::MatrixXd X = problems::uniform(5, 3, 1);
  Eigen::MatrixXd output = Eigen::MatrixXd::Constant(5, 2, 7), wrong(5, 3), short_one(4, 2);
  CHECK_THROWS_AS(net.predict(X, workspace, wrong), ShapeError);
  CHECK_THROWS_WITH(net.predict(X, workspace, wrong),
                    ContainsSubstring("output: expected 5\u00d72") && ContainsSubstring("got 5\u00d73"));
  CHECK_THROWS_AS(net.predict(X, workspace, short_one), ShapeError);
  CHECK_THROWS_AS(net.predict(X.leftCols(2)), ShapeError);
  CHECK_THROWS_WITH(net.predict(X.leftCols(2)),
                    ContainsSubstring("X: expected m\u00d73") && ContainsSubstring("5\u00d72"));
  CHECK_THROWS_AS(net.predict(X.topRows(0)), DataError);
  Eigen::MatrixXd infinite = X;
  infinite(2, 1) = HUGE_VAL;
  CHECK_THROWS_AS(net.predict(infinite, workspace, output), DataError);
  CHECK_THROWS_WITH(net.predict(infinite, workspace, output), ContainsSubstring("row 2, column 1"));
  CHECK(output.isConstant(7, 0));
}
