// Cross-entropies on logits, against finite differences: labels, one-hot rows and distributions, class weights, label
// smoothing.

#include "gradients/check_loss.hpp"
#include "lamina/losses/binary_cross_entropy.hpp"
#include "lamina/losses/softmax_cross_entropy.hpp"

namespace test_classification_losses {

using namespace gradients;
using lamina::BinaryCrossEntropy;
using lamina::SoftmaxCrossEntropy;

namespace {

const auto labels = [](const MatrixXd& A, lamina::Random& random) {
  std::vector<int> Y;
  const auto classes = static_cast<std::uint64_t>(A.cols() == 1 ? 2 : A.cols());
  for (Index i = 0; i < A.rows(); ++i) Y.push_back(static_cast<int>(random.below(classes)));
  return Y;
};
const auto distributions = [](const MatrixXd& A, lamina::Random& random) {
  MatrixXd Y = A.unaryExpr([&](double) { return random.uniform(); });
  Y.row(0).setZero();  // and a known class
  Y(0, 1) = 1;
  for (Index i = 0; i < Y.rows(); ++i) Y.row(i) /= Y.row(i).sum();
  return Y;
};
const auto probabilities = [](const MatrixXd& A, lamina::Random& random) {
  MatrixXd Y = A.unaryExpr([&](double) { return random.uniform(); });
  Y(0) = 0;
  Y(Y.size() - 1) = 1;
  return Y;
};

}  // namespace

TEST_CASE("gradients: softmax cross-entropy") {
  for (const auto& loss : {SoftmaxCrossEntropy{}, SoftmaxCrossEntropy{.label_smoothing = 0.2},
                           SoftmaxCrossEntropy{.class_weights = {0.5, 2, 1}},
                           SoftmaxCrossEntropy{.label_smoothing = 0.1, .class_weights = {3, 0.25, 0}}}) {
    CAPTURE(loss.label_smoothing, loss.class_weights.size());
    check_loss(loss, 3, labels);
    check_loss(loss, 3, distributions);
  }
}

TEST_CASE("gradients: binary cross-entropy") {
  for (const auto& loss : {BinaryCrossEntropy{}, BinaryCrossEntropy{.label_smoothing = 0.2},
                           BinaryCrossEntropy{.positive_weight = 3, .negative_weight = 0.5}}) {
    CAPTURE(loss.label_smoothing, loss.positive_weight[0]);
    check_loss(loss, 1, labels);
    check_loss(loss, 1, probabilities);
    check_loss(loss, 3, probabilities);
  }
  check_loss(
      BinaryCrossEntropy{
          .positive_weight = {0.5, 2, 0}, .negative_weight = {1, 0, 4}, .label_smoothing = 0.1},
      3, probabilities);
}

}  // namespace test_classification_losses
