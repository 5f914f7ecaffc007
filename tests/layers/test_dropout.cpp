// Dropout: A = A0 ⊙ M in training, A = A0 in evaluation.

#include <cmath>
#include <limits>

#include "layers/support.hpp"
#include "support/catch.hpp"
#include "training/problems.hpp"

namespace {

using namespace lamina;
using layer_tests::Sum;

constexpr Pass pass_of(std::uint64_t seed, std::uint64_t number = 0, std::uint32_t layer = 0,
                       Index first_row = 0) {
  return {.mode = Mode::training, .seed = seed, .number = number, .layer = layer, .first_row = first_row};
}

/// M for a batch of so many rows.
template <class Scalar = double>
problems::Matrix<Scalar> mask(Index rows, Index columns, double rate, const Pass& pass) {
  return layer_tests::forward(Dropout<Dynamic>(columns, rate),
                              problems::Matrix<Scalar>(problems::Matrix<Scalar>::Ones(rows, columns)), pass);
}

}  // namespace

TEST_CASE("an element is kept and scaled, or dropped", "[dropout]") {
  for (const double rate : {0.1, 0.3, 0.5, 0.9}) {
    INFO("rate " << rate);
    const Eigen::MatrixXd M = mask(1000, 100, rate, pass_of(1));
    const double keep = 1 / (1 - rate);
    CHECK(((M.array() == 0) || (M.array() == keep)).all());
    // E[M] = 1; the standard error of the mean of n elements is √(rate / (1 − rate) / n). Five of them.
    CHECK(std::abs(M.mean() - 1) < 5 * std::sqrt(rate / (1 - rate) / static_cast<double>(M.size())));
    // The same for every row and column, in which there are fewer elements and more chances to be far off.
    CHECK((M.colwise().mean().array() - 1).abs().maxCoeff() < 6 * std::sqrt(rate / (1 - rate) / 1000));
    CHECK((M.rowwise().mean().array() - 1).abs().maxCoeff() < 7 * std::sqrt(rate / (1 - rate) / 100));
  }
}

TEST_CASE("the rate has a domain", "[dropout]") {
  CHECK(mask(20, 3, 0, pass_of(1)).isOnes(0));
  const Eigen::MatrixXd M = mask(20, 3, 0.999999, pass_of(1));
  CHECK(M.isZero(0));  // 60 elements of which 0.00006 are expected to stay
  for (const double rate : {1.0, -0.1, 2.0, std::numeric_limits<double>::quiet_NaN()}) {
    CHECK_THROWS_AS(Dropout<4>(rate), OptionError);
    CHECK_THROWS_AS(Dropout<Dynamic>(4, rate), OptionError);
    CHECK_THROWS_WITH(Dropout<4>(rate), Catch::Matchers::ContainsSubstring("rate in [0, 1)"));
  }
  CHECK_THROWS_AS(Dropout<Dynamic>(0, 0.5), ShapeError);
  CHECK(Dropout<4>().rate() == 0.5);
}

TEST_CASE("the mask is the same however a batch is divided into tiles", "[dropout]") {
  for (const Index columns : {1, 3, 4, 7, 16}) {
    const Eigen::MatrixXd M = mask(64, columns, 0.5, pass_of(3, 4, 5));
    for (const Index rows : {1, 2, 3, 5, 17, 63}) {
      INFO(columns << " columns, tiles of " << rows);
      for (Index first = 0; first < 64; first += rows) {
        const Index t = std::min(rows, 64 - first);
        CHECK(mask(t, columns, 0.5, pass_of(3, 4, 5, first)) == M.middleRows(first, t));
      }
    }
  }
}

TEST_CASE("the mask is the same in every scalar", "[dropout]") {
  const Eigen::MatrixXd M = mask(30, 5, 0.25, pass_of(3));
  CHECK(
      (mask<float>(30, 5, 0.25, pass_of(3)).cast<double>().array() == M.cast<float>().cast<double>().array())
          .all());
  CHECK((mask<long double>(30, 5, 0.25, pass_of(3)).array() > 0).cast<int>().sum() ==
        (M.array() > 0).cast<int>().sum());
}

TEST_CASE("the mask is that of the documented generator", "[dropout]") {
  // Element (i, j) is word (i·N + j) mod 4 of block (i·N + j) / 4, dropped when below rate·2³².
  const Pass pass = pass_of(7, 8, 9);
  const Eigen::MatrixXd M = mask(10, 3, 0.25, pass);
  for (Index i = 0; i < 10; ++i)
    for (Index j = 0; j < 3; ++j) {
      const auto element = static_cast<std::uint64_t>(3 * i + j);
      const auto bits = random_bits(7, 8, 9, element / 4)[element % 4];
      CHECK(M(i, j) == (bits < 0x40000000u ? 0 : 1 / 0.75));
    }
}

TEST_CASE("seed, pass, layer and row each give another mask", "[dropout]") {
  const Eigen::MatrixXd M = mask(20, 5, 0.5, pass_of(1, 1, 1, 1));
  CHECK(mask(20, 5, 0.5, pass_of(1, 1, 1, 1)) == M);
  CHECK(mask(20, 5, 0.5, pass_of(2, 1, 1, 1)) != M);
  CHECK(mask(20, 5, 0.5, pass_of(1, 2, 1, 1)) != M);
  CHECK(mask(20, 5, 0.5, pass_of(1, 1, 2, 1)) != M);
  CHECK(mask(20, 5, 0.5, pass_of(1, 1, 1, 2)) != M);
}

TEST_CASE("dropout in a network", "[dropout]") {
  // With X = 1 and F = (1/m) Σ A, dF/dW = (1/m) 1ᵀ·M.
  constexpr Index m = 500;
  Network<double, Dropout<6>, Dense<6, 1, Identity, false>> net(Dropout<6>(0.5), {});
  net.parameters().setOnes();
  const Eigen::MatrixXd X = Eigen::MatrixXd::Ones(m, 6), Y = Eigen::MatrixXd::Zero(m, 1);
  auto workspace = net.workspace();
  workspace.seed = 4;
  const auto gradient = [&](Mode mode = Mode::training) -> Eigen::VectorXd {
    net.loss_and_gradient(X, Y, Sum{}, workspace, mode);
    return workspace.gradient;
  };

  SECTION("the batch, tile by tile, has the masks of one tile") {
    const Eigen::VectorXd expected = mask(m, 6, 0.5, pass_of(4)).colwise().mean();
    CHECK((gradient() - expected).cwiseAbs().maxCoeff() < 1e-14);  // a sum of 500 in another order
  }
  SECTION("every pass has its own, and the same again for the same seed and number") {
    const Eigen::VectorXd first = gradient(), second = gradient();
    CHECK(first != second);
    workspace.passes = 0;
    CHECK(gradient() == first);
    workspace.passes = 0;
    workspace.seed = 5;
    CHECK(gradient() != first);
  }
  SECTION("off in prediction, loss and evaluation mode, which do not count as passes") {
    CHECK(net.predict(X).isConstant(6, 0));
    CHECK(net.loss(X, Y, Sum{}) == 6);
    CHECK(gradient(Mode::evaluation).isOnes(0));
    CHECK(workspace.passes == 0);
    gradient();
    CHECK(workspace.passes == 1);
  }
  SECTION("the gradient goes where the values went") {
    const Eigen::MatrixXd dX = net.input_gradient(X, Y, Sum{}, workspace, Mode::training) * m;
    CHECK((dX - mask(m, 6, 0.5, pass_of(4))).cwiseAbs().maxCoeff() < 1e-14);
  }
}
