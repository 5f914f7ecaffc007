// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <ostream>
#include <string>
#include <vector>

#include "lamina/training/metrics/arguments.hpp"

namespace lamina {

/// −Σᵢ sᵢ·log pᵢ / Σᵢ sᵢ, with pᵢ the probability of the label of sample i. As in scikit-learn, probabilities are kept ε
/// away from 0 and 1, with ε = 2⁻⁵² for double and long double, 2⁻²³ for float.
///
/// @param probabilities  m×classes, rows that sum to 1; or m×1, of class 1. Of logits, SoftmaxCrossEntropy and
///                       BinaryCrossEntropy are the same and lose nothing
/// @param labels         m labels, or weighted(labels, s)
/// @throws ShapeError when the sizes differ; DataError when a label is out of range, for what is no probability, when
///         there are no samples, and for bad weights.
template <EigenReal Probabilities, ClassLabels TY>
double log_loss(const Probabilities& probabilities, const TY& labels) {
  const Eigen::MatrixXd P = detail::probabilities_of(probabilities);
  const auto y = detail::labels_of(labels, std::max(P.cols(), Index{2}));
  detail::check_rows(P.rows(), y.size(), "probabilities");
  const double epsilon = detail::epsilon_in_double<typename Probabilities::Scalar>;
  const auto inside = [epsilon](double p) { return std::clamp(p, epsilon, 1 - epsilon); };
  return detail::weighted_mean(y.size(), y.weights, [&](Index i) {
    if (P.cols() == 1) return -std::log(y[i] == 1 ? inside(P(i, 0)) : 1 - inside(P(i, 0)));
    double sum = 0;
    for (Index j = 0; j < P.cols(); ++j) sum += inside(P(i, j));
    return -std::log(inside(P(i, y[i])) / sum);
  });
}

/// Σᵢ sᵢ·(pᵢ − yᵢ)² / Σᵢ sᵢ for one column; with several, (p − y)² is Σⱼ (pᵢⱼ − [yᵢ = j])², halved for two, so that two
/// columns give the same as the second alone. Brier, Verification of forecasts expressed in terms of probability, Monthly
/// Weather Review 78(1), 1950; the half is scikit-learn's.
///
/// Arguments and errors as for log_loss.
template <EigenReal Probabilities, ClassLabels TY>
double brier_score(const Probabilities& probabilities, const TY& labels) {
  const Eigen::MatrixXd P = detail::probabilities_of(probabilities);
  const auto y = detail::labels_of(labels, std::max(P.cols(), Index{2}));
  detail::check_rows(P.rows(), y.size(), "probabilities");
  return detail::weighted_mean(y.size(), y.weights, [&](Index i) {
    if (P.cols() == 1) return (P(i, 0) - static_cast<double>(y[i])) * (P(i, 0) - static_cast<double>(y[i]));
    double sum = 0;
    for (Index j = 0; j < P.cols(); ++j) {
      const double d = P(i, j) - (y[i] == j ? 1 : 0);
      sum += d * d;
    }
    return P.cols() == 2 ? sum / 2 : sum;
  });
}

/// The samples whose predicted probability is in (lower, upper].
struct CalibrationBin {
  double lower = 0, upper = 0;
  double mean_predicted = 0;      ///< NaN when there are no samples
  double observed_frequency = 0;  ///< NaN when there are no samples
  Index count = 0;
};

/// How often what was predicted with some probability came true.
struct CalibrationTable {
  std::vector<CalibrationBin> bins;
  /// ECE = Σ_bins (count/m)·|mean_predicted − observed_frequency|
  double expected_calibration_error = 0;

  friend std::ostream& operator<<(std::ostream& out, const CalibrationTable& table) {
    return out << table.text();
  }

 private:
  LAMINA_COLD std::string text() const {
    std::string result = "   from      to  predicted  observed    samples\n";
    const auto add = [&](double x, std::size_t columns, int decimals) {
      char digits[64] = "\u2013";
      std::size_t size = 3, shown = 1;
      if (!std::isnan(x)) {
        char* const end =
            std::to_chars(digits, digits + sizeof digits, x, std::chars_format::fixed, decimals).ptr;
        size = shown = static_cast<std::size_t>(end - digits);
      }
      result.append(columns > shown ? columns - shown : 0, ' ').append(digits, size);
    };
    for (const CalibrationBin& bin : bins) {
      add(bin.lower, 7, 3);
      add(bin.upper, 8, 3);
      add(bin.mean_predicted, 11, 3);
      add(bin.observed_frequency, 10, 3);
      add(static_cast<double>(bin.count), 11, 0);
      result += '\n';
    }
    result += "expected calibration error";
    add(expected_calibration_error, 8, 4);
    return result + '\n';
  }
};

/// Compares probabilities with what came true, in bins of equal width.
///
/// For one column, the probability of class 1 and how often the label was 1 (a reliability diagram). For several, the
/// probability of the most probable class and how often that was the label: Guo, Pleiss, Sun and Weinberger, On
/// calibration of modern neural networks, ICML 2017. A probability of 0 is in the first bin; those without samples are
/// there too.
///
/// @param probabilities  m×1 or m×classes
/// @param labels         m labels
/// @throws OptionError when bins < 1; else as log_loss
template <EigenReal Probabilities, Labels TY>
CalibrationTable calibration_table(const Probabilities& probabilities, const TY& labels, Index bins = 10) {
  if (bins < 1) detail::fail<OptionError>({"bins: expected at least 1, got ", bins});
  const Eigen::MatrixXd P = detail::probabilities_of(probabilities);
  const auto y = detail::labels_of(labels, std::max(P.cols(), Index{2}));
  detail::check_rows(P.rows(), y.size(), "probabilities");

  CalibrationTable table;
  for (Index b = 0; b < bins; ++b)
    table.bins.push_back({static_cast<double>(b) / static_cast<double>(bins),
                          static_cast<double>(b + 1) / static_cast<double>(bins), 0, 0, 0});
  for (Index i = 0; i < y.size(); ++i) {
    const Index column = detail::largest_in_row(P, i), predicted = P.cols() == 1 ? 1 : column;
    const double p = P(i, column);
    const auto bin = std::lower_bound(table.bins.begin(), table.bins.end() - 1, p,
                                      [](const CalibrationBin& b, double x) { return b.upper < x; });
    bin->mean_predicted += p;
    bin->observed_frequency += y[i] == predicted ? 1 : 0;
    ++bin->count;
  }
  for (CalibrationBin& bin : table.bins) {
    table.expected_calibration_error +=
        std::abs(bin.mean_predicted - bin.observed_frequency) / static_cast<double>(y.size());
    bin.mean_predicted /= static_cast<double>(bin.count);  // 0/0 is NaN
    bin.observed_frequency /= static_cast<double>(bin.count);
  }
  return table;
}

}  // namespace lamina
