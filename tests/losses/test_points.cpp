// Losses at single points against tables that were correctly rounded from 800-digit arithmetic.

#include <cmath>

#include "support/oracle_cases.hpp"

namespace {

/// |got − want| ≤ abs + rel·|want|, element by element.
bool near(double got, double want, double rel, double abs) {
  return std::abs(got - want) <= abs + rel * std::abs(want);
}

}  // namespace

TEST_CASE("losses: values and derivatives of one output at single points") {
  LAMINA_NEEDS_ORACLE();
  int files = 0;
  for (const std::string& file : oracle::names("points", "loss_")) {
    const auto table = oracle::load("points", file);
    if (!table.contains("a")) continue;
    ++files;
    const double rel = table["tolerance"]["rel"];
    // The tables allow 10⁻¹⁵ besides. These losses are relatively accurate everywhere: with a soft target the
    // derivative crosses zero, there only its terms are.
    const double abs = file == "loss_bce_with_logits_target_0.25" ? 1e-15 : 1e-307;
    const Eigen::VectorXd a = oracle::vector(table["a"]), value = oracle::vector(table["value"]),
                          derivative = oracle::vector(table["derivative"]);
    REQUIRE(a.size() > 20);
    CHECK(oracle::with_loss(table["loss"], [&](const auto& loss) {
      const Eigen::VectorXd Y = Eigen::VectorXd::Constant(a.size(), table.value("target", 0.0));
      Eigen::VectorXd dA(a.size());
      loss.gradient(a, Y, dA);
      for (Eigen::Index i = 0; i < a.size(); ++i) {
        const double got = loss.value(a.segment(i, 1), Y.segment(i, 1));
        CAPTURE(file, a(i), got, value(i), dA(i), derivative(i));
        CHECK(near(got, value(i), rel, abs));
        CHECK(near(dA(i), derivative(i), rel, abs));
      }
      CHECK(near(loss.value(a, Y), value.sum(), 1e-13, 0));
    }));
  }
  CHECK(files == 6);
}

TEST_CASE("SoftmaxCrossEntropy: values and derivatives at single points") {
  LAMINA_NEEDS_ORACLE();
  const auto table = oracle::load("points", "loss_softmax_cross_entropy");
  const double rel = table["tolerance"]["rel"], abs = table["tolerance"]["abs"];
  const lamina::SoftmaxCrossEntropy loss;
  const auto labels = oracle::labels(table["labels"]);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const Eigen::MatrixXd a = oracle::matrix(table["logits"][i]),
                          want = oracle::matrix(table["derivative"][i]);
    Eigen::MatrixXd y = Eigen::MatrixXd::Zero(1, a.cols()), dA(1, a.cols());
    y(0, labels[i]) = 1;
    loss.gradient(a, y, dA);
    CAPTURE(i, a);
    CHECK(near(loss.value(a, y), oracle::number(table["value"][i]), rel,
               1e-307));  // also where it nearly vanishes
    for (Eigen::Index j = 0; j < a.cols(); ++j) {
      CAPTURE(j, dA(0, j), want(0, j));
      // The derivative for the label, p − 1, cannot tell p from 1 below 10⁻¹⁶; the others are relatively
      // accurate.
      CHECK(near(dA(0, j), want(0, j), rel, j == labels[i] ? abs : 1e-307));
    }
  }
}

// In registers, whatever lies between the numbers of a column; 11 rows fill no registers.
TEST_CASE("losses: softmax cross-entropy of matrices with any strides") {
  using Strided = Eigen::Map<Eigen::MatrixXd, 0, Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>>;
  const Eigen::MatrixXd A = Eigen::MatrixXd::Random(11, 3), Y = Eigen::MatrixXd::Random(11, 3).cwiseAbs();
  std::vector<double> memory(200), result(200);
  Strided a(memory.data() + 1, 11, 3, {40, 3}), dA(result.data() + 2, 11, 3, {37, 2});
  a = A;
  Eigen::MatrixXd want(11, 3);
  const lamina::SoftmaxCrossEntropy loss;
  loss.gradient(A, Y, want);
  loss.gradient(a, Y, dA);
  CHECK(loss.value(a, Y) == loss.value(A, Y));
  CHECK(dA == want);
  const auto rows = Eigen::seqN(0, 6, 2), columns = Eigen::seqN(0, 3, 1);  // in Eigen 3.4 without data()
  CHECK(loss.value(A(rows, columns), Y(rows, columns)) ==
        loss.value(Eigen::MatrixXd(A(rows, columns)), Eigen::MatrixXd(Y(rows, columns))));
}
