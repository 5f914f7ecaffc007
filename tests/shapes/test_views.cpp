// What users hold: matrices in either order, maps with any strides and any alignment, blocks, expressions, arrays; labels
// and weights of any number type. The numbers are the same, so the results are, bit by bit.

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "lamina/activations/tanh.hpp"
#include "lamina/layers/dense.hpp"
#include "lamina/losses/binary_cross_entropy.hpp"
#include "lamina/losses/mean_squared_error.hpp"
#include "lamina/losses/softmax_cross_entropy.hpp"
#include "lamina/network.hpp"
#include "support/catch.hpp"

namespace test_views {

namespace {

using Eigen::Dynamic;
using Eigen::Index;
using Eigen::InnerStride;
using Eigen::Map;
using Eigen::Matrix;
using Eigen::MatrixXd;
using Eigen::OuterStride;
using Eigen::RowMajor;
using Eigen::Stride;
using Eigen::VectorXd;
using lamina::Dense;
using lamina::MeanSquaredError;

using RowMajorXd = Matrix<double, Dynamic, Dynamic, RowMajor>;
using Net = lamina::Network<double, Dense<3, 5, lamina::Tanh>, Dense<5, 2>>;

constexpr Index m = 300;  // more than one tile, and the last one is odd

Net network() {
  Net net;
  net.initialize(12);
  return net;
}

/// f(what, view) for M, m×n, as everything that a user may hold.
template <class F>
void for_each_view(const MatrixXd& M, F f) {
  const Index rows = M.rows(), columns = M.cols();
  const RowMajorXd by_rows = M;
  f("column-major", M);
  f("row-major", by_rows);
  f("array", Eigen::ArrayXXd(M.array()));
  f("array expression", (M / 2).array() * 2);
  f("expression", 2 * (M / 2).eval());
  f("product", M * MatrixXd::Identity(columns, columns));
  f("transpose of a transpose", MatrixXd(M.transpose()).transpose());
  f("transpose of a row-major one", RowMajorXd(M.transpose()).transpose());
  f("reverse of the reverse", MatrixXd(M.reverse()).reverse());
  f("fixed columns", Matrix<double, Dynamic, 3>(M.leftCols(3)).leftCols(columns));

  MatrixXd large = MatrixXd::Constant(rows + 7, columns + 3, std::nan(""));
  large.block(4, 2, rows, columns) = M;
  f("block", large.block(4, 2, rows, columns));
  RowMajorXd large_by_rows = large;
  f("block of a row-major one", large_by_rows.block(4, 2, rows, columns));
  f("block of a block", large.bottomRows(rows + 3).rightCols(columns + 1).topLeftCorner(rows, columns));

  // Unaligned memory: one element behind an aligned beginning.
  std::vector<double> memory(static_cast<std::size_t>(6 * rows * columns + 64), std::nan(""));
  Map<MatrixXd> unaligned(memory.data() + 1, rows, columns);
  unaligned = M;
  f("unaligned map", unaligned);
  f("unaligned map of constants", Map<const MatrixXd>(memory.data() + 1, rows, columns));
  f("reference", Eigen::Ref<const MatrixXd>(unaligned));

  // Strides: columns apart, rows apart, both, and a row-major map of them.
  const auto strided = [&](const char* what, auto view) {
    std::fill(memory.begin(), memory.end(), std::nan(""));
    view = M;
    f(what, view);
  };
  strided("outer stride",
          Map<MatrixXd, 0, OuterStride<>>(memory.data() + 3, rows, columns, OuterStride<>(rows + 5)));
  strided("inner stride",
          Map<MatrixXd, 0, InnerStride<>>(memory.data() + 1, rows, columns, InnerStride<>(2)));
  strided("both strides",
          Map<MatrixXd, 0, Stride<Dynamic, Dynamic>>(memory.data() + 1, rows, columns, {3 * rows + 1, 3}));
  strided("row-major map with both strides", Map<RowMajorXd, 0, Stride<Dynamic, Dynamic>>(
                                                 memory.data() + 5, rows, columns, {2 * columns + 3, 2}));
}

}  // namespace

TEST_CASE("views: X") {
  Net net = network();
  const MatrixXd X = MatrixXd::Random(m, 3), Y = MatrixXd::Random(m, 2);
  auto workspace = net.workspace();
  const double F = net.loss_and_gradient(X, Y, MeanSquaredError{}, workspace);
  const VectorXd gradient = workspace.gradient;
  const MatrixXd prediction = net.predict(X);
  REQUIRE(prediction.allFinite());

  int views = 0;
  for_each_view(X, [&](const char* what, const auto& view) {
    CAPTURE(what);
    CHECK(net.loss_and_gradient(view, Y, MeanSquaredError{}, workspace) == F);
    CHECK(workspace.gradient == gradient);
    CHECK(net.predict(view) == prediction);
    CHECK(net.predict(view, workspace) == prediction);
    ++views;
  });
  CHECK(views == 20);

  // Eigen 3.4 says of these that they have memory.
  const auto columns = Eigen::seqN(0, 3);
  const MatrixXd every_second = X(Eigen::seqN(0, m / 2, 2), columns);
  CHECK(net.predict(X(Eigen::seqN(0, m / 2, 2), columns)) == net.predict(every_second));
  CHECK(net.predict(X(Eigen::seqN(0, m / 2, Eigen::fix<2>), columns)) == net.predict(every_second));
}

TEST_CASE("views: dF/dX of X in another order") {
  Net net = network();
  const MatrixXd X = MatrixXd::Random(m, 3), Y = MatrixXd::Random(m, 2);
  auto workspace = net.workspace();
  const MatrixXd dX = net.input_gradient(X, Y, MeanSquaredError{}, workspace);
  CHECK(net.input_gradient(RowMajorXd(X), RowMajorXd(Y), MeanSquaredError{}, workspace) == dX);
  CHECK(net.input_gradient(MatrixXd(X.transpose()).transpose(), Y, MeanSquaredError{}, workspace) == dX);
}

TEST_CASE("views: Y") {
  Net net = network();
  const MatrixXd X = MatrixXd::Random(m, 3), Y = MatrixXd::Random(m, 3).leftCols(2);
  MatrixXd wide(m, 3);
  wide << Y, VectorXd::Zero(m);
  auto workspace = net.workspace();
  const double F = net.loss_and_gradient(X, Y, MeanSquaredError{}, workspace);
  const VectorXd gradient = workspace.gradient;

  for_each_view(wide, [&](const char* what, const auto& view) {
    CAPTURE(what);
    CHECK(net.loss_and_gradient(X, view.leftCols(2), MeanSquaredError{}, workspace) == F);
    CHECK(workspace.gradient == gradient);
  });
}

TEST_CASE("views: the prediction into a matrix of one's own") {
  const Net net = network();
  const MatrixXd X = MatrixXd::Random(m, 3), prediction = net.predict(X);
  auto workspace = net.workspace();

  RowMajorXd by_rows(m, 2);
  net.predict(X, workspace, by_rows);
  CHECK(by_rows == prediction);
  MatrixXd large = MatrixXd::Constant(m + 4, 5, 7);
  net.predict(X, workspace, large.block(2, 1, m, 2));
  CHECK(large.block(2, 1, m, 2) == prediction);
  large.block(2, 1, m, 2).setConstant(7);
  CHECK(large == MatrixXd::Constant(m + 4, 5, 7));  // nothing else was written
  std::vector<double> memory(2 * m + 1);
  Map<MatrixXd> unaligned(memory.data() + 1, m, 2);
  net.predict(X, workspace, unaligned);
  CHECK(unaligned == prediction);
}

TEST_CASE("views: one sample as a row, one feature as a column") {
  const Net net = network();
  const MatrixXd X = MatrixXd::Random(5, 3);
  const Eigen::RowVector2d of_row = net.predict(Eigen::RowVector3d(X.row(2)));
  CHECK(net.predict(X.row(2)) == of_row);
  CHECK(net.predict(RowMajorXd(X).row(2)) == of_row);
  CHECK((of_row - MatrixXd(net.predict(X)).row(2)).cwiseAbs().maxCoeff() <= 1e-15);

  const Matrix<double, 4, 3> four = X.topRows(4);  // and fixed shapes
  const Matrix<double, 4, 2> of_four = net.predict(four);
  CHECK(of_four == MatrixXd(net.predict(MatrixXd(four))));
  const Matrix<double, 4, 3, RowMajor> four_by_rows = four;
  CHECK(net.predict(four_by_rows) == of_four);

  lamina::Network<double, Dense<1, 4, lamina::Tanh>, Dense<4, 1>> curve;
  curve.initialize(1);
  const VectorXd x = VectorXd::LinSpaced(9, -1, 1), y = x.array().sin();
  auto workspace = curve.workspace();
  const double F = curve.loss_and_gradient(x, y, MeanSquaredError{}, workspace);
  const std::vector<double> xs(x.begin(), x.end());
  CHECK(curve.loss(Map<const VectorXd>(xs.data(), 9), y, MeanSquaredError{}) == F);
  CHECK(curve.loss(x.transpose().eval().transpose(), y.transpose().transpose(), MeanSquaredError{}) == F);
  CHECK(curve.loss(VectorXd::LinSpaced(9, -1, 1), x.array().sin(), MeanSquaredError{}) == F);
  CHECK(curve.loss(X.col(1), X.col(0), MeanSquaredError{}) ==
        curve.loss(VectorXd(X.col(1)), VectorXd(X.col(0)), MeanSquaredError{}));
}

TEST_CASE("views: labels") {
  Net net = network();
  const MatrixXd X = MatrixXd::Random(m, 3);
  std::vector<Index> labels(m);
  MatrixXd one_hot = MatrixXd::Zero(m, 2);
  for (Index i = 0; i < m; ++i) {
    labels[static_cast<std::size_t>(i)] = (i * i + i / 3) % 2;
    one_hot(i, labels[static_cast<std::size_t>(i)]) = 1;
  }
  const lamina::SoftmaxCrossEntropy loss{.label_smoothing = 0.1, .class_weights = {1, 3}};
  auto workspace = net.workspace();
  const double F = net.loss_and_gradient(X, labels, loss, workspace);
  const VectorXd gradient = workspace.gradient;
  const auto same = [&](const char* what, const auto& Y) {
    CAPTURE(what);
    CHECK(net.loss_and_gradient(X, Y, loss, workspace) == F);
    CHECK(workspace.gradient == gradient);
  };

  same("one-hot rows", one_hot);
  const auto of_type = [&]<class Integer>(const char* what, Integer) {
    Matrix<Integer, Dynamic, 1> column(m);
    Matrix<Integer, 1, Dynamic> row(m);
    Matrix<Integer, Dynamic, 3> table = Matrix<Integer, Dynamic, 3>::Constant(m, 3, 9);
    std::vector<Integer> vector;
    for (Index i = 0; i < m; ++i) {
      const auto label = static_cast<Integer>(labels[static_cast<std::size_t>(i)]);
      column(i) = row(i) = table(i, 1) = label;
      vector.push_back(label);
    }
    const Matrix<Integer, Dynamic, 3, RowMajor> table_by_rows = table;
    same(what, column);
    same(what, row);
    same(what, vector);
    same(what, std::span<const Integer>(vector));
    same(what, table.col(1));
    same(what, table_by_rows.col(1));  // with a stride
    same(what, Matrix<Integer, Dynamic, Dynamic>(table.transpose()).row(1));
  };
  of_type("int", int{});
  of_type("short", short{});
  of_type("long", long{});
  of_type("unsigned", unsigned{});
  of_type("std::uint8_t", std::uint8_t{});
  of_type("std::int8_t", std::int8_t{});
  of_type("std::int64_t", std::int64_t{});

  std::array<int, m> array{};
  std::copy(labels.begin(), labels.end(), array.begin());
  same("std::array", array);
  same("expression", Map<const Matrix<int, m, 1>>(array.data()) * 1);
}

TEST_CASE("views: labels of one output") {
  lamina::Network<double, Dense<3, 1>> net;
  net.initialize(1);
  const MatrixXd X = MatrixXd::Random(m, 3);
  Eigen::VectorXi labels(m);
  for (Index i = 0; i < m; ++i) labels(i) = X(i, 0) > 0.2;
  const lamina::BinaryCrossEntropy loss;
  const double F = net.loss(X, VectorXd(labels.cast<double>()), loss);
  CHECK(net.loss(X, labels, loss) == F);
  CHECK(net.loss(X, std::vector<short>(labels.begin(), labels.end()), loss) == F);
}

TEST_CASE("views: sample weights") {
  Net net = network();
  const MatrixXd X = MatrixXd::Random(m, 3), Y = MatrixXd::Random(m, 2);
  VectorXd weights(m);
  for (Index i = 0; i < m; ++i) weights(i) = static_cast<double>(i % 4);  // the same number in every type
  auto workspace = net.workspace();
  const double F = net.loss_and_gradient(X, lamina::weighted(Y, weights), MeanSquaredError{}, workspace);
  const VectorXd gradient = workspace.gradient;
  const auto same = [&](const auto& s) {
    CHECK(net.loss_and_gradient(X, lamina::weighted(Y, s), MeanSquaredError{}, workspace) == F);
    CHECK(workspace.gradient == gradient);
  };
  same(Eigen::RowVectorXd(weights.transpose()));
  same(Eigen::ArrayXd(weights.array()));
  same(Eigen::VectorXf(weights.cast<float>()));
  same(Eigen::VectorXi(weights.cast<int>()));
  same((weights / 2).eval() * 2);
  same(MatrixXd(weights.replicate(1, 3)).col(2));
  same(RowMajorXd(weights.replicate(1, 3)).col(2));
  same(weights.reverse().eval().reverse());
  const std::vector<double> vector(weights.begin(), weights.end());
  same(vector);
  same(std::vector<int>(weights.begin(), weights.end()));
  same(std::span<const double>(vector));
  std::array<float, m> array{};
  std::transform(weights.begin(), weights.end(), array.begin(),
                 [](double s) { return static_cast<float>(s); });
  same(array);

  // Equal weights are none.
  const double plain = net.loss_and_gradient(X, Y, MeanSquaredError{}, workspace);
  const VectorXd plain_gradient = workspace.gradient;
  const std::vector<double> sevens(m, 7.0);
  CHECK(net.loss_and_gradient(X, lamina::weighted(Y, sevens), MeanSquaredError{}, workspace) ==
        Catch::Approx(plain).epsilon(1e-14));
  CHECK((workspace.gradient - plain_gradient).cwiseAbs().maxCoeff() <=
        1e-14 * plain_gradient.cwiseAbs().maxCoeff());
}

}  // namespace test_views
