// Trains on ten million samples of 28 numbers that are never in memory together: a source makes them piece by piece.
// Prints samples per second, with and without what making them takes, and the largest resident set of the process.
//
//   stream [--samples 10000000] [--piece 16384] [--threads 1]

#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <iostream>
#include <lamina/lamina.hpp>
#include <stdexcept>
#include <string>

#include "workloads.hpp"

namespace {

using namespace lamina;

struct Settings {
  Index samples = 10000000, piece = 16384;
  int threads = 1;
};

Settings settings(int argc, char** argv) {
  Settings s;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string option = argv[i], value = argv[i + 1];
    if (option == "--samples") {
      s.samples = std::stol(value);
    } else if (option == "--piece") {
      s.piece = std::stol(value);
    } else if (option == "--threads") {
      s.threads = std::stoi(value);
    } else {
      throw std::invalid_argument("unknown option " + option);
    }
  }
  if (argc % 2 == 0) throw std::invalid_argument("expected a value after " + std::string(argv[argc - 1]));
  if (s.samples < 1 || s.piece < 1)
    throw std::invalid_argument("expected at least one sample, and one in a piece");
  return s;
}

/// MB (10⁶ bytes) that the process has had in memory at a time, at most.
double resident() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024e-6;  // Linux counts in KiB
}

/// Two classes of points in 28 dimensions that a network can tell apart: the sign of x₁·x₂ + x₃.
class Source {
 public:
  Source(Index samples, Index piece) : samples_(samples), piece_(piece) {}

  bool operator()(Index, Index index, SourceBatch<float>& to) {
    const Index first = index * piece_, count = std::min(piece_, samples_ - first);
    if (count <= 0) return false;
    const auto began = std::chrono::steady_clock::now();
    benchmarks::Noise noise(static_cast<std::uint64_t>(index) + 1);
    to.X.resize(count, 28);
    to.Y.resize(count, 1);
    for (Index i = 0; i < to.X.size(); ++i) to.X.data()[i] = static_cast<float>(noise());
    for (Index i = 0; i < count; ++i) to.Y(i, 0) = to.X(i, 0) * to.X(i, 1) + to.X(i, 2) > 0 ? 1.0F : 0.0F;
    seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    return true;
  }
  /// Spent in making samples.
  double seconds() const { return seconds_; }

 private:
  Index samples_, piece_;
  double seconds_ = 0;
};

void run(const Settings& s) {
  auto net = DynamicNetwork<float>(28);
  net.dense(64, "tanh").dense(64, "tanh").dense(1);
  net.initialize(1);
  Source source(s.samples, s.piece);
  const double before = resident();
  Index seen = 0;
  double early = 0, loss = 0;  // resident after a hundredth of the samples
  struct Watch {
    Index& seen;
    double& early;
    Index samples;
    void on_batch(FitState& state) {
      seen = state.samples;
      if (early == 0 && seen >= samples / 100) early = resident();
    }
  } watch{seen, early, s.samples};
  const History history = fit(
      net, source, BinaryCrossEntropy{}, Adam{},
      FitOptions{.epochs = 1, .batch_size = 256, .progress = Progress::never, .threads = s.threads}, watch);
  loss = history.loss.back();
  const double seconds = history.seconds.back(), count = static_cast<double>(seen);
  std::printf(
      "%ld samples in pieces of %ld, 28-64-64-1 tanh, Adam, batch 256, threads %d: %.1f s, of which the "
      "source took "
      "%.1f s;\n%.3g samples/s, training alone %.3g; mean loss %.3f\n"
      "peak memory: %.1f MB before the fit, %.1f MB after a hundredth of the samples, %.1f MB at the end; "
      "all samples "
      "together would be %.0f MB\n",
      static_cast<long>(seen), static_cast<long>(s.piece), s.threads, seconds, source.seconds(),
      count / seconds, count / (seconds - source.seconds()), loss, before, early, resident(),
      count * 29 * 4e-6);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run(settings(argc, argv));
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "stream: " << error.what() << '\n';
    return 2;
  }
}
