// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "lamina/core/borders.hpp"
#include "lamina/core/errors.hpp"
#include "lamina/core/types.hpp"
#include "lamina/core/views.hpp"

/// @file
/// What the metrics take. They read copies in double: they are measured once an epoch at most.
///
/// Everywhere the network's answer comes first and the truth second, as in a loss's value(A, Y); scikit-learn has them
/// the other way round. Where there are weights, the truth is weighted(labels, s) or weighted(Y, s).

namespace lamina {

namespace detail {

template <class T>
inline constexpr bool is_class_labels = Labels<T>;
template <class Y, class S>
inline constexpr bool is_class_labels<Weighted<Y, S>> = Labels<Y>;

template <class T>
inline constexpr bool is_real_targets = EigenReal<T>;
template <class Y, class S>
inline constexpr bool is_real_targets<Weighted<Y, S>> = EigenReal<Y>;

}  // namespace detail

/// Integer labels, or weighted(labels, s).
template <class T>
concept ClassLabels = detail::is_class_labels<std::remove_cvref_t<T>>;

/// A matrix of numbers, or weighted(Y, s).
template <class T>
concept RealTargets = detail::is_real_targets<std::remove_cvref_t<T>>;

}  // namespace lamina

namespace lamina::detail {

/// A matrix, and one weight for each of its rows or none at all.
struct WeightedMatrix {
  Eigen::MatrixXd values;
  std::vector<double> weights;

  double weight(Index i) const { return weights.empty() ? 1 : weights[static_cast<std::size_t>(i)]; }
};

/// Labels, and one weight for each of them or none at all.
struct WeightedLabels {
  std::vector<Index> values;
  std::vector<double> weights;

  Index size() const { return static_cast<Index>(values.size()); }
  Index operator[](Index i) const { return values[static_cast<std::size_t>(i)]; }
  double weight(Index i) const { return weights.empty() ? 1 : weights[static_cast<std::size_t>(i)]; }
};

/// @throws ShapeError when v is no vector.
template <class Value, class Vector>
std::vector<Value> copied(const Vector& v, const char* argument) {
  decltype(auto) kept = vector_in_memory(v);
  const VectorView<Value> all = vector_view<Value>(kept, argument);
  std::vector<Value> result(static_cast<std::size_t>(all.size));
  for (Index i = 0; i < all.size; ++i) result[static_cast<std::size_t>(i)] = all[i];
  return result;
}

/// @throws ShapeError when there are not `rows` weights; DataError when one is negative or not finite, or all are 0.
inline void check_weights(const std::vector<double>& weights, Index rows) {
  if (static_cast<Index>(weights.size()) != rows)
    fail<ShapeError>({"sample weights: expected ", rows, ", one for each sample, got ", weights.size()});
  double sum = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (!(weights[i] >= 0 && std::isfinite(weights[i])))
      fail<DataError>({"sample weights: expected finite numbers \u2265 0, got ", weights[i], " at row ", i});
    sum += weights[i];
  }
  if (!(sum > 0 && std::isfinite(sum)))
    fail<DataError>({"sample weights: expected a positive sum, got ", sum});
}

/// Labels as a metric reads them; `classes` 0 when any number of them will do.
/// @throws DataError when there are none, or one is outside of 0 … classes − 1; ShapeError, DataError for the weights.
template <class TY>
WeightedLabels labels_of(const TY& labels, Index classes, const char* argument = "labels") {
  WeightedLabels result;
  if constexpr (is_weighted<TY>) {
    result = labels_of(labels.targets, classes, argument);
    result.weights = copied<double>(labels.weights, "sample weights");
    check_weights(result.weights, result.size());
  } else {
    result.values = copied<Index>(labels, argument);
    if (result.values.empty()) fail<DataError>({argument, ": expected at least one, got none"});
    for (Index i = 0; i < result.size(); ++i) {
      if (result[i] >= 0 && (classes == 0 || result[i] < classes)) continue;
      if (classes == 0)
        fail<DataError>({argument, ": expected labels from 0, got ", result[i], " at row ", i});
      fail<DataError>(
          {argument, ": expected labels from 0 to ", classes - 1, ", got ", result[i], " at row ", i});
    }
  }
  return result;
}

/// @throws DataError when there are no rows or a number is not finite; ShapeError when there are no columns.
template <class Derived>
Eigen::MatrixXd numbers_of(const Derived& X, const char* argument) {
  Eigen::MatrixXd result = X.template cast<double>();
  if (result.rows() == 0) fail<DataError>({argument, ": expected at least one row (sample), got none"});
  if (result.cols() == 0) fail<ShapeError>({argument, ": expected at least one column, got none"});
  for (Index i = 0; i < result.rows(); ++i)
    for (Index j = 0; j < result.cols(); ++j)
      if (!std::isfinite(result(i, j)))
        fail<DataError>(
            {argument, ": expected finite numbers, got ", result(i, j), " at row ", i, ", column ", j});
  return result;
}

/// How far apart numbers of Scalar near 1 are once they are copied to double.
template <class Scalar>
inline constexpr double epsilon_in_double = std::max(
    static_cast<double>(std::numeric_limits<Scalar>::epsilon()), std::numeric_limits<double>::epsilon());

/// @throws as numbers_of; DataError when a number is no probability, or the numbers of a row of several do not sum to 1.
template <class Derived>
Eigen::MatrixXd probabilities_of(const Derived& X) {
  Eigen::MatrixXd P = numbers_of(X, "probabilities");
  for (Index i = 0; i < P.rows(); ++i)
    for (Index j = 0; j < P.cols(); ++j)
      if (P(i, j) < 0 || P(i, j) > 1)
        fail<DataError>({"probabilities: expected numbers in [0, 1], got ", P(i, j), " at row ", i,
                         ", column ", j, "; of logits, the sigmoid or the softmax is meant"});
  // Each probability of a row is off by a few units in the last place at most.
  const double allowed = 1e3 * epsilon_in_double<typename Derived::Scalar>;
  if (P.cols() > 1)
    for (Index i = 0; i < P.rows(); ++i)
      if (std::abs(P.row(i).sum() - 1) > allowed)
        fail<DataError>({"probabilities: expected rows that sum to 1, got ", P.row(i).sum(), " at row ", i});
  return P;
}

/// The targets of numbers: a matrix, weighted or not.
/// @throws as numbers_of.
template <class TY>
WeightedMatrix targets_of(const TY& Y) {
  if constexpr (is_weighted<TY>) {
    WeightedMatrix result = targets_of(Y.targets);
    result.weights = copied<double>(Y.weights, "sample weights");
    check_weights(result.weights, result.values.rows());
    return result;
  } else {
    return {numbers_of(Y, "Y"), {}};
  }
}

/// @throws ShapeError when there is not one label for each row.
inline void check_rows(Index rows, Index labels, const char* of) {
  if (rows != labels)
    fail<ShapeError>({"labels: expected ", rows, ", one for each row of the ", of, ", got ", labels});
}

/// Σᵢ sᵢ·f(i) / Σᵢ sᵢ
template <class F>
double weighted_mean(Index m, const std::vector<double>& weights, F f) {
  double sum = 0, divisor = 0;
  for (Index i = 0; i < m; ++i) {
    const double s = weights.empty() ? 1 : weights[static_cast<std::size_t>(i)];
    sum += s * static_cast<double>(f(i));
    divisor += s;
  }
  return sum / divisor;
}

/// The column of the largest number of row i, the first of equals.
inline Index largest_in_row(const Eigen::MatrixXd& X, Index i) {
  Index column = 0;
  for (Index j = 1; j < X.cols(); ++j)
    if (X(i, j) > X(i, column)) column = j;
  return column;
}

/// x/y, and 0 for 0/0: what is measured on no samples counts as 0.
inline double ratio(double x, double y) { return y == 0 ? 0 : x / y; }

}  // namespace lamina::detail
