// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <cmath>
#include <concepts>
#include <cstddef>
#include <vector>

#include "lamina/core/errors.hpp"
#include "lamina/data/mean.hpp"
#include "lamina/data/split.hpp"

namespace lamina {

/// The scores of k folds.
struct CrossValidation {
  std::vector<double> scores;
  double mean = 0;
  double standard_deviation = 0;  ///< between the folds, from k − 1 degrees of freedom
};

/// Calls score(train, test) with the row numbers of each fold, in turn, and collects what it returns:
///
///     const auto result = cross_validate(k_fold(X.rows(), 5, {.seed = 1}), [&](const auto& train, const auto& test) {
///       Network<float, Dense<4, 8, Tanh>, Dense<8, 1>> net;
///       net.initialize(1);
///       fit(net, take_rows(X, train), take_rows(Y, train), MeanSquaredError{}, Adam{}, {.epochs = 100});
///       return net.loss(take_rows(X, test), take_rows(Y, test), MeanSquaredError{});
///     });
///
/// Whatever is fitted to data, scaling included, is to be fitted within, to the training rows.
/// @throws OptionError when there are fewer than 2 folds, NonFiniteError when a score is not finite; what score throws.
template <class Score>
requires requires(Score score, const TrainTest& fold) {
  { score(fold.train, fold.test) } -> std::convertible_to<double>;
}
CrossValidation cross_validate(const std::vector<TrainTest>& folds, Score score) {
  const auto k = static_cast<double>(folds.size());
  if (folds.size() < 2) detail::fail<OptionError>({"cross_validate: expected at least 2 folds, got ", k});
  CrossValidation result;
  for (std::size_t f = 0; f < folds.size(); ++f) {
    result.scores.push_back(static_cast<double>(score(folds[f].train, folds[f].test)));
    if (!std::isfinite(result.scores.back()))
      detail::fail<NonFiniteError>(
          {"cross_validate: expected a finite score, got ", result.scores.back(), " from fold ", f});
  }
  result.mean = detail::mean_of(result.scores);
  // s² = Σ (sᵢ − mean)² / (k − 1)
  double squares = 0;
  for (const double s : result.scores) squares += (s - result.mean) * (s - result.mean);
  result.standard_deviation = std::sqrt(squares / (k - 1));
  return result;
}

}  // namespace lamina
