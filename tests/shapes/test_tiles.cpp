// Batches of more than one tile: what they give does not depend on where they are cut.

#include "lamina/activations/gelu.hpp"
#include "lamina/activations/sigmoid.hpp"
#include "lamina/activations/tanh.hpp"
#include "lamina/core/random.hpp"
#include "lamina/layers/batch_norm.hpp"
#include "lamina/layers/dense.hpp"
#include "lamina/layers/dropout.hpp"
#include "lamina/layers/layer_norm.hpp"
#include "lamina/layers/softmax.hpp"
#include "lamina/losses/mean_squared_error.hpp"
#include "lamina/network.hpp"
#include "support/catch.hpp"

namespace test_tiles {

namespace {

using Eigen::Dynamic;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using lamina::Dense;
using lamina::MeanSquaredError;
using lamina::Network;

/// F, dF/dθ, dF/dX and the prediction of many rows at once, against those of each row by itself.
template <class Net>
void check_rows(Net net, Index m, double rounding) {
  using Scalar = typename Net::Scalar;
  using Matrix = Eigen::Matrix<Scalar, Dynamic, Dynamic>;
  CAPTURE(m);
  net.initialize(3);
  const Matrix X = Matrix::Random(m, net.inputs()), Y = Matrix::Random(m, net.outputs());
  const VectorXd weights = VectorXd::Random(m).cwiseAbs();
  auto workspace = net.workspace();
  const auto mode = lamina::Mode::evaluation;
  const auto prepared = workspace.prepare(net.layers(), m, mode);
  REQUIRE(prepared < m);       // several tiles
  REQUIRE(m % prepared != 0);  // and a last one of another size

  MatrixXd prediction(m, net.outputs()), dX(m, net.inputs());
  VectorXd gradient = VectorXd::Zero(net.parameter_count());
  double F = 0;
  for (Index i = 0; i < m; ++i) {
    const Matrix x = X.row(i), y = Y.row(i);
    prediction.row(i) = net.predict(x).template cast<double>();
    dX.row(i) = weights(i) * net.input_gradient(x, y, MeanSquaredError{}, workspace).template cast<double>();
    F += weights(i) * static_cast<double>(net.loss_and_gradient(x, y, MeanSquaredError{}, workspace, mode));
    gradient += weights(i) * workspace.gradient.template cast<double>();
  }
  const auto close = [&](const char* what, const auto& got, const auto& want) {
    CAPTURE(what);
    CHECK((got.template cast<double>() - want).cwiseAbs().maxCoeff() <=
          rounding * want.cwiseAbs().maxCoeff());
  };
  const auto Y_ = lamina::weighted(Y, weights);
  close("prediction", net.predict(X), prediction);
  close("prediction in a workspace", net.predict(X, workspace), prediction);
  Matrix mine(m, net.outputs());
  net.predict(X, workspace, mine);
  close("prediction in one's own matrix", mine, prediction);
  close("input gradient", net.input_gradient(X, Y_, MeanSquaredError{}, workspace),
        MatrixXd(dX / weights.sum()));
  CHECK(static_cast<double>(net.loss(X, Y_, MeanSquaredError{})) ==
        Catch::Approx(F / weights.sum()).epsilon(rounding));
  CHECK(static_cast<double>(net.loss_and_gradient(X, Y_, MeanSquaredError{}, workspace, mode)) ==
        Catch::Approx(F / weights.sum()).epsilon(rounding));
  close("gradient", workspace.gradient, VectorXd(gradient / weights.sum()));
}

/// MeanSquaredError that keeps the outputs it was given.
struct Recorder : MeanSquaredError {
  MatrixXd* output = nullptr;
  Index* rows = nullptr;

  auto value(const auto& A, const auto& Y) const {
    output->middleRows(*rows, A.rows()) = A;
    *rows += A.rows();
    return MeanSquaredError::value(A, Y);
  }
};

}  // namespace

// Sums of some hundred terms in another order: a few hundred units in the last place at most.
TEST_CASE("tiles: many rows are the sum of single ones") {
  check_rows(
      Network<double, Dense<3, 4, lamina::Tanh>, lamina::LayerNorm<4>, Dense<4, 2>, lamina::Softmax<2>>(),
      1001, 1e-13);
  check_rows(Network<float, Dense<3, 4, lamina::Tanh>, Dense<4, 2, lamina::Sigmoid>>(), 1001, 1e-4);
  using Wide = Dense<Dynamic, Dynamic, lamina::Tanh>;
  check_rows(lamina::make_network<double>(Wide(50, 60), Wide(60, 3)), 333, 1e-13);  // tiles of few rows
  check_rows(lamina::make_network<double>(Wide(200, 190), Wide(190, 3)), 333,
             1e-13);  // more weights than a cache holds
}

TEST_CASE("tiles: a batch is cut into few and about equal ones") {
  for (const Index most : {48, 80, 240, 256})
    for (Index batch = 1; batch <= 1000; ++batch) {
      const Index rows = lamina::detail::even_rows(batch, most), tiles = (batch + rows - 1) / rows;
      CAPTURE(batch, most, rows);
      REQUIRE(rows <= most);
      REQUIRE(rows % 16 == 0);
      REQUIRE(tiles == (batch + most - 1) / most);
      // The rounding of all tiles together is missing in the last one.
      if (tiles > 1) REQUIRE(tiles * rows - batch < 16 * tiles);
    }
  CHECK(lamina::detail::even_rows(50, 48) == 32);  // and not 48 and 2
}

TEST_CASE("tiles: predictions of every number of rows") {
  Network<double, Dense<3, 5, lamina::Tanh>, Dense<5, 2>> net;
  net.initialize(1);
  const MatrixXd X = MatrixXd::Random(700, 3);
  const MatrixXd all = net.predict(X);
  auto workspace = net.workspace();
  for (Index m = 1; m <= X.rows(); m += m < 300 ? 1 : 57) {
    CAPTURE(m);
    CHECK((net.predict(X.topRows(m), workspace) - all.topRows(m)).cwiseAbs().maxCoeff() <= 1e-15);
    CHECK((net.predict(X.bottomRows(m)) - all.bottomRows(m)).cwiseAbs().maxCoeff() <= 1e-15);
  }
}

// However a sample lies in memory.
TEST_CASE("tiles: a single sample from anywhere") {
  Network<float, Dense<21, 37, lamina::GELU>, Dense<37, 3, lamina::Tanh>> net;
  net.initialize(1);
  using Matrix = Eigen::MatrixXf;
  using Rows = Eigen::Matrix<float, Dynamic, Dynamic, Eigen::RowMajor>;
  const Matrix X = Matrix::Random(9, 21), Y = Matrix::Random(9, 3);
  const Rows in_rows = X;
  const Matrix one = X.row(4), y = Y.row(4);
  auto workspace = net.workspace();
  const Matrix want = net.predict(one, workspace);
  const Matrix together = net.predict(X).row(4);
  CHECK((want - together).cwiseAbs().maxCoeff() <= 1e-6F);  // sums of 37 terms in another order
  const float F = net.loss_and_gradient(one, y, MeanSquaredError{}, workspace);
  const Eigen::VectorXf gradient = workspace.gradient;
  const auto check = [&](const auto& x) {
    CHECK(net.predict(x, workspace) == want);
    CHECK(net.loss_and_gradient(x, y, MeanSquaredError{}, workspace) == F);
    CHECK(workspace.gradient == gradient);
  };
  check(X.row(4));
  check(X.middleRows(4, 1));
  check(in_rows.row(4));
  check(in_rows.middleRows(4, 1));
  const Matrix reversed = one.reverse();
  check(reversed.rowwise().reverse());
  const Matrix apart = [&] {
    Matrix M(3, 42);
    for (Index j = 0; j < 21; ++j) M(1, 2 * j) = one(j);
    return M;
  }();
  check(Eigen::Map<const Matrix, 0, Eigen::Stride<Dynamic, Dynamic>>(apart.data() + 1, 1, 21, {6, 1}));
  lamina::DataView<float> data;
  data.X = lamina::view<float>(X);
  data.Y = lamina::view<float>(Y);
  const Index row = 4;
  CHECK(net.loss_and_gradient(lamina::Batch<float>(data, 0, 1, &row), MeanSquaredError{}, workspace) == F);
  CHECK(workspace.gradient == gradient);
}

// A workspace that has served larger and smaller batches gives what a fresh one gives, bit by bit.
TEST_CASE("tiles: nothing stays behind in a workspace") {
  using Layer = Dense<Dynamic, Dynamic, lamina::Tanh>;
  using Keeping = Dense<Dynamic, Dynamic, lamina::GELU>;  // Z beside A
  auto net =
      lamina::make_network<double>(Layer(5, 7), lamina::BatchNorm<Dynamic>(7), Keeping(7, 19), Layer(19, 2));
  net.initialize(1);
  const MatrixXd X = MatrixXd::Random(900, 5), Y = MatrixXd::Random(900, 2);
  auto used = net.workspace();
  const lamina::Pass training{.mode = lamina::Mode::training};
  for (const Index m : {1, 900, 2, 400, 17, 899, 33, 900}) {
    CAPTURE(m);
    const auto x = X.topRows(m), y = Y.topRows(m);
    auto fresh = net.workspace();
    CHECK(net.predict(x, used) == net.predict(x));
    CHECK(net.input_gradient(x, y, MeanSquaredError{}, used) ==
          net.input_gradient(x, y, MeanSquaredError{}, fresh));
    CHECK(used.gradient == fresh.gradient);
    CHECK(net.input_gradient(x, y, MeanSquaredError{}, used, training.mode) ==
          net.input_gradient(x, y, MeanSquaredError{}, fresh, training.mode));
    CHECK(used.gradient == fresh.gradient);
    CHECK(net.loss(x, y, MeanSquaredError{}, used) == net.loss(x, y, MeanSquaredError{}, fresh));
  }
}

// Mᵢⱼ is drawn from the seed and number of the pass, the layer, the row of the batch and the column.
TEST_CASE("tiles: the masks of dropout know nothing of tiles") {
  constexpr Index m = 1000, n = 3;
  constexpr double rate = 0.4;
  Network<double, lamina::Dropout<n>, lamina::Dropout<n>> net(lamina::Dropout<n>(0),
                                                              lamina::Dropout<n>{rate});
  const MatrixXd X = MatrixXd::Ones(m, n), Y = MatrixXd::Zero(m, n);
  auto workspace = net.workspace();
  REQUIRE(workspace.prepare(net.layers(), m, lamina::Mode::training) < m);
  workspace.seed = 77;
  MatrixXd masks[2] = {MatrixXd(m, n), MatrixXd(m, n)};
  for (std::uint64_t pass = 0; pass < 2; ++pass) {
    Index rows = 0;
    Recorder loss;
    loss.output = &masks[pass];
    loss.rows = &rows;
    net.loss_and_gradient(X, Y, loss, workspace);
    CHECK(workspace.passes == pass + 1);
    bool as_drawn = true;
    for (Index i = 0; i < m; ++i)
      for (Index j = 0; j < n; ++j) {
        const auto element = static_cast<std::uint64_t>(i * n + j);
        const bool dropped = lamina::random_bits(77, pass, 1, element / 4)[element % 4] < rate * 0x1p32;
        as_drawn = as_drawn && masks[pass](i, j) == (dropped ? 0 : 1 / (1 - rate));
      }
    CHECK(as_drawn);
    // dF/dθ has no element here; 3000 draws: the share of zeros is within five standard deviations of the rate
    const double share = static_cast<double>((masks[pass].array() == 0).count()) / (m * n);
    CHECK(std::abs(share - rate) < 5 * std::sqrt(rate * (1 - rate) / (m * n)));
  }
  CHECK(masks[0] != masks[1]);
  CHECK(net.predict(X) == X);
}

}  // namespace test_tiles
