// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <tuple>
#include <type_traits>

#include "lamina/schedules/schedule.hpp"
#include "lamina/training/history.hpp"

namespace lamina {

struct FitOptions;

namespace detail {

template <class Callback>
concept SeesContext = requires {
  requires static_cast<bool>(std::remove_cvref_t<Callback>::sees_context);
};

}  // namespace detail

/// Everything of a fit under way, for callbacks that need more than a FitState. Such a callback says
///
///     static constexpr bool sees_context = true;
///
/// and may have, all optional and called for all callbacks in their order before the next one of this list is,
///
///     void begin(context);         // before the first epoch
///     void resume(context);        // then, and may move the training to where it once was
///     void after_batch(context);   // after every step, besides on_batch(state), but for one that is known to be the epoch's last
///     void after_epoch(context);   // after every epoch, besides on_epoch(state)
///     void finish_epoch(context);  // then, when nothing of the epoch is left to be done
///     void end(context);           // before fit returns, unless it throws
///     void persist(archive, network);  // what it remembers, to or from a checkpoint: see training/state_archive.hpp
template <class Network_, class Optimizer_, class Batches_, class Loss_, class... Callbacks>
struct FitContext {
  using Network = Network_;
  using Optimizer = Optimizer_;

  Network_& network;
  Optimizer_& optimizer;
  Batches_& batches;
  const Loss_& loss;
  const FitOptions& options;
  typename Network_::Workspace& workspace;
  FitState& state;
  History& history;
  LearningRateSchedule schedule;
  std::tuple<Callbacks&...> callbacks;
  Index steps = 0;        ///< of the optimiser, over all epochs
  double sum = 0;         ///< of the epoch's losses, each times its samples
  bool in_epoch = false;  ///< after resume(): whether the epoch has begun

  /// f(callback) for those callbacks that see the context.
  template <class F>
  void for_each_callback(F&& f) {
    std::apply([&](auto&... callback) { (call(f, callback), ...); }, callbacks);
  }

 private:
  template <class F, class Callback>
  static void call(F& f, Callback& callback) {
    if constexpr (detail::SeesContext<Callback>) {
      static_assert(!std::is_const_v<Callback>, "lamina: a callback that sees the context must not be const");
      f(callback);
    }
  }
};

}  // namespace lamina
