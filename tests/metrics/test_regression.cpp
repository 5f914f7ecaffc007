// Metrics of regression by hand, and what they refuse.

#include <cmath>
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
  const Eigen::Vector2d zero = Eigen::Vector2d::Zero();
  CHECK(median_absolute_error(Eigen::Vector2d(1e308, 1.2e308), zero) == about(1.1e308));
  CHECK(median_absolute_error(Eigen::Vector2d(5e-324, 5e-324), zero) == 5e-324);
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

TEST_CASE("rows of weight 0 are as good as absent", "[metrics]") {
  // Targets, or errors, that are constant without the last row.
  const Eigen::Vector3d p(1, 2, 3), y(1, 1, 5);
  const std::vector<double> s = {1, 1, 0};
  CHECK(r2_score(p, weighted(y, s)) == 0);
  CHECK(r2_score(y, weighted(y, s)) == 1);
  CHECK(explained_variance(p, weighted(y, s)) == 0);
  const Eigen::Vector4d P(1, 2, 3, 3), Y(0.1, 0.1, 0.1, 5);
  const std::vector<double> S = {1, 1, 1, 0};
  CHECK(r2_score(P, weighted(Y, S)) == 0);
  CHECK(explained_variance((Y + Eigen::Vector4d(0.1, 0.1, 0.1, 7)).eval(), weighted(Y, S)) == 1);
  CHECK(explained_variance((P + Eigen::Vector4d(0.1, 0.1, 0.1, 7)).eval(), weighted(P, S)) == about(1));
  const Eigen::Vector4d far(1, 2, 4, 1e200);
  CHECK(mean_squared_error(far, weighted(P, S)) == about(1.0 / 3));
  CHECK(r2_score(far, weighted(P, S)) == about(0.5));

  const Eigen::Vector2d two(1, 5);
  const std::vector<double> last = {0, 1};
  const auto one = weighted(two, last);
  CHECK_THROWS_MATCHES(r2_score(Eigen::Vector2d(1, 2), one), DataError,
                       Catch::Matchers::Message("Y: expected at least two rows (samples) of positive weight "
                                                "for a variance, got 1"));
  CHECK_THROWS_AS(explained_variance(Eigen::Vector2d(1, 2), one), DataError);
}

TEST_CASE("R² and explained variance of numbers whose squares overflow or vanish", "[metrics]") {
  const Eigen::Vector3d y(1, 2, 3), p(1.5, 2, 3);
  const double r2 = 1 - 0.25 / 2, explained = 1 - (0.25 - 0.25 / 3) / 2;
  const std::vector<double> s = {1, 1, 1};
  for (const double scale : {1e-320, 1e-200, 1.0, 1e200, 5e307}) {
    CAPTURE(scale);
    const Eigen::Vector3d Y = scale * y, P = scale * p;
    const double tolerance =
        scale < 1e-300 ? 1e-3 : 1e-14;  // some roundings; 1e-320 is some 2000 times the least number
    CHECK(r2_score(Y, Y) == 1);
    CHECK(explained_variance(Y, Y) == 1);
    CHECK(r2_score(P, Y) == Catch::Approx(r2).epsilon(tolerance));
    CHECK(r2_score(P, weighted(Y, s)) == Catch::Approx(r2).epsilon(tolerance));
    CHECK(explained_variance(P, Y) == Catch::Approx(explained).epsilon(tolerance));
  }
  const Eigen::Vector3d zero = Eigen::Vector3d::Zero();
  CHECK(r2_score((1e-200 * y).eval(), zero) == 0);  // not exact
  CHECK(explained_variance(Eigen::Vector3d::Constant(1e200).eval(), (1e-200 * y).eval()) == 1);
  CHECK(r2_score(y, (1e-200 * y).eval()) == -std::numeric_limits<double>::infinity());  // −1e400
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
