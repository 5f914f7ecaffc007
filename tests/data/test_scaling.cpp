// Scalers: against scikit-learn, as layers, and for targets in their own units.

#include <cmath>
#include <limits>

#include "lamina/data/scaling.hpp"
#include "lamina/dynamic_network.hpp"
#include "lamina/layers/dense.hpp"
#include "lamina/losses/mean_squared_error.hpp"
#include "lamina/network.hpp"
#include "lamina/optimizers/gradient_descent.hpp"
#include "support/catch.hpp"
#include "support/oracle.hpp"
#include "training/problems.hpp"
#include "training/quiet.hpp"

namespace {

using namespace lamina;
using Catch::Matchers::ContainsSubstring;

/// Each number by itself, but for a few roundings of the largest number of its column.
void check_close(const Eigen::MatrixXd& got, const Eigen::MatrixXd& want) {
  REQUIRE(got.rows() == want.rows());
  REQUIRE(got.cols() == want.cols());
  for (Index j = 0; j < want.cols(); ++j) {
    const double largest = want.col(j).cwiseAbs().maxCoeff();
    CAPTURE(j, got.col(j).transpose(), want.col(j).transpose());
    // The references have 17 digits; both sides round some ten times, and means cancel by a factor of ten or so.
    CHECK((got.col(j) - want.col(j)).cwiseAbs().maxCoeff() <= 1e-13 * std::max(largest, 1.0));
  }
}

}  // namespace

TEST_CASE("scalers as scikit-learn's", "[scaling][oracle]") {
  LAMINA_NEEDS_ORACLE();
  for (const std::string& name : oracle::names("sklearn", "preprocessing_scalers")) {
    const auto c = oracle::load("sklearn", name);
    const Eigen::MatrixXd X = oracle::matrix(c.at("X")), other = oracle::matrix(c.at("X_new"));

    const auto& standard = c.at("expected").at("standard");
    StandardScaler scaler;
    check_close(scaler.fit_transform(X), oracle::matrix(standard.at("X")));
    check_close(scaler.mean(), oracle::vector(standard.at("mean")).transpose());
    check_close(scaler.scale(), oracle::vector(standard.at("scale")).transpose());
    check_close(scaler.transform(other), oracle::matrix(standard.at("X_new")));
    check_close(scaler.inverse_transform(other), oracle::matrix(standard.at("inverse_of_X_new")));

    const auto& between = c.at("expected").at("minmax");
    MinMaxScaler min_max;
    check_close(min_max.fit_transform(X), oracle::matrix(between.at("X")));
    CHECK(min_max.minimum() == oracle::vector(between.at("min")).transpose());
    if (between.contains("X_new")) check_close(min_max.transform(other), oracle::matrix(between.at("X_new")));
    if (between.contains("inverse_of_X_new"))
      check_close(min_max.inverse_transform(other), oracle::matrix(between.at("inverse_of_X_new")));
  }
}

TEST_CASE("scalers by hand", "[scaling]") {
  const Eigen::MatrixXd X = (Eigen::MatrixXd(4, 3) << 1, 10, 5, 3, 10, 5, 5, 50, 5, 7, 30, 5).finished();
  StandardScaler standard;
  CHECK(standard.fit(X).mean() == Eigen::RowVector3d(4, 25, 5));
  CHECK(standard.scale()(0) == Catch::Approx(std::sqrt(5.0)).epsilon(1e-15));  // (9 + 1 + 1 + 9)/4
  CHECK(standard.scale()(2) == 1);
  CHECK(standard.columns() == 3);
  MinMaxScaler min_max(-1, 1);
  const Eigen::MatrixXd scaled = min_max.fit_transform(X);
  CHECK(scaled.col(1) == Eigen::Vector4d(-1, -1, 1, 0));
  CHECK(scaled.col(2) == Eigen::Vector4d::Constant(-1));
  CHECK(min_max.minimum() == Eigen::RowVector3d(1, 10, 5));
  CHECK(min_max.scale()(1) == 2.0 / 40);
  CHECK(min_max.low() == -1);
  CHECK(min_max.high() == 1);
  CHECK(min_max.transform((Eigen::MatrixXd(1, 3) << 1, 90, 6).finished()) == Eigen::RowVector3d(-1, 3, 0));
  CHECK((min_max.inverse_transform(scaled) - X).cwiseAbs().maxCoeff() <
        1e-14);  // a rounding of numbers up to 50
  CHECK(min_max.transform(X.cast<float>().array()).cast<double>().isApprox(scaled, 1e-7));
}

TEST_CASE("a spread that is small beside the mean is found", "[scaling]") {
  // x = 10⁹ + {4, 7, 13, 16}: variance 22.5 (of a well-known failure of the one-pass formula).
  const Eigen::Vector4d x = Eigen::Vector4d(4, 7, 13, 16).array() + 1e9;
  CHECK(StandardScaler().fit(x).scale()(0) == Catch::Approx(std::sqrt(22.5)).epsilon(1e-14));

  // The same with a million of them, whose sum has rounding errors of its own.
  const Eigen::Vector4d tenths = x.array() + 0.1;
  const Eigen::VectorXd many = tenths.replicate(250000, 1);
  StandardScaler scaler;
  scaler.fit(many);
  // The differences from 10⁹ are exact; numbers of that size are 1.2e-7 apart.
  CHECK(std::abs(scaler.mean()(0) - (1e9 + (tenths.array() - 1e9).mean())) < 1.3e-7);
  CHECK(scaler.scale()(0) == Catch::Approx(std::sqrt(22.5)).epsilon(1e-12));

  // A constant whose sum is not exact is constant all the same.
  const Eigen::VectorXd constant = Eigen::VectorXd::Constant(1000003, 0.1);
  CHECK(scaler.fit(constant).mean()(0) == 0.1);
  CHECK(scaler.scale()(0) == 1);
}

TEST_CASE("what scalers cannot use", "[scaling]") {
  Eigen::MatrixXf X = problems::uniform<float>(5, 2, 1);
  StandardScaler scaler;
  CHECK(scaler.columns() == 0);
  CHECK_THROWS_AS(scaler.transform(X), OptionError);
  CHECK_THROWS_AS(scaler.inverse_transform(X), OptionError);
  CHECK_THROWS_AS(scaler.layer(), OptionError);
  CHECK_THROWS_AS(scaler.mean(), OptionError);
  CHECK_THROWS_AS(MinMaxScaler().minimum(), OptionError);
  CHECK_THROWS_AS(MinMaxScaler(1, 1), OptionError);
  CHECK_THROWS_AS(MinMaxScaler(0, std::numeric_limits<double>::infinity()), OptionError);
  scaler.fit(X);
  CHECK_THROWS_AS(scaler.transform(X.leftCols(1)), ShapeError);
  CHECK_THROWS_AS(scaler.layer<3>(), ShapeError);
  CHECK_THROWS_AS(scaler.fit(X.topRows(0)), DataError);
  const Eigen::MatrixXf before = scaler.transform(X);
  for (const float bad : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    Eigen::MatrixXf Z = X;
    Z(3, 1) = bad;
    CHECK_THROWS_AS(scaler.fit(Z), DataError);
    CHECK_THROWS_WITH(MinMaxScaler().fit(Z), ContainsSubstring("at row 3, column 1"));
    CHECK_THROWS_WITH(scaler.transform(Z), ContainsSubstring("at row 3, column 1"));
  }
  CHECK(scaler.transform(X) == before);  // a fit that fails leaves it as it was
}

TEST_CASE("as layers they do the same, in float too", "[scaling]") {
  Eigen::MatrixXf X = problems::uniform<float>(200, 2, 1);
  X.col(0) = (X.col(0).array() + 3e6f).matrix();  // floats of 1/4 apart, whose mean is none of them
  const StandardScaler scaler = StandardScaler().fit(X);
  Network<float, Normalization<2>> net(scaler.layer<2>());
  DynamicNetwork<float> deep(2);
  deep.normalization(scaler.layer());
  const Eigen::MatrixXf scaled = scaler.transform(X);
  // Two roundings of numbers around 1.
  CHECK((net.predict(X) - scaled).cwiseAbs().maxCoeff() < 1e-6f);
  CHECK((deep.predict(X) - scaled).cwiseAbs().maxCoeff() < 1e-6f);
  CHECK(std::abs(scaled.cast<double>().col(0).mean()) < 1e-6);

  const MinMaxScaler min_max = MinMaxScaler(-1, 1).fit(X);
  Network<float, Normalization<2>, Normalization<2>> there_and_back(min_max.layer<2>(),
                                                                    min_max.layer<2>().inverse());
  CHECK((there_and_back.predict(X) - X).col(0).cwiseAbs().maxCoeff() <= 0.25f);
  CHECK((there_and_back.predict(X) - X).col(1).cwiseAbs().maxCoeff() < 1e-6f);
}

TEST_CASE("trained on scaled targets, a last layer gives the units of the data", "[scaling]") {
  const problems::Surface<double> surface(200);
  const Eigen::MatrixXd X = 1000 * surface.X.array() + 5000, Y = 20000 * surface.Y.array() - 300000;
  StandardScaler of_x, of_y;
  of_x.fit(X);
  of_y.fit(Y);
  using Hidden = Dense<2, 8, Tanh>;
  using Output = Dense<8, 1>;
  Network<double, Normalization<2>, Hidden, Output> net(of_x.layer<2>(), {}, {});
  net.initialize(1);
  fit(net, X, of_y.transform(Y), MeanSquaredError{}, GradientDescent{.learning_rate = 0.1},
      problems::quiet(300, 20));
  const double scaled_loss = net.loss(X, of_y.transform(Y), MeanSquaredError{});
  CHECK(scaled_loss < 0.05);

  Network<double, Normalization<2>, Hidden, Output, Normalization<1>> model(of_x.layer<2>(), {}, {},
                                                                            of_y.layer<1>().inverse());
  model.parameters() = net.parameters();
  // In units of Y² the loss is σ² times as large; some hundred roundings.
  const double variance = std::pow(of_y.scale()(0), 2);
  CHECK(model.loss(X, Y, MeanSquaredError{}) == Catch::Approx(variance * scaled_loss).epsilon(1e-10));
  CHECK((model.predict(X) - of_y.inverse_transform(net.predict(X))).cwiseAbs().maxCoeff() < 1e-8);

  SECTION("and with the layer in it, training takes the same steps at a learning rate of 1/σ² of it") {
    Network<double, Normalization<2>, Hidden, Output, Normalization<1>> raw(of_x.layer<2>(), {}, {},
                                                                            of_y.layer<1>().inverse());
    raw.initialize(1);
    fit(raw, X, Y, MeanSquaredError{}, GradientDescent{.learning_rate = 0.1 / variance},
        problems::quiet(300, 20));
    // 3000 steps of rounding in other units.
    CHECK((raw.parameters() - net.parameters()).cwiseAbs().maxCoeff() < 1e-6);
  }
}
