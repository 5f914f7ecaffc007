// The memory that training on a large data set takes, as the operating system sees it: the largest resident set of the
// process against the data and the parts of a fit.
//
//   peak_memory [--megabytes 1000] [--order column|row] [--threads 1]
//
// Prints a row of a Markdown table; ends with 1 when the peak is beyond data + 1.1 × parts + the order of the samples.

#include <sys/resource.h>

#include <cstdio>
#include <iostream>
#include <lamina/lamina.hpp>
#include <stdexcept>
#include <string>

#include "workloads.hpp"

namespace {

using namespace lamina;
using ColumnMajor = Eigen::MatrixXf;
using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

struct Settings {
  double megabytes = 1000;
  std::string order = "column";
  int threads = 1;
};

Settings settings(int argc, char** argv) {
  Settings s;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string option = argv[i], value = argv[i + 1];
    if (option == "--megabytes") {
      s.megabytes = std::stod(value);
    } else if (option == "--order" && (value == "column" || value == "row")) {
      s.order = value;
    } else if (option == "--threads") {
      s.threads = std::stoi(value);
    } else {
      throw std::invalid_argument("unknown option " + option + " " + value);
    }
  }
  if (argc % 2 == 0) throw std::invalid_argument("expected a value after " + std::string(argv[argc - 1]));
  return s;
}

/// MB (10⁶ bytes) that the process has had in memory at a time, at most.
double resident() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024e-6;  // Linux counts in KiB
}

template <class Matrix>
bool run(const Settings& s) {
  constexpr Index inputs = 784, classes = 10;
  const auto m = static_cast<Index>(s.megabytes * 1e6 / (4.0 * inputs));
  const double before = resident();

  // The data: written once, so that all of it is resident. X: m×784, labels: m.
  benchmarks::Noise noise(1);
  Matrix X(m, inputs);
  for (Index i = 0; i < X.size(); ++i) X.data()[i] = static_cast<float>(noise());
  const Eigen::VectorXi labels = Eigen::VectorXi::NullaryExpr(
      m, [&](Index i) { return static_cast<int>((X(i, 0) + 1) * 0.499f * classes); });
  const double data = resident() - before;

  auto net = DynamicNetwork<float>(inputs);
  net.dense(800, "relu").dense(800, "relu").dense(classes);
  net.initialize(1);
  constexpr Index batch = 128;
  // What the parts take is computed, not measured: θ, its gradient, Adam's m and v, and the matrices of a tile.
  const double theta = 4e-6 * static_cast<double>(net.parameter_count());
  const auto footprint = net.workspace().footprint();
  const double tile = 4e-6 * static_cast<double>(detail::memory_size<float>(footprint, batch, net.size()));
  const double parts = theta + theta + 2 * theta + tile, order = 8e-6 * static_cast<double>(m);

  fit(net, X, labels, SoftmaxCrossEntropy{}, Adam{},
      FitOptions{.epochs = 1, .batch_size = batch, .progress = Progress::never, .threads = s.threads});
  const double peak = resident(), bound = before + data + 1.1 * parts + order;
  std::printf("| %s-major, %d | %.1f | %.1f | %.1f | %.1f | %.1f | %.1f |\n", s.order.c_str(), s.threads,
              before, data, parts, order, peak, bound);
  return peak <= bound;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const Settings s = settings(argc, argv);
    std::cout << "784-800-800-10, float, Adam, batch 128, one shuffled epoch; MB.\n\n"
                 "| X, threads | program | data | parts | order of the samples | peak | program + data + 1.1 "
                 "× parts + order |\n"
                 "|---|--:|--:|--:|--:|--:|--:|\n";
    std::cout.flush();
    return (s.order == "row" ? run<RowMajor>(s) : run<ColumnMajor>(s)) ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << "peak_memory: " << error.what() << '\n';
    return 2;
  }
}
