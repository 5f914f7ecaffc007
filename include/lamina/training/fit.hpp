// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <chrono>
#include <cmath>
#include <iostream>
#include <memory>
#include <numeric>
#include <optional>
#include <ostream>
#include <stop_token>
#include <string>
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
};

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

}  // namespace detail

/// Trains a network: `epochs` times over all samples in batches, one train_step for each batch.
///
/// Training goes on from the parameters the network has; only Network::initialize resets them. The same network, data,
/// options and optimiser give the same parameters, bit for bit.
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
  using Clock = std::chrono::steady_clock;
  if (network.size() == 0) detail::fail<OptionError>({"network: expected at least one layer, got none"});
  if (options.epochs < 0) detail::fail<OptionError>({"epochs: expected at least 0, got ", options.epochs});
  if (options.batch_size < 0)
    detail::fail<OptionError>({"batch_size: expected at least 1, or full_batch, got ", options.batch_size});
  detail::check_data(data, loss, network.inputs(), network.outputs());
  const bool validates = static_cast<bool>(options.validation);
  if (validates)
    detail::check_data(options.validation.template get<Scalar>(), loss, network.inputs(), network.outputs(),
                       "validation X", "validation Y");

  const Index m = data.rows();
  const Index batch_size = options.batch_size == full_batch ? m : std::min(options.batch_size, m);
  auto workspace = network.workspace();
  workspace.seed = options.seed;
  Random random(options.seed);
  std::vector<Index> order;
  if (options.shuffle && batch_size < m) {
    order.resize(static_cast<std::size_t>(m));
    std::iota(order.begin(), order.end(), Index{0});
  }

  std::optional<ProgressBar> bar;
  if (options.progress == Progress::always ||
      (options.progress == Progress::automatic &&
       (options.progress_stream || detail::standard_error_is_terminal())))
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
  state.batches = (m + batch_size - 1) / batch_size;
  state.samples_per_epoch = m;
  state.history = &history;
  for (state.epoch = 0; state.epoch < options.epochs; ++state.epoch) {
    const auto began = Clock::now();
    const auto elapsed = [&] { return std::chrono::duration<double>(Clock::now() - began).count(); };
    if (!order.empty()) random.shuffle(order);
    double sum = 0;
    state.samples = 0;
    state.validation_loss = std::nan("");
    for (state.batch = 0; state.batch < state.batches; ++state.batch) {
      if (options.stop_token.stop_requested()) {
        history.stop_reason = StopReason::cancelled;
        return history;
      }
      const Index first = state.batch * batch_size, count = std::min(batch_size, m - first);
      const Batch<Scalar> batch(data, first, count, order.empty() ? nullptr : order.data());
      try {
        sum += static_cast<double>(train_step(network, batch, loss, optimizer, workspace)) *
               static_cast<double>(count);
      } catch (const NonFiniteError& error) {
        detail::fail<NonFiniteError>({"epoch ", state.epoch, ", batch ", state.batch, ": ", error.what()});
      }
      state.samples += count;
      state.loss = sum / static_cast<double>(state.samples);
      state.seconds = elapsed();
      if (bar) bar->on_batch(state);
      (detail::at_batch(callbacks, state), ...);
      if (state.stopped()) break;
    }
    const bool whole_epoch = state.samples == m;
    if (!whole_epoch) {
      history.stop_reason = StopReason::callback;
      return history;
    }
    state.batch = state.batches - 1;
    if (validates)
      state.validation_loss = static_cast<double>(
          network.loss(Batch<Scalar>(options.validation.template get<Scalar>()), loss, workspace));
    state.seconds = elapsed();
    history.loss.push_back(state.loss);
    if (validates) history.validation_loss.push_back(state.validation_loss);
    history.seconds.push_back(state.seconds);
    (detail::at_epoch(callbacks, state), ...);
    if (bar) bar->on_epoch(state);
    if (state.stopped()) {
      history.stop_reason = StopReason::callback;
      break;
    }
  }
  return history;
}

}  // namespace lamina
