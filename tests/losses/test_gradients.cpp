// The gradient of every loss against finite differences of its value, on blocks of larger matrices.

#include <cmath>
#include <limits>

#include "lamina/core/concepts.hpp"
#include "lamina/core/random.hpp"
#include "lamina/losses.hpp"
#include "support/catch.hpp"

namespace {

using namespace lamina;

template <class Scalar>
using Matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>;

enum class TargetRange { real, zero_to_one, counts };

/// f(every loss, with several options each; the targets it is for; outputs)
template <class F>
void for_each_loss(F f) {
  f(MeanSquaredError{}, TargetRange::real, 3);
  f(MeanAbsoluteError{}, TargetRange::real, 3);
  f(Huber{}, TargetRange::real, 3);
  f(Huber{.delta = 0.3}, TargetRange::real, 1);
  f(LogCosh{}, TargetRange::real, 3);
  f(Quantile{}, TargetRange::real, 2);
  f(Quantile{.tau = 0.9}, TargetRange::real, 2);
  f(Quantile{.tau = {0.1, 0.5, 0.75}}, TargetRange::real, 3);
  f(BinaryCrossEntropy{}, TargetRange::zero_to_one, 3);
  f(BinaryCrossEntropy{.positive_weight = 3, .negative_weight = 0.5, .label_smoothing = 0.2},
    TargetRange::zero_to_one, 1);
  f(BinaryCrossEntropy{.positive_weight = {1, 2, 0}, .negative_weight = {0, 1, 3}}, TargetRange::zero_to_one,
    3);
  f(SoftmaxCrossEntropy{}, TargetRange::zero_to_one, 4);
  f(SoftmaxCrossEntropy{.label_smoothing = 0.1}, TargetRange::zero_to_one, 4);
  f(SoftmaxCrossEntropy{.label_smoothing = 0.1, .class_weights = {1, 0, 3}}, TargetRange::zero_to_one, 3);
  f(SoftmaxCrossEntropy{}, TargetRange::zero_to_one, 1);
  f(PoissonNLL{}, TargetRange::counts, 2);
  f(PoissonNLL{.full = true}, TargetRange::counts, 2);
  f(PoissonNLL{.log_input = false, .eps = 1e-3}, TargetRange::counts, 2);
  f(GaussianNLL{}, TargetRange::real, 2);
  f(GaussianNLL{.full = true}, TargetRange::real, 6);
}

template <class Scalar, class Loss>
void against_differences(const Loss& loss, TargetRange kind, Index k) {
  static_assert(LossFunction<Loss, Scalar>);
  constexpr Scalar h = sizeof(Scalar) > 8 ? Scalar(1e-6L) : Scalar(1e-5L);
  CAPTURE(Loss::name, k);
  if constexpr (requires { loss.check(k); }) loss.check(k);

  // Rows 2 … 6 of larger matrices; no error within h of a kink, which the random numbers do not hit.
  Random random(17);
  const Index t = 5, targets = detail::target_columns(loss, k);
  Matrix<Scalar> A_all(9, k), Y_all(8, targets), dA_all(11, k);
  for (Scalar& a : A_all.reshaped()) a = static_cast<Scalar>(random.uniform(-2, 2));
  if constexpr (requires { loss.log_input; })
    if (!loss.log_input) A_all = A_all.cwiseAbs().array() + Scalar(0.1L);
  for (Scalar& y : Y_all.reshaped())
    y = kind == TargetRange::counts ? static_cast<Scalar>(random.below(5))
                                    : static_cast<Scalar>(random.uniform(kind == TargetRange::real ? -2 : 0,
                                                                         kind == TargetRange::real ? 2 : 1));
  dA_all.setConstant(Scalar(55));
  ConstTile<Scalar> A(A_all.data() + 2, t, k, Eigen::OuterStride<>(9));
  ConstTile<Scalar> Y(Y_all.data() + 1, t, targets, Eigen::OuterStride<>(8));
  Tile<Scalar> dA(dA_all.data() + 3, t, k, Eigen::OuterStride<>(11));
  loss.gradient(A, Y, dA);

  // Truncation h²/6·|L'''| with |L'''| ≤ 200 (PoissonNLL near its pole), rounding ε·|L|/h with |L| ≤ 200.
  const Scalar tolerance = 40 * h * h + 200 * std::numeric_limits<Scalar>::epsilon() / h;
  for (Index j = 0; j < k; ++j)
    for (Index i = 0; i < t; ++i) {
      Scalar& a = A_all(i + 2, j);
      const Scalar centre = a;
      a = centre + h;
      const Scalar above = loss.value(A, Y);
      a = centre - h;
      const Scalar below = loss.value(A, Y);
      a = centre;
      const Scalar difference = (above - below) / ((centre + h) - (centre - h));
      CAPTURE(i, j, static_cast<double>(dA(i, j)), static_cast<double>(difference));
      CHECK(std::abs(dA(i, j) - difference) <= tolerance * std::max(Scalar(1), std::abs(difference)));
    }

  // Nothing but the tile is written, and a sum over rows is what it says.
  CHECK((dA_all.topRows(3).array() == Scalar(55)).all());
  CHECK((dA_all.bottomRows(3).array() == Scalar(55)).all());
  Scalar rows = 0;
  for (Index i = 0; i < t; ++i) rows += loss.value(A.middleRows(i, 1), Y.middleRows(i, 1));
  CHECK(std::abs(rows - loss.value(A, Y)) <= 200 * std::numeric_limits<Scalar>::epsilon());
}

}  // namespace

TEMPLATE_TEST_CASE("losses: gradients are those of finite differences", "", double, long double) {
  for_each_loss(
      [](const auto& loss, TargetRange kind, Index k) { against_differences<TestType>(loss, kind, k); });
}

TEST_CASE("losses: float agrees with double") {
  for_each_loss([](const auto& loss, TargetRange kind, Index k) {
    CAPTURE(loss.name, k);
    Random random(3);
    const Index t = 6, targets = detail::target_columns(loss, k);
    Eigen::MatrixXf A(t, k), Y(t, targets), dA(t, k);
    for (float& a : A.reshaped()) a = static_cast<float>(random.uniform(0.1, 3));
    for (float& y : Y.reshaped())
      y = kind == TargetRange::counts ? static_cast<float>(random.below(5))
                                      : static_cast<float>(random.uniform());
    loss.gradient(A, Y, dA);
    const Eigen::MatrixXd A_double = A.cast<double>(), Y_double = Y.cast<double>();
    Eigen::MatrixXd dA_double(t, k);
    loss.gradient(A_double, Y_double, dA_double);
    const double value = loss.value(A_double, Y_double);
    CHECK(std::abs(static_cast<double>(loss.value(A, Y)) - value) <= 1e-5 * std::max(1.0, std::abs(value)));
    CHECK((dA.cast<double>() - dA_double).cwiseAbs().maxCoeff() <=
          1e-5 * std::max(1.0, dA_double.cwiseAbs().maxCoeff()));
  });
}

TEST_CASE("losses: one row is a valid block, whatever the storage order") {
  for_each_loss([](const auto& loss, TargetRange, Index k) {
    CAPTURE(loss.name, k);
    using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    const Index targets = detail::target_columns(loss, k);
    const Matrix<double> A = (Matrix<double>::Random(4, k).array() + 1.5).matrix(),
                         Y = (Matrix<double>::Random(4, targets).array().abs()).matrix();
    const RowMajor A_rows = A, Y_rows = Y;
    Matrix<double> dA(4, k);
    RowMajor dA_rows(4, k);
    loss.gradient(A, Y, dA);
    loss.gradient(A_rows, Y_rows, dA_rows);
    CHECK((dA - Matrix<double>(dA_rows)).cwiseAbs().maxCoeff() <= 1e-14);
    CHECK(std::abs(loss.value(A, Y) - loss.value(A_rows, Y_rows)) <= 1e-13);
    auto row = dA.middleRows(2, 1);
    row.setZero();
    loss.gradient(A.middleRows(2, 1), Y.middleRows(2, 1), row);
    CHECK((row - dA_rows.middleRows(2, 1)).cwiseAbs().maxCoeff() <= 1e-14);
  });
}
