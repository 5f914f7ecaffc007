// What a loss says about its targets, its divisor and its options.

#include <limits>

#include "lamina/losses.hpp"
#include "support/catch.hpp"

using namespace lamina;
using Catch::Matchers::ContainsSubstring;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double inf = std::numeric_limits<double>::infinity();

}  // namespace

TEST_CASE("losses: options outside their domain are errors") {
  for (const double bad : {0.0, -1.0, not_a_number, inf}) {
    CHECK_THROWS_AS(Huber{.delta = bad}.check(1), OptionError);
    CHECK_THROWS_AS(PoissonNLL{.eps = bad}.check(1), OptionError);
  }
  for (const double bad :
       {0.0, 1.0, -0.1, 1.1, not_a_number, 1e-50, 1 - 1e-9})  // the last two: 0 and 1 as floats
    CHECK_THROWS_AS(Quantile{.tau = bad}.check(1), OptionError);
  for (const double bad : {-0.1, 1.0, not_a_number, inf}) {
    CHECK_THROWS_AS(BinaryCrossEntropy{.label_smoothing = bad}.check(1), OptionError);
    CHECK_THROWS_AS(SoftmaxCrossEntropy{.label_smoothing = bad}.check(3), OptionError);
  }
  for (const double bad : {-0.1, not_a_number, inf, -inf}) {
    CHECK_THROWS_AS(BinaryCrossEntropy{.positive_weight = bad}.check(1), OptionError);
    CHECK_THROWS_AS(BinaryCrossEntropy{.negative_weight = bad}.check(1), OptionError);
    CHECK_THROWS_AS((SoftmaxCrossEntropy{.class_weights = {1, bad, 1}}.check(3)), OptionError);
  }
  CHECK_THROWS_AS((BinaryCrossEntropy{.positive_weight = 0, .negative_weight = 0}.check(2)), OptionError);
  CHECK_THROWS_AS((SoftmaxCrossEntropy{.class_weights = {0, 0, 0}}.check(3)), OptionError);

  CHECK_NOTHROW(Huber{}.check(1));
  CHECK_NOTHROW(PoissonNLL{}.check(1));
  CHECK_NOTHROW(Quantile{}.check(1));
  CHECK_NOTHROW((BinaryCrossEntropy{.positive_weight = 0, .label_smoothing = 0.99}.check(2)));
  CHECK_NOTHROW((SoftmaxCrossEntropy{.label_smoothing = 0.5, .class_weights = {0, 1}}.check(2)));
  CHECK_NOTHROW(GaussianNLL{}.check(4));
}

TEST_CASE("losses: options of the wrong number, and impossible outputs, are errors") {
  CHECK_THROWS_AS((SoftmaxCrossEntropy{.class_weights = {1, 2}}.check(3)), ShapeError);
  CHECK_THROWS_AS((BinaryCrossEntropy{.positive_weight = {1, 2}}.check(3)), ShapeError);
  CHECK_THROWS_AS((Quantile{.tau = {0.5, 0.6}}.check(1)), ShapeError);
  CHECK_THROWS_AS(GaussianNLL{}.check(3), ShapeError);
  CHECK_THROWS_AS(GaussianNLL{}.check(1), ShapeError);
  CHECK_NOTHROW((BinaryCrossEntropy{.positive_weight = {1, 2, 3}}.check(3)));
  CHECK_NOTHROW((Quantile{.tau = {0.5}}.check(1)));

  SECTION("an empty list is no number at all") {
    CHECK_THROWS_AS((BinaryCrossEntropy{.positive_weight = {}}.check(3)), OptionError);
    CHECK_THROWS_AS((Quantile{.tau = std::vector<double>{}}.check(1)), OptionError);
  }
  SECTION("the message names the option, what was expected, what came, and where") {
    CHECK_THROWS_WITH((SoftmaxCrossEntropy{.class_weights = {1, 2, -3}}.check(3)),
                      ContainsSubstring("class_weights") && ContainsSubstring("-3 for class 2"));
    CHECK_THROWS_WITH((SoftmaxCrossEntropy{.class_weights = {1, 2}}.check(3)),
                      ContainsSubstring("each of 3 outputs, got 2"));
    CHECK_THROWS_WITH((Quantile{.tau = {0.5, 1.5}}.check(2)),
                      ContainsSubstring("tau") && ContainsSubstring("1.5 for output 1"));
    CHECK_THROWS_WITH(GaussianNLL{}.check(3),
                      ContainsSubstring("even number of outputs") && ContainsSubstring("got 3"));
  }
}

TEST_CASE("losses: which targets they take") {
  CHECK(SoftmaxCrossEntropy::classes(5) == 5);
  CHECK(BinaryCrossEntropy::classes(1) == 2);
  CHECK(BinaryCrossEntropy::classes(3) == 0);  // several labels at once are rows of 0 and 1
  CHECK(GaussianNLL::target_columns(6) == 3);
  CHECK(SoftmaxCrossEntropy::target_minimum == 0);
  CHECK(SoftmaxCrossEntropy::target_maximum == 1);
  CHECK(BinaryCrossEntropy::target_minimum == 0);
  CHECK(BinaryCrossEntropy::target_maximum == 1);
  CHECK(PoissonNLL::target_minimum == 0);
}

TEST_CASE("SoftmaxCrossEntropy: a sample's share of the divisor is the weight of its class") {
  Eigen::MatrixXd Y(3, 3);
  Y << 1, 0, 0, 0, 0, 1, 0.25, 0.5, 0.25;
  const SoftmaxCrossEntropy plain, weighted{.class_weights = {2, 4, 8}};
  CHECK(plain.weight(Y.row(2)) == 1);
  CHECK(weighted.weight(Y.row(0)) == 2);
  CHECK(weighted.weight(Y.middleRows(1, 1)) == 8);
  CHECK(weighted.weight(Y.row(2)) == 4.5);
  CHECK(weighted.weight(Y.row(2).cast<float>()) == 4.5f);
}

TEST_CASE("BinaryCrossEntropy: label smoothing s takes y(1 − s) + s/2 for y") {
  Eigen::MatrixXd A(1, 3), Y(1, 3), smoothed(1, 3), dA(1, 3), want(1, 3);
  A << -2, 0.5, 3;
  Y << 0, 1, 0.5;
  smoothed << 0.125, 0.875, 0.5;
  const BinaryCrossEntropy loss{.label_smoothing = 0.25};
  CHECK(loss.value(A, Y) == BinaryCrossEntropy{}.value(A, smoothed));
  loss.gradient(A, Y, dA);
  BinaryCrossEntropy{}.gradient(A, smoothed, want);
  CHECK(dA == want);
}

TEST_CASE("losses: an option for each output is that of its column") {
  const Eigen::MatrixXd A = Eigen::MatrixXd::Random(4, 2), Y = Eigen::MatrixXd::Random(4, 2).cwiseAbs();
  const auto column = [&](const auto& loss, Eigen::Index j) { return loss.value(A.col(j), Y.col(j)); };
  CHECK(BinaryCrossEntropy{.positive_weight = {2, 5}}.value(A, Y) ==
        Catch::Approx(column(BinaryCrossEntropy{.positive_weight = 2}, 0) +
                      column(BinaryCrossEntropy{.positive_weight = 5}, 1)));
  CHECK(BinaryCrossEntropy{.negative_weight = {2, 5}}.value(A, Y) ==
        Catch::Approx(column(BinaryCrossEntropy{.negative_weight = 2}, 0) +
                      column(BinaryCrossEntropy{.negative_weight = 5}, 1)));
  CHECK(Quantile{.tau = {0.1, 0.75}}.value(A, Y) ==
        Catch::Approx(column(Quantile{.tau = 0.1}, 0) + column(Quantile{.tau = 0.75}, 1)));
}
