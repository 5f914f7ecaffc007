// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lamina/core/types.hpp"

namespace lamina {

/// Why fit returned.
enum class StopReason {
  completed,       ///< all epochs were run
  callback,        ///< a callback called FitState::stop
  early_stopping,  ///< EarlyStopping saw no more improvement
  cancelled,       ///< FitOptions::stop_token was asked to stop; the epoch under way was left unfinished
};

/// What fit returns: one element for each finished epoch.
struct History {
  std::vector<double> loss;             ///< mean over the epoch's batches, each measured before its step
  std::vector<double> validation_loss;  ///< after the epoch; empty without validation data
  std::vector<double> seconds;          ///< spent in the epoch, validation included
  std::vector<double> learning_rate;    ///< of the epoch's last step; NaN when the optimiser has none
  /// What monitors have measured: a name, and a number for each epoch.
  std::vector<std::pair<std::string, std::vector<double>>> metrics;
  Index best_epoch = -1;  ///< whose parameters EarlyStopping has restored; −1 for none
  StopReason stop_reason = StopReason::completed;

  Index epochs() const { return static_cast<Index>(loss.size()); }
  /// The numbers under a name: "loss", "validation_loss", "learning_rate", "seconds" or a monitor's; null for another.
  const std::vector<double>* find(std::string_view name) const {
    if (name == "loss") return &loss;
    if (name == "validation_loss") return &validation_loss;
    if (name == "learning_rate") return &learning_rate;
    if (name == "seconds") return &seconds;
    for (const auto& [known, values] : metrics)
      if (known == name) return &values;
    return nullptr;
  }
  /// A monitor's number for the epoch under way. All epochs before the monitor's first are NaN.
  void record(std::string_view name, double value) {
    for (auto& [known, values] : metrics)
      if (known == name) {
        values.push_back(value);
        return;
      }
    metrics.emplace_back(std::string(name),
                         std::vector<double>(loss.empty() ? 0 : loss.size() - 1, std::nan("")));
    metrics.back().second.push_back(value);
  }

  /// For checkpoints, see training/state_archive.hpp.
  void persist(auto& archive) {
    for (auto* column : {&loss, &validation_loss, &seconds, &learning_rate})
      archive.vector("history", *column);
    auto count = static_cast<std::uint64_t>(metrics.size());
    archive.number("number of metrics", count);
    // Reading adds one after the other: a count that is not true ends with the bytes.
    for (std::uint64_t i = 0; i < count; ++i) {
      if (i == metrics.size()) metrics.emplace_back();
      std::vector<char> name(metrics[i].first.begin(), metrics[i].first.end());
      archive.vector("name of a metric", name);
      metrics[i].first.assign(name.begin(), name.end());
      archive.vector("metric", metrics[i].second);
    }
    archive.number("best epoch", best_epoch);
    auto reason = static_cast<std::uint8_t>(stop_reason);
    archive.number("reason to stop", reason);
    stop_reason = static_cast<StopReason>(reason);
  }
};

/// What callbacks see of a fit under way, and their way to end it.
class FitState {
 public:
  Index epoch = 0;              ///< from 0
  Index epochs = 0;             ///< asked for
  Index batch = 0;              ///< from 0; the last one of the epoch when an epoch callback is called
  Index batches = 0;            ///< in an epoch; of a source as many as in the one before, and 0 in the first
  Index samples = 0;            ///< seen in this epoch so far
  Index samples_per_epoch = 0;  ///< as for batches
  double loss = 0;              ///< mean of the epoch so far
  double validation_loss = 0;   ///< NaN without validation data, and before the end of the epoch
  double seconds = 0;           ///< since the epoch began
  double learning_rate = std::nan("");  ///< of the last step; NaN when the optimiser has none
  const History* history = nullptr;     ///< of the finished epochs; in an epoch callback, with this one

  /// Lets fit return after the callback: at once from a batch callback, else at the end of the epoch. After the last batch of
  /// data in memory the epoch is still ended; of a source's nobody knows that it is the last, and its epoch is not in the history.
  void stop() { stopped_ = true; }
  bool stopped() const { return stopped_; }
  /// Takes that back.
  void go_on() { stopped_ = false; }

  /// For checkpoints, see training/state_archive.hpp: where the training stands.
  void persist(auto& archive) {
    archive.number("epoch", epoch);
    archive.number("batch", batch);
    archive.number("samples", samples);
    archive.number("loss", loss);
    archive.number("learning rate", learning_rate);
    archive.number("stopped", stopped_);
  }

 private:
  bool stopped_ = false;
};

}  // namespace lamina
