// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <concepts>
#include <iostream>
#include <memory>
#include <numeric>
#include <optional>
#include <ostream>
#include <ranges>
#include <stop_token>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "lamina/training/history.hpp"
#include "lamina/training/progress.hpp"
#include "lamina/training/step.hpp"

namespace lamina {

/// A second data set, measured after every epoch and never trained on: `.validation = {X, Y}`.
///
/// Matrices, maps, blocks and vectors that have a name are referred to and must outlive the fit; temporaries and
/// expressions are kept.
class ValidationData {
 public:
  /// None.
  ValidationData() = default;
  /// @tparam TY  as for Network::loss: numbers, labels, or either with weights (a weighted() of named objects)
  template <class DX, class TY>
  requires EigenReal<DX> && Targets<TY> ValidationData(DX&& X, TY&& Y) {
    using Scalar = typename std::remove_cvref_t<DX>::Scalar;
    Kept<Scalar> kept;
    kept.data.X = view<Scalar>(keep(std::forward<DX>(X)));
    set_targets<Scalar>(kept.data, std::forward<TY>(Y));
    data_ = kept;
  }

  explicit operator bool() const { return !std::holds_alternative<std::monostate>(data_); }

  /// @throws DataError when the numbers are of another scalar type.
  template <class Scalar>
  const DataView<Scalar>& get() const {
    if (const auto* kept = std::get_if<Kept<Scalar>>(&data_)) return kept->data;
    detail::fail<DataError>({"validation: expected X and Y of the network's scalar type"});
  }

 private:
  template <class Scalar>
  struct Kept {
    DataView<Scalar> data;
  };

  /// The argument itself when it is a named thing with memory, else a copy that lives as long as this object.
  template <class T>
  const auto& keep(T&& value) {
    using Value = std::remove_cvref_t<T>;
    if constexpr (EigenDense<Value>) {
      using Plain = typename Value::PlainObject;
      constexpr bool is_plain = std::is_same_v<Plain, Value>;
      if constexpr ((Value::Flags & Eigen::DirectAccessBit) != 0 &&
                    (std::is_lvalue_reference_v<T> || !is_plain)) {
        return value;
      } else {
        return own(std::make_shared<Plain>(std::forward<T>(value)));
      }
    } else if constexpr (std::is_lvalue_reference_v<T>) {
      return value;
    } else {
      return own(std::make_shared<Value>(std::forward<T>(value)));
    }
  }
  template <class T>
  const T& own(std::shared_ptr<T> owned) {
    const T& reference = *owned;
    owned_.push_back(std::move(owned));
    return reference;
  }

  template <class Scalar, class TY>
  void set_targets(DataView<Scalar>& data, TY&& Y) {
    using T = std::remove_cvref_t<TY>;
    if constexpr (detail::is_weighted<T>) {
      data.weights = vector_view<double>(keep(Y.weights), "validation weights");
      set_targets(data, Y.targets);
    } else if constexpr (Labels<T>) {
      data.labels = vector_view<Index>(keep(std::forward<TY>(Y)), "validation Y");
    } else {
      data.Y = view<Scalar>(keep(std::forward<TY>(Y)));
    }
  }

  std::variant<std::monostate, Kept<float>, Kept<double>, Kept<long double>> data_;
  std::vector<std::shared_ptr<const void>> owned_;
};

/// The batch size that stands for all samples at once.
inline constexpr Index full_batch = 0;

/// How fit trains.
struct FitOptions {
  Index epochs = 1;        ///< passes over the data
  Index batch_size = 32;   ///< samples in a step; the last batch of an epoch may have fewer; or full_batch
  std::uint64_t seed = 0;  ///< of the shuffling and of dropout
  ValidationData validation = {};           ///< measured after every epoch
  bool shuffle = true;                      ///< a different order of the samples in every epoch
  Progress progress = Progress::automatic;  ///< whether to draw a progress bar
  std::ostream* progress_stream = nullptr;  ///< where to; null: standard error
  std::stop_token stop_token = {};          ///< asked between batches
  int threads =
      1;  ///< that may work on a batch, with OpenMP; 0: as many as it offers; the result is the same for any
};

/// What a source of batches fills, see fit: X, m×inputs(), and either Y or, for classes, labels; weights if the samples
/// have any. It is the same object at every call: what has the right size need not be allocated again.
template <class Scalar>
struct SourceBatch {
  Eigen::Matrix<Scalar, Dynamic, Dynamic, Eigen::RowMajor> X, Y;
  std::vector<Index> labels;
  std::vector<double> weights;
};

/// Gives the batches of an epoch one after the other, see fit.
template <class T, class Scalar>
concept BatchSource = requires(T& source, SourceBatch<Scalar>& to) {
  { source(Index{0}, Index{0}, to) } -> std::convertible_to<bool>;
};

namespace detail {

template <class T>
concept PairOfMatrices = requires(const T& pair) {
  requires EigenDense<decltype(std::get<0>(pair))>;
  requires Targets<decltype(std::get<1>(pair))>;
};

}  // namespace detail

/// A range of std::pairs (or tuples) of X and Y.
template <class T>
concept BatchRange = std::ranges::input_range<T> && detail::PairOfMatrices<std::ranges::range_reference_t<T>>;

namespace detail {

/// Calls what a callback has: on_batch, on_epoch, or itself at the end of an epoch.
template <class Callback>
void at_batch(Callback& callback, FitState& state) {
  if constexpr (requires { callback.on_batch(state); }) callback.on_batch(state);
}
template <class Callback>
void at_epoch(Callback& callback, FitState& state) {
  if constexpr (requires { callback.on_epoch(state); }) {
    callback.on_epoch(state);
  } else if constexpr (requires { callback(state); }) {
    static_assert(std::is_void_v<decltype(callback(state))>,
                  "lamina: a callback returns nothing; call state.stop() to end the training");
    callback(state);
  }
}

template <class Callback>
concept FitCallback = requires(Callback& callback, FitState& state) {
  callback(state);
}
|| requires(Callback& callback, FitState& state) { callback.on_epoch(state); }
|| requires(Callback& callback, FitState& state) { callback.on_batch(state); };

/// The batches of a data set in memory: all samples once an epoch, in a different order each time if asked for.
template <class Scalar>
class BatchesInMemory {
 public:
  BatchesInMemory(const DataView<Scalar>& data, Index batch_size, bool shuffle, std::uint64_t seed)
      : data_(data), batch_size_(batch_size), random_(seed) {
    if (!shuffle || batch_size >= data.rows()) return;
    order_.resize(static_cast<std::size_t>(data.rows()));
    std::iota(order_.begin(), order_.end(), Index{0});
  }

  Index batches() const { return (samples() + batch_size_ - 1) / batch_size_; }
  Index samples() const { return data_.rows(); }

  void begin_epoch(Index) {
    if (!order_.empty()) random_.shuffle(order_);
  }
  /// Batch number `index` of the epoch; none after the last.
  std::optional<Batch<Scalar>> batch(Index index) {
    const Index first = index * batch_size_;
    if (first >= samples()) return {};
    return Batch<Scalar>(data_, first, std::min(batch_size_, samples() - first),
                         order_.empty() ? nullptr : order_.data());
  }

 private:
  DataView<Scalar> data_;
  Index batch_size_;
  Random random_;
  std::vector<Index> order_;
};

/// The batches of a source: what it gives at a time, cut into batches. How many there are is known after an epoch.
template <class Scalar, class Source, class Check>
class BatchesFromSource {
 public:
  BatchesFromSource(Source& source, const FitOptions& options, Check check)
      : source_(source),
        batch_size_(options.batch_size),
        shuffle_(options.shuffle),
        random_(options.seed),
        check_(std::move(check)) {}

  Index batches() const { return batches_; }
  Index samples() const { return samples_; }

  void begin_epoch(Index epoch) {
    epoch_ = epoch;
    piece_ = at_ = seen_ = 0;
    rows_ = 0;
  }
  std::optional<Batch<Scalar>> batch(Index index) {
    if (at_ >= rows_ && !next_piece()) {
      batches_ = index;
      samples_ = seen_;
      return {};
    }
    const Index first = at_, count = batch_size_ == full_batch ? rows_ : std::min(batch_size_, rows_ - at_);
    at_ += count;
    seen_ += count;
    return Batch<Scalar>(data_, first, count, order_.empty() ? nullptr : order_.data());
  }

 private:
  bool next_piece() {
    if (!source_(epoch_, piece_, piece_data_)) {
      if (piece_ == 0)
        detail::fail<DataError>({"source: expected at least one batch in epoch ", epoch_, ", got none"});
      return false;
    }
    data_ = {};
    data_.X = view<Scalar>(piece_data_.X);
    if (piece_data_.labels.empty()) {
      data_.Y = view<Scalar>(piece_data_.Y);
    } else {
      data_.labels = vector_view<Index>(piece_data_.labels, "Y");
    }
    if (!piece_data_.weights.empty())
      data_.weights = vector_view<double>(piece_data_.weights, "sample weights");
    const auto where = [&](const Error& error) {
      return detail::message({"source, epoch ", epoch_, ", batch ", piece_, ": ", error.what()});
    };
    try {
      check_(data_);
    } catch (const ShapeError& error) {
      throw ShapeError(where(error));
    } catch (const DataError& error) {
      throw DataError(where(error));
    }
    rows_ = data_.rows();
    at_ = 0;
    ++piece_;
    order_.resize(shuffle_ && batch_size_ != full_batch ? static_cast<std::size_t>(rows_) : 0);
    std::iota(order_.begin(), order_.end(), Index{0});
    random_.shuffle(order_);
    return true;
  }

  Source& source_;
  Index batch_size_;
  bool shuffle_;
  Random random_;
  Check check_;
  SourceBatch<Scalar> piece_data_;
  DataView<Scalar> data_;
  std::vector<Index> order_;
  Index epoch_ = 0, piece_ = 0, rows_ = 0, at_ = 0, seen_ = 0, batches_ = 0, samples_ = 0;
};

inline void check_fit_options(std::size_t layers, const FitOptions& options) {
  if (layers == 0) fail<OptionError>({"network: expected at least one layer, got none"});
  if (options.epochs < 0) fail<OptionError>({"epochs: expected at least 0, got ", options.epochs});
  if (options.batch_size < 0)
    fail<OptionError>({"batch_size: expected at least 1, or full_batch, got ", options.batch_size});
  if (options.threads < 0)
    fail<OptionError>({"threads: expected at least 1, or 0 for all, got ", options.threads});
}

/// The epochs of a fit, over whatever gives the batches.
template <class Scalar, class... L, class Loss, class Optimizer_, class Batches, class... Callbacks>
History run_epochs(Network<Scalar, L...>& network, Batches& source, const Loss& loss, Optimizer_& optimizer,
                   const FitOptions& options, Callbacks&... callbacks) {
  using Clock = std::chrono::steady_clock;
  const bool validates = static_cast<bool>(options.validation);
  if (validates)
    check_data(options.validation.template get<Scalar>(), loss, network.inputs(), network.outputs(),
               "validation X", "validation Y");

  auto workspace = network.workspace();
  workspace.seed = options.seed;
  workspace.threads = options.threads == 0 ? available_threads() : options.threads;

  std::optional<ProgressBar> bar;
  if (options.progress == Progress::always ||
      (options.progress == Progress::automatic && (options.progress_stream || standard_error_is_terminal())))
    bar.emplace(options.progress_stream ? *options.progress_stream : std::cerr);
  struct Finish {
    std::optional<ProgressBar>& bar;
    ~Finish() {
      if (bar) bar->finish();
    }
  } finish{bar};

  History history;
  FitState state;
  state.epochs = options.epochs;
  state.history = &history;
  for (state.epoch = 0; state.epoch < options.epochs; ++state.epoch) {
    const auto began = Clock::now();
    const auto elapsed = [&] { return std::chrono::duration<double>(Clock::now() - began).count(); };
    source.begin_epoch(state.epoch);
    double sum = 0;
    state.batches = source.batches();
    state.samples_per_epoch = source.samples();
    state.samples = 0;
    state.validation_loss = std::nan("");
    for (state.batch = 0;; ++state.batch) {
      if (options.stop_token.stop_requested()) {
        history.stop_reason = StopReason::cancelled;
        return history;
      }
      const std::optional<Batch<Scalar>> batch = source.batch(state.batch);
      if (!batch) break;
      try {
        sum += static_cast<double>(train_step(network, *batch, loss, optimizer, workspace)) *
               static_cast<double>(batch->count);
      } catch (const NonFiniteError& error) {
        fail<NonFiniteError>({"epoch ", state.epoch, ", batch ", state.batch, ": ", error.what()});
      }
      state.samples += batch->count;
      state.loss = sum / static_cast<double>(state.samples);
      state.seconds = elapsed();
      if (bar) bar->on_batch(state);
      (at_batch(callbacks, state), ...);
      if (state.stopped() && state.batch + 1 != source.batches()) {  // in the middle of the epoch
        history.stop_reason = StopReason::callback;
        return history;
      }
    }
    --state.batch;
    state.batches = source.batches();
    state.samples_per_epoch = source.samples();
    if (validates)
      state.validation_loss = static_cast<double>(
          network.loss(Batch<Scalar>(options.validation.template get<Scalar>()), loss, workspace));
    state.seconds = elapsed();
    history.loss.push_back(state.loss);
    if (validates) history.validation_loss.push_back(state.validation_loss);
    history.seconds.push_back(state.seconds);
    (at_epoch(callbacks, state), ...);
    if (bar) bar->on_epoch(state);
    if (state.stopped()) {
      history.stop_reason = StopReason::callback;
      break;
    }
  }
  return history;
}

}  // namespace detail

/// Trains a network: `epochs` times over all samples in batches, one train_step for each batch.
///
/// Training goes on from the parameters the network has; only Network::initialize resets them. The same network, data,
/// options and optimiser give the same parameters, bit for bit, whatever the number of threads.
///
/// @param X, Y       m×inputs() and the targets of the loss, as for Network::loss
/// @param loss       what to minimise; there is no default
/// @param optimizer  a temporary, or a variable that keeps its state
/// @param callbacks  each is called with a FitState&: a plain function at the end of every epoch; an object's on_epoch
///                   there and its on_batch after every batch. state.stop() ends the training
/// @throws ShapeError, DataError, OptionError before anything is changed; NonFiniteError, naming epoch, batch and layer,
///         with the parameters as they were before the step that failed
template <class Scalar, class... L, EigenDense DX, Targets TY, LossFunction<Scalar> Loss, class Optimizer_,
          detail::FitCallback... Callbacks>
requires(Optimizer<std::remove_cvref_t<Optimizer_>, typename Network<Scalar, L...>::Parameters>) History
    fit(Network<Scalar, L...>& network, const DX& X, const TY& Y, const Loss& loss, Optimizer_&& optimizer,
        const FitOptions& options, Callbacks&&... callbacks) {
  return detail::with_data<Scalar, Loss>(X, Y, [&](const DataView<Scalar>& data) {
    return fit(network, data, loss, optimizer, options, callbacks...);
  });
}

/// There is no default loss.
template <class Scalar, class... L, EigenDense DX, Targets TY, class Optimizer_, class... Callbacks>
History fit(Network<Scalar, L...>&, const DX&, const TY&, Optimizer_&&, const FitOptions&, Callbacks&&...) {
  static_assert(sizeof(Scalar) == 0,
                "lamina: fit needs a loss between Y and the optimiser, such as MeanSquaredError{}");
  return {};
}

/// The same for a data set that is already a view.
template <class Scalar, class... L, LossFunction<Scalar> Loss, class Optimizer_,
          detail::FitCallback... Callbacks>
History fit(Network<Scalar, L...>& network, const DataView<Scalar>& data, const Loss& loss,
            Optimizer_& optimizer, const FitOptions& options, Callbacks&... callbacks) {
  detail::check_fit_options(network.size(), options);
  detail::check_data(data, loss, network.inputs(), network.outputs());
  const Index m = data.rows();
  const Index batch_size = options.batch_size == full_batch ? m : std::min(options.batch_size, m);
  detail::BatchesInMemory<Scalar> batches(data, batch_size, options.shuffle, options.seed);
  return detail::run_epochs(network, batches, loss, optimizer, options, callbacks...);
}

/// The same for samples that do not fit the memory: `source(epoch, batch, to)` fills `to`, a SourceBatch, with piece
/// number `batch` of the epoch, or returns false after the last. Only one piece is in memory at a time. It is cut into
/// batches of FitOptions::batch_size (full_batch: is one batch), its samples in another order when `shuffle` says so.
///
///     fit(network, [&](Index epoch, Index batch, SourceBatch<float>& to) { return file.read(batch, to.X, to.Y); },
///         BinaryCrossEntropy{}, Adam{}, FitOptions{.epochs = 3});
///
/// @throws as above; ShapeError and DataError for a piece name it, and come before it is used
template <class Scalar, class... L, BatchSource<Scalar> Source, LossFunction<Scalar> Loss, class Optimizer_,
          detail::FitCallback... Callbacks>
requires(Optimizer<std::remove_cvref_t<Optimizer_>, typename Network<Scalar, L...>::Parameters>) History
    fit(Network<Scalar, L...>& network, Source&& source, const Loss& loss, Optimizer_&& optimizer,
        const FitOptions& options, Callbacks&&... callbacks) {
  detail::check_fit_options(network.size(), options);
  const auto check = [&](const DataView<Scalar>& data) {
    detail::check_data(data, loss, network.inputs(), network.outputs());
  };
  detail::BatchesFromSource<Scalar, std::remove_reference_t<Source>, decltype(check)> batches(source, options,
                                                                                              check);
  return detail::run_epochs(network, batches, loss, optimizer, options, callbacks...);
}

/// The same for a range whose elements are pairs of X and Y, read from its beginning in every epoch.
template <class Scalar, class... L, BatchRange Range, LossFunction<Scalar> Loss, class Optimizer_,
          detail::FitCallback... Callbacks>
requires(Optimizer<std::remove_cvref_t<Optimizer_>, typename Network<Scalar, L...>::Parameters>) History
    fit(Network<Scalar, L...>& network, Range&& range, const Loss& loss, Optimizer_&& optimizer,
        const FitOptions& options, Callbacks&&... callbacks) {
  auto at = std::ranges::begin(range);
  return fit(
      network,
      [&](Index, Index batch, SourceBatch<Scalar>& to) {
        if (batch == 0) {
          at = std::ranges::begin(range);
        } else {
          ++at;
        }
        if (at == std::ranges::end(range)) return false;
        const auto& [X, Y] = *at;
        to.X = X;
        if constexpr (Labels<std::remove_cvref_t<decltype(Y)>>) {
          to.labels.assign(std::data(Y), std::data(Y) + std::size(Y));
        } else {
          to.Y = Y;
        }
        return true;
      },
      loss, optimizer, options, callbacks...);
}

}  // namespace lamina
