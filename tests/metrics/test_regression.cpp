// Metrics of regression by hand, and what they refuse.

#include <limits>
#include <vector>

#include "lamina/losses.hpp"
#include "lamina/training/metrics.hpp"
#include "support/catch.hpp"

namespace test_regression {

using namespace lamina;

namespace {

/// A few sums and quotients of numbers near 1, each rounded to 2⁻⁵³.
auto about(double x) { return Catch::Approx(x).epsilon(1e-14); }

}  // namespace

TEST_CASE("errors are means over samples and outputs, the losses sums over outputs", "[metrics]") {
  Eigen::MatrixXd P(2, 2), Y(2, 2);
  P << 1, 2, 3, 4;
  Y << 1, 0, 0, 5;  // off by 0, 2, 3, −1
  CHECK(mean_squared_error(P, Y) == 3.5);
  CHECK(mean_squared_error(P, Y) == MeanSquaredError{}.value(P, Y) / 2 / 2);
  CHECK(mean_absolute_error(P, Y) == 1.5);
  CHECK(mean_absolute_error(P, Y) == MeanAbsoluteError{}.value(P, Y) / 2 / 2);
  CHECK(root_mean_squared_error(P, Y) == about(std::sqrt(3.5)));
  CHECK(median_absolute_error(P, Y) == 1.5);
  CHECK(max_error(P, Y) == 3);
  const std::vector<double> s = {3, 1};
  CHECK(mean_squared_error(P, weighted(Y, s)) == about((3 * 4 + 10) / 8.0));
  CHECK(mean_absolute_error(P, weighted(Y, s)) == about((3 * 2 + 4) / 8.0));
  // Any expression, float too.
  CHECK(mean_squared_error(P.cast<float>() * 1.0f, Y.transpose().transpose()) == 3.5);
  CHECK(median_absolute_error(Eigen::Vector4d(1, 2, 3, 10), Eigen::Vector4d::Zero().eval()) == 2.5);
  CHECK(median_absolute_error(Eigen::Vector3d(7, 2, 3), Eigen::Vector3d::Zero().eval()) == 3);
}

TEST_CASE("R² and explained variance", "[metrics]") {
  const Eigen::Vector4d y(1, 2, 3, 4);
  CHECK(r2_score(y, y) == 1);
  CHECK(r2_score(Eigen::Vector4d::Constant(2.5).eval(), y) == 0);
  CHECK(r2_score((y.array() + 1).matrix(), y) == about(1 - 4 / 5.0));
  CHECK(explained_variance((y.array() + 1).matrix(), y) == 1);
  Eigen::MatrixXd Y(3, 2), P(3, 2);
  Y << 1, 0, 2, 0, 3, 3;
  P << 1, 1, 2, 1, 2, 1;  // squared errors 0 + 0 + 1 of 2, and 1 + 1 + 4 of 6
  CHECK(r2_score_per_output(P, Y).isApprox(Eigen::Vector2d(0.5, 0), 1e-14));
  CHECK(r2_score(P, Y) == about(0.25));
  // Weights are as good as repeated samples.
  Eigen::MatrixXd Y2(4, 2), P2(4, 2);
  Y2 << Y, Y.row(1);
  P2 << P, P.row(1);
  const std::vector<int> s = {1, 2, 1};
  CHECK(r2_score(P, weighted(Y, s)) == about(r2_score(P2, Y2)));
  CHECK(explained_variance(P, weighted(Y, s)) == about(explained_variance(P2, Y2)));
}

TEST_CASE("constant targets, whose mean is rounded", "[metrics]") {
  const Eigen::Vector3d y = Eigen::Vector3d::Constant(0.1), p(0.1, 0.1, 0.2);
  const std::vector<double> s = {0.1, 0.7, 0.3};
  CHECK(r2_score(y, y) == 1);
  CHECK(r2_score(p, y) == 0);
  CHECK(r2_score(p, weighted(y, s)) == 0);
  CHECK(r2_score((2 * y).eval(), y) == 0);
  CHECK(explained_variance((2 * y).eval(), weighted(y, s)) == 1);  // a constant off
  CHECK(explained_variance(p, weighted(y, s)) == 0);
}

TEST_CASE("metrics of regression refuse what they cannot measure", "[metrics]") {
  const Eigen::MatrixXd Y = Eigen::MatrixXd::Ones(3, 2);
  Eigen::MatrixXd bad = Y;
  bad(2, 1) = std::numeric_limits<double>::quiet_NaN();
  const auto refuses = [&](auto metric) {
    CHECK_THROWS_AS(metric(Y, Eigen::MatrixXd::Ones(3, 1).eval()), ShapeError);
    CHECK_THROWS_AS(metric(Y, Eigen::MatrixXd::Ones(2, 2).eval()), ShapeError);
    CHECK_THROWS_AS(metric(bad, Y), DataError);
    CHECK_THROWS_AS(metric(Y, bad), DataError);
    CHECK_THROWS_AS(metric(Eigen::MatrixXd(0, 2), Eigen::MatrixXd(0, 2)), DataError);
    CHECK_THROWS_AS(metric(Eigen::MatrixXd(3, 0), Eigen::MatrixXd(3, 0)), ShapeError);
  };
  refuses([](const auto& a, const auto& b) { return mean_squared_error(a, b); });
  refuses([](const auto& a, const auto& b) { return root_mean_squared_error(a, b); });
  refuses([](const auto& a, const auto& b) { return mean_absolute_error(a, b); });
  refuses([](const auto& a, const auto& b) { return median_absolute_error(a, b); });
  refuses([](const auto& a, const auto& b) { return max_error(a, b); });
  refuses([](const auto& a, const auto& b) { return r2_score(a, b); });
  refuses([](const auto& a, const auto& b) { return explained_variance(a, b); });
  CHECK_THROWS_AS(r2_score(Y.topRows(1), Y.topRows(1)), DataError);
  CHECK_THROWS_AS(explained_variance(Y.topRows(1), Y.topRows(1)), DataError);
  CHECK_THROWS_AS(mean_squared_error(Y, weighted(Y, std::vector<double>{1, 1})), ShapeError);
  CHECK_THROWS_AS(mean_squared_error(Y, weighted(Y, std::vector<double>{1, 1, -1})), DataError);
}

}  // namespace test_regression
