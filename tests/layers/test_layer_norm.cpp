// LayerNorm: every row by its own mean and variance.

#include <cmath>
#include <limits>

#include "layers/support.hpp"
#include "support/catch.hpp"
#include "training/problems.hpp"

using namespace lamina;

TEST_CASE("rows have mean 0 and variance 1 before gain and offset", "[layer_norm]") {
  const Eigen::MatrixXd X = 7 * problems::uniform(300, 5, 1).array() + 100;
  Network<double, LayerNorm<5>> net;
  Eigen::MatrixXd A = net.predict(X);
  CHECK(A.rowwise().mean().cwiseAbs().maxCoeff() < 1e-12);  // rows of about 100: rounding of 1e-14 relative
  for (Index i = 0; i < X.rows(); ++i) {
    const double variance = (X.row(i).array() - X.row(i).mean()).square().mean();
    CHECK(A.row(i).array().square().mean() ==
          Catch::Detail::Approx(variance / (variance + 1e-5)).epsilon(1e-12));
  }

  net.weights<0>() << 1, 2, 3, 4, 5;
  net.bias<0>() << -1, -2, -3, -4, -5;
  const Eigen::MatrixXd with_gain = net.predict(X);
  for (Index j = 0; j < 5; ++j) {
    const double k = static_cast<double>(j + 1);
    CHECK((with_gain.col(j) - (k * A.col(j).array() - k).matrix()).cwiseAbs().maxCoeff() < 1e-14);
  }
}

TEST_CASE("a row is normalised by itself alone, in training as in evaluation", "[layer_norm]") {
  const Eigen::MatrixXd X = problems::uniform(50, 4, 1);
  Network<double, LayerNorm<4>> net;
  const Eigen::MatrixXd A = net.predict(X);
  CHECK((net.predict(X.row(7)) - A.row(7)).cwiseAbs().maxCoeff() < 1e-15);
  auto workspace = net.workspace();
  const double in_training = net.loss_and_gradient(X, X, layer_tests::Sum{}, workspace);
  CHECK(in_training == net.loss(X, X, layer_tests::Sum{}));
}

TEST_CASE("a constant row, or a single column, becomes the offset", "[layer_norm]") {
  Network<double, LayerNorm<3>> net;
  net.bias<0>() << 1, 2, 3;
  CHECK(net.predict(Eigen::RowVector3d(4, 4, 4)) == Eigen::RowVector3d(1, 2, 3));
  Network<double, LayerNorm<1>> single;
  single.bias<0>()(0) = 5;
  CHECK(single.predict(Eigen::MatrixXd(problems::uniform(4, 1, 1))).isConstant(5, 0));
}

TEST_CASE("options of layer normalisation", "[layer_norm]") {
  CHECK_THROWS_AS(LayerNorm<3>(0), OptionError);
  CHECK_THROWS_AS(LayerNorm<3>(-1e-5), OptionError);
  CHECK_THROWS_AS(LayerNorm<3>(1e-60), OptionError);  // 0 in a network of floats
  CHECK_THROWS_AS(LayerNorm<3>(1e60), OptionError);   // infinite there
  CHECK_THROWS_AS(LayerNorm<Dynamic>(3, std::numeric_limits<double>::infinity()), OptionError);
  CHECK_THROWS_AS(LayerNorm<Dynamic>(0), ShapeError);
  CHECK(LayerNorm<3>().epsilon() == 1e-5);
}
