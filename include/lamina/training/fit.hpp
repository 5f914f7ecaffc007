// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <concepts>
#include <iostream>
#include <limits>
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

#include "lamina/data/split.hpp"
#include "lamina/schedules/schedule.hpp"
#include "lamina/training/clipping.hpp"
#include "lamina/training/context.hpp"
#include "lamina/training/diagnostics.hpp"
#include "lamina/training/history.hpp"
#include "lamina/training/progress.hpp"
#include "lamina/training/regularization.hpp"
#include "lamina/training/step.hpp"
#include "lamina/training/thread_choice.hpp"

namespace lamina {

/// A second data set, measured after every epoch and never trained on: `.validation = {X, Y}`.
///
/// Matrices and vectors with a name, blocks of them and maps are referred to and must outlive the fit; temporaries and
/// expressions are kept. A block cannot say whether what it is of has a name: of a temporary it must not be.
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
      constexpr bool owns = std::is_same_v<Plain, Value> || detail::is_const_ref<Value>;
      if constexpr (has_memory_v<Value> && (std::is_lvalue_reference_v<T> || !owns)) {
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
  /// Threads that may work on a batch, with OpenMP; 0: as many as it offers. The result is the same for any number, and so
  /// fit takes fewer where it finds that fewer are faster.
  int threads = 1;
  /// A part of the samples that is held out as validation data, in [0, 1): drawn with the seed, for labels with as many
  /// of each class as there are in the whole. Not together with `validation`.
  double validation_split = 0;
  LearningRateSchedule schedule =
      {};  ///< of the optimiser's learning_rate (and momentum), which fit puts back at its end
  Regularization regularization =
      {};                  ///< penalties and a bound of the weights' norms; penalties are a part of the loss
  Clipping clipping = {};  ///< bounds of the gradient
  Index accumulate =
      1;  ///< batches to a step, whose gradients are averaged over their samples; the last may have fewer
  /// Whether data, loss and network are looked at before the first step, and units that no longer learn after the last,
  /// and what is likely to be a mistake is said where the progress bar goes; see diagnose(). Not with Progress::never.
  bool diagnostics = true;
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
concept FitCallback = SeesContext<Callback> || requires(Callback& callback, FitState& state) {
  callback(state);
} || requires(Callback& callback, FitState& state) {
  callback.on_epoch(state);
} || requires(Callback& callback, FitState& state) {
  callback.on_batch(state);
};

/// The batches of a data set in memory: all samples, or those that `rows` names, once an epoch, in a different order each
/// time if asked for.
template <class Scalar>
class BatchesInMemory {
 public:
  BatchesInMemory(const DataView<Scalar>& data, Index batch_size, bool shuffle, std::uint64_t seed,
                  std::vector<Index> rows = {})
      : data_(data),
        samples_(rows.empty() ? data.rows() : static_cast<Index>(rows.size())),
        rows_(std::move(rows)),
        random_(seed) {
    batch_size_ = batch_size == full_batch ? samples_ : std::min(batch_size, samples_);
    shuffle_ = shuffle && batch_size_ < samples_;
    if (shuffle_) order_.resize(static_cast<std::size_t>(samples_));
  }

  Index batches() const { return (samples_ + batch_size_ - 1) / batch_size_; }
  Index samples() const { return samples_; }

  void begin_epoch(Index) {
    at_epoch_ = random_.state();
    if (!shuffle_) return;
    if (rows_.empty()) {
      std::iota(order_.begin(), order_.end(), Index{0});
    } else {
      order_ = rows_;
    }
    random_.shuffle(order_);
  }
  /// Batch number `index` of the epoch; none after the last.
  std::optional<Batch<Scalar>> batch(Index index) {
    const Index first = index * batch_size_;
    if (first >= samples_) return {};
    const std::vector<Index>& order = shuffle_ ? order_ : rows_;
    return Batch<Scalar>(data_, first, std::min(batch_size_, samples_ - first),
                         order.empty() ? nullptr : order.data());
  }

  /// @name For checkpoints
  /// @{

  Index known_samples() const { return samples_; }
  Index known_batches() const { return batches(); }
  /// Of the random numbers at the beginning of the epoch, or now when none is under way.
  Random::State state(bool in_epoch) const { return in_epoch ? at_epoch_ : random_.state(); }
  /// Goes on at the beginning of `epoch`, or, when it is under way, behind its first batches.
  void resume(const Random::State& state, Index epoch, bool in_epoch, Index /*batches*/) {
    random_ = Random(state);
    if (in_epoch) begin_epoch(epoch);
  }
  /// @}

 private:
  DataView<Scalar> data_;
  Index samples_, batch_size_ = 0;
  bool shuffle_ = false;
  std::vector<Index> rows_, order_;
  Random random_;
  Random::State at_epoch_;
};

/// The batches of a source: what it gives at a time, cut into batches. How many there are is known after an epoch, and may be
/// another number in the next.
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
    at_epoch_ = random_.state();
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

  Index known_samples() const { return -1; }
  Index known_batches() const { return -1; }
  Random::State state(bool in_epoch) const { return in_epoch ? at_epoch_ : random_.state(); }
  /// The source is asked for the epoch from its beginning again.
  void resume(const Random::State& state, Index epoch, bool in_epoch, Index batches) {
    random_ = Random(state);
    if (!in_epoch) return;
    begin_epoch(epoch);
    for (Index index = 0; index < batches; ++index)
      if (!batch(index))
        fail<DataError>({"source: expected at least ", batches, " batches in epoch ", epoch,
                         ", as before the checkpoint, got ", index});
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
  Random::State at_epoch_;
  Check check_;
  SourceBatch<Scalar> piece_data_;
  DataView<Scalar> data_;
  std::vector<Index> order_;
  Index epoch_ = 0, piece_ = 0, rows_ = 0, at_ = 0, seen_ = 0, batches_ = 0, samples_ = 0;
};

LAMINA_COLD inline void check_fit_options(const FitOptions& options) {
  if (options.epochs < 0) fail<OptionError>({"epochs: expected at least 0, got ", options.epochs});
  if (options.batch_size < 0)
    fail<OptionError>({"batch_size: expected at least 1, or full_batch, got ", options.batch_size});
  if (options.threads < 0)
    fail<OptionError>({"threads: expected at least 1, or 0 for all, got ", options.threads});
  if (options.accumulate < 1)
    fail<OptionError>({"accumulate: expected at least 1, got ", options.accumulate});
  if (!(options.validation_split >= 0 && options.validation_split < 1))
    fail<OptionError>({"validation_split: expected a part in [0, 1), got ", options.validation_split});
  if (options.validation_split > 0 && options.validation)
    fail<OptionError>(
        {"validation_split: expected 0 beside validation data, got ", options.validation_split});
  options.regularization.check();
  options.clipping.check();
}

/// Neither part of the samples may weigh nothing.
template <class Scalar>
LAMINA_COLD void check_split_weights(const DataView<Scalar>& data, const TrainTest& split) {
  if (!data.has_weights()) return;
  const auto check = [&](const std::vector<Index>& rows, const char* which) {
    double sum = 0;
    for (const Index i : rows) sum += data.weights[i];
    if (!(sum > 0))
      fail<DataError>({"validation_split: expected sample weights with a positive sum for the ", rows.size(),
                       " samples that are ", which, ", got ", sum});
  };
  check(split.train, "trained on");
  check(split.test, "held out");
}

/// The optimiser's learning rate and momentum as the schedule wants them for a step, and back at the end.
template <class Optimizer_>
class ScheduledRate {
 public:
  explicit ScheduledRate(Optimizer_& optimizer) : optimizer_(optimizer) {
    if constexpr (has_rate) rate_ = optimizer.learning_rate;
    if constexpr (has_momentum) momentum_ = optimizer.momentum;
    if constexpr (has_beta1) momentum_ = optimizer.beta1;
  }
  ScheduledRate(const ScheduledRate&) = delete;
  ScheduledRate& operator=(const ScheduledRate&) = delete;
  ~ScheduledRate() {
    if (!changed_) return;  // what callbacks have set stays
    if constexpr (has_rate) optimizer_.learning_rate = rate_;
    set_momentum(momentum_);
  }

  /// @return whether the rate is 0: an optimiser refuses that, and what it does to θ does not count
  /// @throws OptionError when the optimiser has no learning_rate to change.
  bool set(LearningRateSchedule& schedule, Index step, Index epoch) {
    if (!schedule) return false;
    changed_ = true;
    if constexpr (has_rate) {
      const double rate = schedule.before_step(rate_, step, epoch);
      optimizer_.learning_rate = std::max(rate, std::numeric_limits<double>::min());
      if (const auto momentum = schedule.momentum(step, epoch); momentum && momentum_ > 0)
        set_momentum(*momentum);
      still_ = rate == 0;
      return still_;
    } else {
      fail<OptionError>({"schedule: expected an optimiser with a learning_rate"});
    }
  }
  double rate() const {
    if constexpr (has_rate) return still_ ? 0 : optimizer_.learning_rate;
    return std::nan("");
  }

 private:
  static constexpr bool has_rate = requires(Optimizer_ & o) { o.learning_rate = 1.0; };
  static constexpr bool has_momentum = requires(Optimizer_ & o) { o.momentum = 1.0; };
  static constexpr bool has_beta1 = requires(Optimizer_ & o) { o.beta1 = 1.0; };

  void set_momentum(double momentum) {
    if constexpr (has_momentum) optimizer_.momentum = momentum;
    if constexpr (has_beta1) optimizer_.beta1 = momentum;
  }

  Optimizer_& optimizer_;
  double rate_ = 0, momentum_ = 0;
  bool changed_ = false, still_ = false;
};

/// The gradient of several batches that make one step: Σ wᵢ·gᵢ / Σ wᵢ, wᵢ what the batch's losses were divided by.
template <class Scalar>
class Accumulated {
 public:
  template <class Net, class Loss>
  Scalar add(Net& network, const Batch<Scalar>& batch, const Loss& loss, typename Net::Workspace& workspace) {
    const auto result = network.run(batch, loss, workspace, Mode::training);
    if (batches_ == 0) sum_.assign(static_cast<std::size_t>(workspace.gradient.size()), Scalar(0));
    const Scalar* g = workspace.gradient.data();
    for (Scalar& sum : sum_) sum += *g++ * result.divisor;
    weight_ += static_cast<double>(result.divisor);
    loss_ += static_cast<double>(result.F) * static_cast<double>(result.divisor);
    samples_ += batch.count;
    ++batches_;
    return result.F;
  }
  Index batches() const { return batches_; }
  Index samples() const { return samples_; }
  /// The mean loss; the gradient becomes `gradient`, and all begins anew.
  double take(Scalar* gradient) {
    std::copy(sum_.begin(), sum_.end(), gradient);
    if (weight_ > 0) simd::divide(gradient, static_cast<Index>(sum_.size()), static_cast<Scalar>(weight_));
    const double F = weight_ > 0 ? loss_ / weight_ : 0;
    weight_ = loss_ = 0;
    batches_ = samples_ = 0;
    return F;
  }

 private:
  std::vector<Scalar> sum_;
  double weight_ = 0, loss_ = 0;
  Index batches_ = 0, samples_ = 0;
};

/// The validation data of the options, checked.
template <class Scalar, class Network_, class Loss>
LAMINA_COLD std::optional<Batch<Scalar>> validation_batch(const Network_& network, const Loss& loss,
                                                          const FitOptions& options) {
  if (!options.validation) return {};
  const DataView<Scalar>& data = options.validation.template get<Scalar>();
  check_data(data, loss, network.inputs(), network.outputs(), "validation X", "validation Y");
  return Batch<Scalar>(data);
}

/// Says what diagnose() has found, where the progress bar goes.
LAMINA_COLD inline void say(const FitOptions& options, const std::vector<Warning>& warnings) {
  if (!warnings.empty()) report(options.progress_stream ? *options.progress_stream : std::cerr, warnings);
}

/// The epochs of a fit, over whatever gives the batches.
template <class Scalar, class... L, class Loss, class Optimizer_, class Batches, class... Callbacks>
LAMINA_COLD History run_epochs(Network<Scalar, L...>& network, Batches& source,
                               const std::optional<Batch<Scalar>>& validation, const Loss& loss,
                               Optimizer_& optimizer, const FitOptions& options, Callbacks&... callbacks) {
  using Clock = std::chrono::steady_clock;
  auto workspace = network.workspace();
  workspace.seed = options.seed;
  ThreadChoice threads(options.threads == 0 ? available_threads() : options.threads);

  std::optional<ProgressBar> bar;
  if (options.progress == Progress::always ||
      (options.progress == Progress::automatic && (options.progress_stream || standard_error_is_terminal())))
    bar.emplace(options.progress_stream ? *options.progress_stream : std::cerr);
  struct Finish {
    std::optional<ProgressBar>& bar;
    ~Finish() {
      try {
        if (bar) bar->finish();
      } catch (...) {  // the stream's: while another is on its way, or for the end of a line
      }
    }
  } finish{bar};

  const StepOptions step_options{options.regularization, options.clipping};
  std::vector<ParameterRange> ranges;
  if (step_options.any()) ranges = network.parameter_ranges();
  ScheduledRate<Optimizer_> rate(optimizer);
  Accumulated<Scalar> accumulated;
  Eigen::Matrix<Scalar, Dynamic, 1> unmoved;  // θ before a step at a rate of 0

  History history;
  FitState state;
  state.epochs = options.epochs;
  state.history = &history;
  FitContext<Network<Scalar, L...>, Optimizer_, Batches, Loss, Callbacks...> context{
      network, optimizer, source, loss, options, workspace, state, history, options.schedule, {callbacks...}};
  const auto call = [&](auto&& hook) { context.for_each_callback(hook); };
  call([&](auto& c) {
    if constexpr (requires { c.begin(context); }) c.begin(context);
  });
  call([&](auto& c) {
    if constexpr (requires { c.resume(context); }) c.resume(context);
  });
  const auto end = [&]() -> History& {
    call([&](auto& c) {
      if constexpr (requires { c.end(context); }) c.end(context);
    });
    return history;
  };

  // The step for the batches whose gradients have been accumulated; the last of them, for messages.
  const auto step_of_several = [&](const Batch<Scalar>& last) {
    const auto samples = static_cast<double>(accumulated.samples());
    const double F = accumulated.take(workspace.gradient.data());
    const double penalty = regularized_step(network, last, F, optimizer, workspace, step_options, ranges);
    context.sum += samples * penalty;
    return F + penalty;
  };

  // What happens at the rate of this step; θ stays where that is 0.
  const auto at_rate = [&](const auto& body) {
    try {
      const bool still = rate.set(context.schedule, context.steps, state.epoch);
      if (still) unmoved = network.parameters();
      body();
      if (still) network.parameters() = unmoved;
    } catch (const NonFiniteError& error) {
      fail<NonFiniteError>({"epoch ", state.epoch, ", batch ", state.batch, ": ", error.what()});
    }
  };

  for (; state.epoch < options.epochs && !(state.stopped() && !context.in_epoch); ++state.epoch) {
    const auto began = Clock::now();
    const auto elapsed = [&] { return std::chrono::duration<double>(Clock::now() - began).count(); };
    if (!std::exchange(context.in_epoch, false)) {
      source.begin_epoch(state.epoch);
      context.sum = 0;
      state.samples = state.batch = 0;
    }
    state.batches = source.batches();
    state.samples_per_epoch = source.samples();
    state.validation_loss = std::nan("");
    std::optional<Batch<Scalar>> batch = source.batch(state.batch);
    for (; batch; ++state.batch) {
      if (options.stop_token.stop_requested()) {
        history.stop_reason = StopReason::cancelled;
        return end();
      }
      const auto count = static_cast<double>(batch->count);
      bool stepped = true;
      double loss_of_step = 0;
      workspace.threads = threads.begin();
      at_rate([&] {
        if (options.accumulate == 1) {
          const Scalar F = train_step(network, *batch, loss, optimizer, workspace, step_options, ranges);
          loss_of_step = static_cast<double>(F);
          context.sum += loss_of_step * count;
        } else {
          context.sum += static_cast<double>(accumulated.add(network, *batch, loss, workspace)) * count;
          stepped = accumulated.batches() == options.accumulate;
          if (stepped) loss_of_step = step_of_several(*batch);
        }
      });
      threads.end(batch->count);
      state.samples += batch->count;
      state.loss = context.sum / static_cast<double>(state.samples);
      state.seconds = elapsed();
      state.learning_rate = rate.rate();
      if (stepped) {
        ++context.steps;
        context.schedule.after_step(loss_of_step);
      }
      if (bar) bar->on_batch(state);
      (at_batch(callbacks, state), ...);
      const bool last = state.batch + 1 == source.known_batches();
      if (stepped && !last)
        call([&](auto& c) {
          if constexpr (requires { c.after_batch(context); }) c.after_batch(context);
        });
      if (state.stopped() && !last) {  // in the middle of the epoch
        history.stop_reason = StopReason::callback;
        return end();
      }
      batch = source.batch(state.batch + 1);
    }
    --state.batch;
    if (accumulated.batches() > 0) {  // fewer than the other steps'
      at_rate([&] {
        const double loss_of_step = step_of_several(Batch<Scalar>());
        context.schedule.after_step(loss_of_step);
      });
      state.loss = context.sum / static_cast<double>(state.samples);
      ++context.steps;
    }
    state.batches = source.batches();
    state.samples_per_epoch = source.samples();
    if (validation) state.validation_loss = static_cast<double>(network.loss(*validation, loss, workspace));
    state.seconds = elapsed();
    history.loss.push_back(state.loss);
    if (validation) history.validation_loss.push_back(state.validation_loss);
    history.seconds.push_back(state.seconds);
    history.learning_rate.push_back(state.learning_rate);
    (at_epoch(callbacks, state), ...);
    call([&](auto& c) {
      if constexpr (requires { c.after_epoch(context); }) c.after_epoch(context);
    });
    context.schedule.after_epoch(validation ? state.validation_loss : state.loss);
    if (bar) bar->on_epoch(state);
    if (state.stopped() && history.stop_reason == StopReason::completed)
      history.stop_reason = StopReason::callback;
    call([&](auto& c) {
      if constexpr (requires { c.finish_epoch(context); }) c.finish_epoch(context);
    });
    if (state.stopped()) break;
  }
  return end();
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
///         with the parameters as they were before the step that failed; what a callback or the progress_stream throws
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
  network.check_layers();
  detail::check_fit_options(options);
  detail::check_data(data, loss, network.inputs(), network.outputs());
  TrainTest split;
  if (options.validation_split > 0) {
    const SplitOptions how{.test = options.validation_split, .seed = options.seed};
    if (data.has_labels()) {
      std::vector<Index> labels(static_cast<std::size_t>(data.rows()));
      for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = data.labels[static_cast<Index>(i)];
      split = train_test_split(labels, how);
    } else {
      split = train_test_split(data.rows(), how);
    }
  }
  std::optional<Batch<Scalar>> validation = detail::validation_batch<Scalar>(network, loss, options);
  if (!split.test.empty()) {
    detail::check_split_weights(data, split);
    validation = Batch<Scalar>(data, 0, static_cast<Index>(split.test.size()), split.test.data());
  }
  const bool diagnostics = options.diagnostics && options.progress != Progress::never;
  if (diagnostics) detail::say(options, diagnose(network, data, loss));
  detail::BatchesInMemory<Scalar> batches(data, options.batch_size, options.shuffle, options.seed,
                                          split.train);
  History history = detail::run_epochs(network, batches, validation, loss, optimizer, options, callbacks...);
  if (diagnostics && history.epochs() > 0) detail::say(options, diagnose(dead_units(network, data)));
  return history;
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
  network.check_layers();
  detail::check_fit_options(options);
  const auto check = [&](const DataView<Scalar>& data) {
    detail::check_data(data, loss, network.inputs(), network.outputs());
  };
  if (options.validation_split > 0)
    detail::fail<OptionError>(
        {"validation_split: expected 0 for a source, whose samples come one batch at a time, got ",
         options.validation_split});
  const auto validation = detail::validation_batch<Scalar>(network, loss, options);
  detail::BatchesFromSource<Scalar, std::remove_reference_t<Source>, decltype(check)> batches(source, options,
                                                                                              check);
  return detail::run_epochs(network, batches, validation, loss, optimizer, options, callbacks...);
}

/// The same for a range whose elements are pairs of X and Y, read from its beginning in every epoch.
template <class Scalar, class... L, BatchRange Range, LossFunction<Scalar> Loss, class Optimizer_,
          detail::FitCallback... Callbacks>
requires(Optimizer<std::remove_cvref_t<Optimizer_>, typename Network<Scalar, L...>::Parameters>) History
    fit(Network<Scalar, L...>& network, Range&& range, const Loss& loss, Optimizer_&& optimizer,
        const FitOptions& options, Callbacks&&... callbacks) {
  std::optional<std::ranges::iterator_t<Range>> at;
  return fit(
      network,
      [&](Index, Index batch, SourceBatch<Scalar>& to) {
        if (batch == 0) {
          at.emplace(std::ranges::begin(range));
        } else {
          ++*at;
        }
        if (*at == std::ranges::end(range)) return false;
        const auto& [X, Y] = **at;
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

/// One pass over data that have just come, in their order: for training that goes on as samples arrive. The workspace,
/// made once by Network::workspace(), and the optimiser keep what must not begin anew at every call.
///
/// @return the mean loss, each batch's before its step
/// @throws as fit
template <class Scalar, class... L, EigenDense DX, Targets TY, LossFunction<Scalar> Loss, class Optimizer_>
double partial_fit(Network<Scalar, L...>& network, const DX& X, const TY& Y, const Loss& loss,
                   Optimizer_& optimizer, typename Network<Scalar, L...>::Workspace& workspace,
                   Index batch_size = 32, const StepOptions& options = {}) {
  network.check_layers();
  detail::check_fit_options(FitOptions{
      .batch_size = batch_size, .regularization = options.regularization, .clipping = options.clipping});
  return detail::with_data<Scalar, Loss>(X, Y, [&](const DataView<Scalar>& data) {
    detail::check_data(data, loss, network.inputs(), network.outputs());
    const auto ranges = options.any() ? network.parameter_ranges() : std::vector<ParameterRange>();
    detail::BatchesInMemory<Scalar> batches(data, batch_size, false, 0);
    double sum = 0;
    for (Index index = 0; const auto batch = batches.batch(index); ++index)
      sum += static_cast<double>(train_step(network, *batch, loss, optimizer, workspace, options, ranges)) *
             static_cast<double>(batch->count);
    return sum / static_cast<double>(data.rows());
  });
}

}  // namespace lamina
