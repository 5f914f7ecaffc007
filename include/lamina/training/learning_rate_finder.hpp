// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <type_traits>
#include <vector>

#include "lamina/core/parallel.hpp"
#include "lamina/training/fit.hpp"

namespace lamina {

/// How find_learning_rate looks.
struct LearningRateFinderOptions {
  double minimum = 1e-7;    ///< the first rate, > 0
  double maximum = 10;      ///< the last rate, > minimum
  Index steps = 100;        ///< updates, ≥ 2
  Index batch_size = 32;    ///< samples in an update, or full_batch
  double smoothing = 0.05;  ///< the share of a new loss in the smoothed one, in (0, 1]; 1: none is smoothed
  std::uint64_t seed = 0;   ///< of the shuffling and of dropout
  int threads = 1;          ///< as FitOptions::threads

  /// @throws OptionError when an option is outside its domain.
  void check() const {
    if (!(minimum > 0 && std::isfinite(minimum)))
      detail::fail<OptionError>({"find_learning_rate: expected minimum > 0, got ", minimum});
    if (!(maximum > minimum && std::isfinite(maximum)))
      detail::fail<OptionError>(
          {"find_learning_rate: expected maximum > minimum = ", minimum, ", got ", maximum});
    if (steps < 2) detail::fail<OptionError>({"find_learning_rate: expected steps \u2265 2, got ", steps});
    if (batch_size < 0)
      detail::fail<OptionError>(
          {"find_learning_rate: expected batch_size of at least 1, or full_batch, got ", batch_size});
    if (!(smoothing > 0 && smoothing <= 1))
      detail::fail<OptionError>({"find_learning_rate: expected smoothing in (0, 1], got ", smoothing});
    if (threads < 0)
      detail::fail<OptionError>(
          {"find_learning_rate: expected threads of at least 1, or 0 for all, got ", threads});
  }
};

/// What find_learning_rate found.
struct LearningRateCurve {
  std::vector<double> rates;   ///< tried, in increasing order
  std::vector<double> losses;  ///< smoothed, each of the batch before the update with its rate
  /// Where the loss fell most steeply over log α; none where it never fell.
  std::optional<double> suggestion;
  bool diverged = false;  ///< whether it ended before `maximum`, as the loss grew beyond bounds
};

namespace detail {

/// The rate where the losses fall most steeply over log α: the middle of those steps whose least-squares line has the
/// least slope, if it is negative. A line goes through a tenth of all steps, as the difference of two neighbours is mostly
/// that of their batches. As in fastai, the first tenth of the steps and the last five are not looked at, where the
/// smoothed loss is still that of a few batches, or already out of hand; unless too few are left.
inline std::optional<double> steepest(const std::vector<double>& rates, const std::vector<double>& losses,
                                      Index steps) {
  const std::size_t tenth = static_cast<std::size_t>(steps / 10), width = std::max<std::size_t>(tenth, 1);
  std::size_t first = tenth, last = losses.size();
  if (first + width + 5 < last) {
    last -= 5;
  } else {
    first = 0;
  }
  std::optional<double> rate;
  double least = 0;
  for (std::size_t i = first; i + width < last; ++i) {
    // Of equal steps in log α, up to a factor: Σⱼ (j − width/2)·Fᵢ₊ⱼ
    double slope = 0;
    for (std::size_t j = 0; j <= width; ++j)
      slope += (static_cast<double>(j) - static_cast<double>(width) / 2) * losses[i + j];
    if (slope < least) {
      least = slope;
      rate = rates[i + width / 2];
    }
  }
  return rate;
}

template <class Scalar, class... L, class Loss, class Optimizer_>
LearningRateCurve find_learning_rate(Network<Scalar, L...> network, const DataView<Scalar>& data,
                                     const Loss& loss, Optimizer_ optimizer,
                                     const LearningRateFinderOptions& options) {
  auto workspace = network.workspace();
  workspace.seed = options.seed;
  ThreadChoice threads(options.threads == 0 ? available_threads() : options.threads);
  const Index m = data.rows();
  BatchesInMemory<Scalar> batches(
      data, options.batch_size == full_batch ? m : std::min(options.batch_size, m), true, options.seed);
  LearningRateCurve curve;
  // The least smoothed loss since the first tenth of the steps, where it is that of a few batches; of single batches the
  // least loss, and the largest magnitude in that tenth.
  double best = std::numeric_limits<double>::infinity(), least = best, size = 0;
  double average = 0;
  const Index tenth = options.steps / 10;
  Index epoch = -1, in_epoch = 0;
  std::optional<Batch<Scalar>> batch;
  for (Index i = 0; i < options.steps; ++i) {
    if (epoch >= 0) batch = batches.batch(++in_epoch);
    if (!batch) {
      batches.begin_epoch(++epoch);
      batch = batches.batch(in_epoch = 0);
    }
    // α = minimum·(maximum/minimum)^(i/(steps − 1)), whatever the quotient
    const double share = static_cast<double>(i) / static_cast<double>(options.steps - 1);
    const double rate =
        i + 1 == options.steps
            ? options.maximum
            : options.minimum * std::exp(share * (std::log(options.maximum) - std::log(options.minimum)));
    optimizer.learning_rate = static_cast<decltype(optimizer.learning_rate)>(rate);
    double F = 0;
    workspace.threads = threads.begin();
    try {
      F = static_cast<double>(train_step(network, *batch, loss, optimizer, workspace));
    } catch (const NonFiniteError&) {
      if (i == 0) throw;  // not a matter of the rate
      curve.diverged = true;
      break;
    }
    threads.end(batch->count);
    // An average whose weights fade by (1 − smoothing), divided by their sum.
    average = (1 - options.smoothing) * average + options.smoothing * F;
    const double smoothed =
        average / -std::expm1(static_cast<double>(i + 1) * std::log1p(-options.smoothing));
    least = std::min(least, F);
    if (i <= tenth) size = std::max(size, std::abs(F));
    // A loss that may be negative has no zero to be compared with.
    const double bound = least > 0 ? 4 * best : best + 3 * std::max(size, std::abs(best));
    if (smoothed > bound) {
      curve.diverged = true;
      break;
    }
    if (i >= tenth) best = std::min(best, smoothed);
    curve.rates.push_back(rate);
    curve.losses.push_back(smoothed);
  }
  curve.suggestion = steepest(curve.rates, curve.losses, options.steps);
  return curve;
}

}  // namespace detail

/// Looks for a learning rate: trains copies of the network and of the optimiser with a rate that grows exponentially, update
/// by update, from `minimum` to `maximum`, until the loss is out of hand. The network and the optimiser stay as they are.
///
/// Smith, Cyclical learning rates for training neural networks, WACV 2017, section 3.3. As in fastai, losses are smoothed
/// by an exponential average without bias, it ends when one is more than 4 times the least since the first tenth of the
/// steps (or not finite), and the suggestion is where they fall most steeply, there over a tenth of the steps. Where a
/// batch's loss is not positive, as negative log-likelihoods may be, it ends at one that is above the least by 3 times the
/// largest magnitude of the losses of that tenth, or the least's own.
///
///     const LearningRateCurve found = find_learning_rate(net, X, Y, MeanSquaredError{}, Adam{});
///     fit(net, X, Y, MeanSquaredError{}, Adam{.learning_rate = found.suggestion.value()}, FitOptions{.epochs = 20});
///
/// @param X, Y, loss  as for fit
/// @param optimizer   one with a learning_rate, whose own value plays no part
/// @throws ShapeError, DataError, OptionError as fit; NonFiniteError when already the first update is not finite.
template <class Scalar, class... L, EigenDense DX, Targets TY, LossFunction<Scalar> Loss, class Optimizer_>
LearningRateCurve find_learning_rate(const Network<Scalar, L...>& network, const DX& X, const TY& Y,
                                     const Loss& loss, const Optimizer_& optimizer,
                                     const LearningRateFinderOptions& options = {}) {
  static_assert(
      requires(Optimizer_ o) { o.learning_rate = 1; },
      "lamina: find_learning_rate needs an optimiser with a learning_rate");
  options.check();
  network.check_layers();
  return detail::with_data<Scalar, Loss>(X, Y, [&](const DataView<Scalar>& data) {
    detail::check_data(data, loss, network.inputs(), network.outputs());
    return detail::find_learning_rate(network, data, loss, optimizer, options);
  });
}

}  // namespace lamina
