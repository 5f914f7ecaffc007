// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <vector>

#include "lamina/core/types.hpp"

namespace lamina {

/// Why fit returned.
enum class StopReason {
  completed,  ///< all epochs were run
  callback,   ///< a callback called FitState::stop
  cancelled,  ///< FitOptions::stop_token was asked to stop; the epoch under way was left unfinished
};

/// What fit returns: one element for each finished epoch.
struct History {
  std::vector<double> loss;             ///< mean over the epoch's batches, each measured before its step
  std::vector<double> validation_loss;  ///< after the epoch; empty without validation data
  std::vector<double> seconds;          ///< spent in the epoch, validation included
  StopReason stop_reason = StopReason::completed;

  Index epochs() const { return static_cast<Index>(loss.size()); }
};

/// What callbacks see of a fit under way, and their way to end it.
class FitState {
 public:
  Index epoch = 0;                   ///< from 0
  Index epochs = 0;                  ///< asked for
  Index batch = 0;                   ///< from 0; the last one of the epoch when an epoch callback is called
  Index batches = 0;                 ///< in an epoch; 0 while it is unknown, in the first epoch of a source
  Index samples = 0;                 ///< seen in this epoch so far
  Index samples_per_epoch = 0;       ///< 0 while it is unknown
  double loss = 0;                   ///< mean of the epoch so far
  double validation_loss = 0;        ///< NaN without validation data, and before the end of the epoch
  double seconds = 0;                ///< since the epoch began
  const History* history = nullptr;  ///< of the finished epochs; in an epoch callback, with this one

  /// Lets fit return after the callback: at once from a batch callback, else at the end of the epoch.
  void stop() { stopped_ = true; }
  bool stopped() const { return stopped_; }

 private:
  bool stopped_ = false;
};

}  // namespace lamina
