// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <numeric>
#include <vector>

#include "lamina/training/metrics/arguments.hpp"

namespace lamina {

/// The receiver operating characteristic: point by point, from (0, 0) to (1, 1), what a lower threshold brings.
struct RocCurve {
  std::vector<double> false_positive_rate;
  std::vector<double> true_positive_rate;
  std::vector<double> thresholds;  ///< a score of at least this is taken for class 1; the first is infinite
};

namespace detail {

/// How many samples of class 0 and of class 1 have a score of at least `score`, for every different score from the
/// highest down.
struct Cut {
  double score;
  double negatives, positives;
};

/// @throws DataError when one of the two classes has no samples.
inline std::vector<Cut> cuts(const Eigen::VectorXd& scores, const std::vector<bool>& positive) {
  std::vector<std::size_t> order(positive.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto score = [&](std::size_t i) { return scores(static_cast<Index>(i)); };
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return score(a) > score(b); });
  std::vector<Cut> result;
  Cut cut{0, 0, 0};
  for (std::size_t n = 0; n < order.size(); ++n) {
    ++(positive[order[n]] ? cut.positives : cut.negatives);
    cut.score = score(order[n]);
    if (n + 1 == order.size() || score(order[n + 1]) < cut.score) result.push_back(cut);
  }
  return result;
}

/// Twice the area under the curve in samples is Σ (new negatives)·(positives before + positives after): ties count ½.
inline double area(const std::vector<Cut>& cuts) {
  double twice = 0, negatives = 0, positives = 0;
  for (const Cut& cut : cuts) {
    twice += (cut.negatives - negatives) * (cut.positives + positives);
    negatives = cut.negatives;
    positives = cut.positives;
  }
  return twice / (2 * negatives * positives);
}

inline std::vector<bool> is_class(const WeightedLabels& labels, Index c) {
  std::vector<bool> result;
  for (const Index label : labels.values) result.push_back(label == c);
  return result;
}

/// @throws DataError when all labels, or none, are c.
inline void check_both(const std::vector<Cut>& cuts, Index c) {
  if (cuts.back().positives == 0) fail<DataError>({"labels: expected some of class ", c, ", got none"});
  if (cuts.back().negatives == 0)
    fail<DataError>({"labels: expected some of another class than ", c, ", got none"});
}

/// @throws ShapeError, DataError as the metrics of one column of scores.
template <class Scores, class TY>
std::vector<Cut> binary_cuts(const Scores& scores, const TY& labels) {
  const Eigen::MatrixXd S = numbers_of(scores, "scores");
  if (S.cols() != 1) fail<ShapeError>({"scores: expected one column, got ", S.cols()});
  const auto y = labels_of(labels, 2);
  check_rows(S.rows(), y.size(), "scores");
  return cuts(S.col(0), is_class(y, 1));
}

}  // namespace detail

/// The ROC curve, with a point for every different score.
///
/// @param scores  m×1, logits, probabilities or anything else that is higher for class 1
/// @param labels  m labels, 0 or 1
/// @throws ShapeError when the sizes differ; DataError when a class has no samples, a label is neither 0 nor 1, or a score
///         is not finite.
template <EigenReal Scores, Labels TY>
RocCurve roc_curve(const Scores& scores, const TY& labels) {
  const auto cuts = detail::binary_cuts(scores, labels);
  detail::check_both(cuts, 1);
  RocCurve curve{{0}, {0}, {std::numeric_limits<double>::infinity()}};
  for (const auto& cut : cuts) {
    curve.false_positive_rate.push_back(cut.negatives / cuts.back().negatives);
    curve.true_positive_rate.push_back(cut.positives / cuts.back().positives);
    curve.thresholds.push_back(cut.score);
  }
  return curve;
}

/// The area under the ROC curve: the probability that a sample of class 1 has a higher score than one of class 0, equal
/// scores counted ½. Hanley and McNeil, The meaning and use of the area under a receiver operating characteristic (ROC)
/// curve, Radiology 143(1), 1982.
///
/// With several columns, the mean over the classes of the area of each one's column against the rest (one-vs-rest,
/// macro).
///
/// @param scores  m×1, or m×classes; logits or probabilities
/// @param labels  m labels
/// @throws as roc_curve
template <EigenReal Scores, Labels TY>
double roc_auc(const Scores& scores, const TY& labels) {
  const Eigen::MatrixXd S = detail::numbers_of(scores, "scores");
  const auto y = detail::labels_of(labels, std::max(S.cols(), Index{2}));
  detail::check_rows(S.rows(), y.size(), "scores");
  const auto one = [&](Index column, Index c) {
    const auto cuts = detail::cuts(S.col(column), detail::is_class(y, c));
    detail::check_both(cuts, c);
    return detail::area(cuts);
  };
  if (S.cols() == 1) return one(0, 1);
  double sum = 0;
  for (Index c = 0; c < S.cols(); ++c) sum += one(c, c);
  return sum / static_cast<double>(S.cols());
}

/// Σₙ (Rₙ − Rₙ₋₁)·Pₙ, with Pₙ and Rₙ precision and recall at the n-th highest different score. Not interpolated, as in
/// scikit-learn.
///
/// @param scores  m×1, higher for class 1
/// @param labels  m labels, 0 or 1
/// @throws ShapeError, DataError as roc_curve; samples of class 0 are not needed
template <EigenReal Scores, Labels TY>
double average_precision(const Scores& scores, const TY& labels) {
  const auto cuts = detail::binary_cuts(scores, labels);
  if (cuts.back().positives == 0) detail::fail<DataError>({"labels: expected some of class 1, got none"});
  double sum = 0, before = 0;
  for (const auto& cut : cuts) {
    sum += (cut.positives - before) * cut.positives / (cut.positives + cut.negatives);
    before = cut.positives;
  }
  return sum / cuts.back().positives;
}

}  // namespace lamina
