// How the cost of training grows with the width and the depth of a network, with the batch and with the data set.
// Prints Markdown tables for docs/performance.md.
//
//   scaling [--seconds 0.5] [--threads 1] [--only width,depth,batch,samples]

#if defined(_OPENMP)
#include <omp.h>
#endif

#include <algorithm>
#include <array>
#include <iostream>
#include <tuple>

#include "fma.hpp"
#include "lamina_forms.hpp"

namespace {

using namespace benchmarks;

struct Settings {
  double seconds = 0.5;
  int threads = 1;
  std::string only = "width,depth,batch,samples";
};

Settings settings(int argc, char** argv) {
  Settings s;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string option = argv[i], value = argv[i + 1];
    if (option == "--seconds") {
      s.seconds = std::stod(value);
    } else if (option == "--threads") {
      s.threads = std::stoi(value);
    } else if (option == "--only") {
      s.only = value;
    } else {
      throw std::invalid_argument("unknown option " + option);
    }
  }
  if (argc % 2 == 0) throw std::invalid_argument("expected a value after " + std::string(argv[argc - 1]));
  return s;
}

std::string text(double x, const char* format) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, format, x);
  return buffer;
}

/// One row. Three looks, the peak measured beside each: the best of the rates, the median of the ratios.
void row(const Settings& s, const std::string& label, const Workload& w, bool shuffle = false,
         bool row_major = false) {
  Options options;
  options.workload = w;
  options.threads = s.threads;
  options.seconds = s.seconds / 3;
  options.shuffle = shuffle;
  options.row_major = row_major;
  double samples = 0;
  std::array<double, 3> ratios{};
  for (double& ratio : ratios) {
    const double peak = fma_peak<float>(s.threads, 0.05), rate = lamina_dynamic(options);
    ratio = rate * w.flops() / 1e9 / std::max(peak, fma_peak<float>(s.threads, 0.05));
    samples = std::max(samples, rate);
  }
  std::sort(ratios.begin(), ratios.end());
  const double gflops = samples * w.flops() / 1e9;
  std::cout << "| " << label << " | " << text(w.weights(), "%.0f") << " | " << text(samples, "%.3g") << " | "
            << text(gflops, gflops < 10 ? "%.2f" : "%.0f") << " | " << text(100 * ratios[1], "%.0f %%")
            << " | " << text(1e9 / samples / w.weights(), "%.3f") << " |" << std::endl;
}

/// A table, when --only names it.
bool table(const Settings& s, const std::string& name, const std::string& what, const std::string& first) {
  if (("," + s.only + ",").find("," + name + ",") == std::string::npos) return false;
  std::cout << "\n"
            << what << "\n\n| " << first
            << " | weights | samples/s | GFLOP/s | of the peak | ns per sample and weight "
               "|\n|--:|--:|--:|--:|--:|--:|\n";
  return true;
}

std::vector<long> layers_of_width(long width, std::size_t layers) {
  return std::vector<long>(layers + 1, width);
}

void scaling(const Settings& s) {
  using enum Hidden;
  using enum Objective;
  using enum Rule;
#if defined(_OPENMP)
  omp_set_num_threads(s.threads);
#endif
  std::cout << "float, " << s.threads << (s.threads == 1 ? " thread" : " threads") << ", DynamicNetwork.\n";

  if (table(s, "width", "Width n: n-n-n-n ReLU, squared error, SGD, batch 128.", "n"))
    for (const long n : {1, 3, 7, 16, 32, 64, 128, 256, 512, 1024, 2048})
      row(s, std::to_string(n), {"", layers_of_width(n, 3), relu, squared, sgd, 128, 16 * 128});

  if (table(s, "depth", "Depth L: L layers of 128 ReLU, squared error, SGD, batch 128.", "L"))
    for (const std::size_t L : {1u, 2u, 4u, 8u, 16u, 32u, 64u})
      row(s, std::to_string(L), {"", layers_of_width(128, L), relu, squared, sgd, 128, 16 * 128});

  if (table(s, "batch", "Batch B: 784-128-10 ReLU, softmax cross-entropy, Adam.", "B"))
    for (const long B : {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096})
      row(s, std::to_string(B), {"", {784, 128, 10}, relu, softmax, adam, B, std::max(10 * B, 2048L)});

  constexpr const char* network = "28-64-64-1 tanh, binary cross-entropy, Adam, batch 256";
  for (const auto& [order, shuffle, row_major] :
       {std::tuple{"X column-major, in order", false, false},
        std::tuple{"X row-major, in order", false, true}, std::tuple{"X column-major, shuffled", true, false},
        std::tuple{"X row-major, shuffled", true, true}})
    if (table(s, "samples", std::string("Samples m: ") + network + ", " + order + ".", "m"))
      for (const long m : {1 << 10, 1 << 13, 1 << 16, 1 << 19, 1 << 21})
        row(s, std::to_string(m), {"", {28, 64, 64, 1}, tanh, binary, adam, 256, m}, shuffle, row_major);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    scaling(settings(argc, argv));
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "scaling: " << error.what() << '\n';
    return 2;
  }
}
