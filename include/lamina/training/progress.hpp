// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <ostream>

#include "lamina/core/errors.hpp"
#include "lamina/training/history.hpp"

#if defined(_WIN32)
#include <io.h>
#else
#include <unistd.h>
#endif

namespace lamina {

/// Whether fit draws a progress bar.
enum class Progress {
  automatic,  ///< when standard error is a terminal
  always,
  never,
};

namespace detail {

inline bool standard_error_is_terminal() {
#if defined(_WIN32)
  return _isatty(2) != 0;
#else
  return isatty(2) != 0;
#endif
}

/// A line of text in a fixed place.
class Line {
 public:
  template <class... Values>
  LAMINA_COLD void add(const char* format, Values... values) {
    const int written = std::snprintf(text_ + size_, sizeof text_ - size_, format, values...);
    if (written > 0) size_ = std::min(size_ + static_cast<std::size_t>(written), sizeof text_ - 1);
  }
  /// "320", "1.5 k", "21 M"
  LAMINA_COLD void add_with_unit(double x) {
    const char* units[] = {" ", " k ", " M ", " G "};
    int unit = 0;
    for (; x >= 999.5 && unit < 3; ++unit) x /= 1000;
    add(x < 10 && unit > 0 ? "%.1f%s" : "%.0f%s", x, units[unit]);
  }
  /// "2 h 05 min", "3 min 20 s", "12 s"
  LAMINA_COLD void add_duration(double seconds) {
    const long s = seconds < 1e8 ? std::lround(seconds) : 100000000;
    if (s >= 3600) {
      add("%ld h %02ld min", s / 3600, s / 60 % 60);
    } else if (s >= 60) {
      add("%ld min %02ld s", s / 60, s % 60);
    } else {
      add("%ld s", s);
    }
  }
  const char* text() const { return text_; }

 private:
  char text_[512] = "";
  std::size_t size_ = 0;
};

/// How much of a bar is filled. How many samples a source has is not known in its first epoch, and may change: total may be 0,
/// and less than what is done.
inline int filled(int width, double done, double total) {
  return total > 0 ? static_cast<int>(width * std::min(done / total, 1.0)) : 0;
}

}  // namespace detail

/// One line, drawn over itself ten times a second at most: the epoch, a bar over all epochs, the losses, samples per
/// second and the time left. A callback for fit, made by fit itself when FitOptions::progress says so.
class ProgressBar {
 public:
  explicit ProgressBar(std::ostream& out) : out_(&out) {}

  void on_batch(const FitState& state) {
    seen_ += state.samples - (state.batch == 0 ? 0 : before_);
    before_ = state.samples;
    const auto now = Clock::now();
    if (now - drawn_ < std::chrono::milliseconds(100)) return;
    drawn_ = now;
    draw(state);
  }
  void on_epoch(const FitState& state) {
    validation_loss_ = state.validation_loss;
    if (state.epoch + 1 == state.epochs || state.stopped()) {
      draw(state);
      *out_ << '\n' << std::flush;
      ended_ = true;
    }
  }
  /// Ends the line, if it has not been.
  void finish() {
    if (!ended_ && drawn_ != Clock::time_point{}) *out_ << '\n' << std::flush;
    ended_ = true;
  }

 private:
  using Clock = std::chrono::steady_clock;

  LAMINA_COLD void draw(const FitState& state) {
    const double total = static_cast<double>(state.samples_per_epoch) * static_cast<double>(state.epochs);
    const double done = static_cast<double>(state.samples_per_epoch) * static_cast<double>(state.epoch) +
                        static_cast<double>(state.samples);
    const double elapsed = std::chrono::duration<double>(Clock::now() - began_).count();
    constexpr int width = 24;
    const int filled = detail::filled(width, done, total);
    detail::Line line;
    line.add("\repoch %ld/%ld [", static_cast<long>(state.epoch + 1), static_cast<long>(state.epochs));
    for (int i = 0; i < width; ++i) line.add("%s", i < filled ? "\u2588" : "\u00b7");
    line.add("] loss %.4g  ", state.loss);
    if (!std::isnan(validation_loss_)) line.add("validation %.4g  ", validation_loss_);
    line.add_with_unit(elapsed > 0 ? static_cast<double>(seen_) / elapsed : 0);
    line.add("%s", "samples/s  ");
    line.add_duration(done < total ? elapsed * (total - done) / std::max(done, 1.0) : elapsed);
    line.add("%s", done < total ? " left\033[K" : "\033[K");
    *out_ << line.text() << std::flush;
  }

  std::ostream* out_;
  Clock::time_point began_ = Clock::now(), drawn_{};
  Index seen_ = 0, before_ = 0;
  double validation_loss_ = std::nan("");
  bool ended_ = false;
};

}  // namespace lamina
