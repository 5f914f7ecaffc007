// What the processor can do at most, in GFLOP/s. WORKLOAD is ignored: the command line is that of the other programs.

#include "fma.hpp"
#include "workloads.hpp"

int main(int argc, char** argv) {
  return benchmarks::main_of("FMA peak", argc, argv, [](const benchmarks::Options& options) {
    return options.use_double ? benchmarks::fma_peak<double>(options.threads, options.seconds)
                              : benchmarks::fma_peak<float>(options.threads, options.seconds);
  });
}
