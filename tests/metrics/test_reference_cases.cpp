// scikit-learn's values: every number of its metric cases.

#include <cmath>
#include <string>
#include <vector>

#include "lamina/training/metrics.hpp"
#include "support/catch.hpp"
#include "support/oracle.hpp"

using namespace lamina;

namespace {

/// Compares values with those that a case expects, and remembers which: at the end none may be left.
class Expected {
 public:
  explicit Expected(const oracle::json& c)
      : left_(c.at("expected")), rel_(c.at("tolerance").at("rel")), abs_(c.at("tolerance").at("abs")) {}

  bool has(const std::string& name) const { return left_.contains(name); }
  void check(const std::string& name, double got) { check(name, Eigen::MatrixXd::Constant(1, 1, got)); }
  void check(const std::string& name, const std::vector<double>& got) {
    check(name, Eigen::Map<const Eigen::RowVectorXd>(got.data(), static_cast<Index>(got.size())).eval());
  }
  void check(const std::string& name, const Eigen::MatrixXd& got) {
    CAPTURE(name);
    REQUIRE(left_.contains(name));
    const oracle::json value = left_[name].is_array() ? left_[name] : oracle::json::array({left_[name]});
    const Eigen::MatrixXd want = oracle::matrix(value);
    REQUIRE(got.rows() == want.rows());
    REQUIRE(got.cols() == want.cols());
    for (Index j = 0; j < want.cols(); ++j)
      for (Index i = 0; i < want.rows(); ++i) {
        CAPTURE(i, j, got(i, j), want(i, j));
        CHECK(std::abs(got(i, j) - want(i, j)) <= abs_ + rel_ * std::abs(want(i, j)));
      }
    left_.erase(name);
  }
  void check_none_left() const {
    CAPTURE(left_.dump());
    CHECK(left_.empty());
  }

 private:
  oracle::json left_;
  double rel_, abs_;
};

}  // namespace

TEST_CASE("metrics of classes against scikit-learn", "[metrics][oracle]") {
  LAMINA_NEEDS_ORACLE();
  for (const std::string& name : oracle::names("sklearn", "metrics_classification_")) {
    INFO(name);
    const auto c = oracle::load("sklearn", name);
    const auto labels = oracle::labels(c["y_true"]), predicted = oracle::labels(c["y_pred"]);
    const Eigen::VectorXd s = oracle::vector(c["sample_weights"]);
    const Eigen::MatrixXd P = oracle::matrix(c["probabilities"]);
    const ConfusionMatrix matrix(predicted, labels, c["classes"].get<Index>());

    Expected expected(c);
    expected.check("accuracy", accuracy(predicted, labels));
    expected.check("accuracy_weighted", accuracy(predicted, weighted(labels, s)));
    expected.check("balanced_accuracy", matrix.balanced_accuracy());
    expected.check("confusion_matrix", matrix.counts());
    expected.check("cohen_kappa", matrix.cohen_kappa());
    expected.check("matthews_corrcoef", matrix.matthews_correlation());
    expected.check("log_loss", log_loss(P, labels));
    expected.check("top_2_accuracy", top_k_accuracy(P, labels, 2));
    expected.check("precision_macro", matrix.precision(Average::macro));
    expected.check("recall_macro", matrix.recall(Average::macro));
    expected.check("f1_macro", matrix.f1(Average::macro));
    expected.check("precision_micro", matrix.precision(Average::micro));
    expected.check("recall_micro", matrix.recall(Average::micro));
    expected.check("f1_micro", matrix.f1(Average::micro));
    expected.check("precision_weighted", matrix.precision(Average::weighted));
    expected.check("recall_weighted", matrix.recall(Average::weighted));
    expected.check("f1_weighted", matrix.f1(Average::weighted));
    expected.check("precision_per_class", matrix.precision().transpose());
    expected.check("recall_per_class", matrix.recall().transpose());
    expected.check("f1_per_class", matrix.f1().transpose());
    expected.check("support", matrix.support().transpose());
    expected.check_none_left();
    CHECK(matrix.accuracy() == Catch::Approx(accuracy(predicted, labels)).epsilon(1e-14));
  }
}

TEST_CASE("metrics of scores of two classes against scikit-learn", "[metrics][oracle]") {
  LAMINA_NEEDS_ORACLE();
  for (const std::string& name : oracle::names("sklearn", "metrics_binary_")) {
    INFO(name);
    const auto c = oracle::load("sklearn", name);
    const auto labels = oracle::labels(c["y_true"]);
    const Eigen::VectorXd scores = oracle::vector(c["scores"]), p = oracle::vector(c["probabilities"]);
    const RocCurve curve = roc_curve(scores, labels);

    Expected expected(c);
    expected.check("roc_auc", roc_auc(scores, labels));
    expected.check("average_precision", average_precision(scores, labels));
    expected.check("roc_fpr", curve.false_positive_rate);
    expected.check("roc_tpr", curve.true_positive_rate);
    expected.check("brier", brier_score(p, labels));
    expected.check("log_loss", log_loss(p, labels));
    expected.check_none_left();

    // The same from two columns. Each 1 − p is rounded: 2⁻⁵³, of numbers that are not below 2⁻⁴.
    const Eigen::MatrixXd P = (Eigen::MatrixXd(p.size(), 2) << 1 - p.array(), p).finished();
    const Eigen::MatrixXd S = (Eigen::MatrixXd(p.size(), 2) << -scores, scores).finished();
    CHECK(log_loss(P, labels) == Catch::Approx(log_loss(p, labels)).epsilon(1e-14));
    CHECK(brier_score(P, labels) == Catch::Approx(brier_score(p, labels)).epsilon(1e-14));
    CHECK(roc_auc(S, labels) == Catch::Approx(roc_auc(scores, labels)).epsilon(1e-14));
  }
}

TEST_CASE("metrics of numbers against scikit-learn", "[metrics][oracle]") {
  LAMINA_NEEDS_ORACLE();
  for (const std::string& name : oracle::names("sklearn", "metrics_regression_")) {
    INFO(name);
    const auto c = oracle::load("sklearn", name);
    const Eigen::MatrixXd Y = oracle::matrix(c["Y_true"]), P = oracle::matrix(c["Y_pred"]);
    const Eigen::VectorXd s = oracle::vector(c["sample_weights"]);

    Expected expected(c);
    expected.check("mse", mean_squared_error(P, Y));
    expected.check("rmse", root_mean_squared_error(P, Y));
    expected.check("mae", mean_absolute_error(P, Y));
    expected.check("median_absolute_error", median_absolute_error(P, Y));
    expected.check("r2", r2_score(P, Y));
    expected.check("explained_variance", explained_variance(P, Y));
    expected.check("mse_weighted", mean_squared_error(P, weighted(Y, s)));
    expected.check("r2_per_output", r2_score_per_output(P, Y).transpose());
    if (expected.has("max_error")) expected.check("max_error", max_error(P, Y));
    expected.check_none_left();
  }
}
