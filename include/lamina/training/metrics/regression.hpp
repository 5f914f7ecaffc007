// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <vector>

#include "lamina/training/metrics/arguments.hpp"

/// @file
/// Metrics of regression, for predictions P and targets Y, both m×k, with scikit-learn's names and means. All take
/// weighted(Y, s) too, when they do not say otherwise, and throw ShapeError when P and Y differ in shape; DataError when
/// there are no rows, a number is not finite, or for bad weights.

namespace lamina {

namespace detail {

/// P and Y, checked, as P − Y and Y, without the rows of weight 0.
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
  auto& [E, truth] = result;
  if (truth.weights.empty()) return result;
  Index kept = 0;
  for (Index i = 0; i < E.rows(); ++i) {
    if (!(truth.weight(i) > 0)) continue;
    E.row(kept) = E.row(i);
    truth.values.row(kept) = truth.values.row(i);
    truth.weights[static_cast<std::size_t>(kept++)] = truth.weight(i);
  }
  E.conservativeResize(kept, Eigen::NoChange);
  truth.values.conservativeResize(kept, Eigen::NoChange);
  truth.weights.resize(static_cast<std::size_t>(kept));
  return result;
}

/// The mean of f(x) over all rows and columns.
template <class F>
double mean_of(const Residuals& r, F f) {
  double sum = 0;
  for (Index j = 0; j < r.E.cols(); ++j)
    sum += weighted_mean(r.E.rows(), r.Y.weights, [&](Index i) { return f(r.E(i, j)); });
  return sum / static_cast<double>(r.E.cols());
}

/// Divides x by the power of two above its largest |xᵢ|, and returns the exponent.
inline int normalize(Eigen::Ref<Eigen::VectorXd> x) {
  int exponent = 0;
  std::frexp(x.cwiseAbs().maxCoeff(), &exponent);
  for (Index i = 0; i < x.size(); ++i) x(i) = std::ldexp(x(i), -exponent);
  return exponent;
}

/// Subtracts the weighted mean. Equal numbers become exactly 0, though their mean may be rounded.
inline void center(Eigen::Ref<Eigen::VectorXd> x, const std::vector<double>& weights) {
  const double first = x(0);
  x.array() -=
      (x.array() == first).all() ? first : weighted_mean(x.size(), weights, [&](Index i) { return x(i); });
}

/// 1 − ‖·‖²/‖·‖² of each column of E, around its mean if so wished, and of Y around its mean; 1 for 0/0, and 0 where Y is
/// constant and E is not 0. Every column is normalized, so that no square overflows or vanishes.
inline Eigen::VectorXd explained(Residuals&& r, bool around_mean) {
  auto& [E, Y] = r;
  if (E.rows() < 2)
    fail<DataError>(
        {"Y: expected at least two rows (samples) of positive weight for a variance, got ", E.rows()});
  Eigen::VectorXd result(E.cols());
  for (Index j = 0; j < E.cols(); ++j) {
    auto e = E.col(j), y = Y.values.col(j);
    int exponent = normalize(e) - normalize(y);
    center(y, Y.weights);
    exponent -= normalize(y);
    if (around_mean) {
      center(e, Y.weights);
      exponent += normalize(e);
    }
    const double error = weighted_mean(e.size(), Y.weights, [&](Index i) { return e(i) * e(i); });
    const double variance = weighted_mean(y.size(), Y.weights, [&](Index i) { return y(i) * y(i); });
    result(j) = variance > 0 ? 1 - std::ldexp(error / variance, 2 * exponent) : error > 0 ? 0 : 1;
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
    sum += E.rows() % 2 == 1 ? *middle : std::midpoint(*std::max_element(begin, middle), *middle);
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
/// @throws DataError also when there are fewer than two samples, those of weight 0 not counted.
template <EigenReal DP, RealTargets TY>
Eigen::VectorXd r2_score_per_output(const DP& P, const TY& Y) {
  return detail::explained(detail::residuals(P, Y), false);
}
/// The mean of r2_score_per_output.
template <EigenReal DP, RealTargets TY>
double r2_score(const DP& P, const TY& Y) {
  return r2_score_per_output(P, Y).mean();
}

/// Of each output: 1 − Var(y − p) / Var(y), which a constant added to the predictions does not change. For constant
/// targets as r2_score_per_output.
/// @throws DataError also when there are fewer than two samples, those of weight 0 not counted.
template <EigenReal DP, RealTargets TY>
Eigen::VectorXd explained_variance_per_output(const DP& P, const TY& Y) {
  return detail::explained(detail::residuals(P, Y), true);
}
/// The mean of explained_variance_per_output.
template <EigenReal DP, RealTargets TY>
double explained_variance(const DP& P, const TY& Y) {
  return explained_variance_per_output(P, Y).mean();
}

}  // namespace lamina
