// Metrics of classes and of scores by hand, what they refuse, and how a confusion matrix is printed.

#include <array>
#include <cmath>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include "lamina/losses.hpp"
#include "lamina/training/metrics.hpp"
#include "support/catch.hpp"

namespace test_classification {

using namespace lamina;
using Catch::Matchers::ContainsSubstring;

namespace {

const double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// A few sums and quotients of numbers near 1, each rounded to 2⁻⁵³.
auto about(double x) { return Catch::Approx(x).epsilon(1e-14); }

Eigen::MatrixXd column(std::initializer_list<double> values) {
  return Eigen::Map<const Eigen::VectorXd>(std::data(values), static_cast<Index>(values.size()));
}

}  // namespace

TEST_CASE("the classes of scores", "[metrics]") {
  Eigen::MatrixXf S(4, 3);
  S << 1, 2, 0,  //
      5, 5, 1,   //
      -3, -2, -1, 0, 0, 0;
  const auto classes = predicted_classes(S);
  CHECK(std::vector<Index>(classes.begin(), classes.end()) == std::vector<Index>{1, 0, 2, 0});
  const auto of_one = [](const Eigen::MatrixXd& s, auto... threshold) {
    const auto c = predicted_classes(s, threshold...);
    return std::vector<Index>(c.begin(), c.end());
  };
  CHECK(of_one(column({-1, 0, 1e-9})) == std::vector<Index>{0, 0, 1});
  CHECK(of_one(column({0.4, 0.5, 0.6}), 0.5) == std::vector<Index>{0, 0, 1});
  CHECK_THROWS_AS(predicted_classes(Eigen::MatrixXd(0, 2)), DataError);
  CHECK_THROWS_AS(predicted_classes(Eigen::MatrixXd(2, 0)), ShapeError);
  CHECK_THROWS_AS(predicted_classes(column({1, not_a_number})), DataError);
  CHECK(of_one(column({1, 2}), -std::numeric_limits<double>::infinity()) == std::vector<Index>{1, 1});
  CHECK_THROWS_MATCHES(predicted_classes(column({1, 2}), not_a_number), OptionError,
                       Catch::Matchers::Message("threshold: expected a number, got nan"));
}

TEST_CASE("accuracy takes labels of any kind, with weights", "[metrics]") {
  const std::array<int, 4> labels = {0, 1, 2, 1};
  const Eigen::VectorXi predicted = Eigen::Vector4i(0, 1, 1, 1);
  CHECK(accuracy(predicted, labels) == 0.75);
  CHECK(accuracy(predicted.reverse(), labels) == 0.25);
  CHECK(accuracy(predicted, weighted(labels, std::vector<float>{1, 0, 2, 1})) == 0.5);
  CHECK_THROWS_AS(accuracy(predicted, std::vector<int>{0, 1}), ShapeError);
  CHECK_THROWS_AS(accuracy(std::vector<int>{}, std::vector<int>{}), DataError);
  CHECK_THROWS_AS(accuracy(predicted, std::vector<int>{0, 1, -1, 0}), DataError);
  CHECK_THROWS_AS(accuracy(std::vector<int>{0, -1}, std::vector<int>{0, 1}), DataError);
  CHECK_THROWS_AS(accuracy(predicted, weighted(labels, std::vector<double>{1, 1, 1})), ShapeError);
  CHECK_THROWS_AS(accuracy(predicted, weighted(labels, std::vector<double>{1, 1, 1, -1})), DataError);
  CHECK_THROWS_AS(accuracy(predicted, weighted(labels, std::vector<double>{0, 0, 0, 0})), DataError);
  CHECK_THROWS_AS(accuracy(predicted, weighted(labels, std::vector<double>{1, 1, 1, not_a_number})),
                  DataError);
}

TEST_CASE("top-k accuracy", "[metrics]") {
  Eigen::MatrixXd S(3, 4);
  S << 4, 3, 2, 1,  //
      1, 2, 3, 4,   //
      0, 0, 0, 0;
  const std::vector<int> labels = {1, 0, 3};
  CHECK(top_k_accuracy(S, labels, 1) == about(1.0 / 3));  // of equal scores the last class is first
  CHECK(top_k_accuracy(S, labels, 2) == about(2.0 / 3));
  CHECK(top_k_accuracy(S, labels, 3) == about(2.0 / 3));
  CHECK(top_k_accuracy(S, labels, 4) == 1);
  CHECK(top_k_accuracy(S, weighted(labels, std::vector<double>{1, 2, 1}), 2) == 0.5);
  CHECK_THROWS_AS(top_k_accuracy(S, labels, 0), OptionError);
  CHECK_THROWS_AS(top_k_accuracy(S, labels, 5), OptionError);
  CHECK_THROWS_AS(top_k_accuracy(S, std::vector<int>{0, 1}), ShapeError);
  CHECK_THROWS_AS(top_k_accuracy(S, std::vector<int>{0, 1, 4}), DataError);
  CHECK_THROWS_AS(top_k_accuracy(column({1, 2}), std::vector<int>{0, 1}), ShapeError);
}

TEST_CASE("a confusion matrix with weights, and classes without samples", "[metrics]") {
  //                                        class 0: two found, one taken for 2; class 1: never seen; class 2: missed
  const ConfusionMatrix m(std::vector<int>{0, 0, 2, 0}, std::vector<int>{0, 0, 0, 2}, 3);
  CHECK(m.counts() == (Eigen::Matrix3d() << 2, 0, 1, 0, 0, 0, 1, 0, 0).finished());
  CHECK(m(0, 2) == 1);
  CHECK(m.precision()(0) == about(2.0 / 3));
  CHECK(m.recall()(0) == about(2.0 / 3));
  CHECK(m.f1() == Eigen::Vector3d(m.f1()(0), 0, 0));
  CHECK(m.precision(Average::macro) == about(2.0 / 9));
  CHECK(m.recall(Average::weighted) == about(0.5));
  CHECK(m.accuracy() == 0.5);
  CHECK(m.balanced_accuracy() == about(1.0 / 3));  // of two classes
  const ConfusionMatrix w(std::vector<int>{0, 1},
                          weighted(std::vector<int>{0, 0}, std::vector<double>{0.25, 0.5}), 2);
  CHECK(w(0, 0) == 0.25);
  CHECK(w.support() == Eigen::Vector2d(0.75, 0));
  // One class only: nothing is left over chance.
  const ConfusionMatrix one(std::vector<int>{0, 0}, std::vector<int>{0, 0}, 1);
  CHECK(one.accuracy() == 1);
  CHECK(one.cohen_kappa() == 0);
  CHECK(one.matthews_correlation() == 0);

  const std::vector<double> tenths = {0.1, 0.3};
  const ConfusionMatrix tenths_of_one(std::vector<int>{1, 1}, weighted(std::vector<int>{1, 1}, tenths), 2);
  CHECK(tenths_of_one.cohen_kappa() == 0);
  CHECK(tenths_of_one.matthews_correlation() == 0);
  const ConfusionMatrix all_taken_for_one(std::vector<int>{1, 1}, weighted(std::vector<int>{0, 1}, tenths),
                                          2);
  CHECK(std::abs(all_taken_for_one.cohen_kappa()) < 1e-15);  // some roundings of numbers below 1
  CHECK(all_taken_for_one.matthews_correlation() == 0);

  CHECK_THROWS_AS(ConfusionMatrix(std::vector<int>{0}, std::vector<int>{0}, 0), OptionError);
  CHECK_THROWS_AS(ConfusionMatrix(std::vector<int>{0}, std::vector<int>{2}, 2), DataError);
  CHECK_THROWS_AS(ConfusionMatrix(std::vector<int>{2}, std::vector<int>{0}, 2), DataError);
  CHECK_THROWS_AS(ConfusionMatrix(std::vector<int>{0, 1}, std::vector<int>{0}, 2), ShapeError);
  CHECK_THROWS_AS(ConfusionMatrix(std::vector<int>{}, std::vector<int>{}, 2), DataError);
}

TEST_CASE("agreement is free of the scale of the weights", "[metrics]") {
  const std::vector<int> labels = {0, 0, 0, 1, 1}, predicted = {0, 0, 1, 1, 1};
  for (const double scale : {1e-300, 1e-170, 0.1, 1.0, 1e160, 1e300}) {
    CAPTURE(scale);
    const std::vector<double> s(5, scale);
    const ConfusionMatrix m(predicted, weighted(labels, s), 2);
    // c = 4, n = 5, t = (3, 2) and p = (2, 3)
    CHECK(m.cohen_kappa() == about((20 - 12) / (25 - 12.0)));
    CHECK(m.matthews_correlation() == about((20 - 12) / (25 - 13.0)));
  }
}

TEST_CASE("a confusion matrix is printed with its names", "[metrics]") {
  std::ostringstream out;
  out << ConfusionMatrix(std::vector<int>{0, 1, 1, 0}, std::vector<int>{0, 1, 0, 0}, {"chat", "ch\u00eane"});
  CHECK(out.str() ==
        "label \\ predicted   chat  ch\u00eane\n"
        "chat                   2      1\n"
        "ch\u00eane                  0      1\n"
        "\n"
        "                   precision     recall         F1    samples\n"
        "chat                   1.000      0.667      0.800          3\n"
        "ch\u00eane                  0.500      1.000      0.667          1\n"
        "macro                  0.750      0.833      0.733          4\n"
        "weighted               0.875      0.750      0.767          4\n"
        "accuracy                                     0.750          4\n");
}

TEST_CASE("a confusion matrix of any size stays in line", "[metrics]") {
  for (const std::size_t classes : {std::size_t{1}, std::size_t{30}}) {
    std::vector<int> labels;
    std::vector<std::string> names;
    for (std::size_t j = 0; j < classes; ++j) {
      labels.push_back(static_cast<int>(j));
      names.push_back("a class with a name too long for a column, " + std::to_string(j));
    }
    const auto printed = [&](const ConfusionMatrix& matrix) {
      std::ostringstream out;
      out << matrix;
      std::size_t rows = 0;
      std::istringstream lines(out.str());
      for (std::string line; std::getline(lines, line); ++rows) {
        CAPTURE(line);
        CHECK(line.size() <= 110);
        CHECK((line.empty() || line.back() != ' '));
      }
      CHECK(rows >= 2 * classes + 5);
      return out.str();
    };
    const std::string with_names = printed(ConfusionMatrix(labels, labels, names));
    for (const std::string& name : names) CHECK_THAT(with_names, ContainsSubstring(name + "  "));
    const std::string with_weights = printed(ConfusionMatrix(
        labels, weighted(labels, std::vector<double>(classes, 0.125)), static_cast<Index>(classes)));
    CHECK_THAT(with_weights, ContainsSubstring("0.12"));
  }
}

TEST_CASE("the area under the ROC curve", "[metrics]") {
  const std::vector<int> labels = {0, 0, 1, 1};
  CHECK(roc_auc(column({0.1, 0.4, 0.35, 0.8}), labels) == 0.75);
  CHECK(roc_auc(column({1, 2, 3, 4}), labels) == 1);
  CHECK(roc_auc(column({4, 3, 2, 1}), labels) == 0);
  CHECK(roc_auc(column({1, 1, 1, 2}), labels) == 0.75);
  const RocCurve curve = roc_curve(column({0.1, 0.4, 0.35, 0.8}), labels);
  CHECK(curve.false_positive_rate == std::vector<double>{0, 0, 0.5, 0.5, 1});
  CHECK(curve.true_positive_rate == std::vector<double>{0, 0.5, 0.5, 1, 1});
  CHECK(curve.thresholds ==
        std::vector<double>{std::numeric_limits<double>::infinity(), 0.8, 0.4, 0.35, 0.1});
  // Three classes, one against the rest.
  Eigen::MatrixXd S(4, 3);
  S << 0.8, 0.1, 0.1,  //
      0.7, 0.1, 0.2,   //
      0.2, 0.1, 0.7,   //
      0.6, 0.1, 0.3;
  // Class 2 is the sample of 0.3 against 0.1, 0.2 and 0.7: two of three pairs.
  CHECK(roc_auc(S, std::vector<int>{0, 0, 1, 2}) == about((1 + 0.5 + 2.0 / 3) / 3));

  CHECK_THROWS_AS(roc_auc(column({1, 2}), std::vector<int>{1, 1}), DataError);
  CHECK_THROWS_AS(roc_auc(column({1, 2}), std::vector<int>{0, 0}), DataError);
  CHECK_THROWS_AS(roc_auc(column({1, 2}), std::vector<int>{0, 2}), DataError);
  CHECK_THROWS_AS(roc_auc(column({1, not_a_number}), std::vector<int>{0, 1}), DataError);
  CHECK_THROWS_AS(roc_auc(column({1, 2}), labels), ShapeError);
  CHECK_THROWS_AS(roc_auc(S, std::vector<int>{0, 0, 1, 1}), DataError);  // none of class 2
  CHECK_THROWS_AS(roc_curve(S, std::vector<int>{0, 0, 1, 1}), ShapeError);
  CHECK_THROWS_AS(roc_curve(column({1, 2}), std::vector<int>{1, 1}), DataError);
  CHECK_THROWS_AS(average_precision(column({1, 2}), std::vector<int>{0, 0}), DataError);
  CHECK(average_precision(column({1, 2}), std::vector<int>{1, 1}) == 1);
  CHECK(average_precision(column({0.1, 0.4, 0.35, 0.8}), labels) == about(0.5 * 1 + 0.5 * 2 / 3));
}

TEST_CASE("log loss and Brier score", "[metrics]") {
  Eigen::MatrixXd P(2, 3);
  P << 0.5, 0.25, 0.25,  //
      0, 1, 0;
  const std::vector<int> labels = {0, 1};
  CHECK(log_loss(P, labels) == about(std::log(2) / 2));
  CHECK(log_loss(P, weighted(labels, std::vector<double>{3, 1})) == about(std::log(2) * 0.75));
  CHECK(log_loss(P, std::vector<int>{0, 2}) == about((std::log(2) + 52 * std::log(2)) / 2));  // ε = 2⁻⁵²
  CHECK(log_loss(P.cast<float>(), std::vector<int>{0, 2}) ==
        about((24 * std::log(2) + 0x1p-23) / 2));  // ε = 2⁻²³, divided by the sum 1 + ε
  // long double as double, to which it is copied.
  using Wide = Eigen::Matrix<long double, Dynamic, Dynamic>;
  CHECK(log_loss(Wide::Ones(1, 1).eval(), std::vector<int>{0}) == about(52 * std::log(2)));
  CHECK(log_loss(P.cast<long double>(), std::vector<int>{0, 2}) == log_loss(P, std::vector<int>{0, 2}));
  Wide wide(50, 10);
  for (Index i = 0; i < wide.rows(); ++i) {
    for (Index j = 0; j < wide.cols(); ++j)
      wide(i, j) = std::exp(std::sin(static_cast<long double>(10 * i + j)));
    wide.row(i) /= wide.row(i).sum();
  }
  const std::vector<int> fives(50, 5);
  CHECK(log_loss(wide, fives) == about(log_loss(wide.cast<double>(), fives)));
  CHECK(brier_score(wide, fives) == about(brier_score(wide.cast<double>(), fives)));
  CHECK(brier_score(P, labels) == about((0.25 + 0.125) / 2));
  CHECK(brier_score(column({0.5, 0.25}), std::vector<int>{1, 0}) == about((0.25 + 0.0625) / 2));
  CHECK(brier_score(column({0.5, 0.25}), weighted(std::vector<int>{1, 0}, std::vector<int>{0, 1})) == 0.0625);
  // The library's loss of logits is the log loss of their softmax; a few roundings in each of exp and log.
  const Eigen::MatrixXd Z = (Eigen::MatrixXd(2, 3) << 1, 2, -1, 0.5, 0, 3).finished();
  const Eigen::MatrixXd E = Z.array().exp();
  const Eigen::MatrixXd softmax = E.array().colwise() / E.rowwise().sum().array();
  const Eigen::MatrixXd one_hot = (Eigen::MatrixXd(2, 3) << 1, 0, 0, 0, 1, 0).finished();
  CHECK(log_loss(softmax, labels) ==
        Catch::Approx(SoftmaxCrossEntropy{}.value(Z, one_hot) / 2).epsilon(1e-13));

  CHECK_THROWS_MATCHES(
      log_loss(Z, labels), DataError,
      Catch::Matchers::Message("probabilities: expected numbers in [0, 1], got 2 at row 0, column 1; "
                               "of logits, the sigmoid or the softmax is meant"));
  CHECK_THROWS_AS(brier_score(column({0.5, 1.5}), labels), DataError);
  CHECK_THROWS_AS(log_loss(Eigen::MatrixXd::Constant(2, 3, 0.3), labels), DataError);
  CHECK_THROWS_AS(log_loss(P, std::vector<int>{0, 3}), DataError);
  CHECK_THROWS_AS(log_loss(column({0.5, 0.5}), std::vector<int>{0, 2}), DataError);
  CHECK_THROWS_AS(log_loss(P, std::vector<int>{0, 1, 2}), ShapeError);
  CHECK_THROWS_AS(brier_score(column({0.5, not_a_number}), labels), DataError);
}

TEST_CASE("a calibration table", "[metrics]") {
  const std::vector<int> labels = {0, 1, 1, 0, 1};
  const CalibrationTable t = calibration_table(column({0, 0.25, 0.5, 0.75, 1}), labels, 4);
  REQUIRE(t.bins.size() == 4);  // (0, ¼], (¼, ½], …, and 0 in the first
  CHECK(t.bins[0].count == 2);
  CHECK(t.bins[0].mean_predicted == 0.125);
  CHECK(t.bins[0].observed_frequency == 0.5);
  CHECK(t.bins[1].count == 1);
  CHECK(t.bins[3].upper == 1);
  CHECK(t.expected_calibration_error == about((2 * 0.375 + 0.5 + 0.75 + 0) / 5));
  // Several classes: the first is predicted with 0.8, rightly; the second with 0.6, wrongly.
  const Eigen::MatrixXd P = (Eigen::MatrixXd(2, 2) << 0.8, 0.2, 0.4, 0.6).finished();
  const CalibrationTable of_top = calibration_table(P, std::vector<int>{0, 0}, 5);
  CHECK(of_top.bins[3].count == 1);
  CHECK(of_top.bins[3].observed_frequency == 1);
  CHECK(of_top.bins[2].observed_frequency == 0);
  CHECK(of_top.bins[0].count == 0);
  CHECK(std::isnan(of_top.bins[0].mean_predicted));
  CHECK(of_top.expected_calibration_error == about((0.2 + 0.6) / 2));
  std::ostringstream out;
  out << calibration_table(column({0.25, 0.25}), std::vector<int>{0, 1}, 2);
  CHECK(out.str() ==
        "   from      to  predicted  observed    samples\n"
        "  0.000   0.500      0.250     0.500          2\n"
        "  0.500   1.000          \u2013         \u2013          0\n"
        "expected calibration error  0.2500\n");
  CHECK_THROWS_AS(calibration_table(P, labels), ShapeError);
  CHECK_THROWS_AS(calibration_table(P, std::vector<int>{0, 0}, 0), OptionError);
  CHECK_THROWS_AS(calibration_table(column({2}), std::vector<int>{0}), DataError);
}

TEST_CASE("balanced class weights", "[metrics]") {
  CHECK(balanced_class_weights(std::vector<int>{0, 1, 1, 1}, 2) == std::vector<double>{2, 4 / (2 * 3.0)});
  CHECK(balanced_class_weights(Eigen::Vector3i(0, 1, 2), 3) == std::vector<double>{1, 1, 1});
  CHECK_THROWS_AS(balanced_class_weights(std::vector<int>{0, 0}, 2), DataError);
  CHECK_THROWS_AS(balanced_class_weights(std::vector<int>{0, 2}, 2), DataError);
  CHECK_THROWS_AS(balanced_class_weights(std::vector<int>{}, 2), DataError);
  CHECK_THROWS_AS(balanced_class_weights(std::vector<int>{0}, 0), OptionError);
}

}  // namespace test_classification
