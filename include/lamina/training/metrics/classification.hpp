// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <cmath>
#include <vector>

#include "lamina/training/metrics/arguments.hpp"

namespace lamina {

/// The class of each row of scores, logits or probabilities: the column of the largest score (the first of equals). For
/// one column, 1 where the score is above the threshold, else 0.
///
/// @param scores     m×k, or m×1
/// @param threshold  for one column: 0 when the scores are logits, ½ when they are probabilities
/// @throws OptionError when the threshold is NaN; ShapeError, DataError when there are no columns or rows, or a score is
///         not finite.
template <EigenReal Scores>
Eigen::Matrix<Index, Dynamic, 1> predicted_classes(const Scores& scores, double threshold = 0) {
  if (std::isnan(threshold)) detail::fail<OptionError>({"threshold: expected a number, got ", threshold});
  const Eigen::MatrixXd S = detail::numbers_of(scores, "scores");
  Eigen::Matrix<Index, Dynamic, 1> result(S.rows());
  for (Index i = 0; i < S.rows(); ++i)
    result(i) = S.cols() > 1 ? detail::largest_in_row(S, i) : S(i, 0) > threshold ? 1 : 0;
  return result;
}

/// Σᵢ sᵢ·[predictedᵢ = labelᵢ] / Σᵢ sᵢ
///
/// @param predicted  m classes, see predicted_classes
/// @param labels     m labels, or weighted(labels, s)
/// @throws ShapeError when their numbers differ; DataError when there are none or one is negative, or for bad weights.
template <Labels Predicted, ClassLabels TY>
double accuracy(const Predicted& predicted, const TY& labels) {
  const auto y = detail::labels_of(labels, 0);
  const auto p = detail::labels_of(predicted, 0, "predicted");
  detail::check_rows(p.size(), y.size(), "predictions");
  return detail::weighted_mean(y.size(), y.weights, [&](Index i) { return p[i] == y[i]; });
}

/// The share of samples whose label is among the k classes of the highest scores. As in scikit-learn, the class of the
/// higher number counts first among equal scores.
///
/// @param scores  m×classes, logits or probabilities
/// @param labels  m labels, or weighted(labels, s)
/// @throws OptionError when k is not in 1 … classes; ShapeError, DataError as for accuracy, and for scores that are not
///         finite.
template <EigenReal Scores, ClassLabels TY>
double top_k_accuracy(const Scores& scores, const TY& labels, Index k = 2) {
  const Eigen::MatrixXd S = detail::numbers_of(scores, "scores");
  if (S.cols() < 2) detail::fail<ShapeError>({"scores: expected a column for each class, got ", S.cols()});
  if (k < 1 || k > S.cols()) detail::fail<OptionError>({"k: expected 1 to ", S.cols(), ", got ", k});
  const auto y = detail::labels_of(labels, S.cols());
  detail::check_rows(S.rows(), y.size(), "scores");
  return detail::weighted_mean(y.size(), y.weights, [&](Index i) {
    const double own = S(i, y[i]);
    Index before = 0;
    for (Index j = 0; j < S.cols(); ++j) before += S(i, j) > own || (S(i, j) == own && j > y[i]) ? 1 : 0;
    return before < k;
  });
}

/// Class weights with which every class has the same part in a loss: m / (classes · number of samples of the class).
/// scikit-learn's class_weight="balanced"; King and Zeng, Logistic regression in rare events data, Political Analysis
/// 9(2), 2001. Goes into SoftmaxCrossEntropy::class_weights.
///
/// @param labels  m labels from 0 to classes − 1
/// @throws OptionError when classes < 1; DataError when there are no labels, one is out of range, or a class has none.
template <Labels TY>
std::vector<double> balanced_class_weights(const TY& labels, Index classes) {
  if (classes < 1) detail::fail<OptionError>({"classes: expected at least 1, got ", classes});
  const auto y = detail::labels_of(labels, classes);
  std::vector<double> weights(static_cast<std::size_t>(classes), 0.0);
  for (const Index label : y.values) ++weights[static_cast<std::size_t>(label)];
  for (std::size_t j = 0; j < weights.size(); ++j) {
    if (weights[j] == 0)
      detail::fail<DataError>({"labels: expected some of every class, got none of class ", j});
    weights[j] = static_cast<double>(y.size()) / (static_cast<double>(classes) * weights[j]);
  }
  return weights;
}

}  // namespace lamina
