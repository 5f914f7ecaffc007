// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <algorithm>
#include <chrono>
#include <limits>

#include "lamina/core/types.hpp"

namespace lamina::detail {

/// How many threads the steps of a training take: one, or as many as are allowed, or a number between, whichever is
/// fastest. What the threads have to tell each other takes a time that depends on the machine and on what else it does,
/// and may be longer than what they save; as the result is the same for any number of threads, it can be tried out. Every
/// so often some steps are taken with each number, which takes a small part of the time; at first with all threads for a
/// while, as new threads may not have a processor of their own at once, and then more often than later.
class ThreadChoice {
 public:
  explicit ThreadChoice(int most) {
    for (int n = std::max(1, most); n > 1; n /= 2) candidates_[count_++] = n;
    candidates_[count_++] = 1;
  }

  /// @name Around each step
  /// @{

  /// @return the number of threads for the step
  int begin() {
    if (trying()) began_ = Clock::now();
    return threads();
  }
  void end(Index samples) {
    done(samples, trying() ? std::chrono::duration<double>(Clock::now() - began_).count() : 0);
  }
  /// @}

  /// For the next step.
  int threads() const { return candidates_[current_]; }
  /// Whether the next step is to be timed.
  bool trying() const { return count_ > 1 && samples_left_ <= 0; }
  /// A step on so many samples is done, in a time that counts while trying(). Times of a sample are compared, and the
  /// shortest: batches that are smaller than others do not make a number of threads look faster than it is.
  void done(Index samples, double seconds) {
    if (count_ == 1) return;
    const auto size = static_cast<double>(std::max<Index>(samples, 1));
    if (!trying()) {
      samples_left_ -= size;
      if (trying()) current_ = 0;
      return;
    }
    if (settling_ > 0) {
      settling_ -= seconds;
      return;
    }
    // Threads may have to wake up for the first step.
    if (steps_++ > 0) least_ = std::min(least_, seconds / size);
    seconds_ += seconds;
    trial_seconds_ += seconds;
    const bool hopeless = least_ > 1.5 * fastest_;
    if (steps_ < fewest_steps || (steps_ < most_steps && seconds_ < enough_seconds && !hopeless)) return;
    if (least_ < fastest_) {
      fastest_ = least_;
      choice_ = current_;
    }
    steps_ = 0;
    seconds_ = 0;
    least_ = infinity;
    if (++current_ < count_) return;
    current_ = choice_;
    samples_left_ = std::max(1.0, rest_ * trial_seconds_ / std::max(fastest_, 1e-12));
    rest_ = std::min(2 * rest_, longest_rest);
    trial_seconds_ = 0;
    fastest_ = infinity;
  }

 private:
  using Clock = std::chrono::steady_clock;

  static constexpr int fewest_steps = 3, most_steps = 8;
  static constexpr double enough_seconds = 5e-3, longest_rest = 32,
                          infinity = std::numeric_limits<double>::infinity();

  int candidates_[32] = {};  ///< from the most to 1
  int count_ = 0, current_ = 0, choice_ = 0;
  Index steps_ = 0;
  double samples_left_ = 0;  ///< until the next trial
  double settling_ = 0.05;   ///< seconds until the first trial
  double rest_ = 2;          ///< the time without trials after the next one, in times of that
  double seconds_ = 0, trial_seconds_ = 0;
  double least_ = infinity,
         fastest_ = infinity;  ///< seconds for a sample: of the number that is tried, of all before
  Clock::time_point began_;
};

}  // namespace lamina::detail
