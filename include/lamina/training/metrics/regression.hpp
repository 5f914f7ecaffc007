// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "lamina/training/metrics/arguments.hpp"

/// @file
/// Metrics of regression, for predictions P and targets Y, both m×k, with scikit-learn's names and means. All take
/// weighted(Y, s) too, when they do not say otherwise, and throw ShapeError when P and Y differ in shape; DataError when
/// there are no rows, a number is not finite, or for bad weights.

namespace lamina {

namespace detail {

/// P and Y, checked, as P − Y and Y.
struct Residuals {
  Eigen::MatrixXd E;
  WeightedMatrix Y;
};

template <class DP, class TY>
Residuals residuals(const DP& P, const TY& Y) {
  Residuals result{numbers_of(P, "predictions"), targets_of(Y)};
  if (result.E.rows() != result.Y.values.rows() || result.E.cols() != result.Y.values.cols())
    fail<ShapeError>({"Y: expected the shape of the predictions, ", result.E.rows(), "\u00d7",
                      result.E.cols(), ", got ", result.Y.values.rows(), "\u00d7", result.Y.values.cols()});
  result.E -= result.Y.values;
  return result;
}

/// Of each column j the weighted mean of f(xᵢⱼ, j).
template <class F>
std::vector<double> column_means(const Eigen::MatrixXd& X, const std::vector<double>& weights, F f) {
  std::vector<double> means;
  for (Index j = 0; j < X.cols(); ++j)
    means.push_back(weighted_mean(X.rows(), weights, [&](Index i) { return f(X(i, j), j); }));
  return means;
}
/// The mean of f(x) over all rows and columns.
template <class F>
double mean_of(const Residuals& r, F f) {
  double sum = 0;
  for (const double mean : column_means(r.E, r.Y.weights, [&](double x, Index) { return f(x); })) sum += mean;
  return sum / static_cast<double>(r.E.cols());
}

/// Exactly, for which a variance is no good: the mean of equal numbers may be rounded.
inline bool is_constant(const Eigen::MatrixXd& X, Index column) {
  const double* const x = X.data() + column * X.rows();
  return std::all_of(x, x + X.rows(), [&](double other) { return other == *x; });
}

/// 1 − ‖·‖²/‖·‖² of each column of E and of Y around its mean; 1 for 0/0, and 0 where Y is constant and E is not 0.
inline Eigen::VectorXd explained(const Eigen::MatrixXd& E, const WeightedMatrix& Y) {
  if (Y.values.rows() < 2)
    fail<DataError>({"Y: expected at least two rows (samples) for a variance, got ", Y.values.rows()});
  const auto itself = [](double y, Index) { return y; };
  const std::vector<double> mean = column_means(Y.values, Y.weights, itself);
  const std::vector<double> error = column_means(E, Y.weights, [](double e, Index) { return e * e; });
  const std::vector<double> variance = column_means(Y.values, Y.weights, [&](double y, Index j) {
    const double around = y - mean[static_cast<std::size_t>(j)];
    return around * around;
  });
  Eigen::VectorXd result(E.cols());
  for (Index j = 0; j < E.cols(); ++j) {
    const auto k = static_cast<std::size_t>(j);
    result(j) = !is_constant(Y.values, j) ? 1 - error[k] / variance[k] : error[k] > 0 ? 0 : 1;
  }
  return result;
}

}  // namespace detail

/// Σᵢⱼ (pᵢⱼ − yᵢⱼ)² / (m·k): scikit-learn's mean over samples and outputs. The loss MeanSquaredError, ‖P − Y‖²_F / m, sums
/// over outputs and is k times that.
template <EigenReal DP, RealTargets TY>
double mean_squared_error(const DP& P, const TY& Y) {
  return detail::mean_of(detail::residuals(P, Y), [](double e) { return e * e; });
}

/// √mean_squared_error, over all outputs together. (scikit-learn takes the root of each output and then the mean.)
template <EigenReal DP, RealTargets TY>
double root_mean_squared_error(const DP& P, const TY& Y) {
  return std::sqrt(mean_squared_error(P, Y));
}

/// Σᵢⱼ |pᵢⱼ − yᵢⱼ| / (m·k); the loss MeanAbsoluteError is k times that.
template <EigenReal DP, RealTargets TY>
double mean_absolute_error(const DP& P, const TY& Y) {
  return detail::mean_of(detail::residuals(P, Y), [](double e) { return std::abs(e); });
}

/// The median of |pᵢⱼ − yᵢⱼ| over the samples, and its mean over the outputs. Without weights.
template <EigenReal DP, EigenReal DY>
double median_absolute_error(const DP& P, const DY& Y) {
  Eigen::MatrixXd E = detail::residuals(P, Y).E.cwiseAbs();
  double sum = 0;
  for (Index j = 0; j < E.cols(); ++j) {
    double* const begin = E.data() + j * E.rows();
    double* const end = begin + E.rows();
    double* const middle = begin + E.rows() / 2;
    std::nth_element(begin, middle, end);
    sum += E.rows() % 2 == 1 ? *middle : (*std::max_element(begin, middle) + *middle) / 2;
  }
  return sum / static_cast<double>(E.cols());
}

/// max |pᵢⱼ − yᵢⱼ|. Without weights.
template <EigenReal DP, EigenReal DY>
double max_error(const DP& P, const DY& Y) {
  return detail::residuals(P, Y).E.cwiseAbs().maxCoeff();
}

/// R² of each output: 1 − Σᵢ (yᵢ − pᵢ)² / Σᵢ (yᵢ − ȳ)². For constant targets it is 1 when the predictions are exact, else
/// 0, as in scikit-learn.
/// @throws DataError also when there are fewer than two samples.
template <EigenReal DP, RealTargets TY>
Eigen::VectorXd r2_score_per_output(const DP& P, const TY& Y) {
  const auto r = detail::residuals(P, Y);
  return detail::explained(r.E, r.Y);
}
/// The mean of r2_score_per_output.
template <EigenReal DP, RealTargets TY>
double r2_score(const DP& P, const TY& Y) {
  return r2_score_per_output(P, Y).mean();
}

/// Of each output: 1 − Var(y − p) / Var(y), which a constant added to the predictions does not change. For constant
/// targets as r2_score_per_output.
/// @throws DataError also when there are fewer than two samples.
template <EigenReal DP, RealTargets TY>
Eigen::VectorXd explained_variance_per_output(const DP& P, const TY& Y) {
  auto r = detail::residuals(P, Y);
  const auto mean = detail::column_means(r.E, r.Y.weights, [](double e, Index) { return e; });
  for (Index j = 0; j < r.E.cols(); ++j) {
    const double around = detail::is_constant(r.E, j) ? r.E(0, j) : mean[static_cast<std::size_t>(j)];
    for (Index i = 0; i < r.E.rows(); ++i) r.E(i, j) -= around;
  }
  return detail::explained(r.E, r.Y);
}
/// The mean of explained_variance_per_output.
template <EigenReal DP, RealTargets TY>
double explained_variance(const DP& P, const TY& Y) {
  return explained_variance_per_output(P, Y).mean();
}

}  // namespace lamina
