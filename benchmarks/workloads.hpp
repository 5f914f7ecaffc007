// What the benchmark programs have in common: the workloads, their data, the command line and the clock.
//
//   PROGRAM WORKLOAD THREADS SECONDS [--double] [--form static|runtime|dynamic] [--shuffle] [--row-major]
//
// prints one number, samples of training steps per second, or exits with 77 where it cannot do the workload.
// PROGRAM --version says what was built. C++17, as not every library of the past compiles as C++20.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace benchmarks {

enum class Hidden { relu, tanh };  ///< the activation of all layers but the last, which has none
enum class Objective { squared, softmax, binary };
enum class Rule { sgd, adam };

/// A network and how it is trained.
struct Workload {
  std::string_view name;
  std::vector<long> widths;  ///< inputs, hidden layers, outputs
  Hidden hidden;
  Objective objective;
  Rule rule;
  long batch;
  long samples;  ///< in the data set, whose batches are taken in their order

  long inputs() const { return widths.front(); }
  long outputs() const { return widths.back(); }

  /// Weights without biases.
  double weights() const {
    double P = 0;
    for (std::size_t l = 1; l < widths.size(); ++l)
      P += static_cast<double>(widths[l - 1]) * static_cast<double>(widths[l]);
    return P;
  }
  /// Of a training step, for each sample: forward 2·P, backward 4·P less the first layer's dX, which nobody needs.
  double flops() const {
    return 6 * weights() - 2 * static_cast<double>(widths[0]) * static_cast<double>(widths[1]);
  }
};

inline const std::vector<Workload>& workloads() {
  constexpr auto relu = Hidden::relu, tanh = Hidden::tanh;
  constexpr auto squared = Objective::squared, softmax = Objective::softmax, binary = Objective::binary;
  constexpr auto sgd = Rule::sgd, adam = Rule::adam;
  static const std::vector<Workload> all = {
      {"T1", {4, 32, 16, 4}, tanh, squared, adam, 10000, 10000},
      {"T2", {16, 64, 64, 1}, relu, squared, sgd, 32, 320 * 32},
      {"T3sgd", {784, 128, 10}, relu, softmax, sgd, 64, 160 * 64},
      {"T3adam", {784, 128, 10}, relu, softmax, adam, 64, 160 * 64},
      {"T4", {784, 800, 800, 10}, relu, softmax, adam, 128, 80 * 128},
      {"T5", {1024, 2048, 2048, 1024}, relu, squared, sgd, 256, 16 * 256},
      {"T6", {28, 300, 300, 300, 300, 300, 1}, tanh, binary, adam, 100, 200 * 100},
  };
  return all;
}

inline const Workload& workload(std::string_view name) {
  for (const Workload& w : workloads())
    if (w.name == name) return w;
  throw std::invalid_argument("no workload " + std::string(name));
}

/// The same for all programs: small enough that nothing diverges, whatever mean a library takes in its loss.
inline constexpr double sgd_learning_rate = 1e-4, adam_learning_rate = 1e-4;
inline constexpr double adam_beta1 = 0.9, adam_beta2 = 0.999, adam_epsilon = 1e-8;

/// Numbers in [−1, 1), the same in every program.
class Noise {
 public:
  explicit Noise(std::uint64_t seed) : state_(seed) {}
  double operator()() {
    // xorshift64*, Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled", 2016
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return static_cast<double>((state_ * 0x2545F4914F6CDD1Du) >> 11) * 0x1p-52 - 1;
  }

 private:
  std::uint64_t state_;
};

/// A data set with something to learn: the targets depend on the first inputs. One sample after the other.
template <class Scalar>
struct Data {
  std::vector<Scalar> X;    ///< m×inputs
  std::vector<Scalar> Y;    ///< m×outputs; 0 or 1 for Objective::binary; empty for Objective::softmax
  std::vector<int> labels;  ///< m, for Objective::softmax

  explicit Data(const Workload& w) {
    const auto m = static_cast<std::size_t>(w.samples), n = static_cast<std::size_t>(w.inputs()),
               k = static_cast<std::size_t>(w.outputs());
    Noise noise(1);
    X.resize(m * n);
    for (Scalar& x : X) x = static_cast<Scalar>(noise());
    if (w.objective == Objective::softmax) {
      labels.resize(m);
      for (std::size_t i = 0; i < m; ++i)
        labels[i] = static_cast<int>(static_cast<double>(k) * 0.499 * (1 + static_cast<double>(X[i * n])));
    } else {
      Y.resize(m * k);
      for (std::size_t i = 0; i < m; ++i)
        for (std::size_t j = 0; j < k; ++j) {
          const Scalar x = X[i * n + j % n];
          Y[i * k + j] = w.objective == Objective::binary ? Scalar(x > 0) : x * x - Scalar(0.3);
        }
    }
  }
};

/// What the command line says.
struct Options {
  Workload workload;
  int threads = 1;
  double seconds = 1;
  bool use_double = false;
  bool shuffle = false;
  bool row_major = false;
  std::string form = "static";

  Options() = default;
  Options(int argc, char** argv) {
    if (argc < 4) throw std::invalid_argument("expected WORKLOAD THREADS SECONDS");
    workload = benchmarks::workload(argv[1]);
    threads = std::atoi(argv[2]);
    seconds = std::atof(argv[3]);
    if (threads < 1 || !(seconds > 0)) throw std::invalid_argument("expected THREADS ≥ 1 and SECONDS > 0");
    for (int i = 4; i < argc; ++i) {
      const std::string_view option = argv[i];
      if (option == "--double") {
        use_double = true;
      } else if (option == "--shuffle") {
        shuffle = true;
      } else if (option == "--row-major") {
        row_major = true;
      } else if (option == "--form" && i + 1 < argc) {
        form = argv[++i];
      } else {
        throw std::invalid_argument("unknown option " + std::string(option));
      }
    }
  }
};

/// Says how fast something goes that is told batch by batch. The first quarter of the time warms up, the rest is cut
/// into slices, and the fastest slice counts: what disturbs it comes from other programs.
class Meter {
 public:
  explicit Meter(double seconds) : seconds_(seconds) {}

  /// So many samples more have been trained on.
  void add(long samples) {
    const double t = now();
    if (t < seconds_ / 4 || steps_++ == 0) {
      begin_ = t;
      return;
    }
    samples_ += samples;
    if (t - begin_ < seconds_ / 10) return;
    best_ = std::max(best_, static_cast<double>(samples_) / (t - begin_));
    samples_ = 0;
    begin_ = t;
  }
  bool done() const { return best_ > 0 && now() > seconds_; }
  double samples_per_second() const { return best_; }

 private:
  using Clock = std::chrono::steady_clock;
  double now() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

  Clock::time_point start_ = Clock::now();
  double seconds_, begin_ = 0, best_ = 0;
  long samples_ = 0, steps_ = 0;
};

/// Calls step(first) for one batch after the other, round and round, as long as it takes.
template <class Step>
double measure(const Options& options, Step&& step) {
  const Workload& w = options.workload;
  Meter meter(options.seconds);
  for (long first = 0; !meter.done(); first = (first + w.batch) % w.samples) {
    step(first);
    meter.add(w.batch);
  }
  return meter.samples_per_second();
}

/// Thrown where a library does not have what a workload needs.
struct Unsupported {};

/// The main() of every program: `run` gives samples per second for the options. `--version` gives the title.
template <class Run>
int main_of(const std::string& title, int argc, char** argv, Run&& run) {
  try {
    if (argc == 2 && std::string_view(argv[1]) == "--version") {
      std::printf("%s\n", title.c_str());
      return 0;
    }
    std::printf("%.6g\n", run(Options(argc, argv)));
    return 0;
  } catch (const Unsupported&) {
    return 77;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", argv[0], error.what());
    return 2;
  }
}

}  // namespace benchmarks
