// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "lamina/core/errors.hpp"
#include "lamina/training/history.hpp"
#include "lamina/training/state_archive.hpp"

namespace lamina {

/// A callback for fit that ends the training when a number has not become better for some epochs, and gives the network
/// the parameters (and running statistics) of the best epoch back:
///
///     fit(net, X, Y, loss, Adam{}, FitOptions{.epochs = 500, .validation_split = 0.2}, EarlyStopping{.patience = 20});
///
/// Prechelt, Early stopping, but when?, in: Neural networks: tricks of the trade, 1998. An epoch in which the number is
/// NaN is no better one. The best parameters come back when all epochs have been run, too.
struct EarlyStopping {
  static constexpr bool sees_context = true;

  Index patience = 10;       ///< ≥ 1: epochs in a row without improvement that end the training
  double min_delta = 0;      ///< ≥ 0: better means by more than this
  bool restore_best = true;  ///< else the parameters stay those of the last epoch
  std::string monitor =
      {};  ///< a name of History::find; when empty the validation loss, or without validation the loss
  bool maximize = false;  ///< whether larger is better

  /// What it remembers of the fit under way.
  struct State {
    double best = std::numeric_limits<double>::quiet_NaN();
    Index best_epoch = -1;
    Index waited = 0;
    std::vector<std::byte> network = {};  ///< of the best epoch
  } state = {};

  /// @throws OptionError when an option is outside its domain.
  void check() const {
    if (patience < 1)
      detail::fail<OptionError>({"EarlyStopping: expected a patience of at least 1, got ", patience});
    if (!(min_delta >= 0 && std::isfinite(min_delta)))
      detail::fail<OptionError>({"EarlyStopping: expected a min_delta \u2265 0, got ", min_delta});
  }

  void begin(auto&) {
    check();
    state = {};
  }
  /// @throws OptionError when nothing has the name of `monitor`.
  void after_epoch(auto& context) {
    const History& history = context.history;
    const auto* values = !monitor.empty()                  ? history.find(monitor)
                         : history.validation_loss.empty() ? &history.loss
                                                           : &history.validation_loss;
    if (!values || values->empty())
      detail::fail<OptionError>(
          {"EarlyStopping: expected a monitor that the history has, such as loss or validation_loss, "
           "or the name of a monitor that comes before it among the callbacks, got ",
           monitor});
    const double value = values->back(), gain = maximize ? value - state.best : state.best - value;
    if (!std::isnan(value) && (std::isnan(state.best) || gain > min_delta)) {
      state.best = value;
      state.best_epoch = context.state.epoch;
      state.waited = 0;
      if (!restore_best) return;
      detail::StateWriter writer;
      detail::persist(writer, context.network);
      state.network = std::move(writer.bytes());
    } else if (++state.waited >= patience) {
      context.state.stop();
      context.history.stop_reason = StopReason::early_stopping;
    }
  }
  void end(auto& context) {
    if (!restore_best || state.network.empty()) return;
    read_best(context.network);
    context.history.best_epoch = state.best_epoch;
  }
  void persist(auto& archive, const auto& network) {
    archive.number("early stopping, best", state.best);
    archive.number("early stopping, best epoch", state.best_epoch);
    archive.number("early stopping, epochs waited", state.waited);
    archive.vector("early stopping, best parameters", state.network);
    if constexpr (detail::reading<std::remove_cvref_t<decltype(archive)>>) {
      detail::check_count(archive, "early stopping, best epoch", state.best_epoch, -1);
      detail::check_count(archive, "early stopping, epochs waited", state.waited);
      if (!state.network.empty()) read_best(std::remove_cvref_t<decltype(network)>(network));
    }
  }

 private:
  /// @throws FormatError when they are those of another network.
  void read_best(auto&& network) const {
    detail::StateReader reader(ByteReader(state.network, "the best parameters"));
    detail::persist(reader, network);
    reader.bytes().expect_end("the best parameters");
  }
};

}  // namespace lamina
