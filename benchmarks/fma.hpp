// How many floating-point operations a core can do at most: multiplications with additions, all in registers.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace benchmarks {

/// `iterations` × 12 independent a ← a·b + c on vectors of so many bytes. What goes in and comes out is volatile, which
/// keeps the compiler from moving the work past the clock.
template <class Scalar, int Bytes>
void multiply_and_add(const volatile long& iterations, volatile Scalar& out) {
  typedef Scalar Vector __attribute__((vector_size(Bytes)));
  constexpr int registers = 12;
  Vector a[registers], b = {}, c = {};
  b += Scalar(0.999);
  c += Scalar(0.001);
  const long n = iterations;
  for (int i = 0; i < registers; ++i) a[i] = c * Scalar(n % 7 + i);
  for (long k = 0; k < n; ++k) {
#if defined(__clang__)
#pragma clang loop unroll(full)
#else
#pragma GCC unroll 16
#endif
    for (int i = 0; i < registers; ++i) a[i] = a[i] * b + c;
  }
  Vector sum = a[0];
  for (int i = 1; i < registers; ++i) sum += a[i];
  out = sum[0];
}

/// GFLOP/s of all threads together with vectors of one width: the best of slices of 20 ms within so many seconds.
template <class Scalar, int Bytes>
double fma_peak_of_width(int threads, double seconds) {
  using Clock = std::chrono::steady_clock;
  const auto time = [](long n) {
    const volatile long iterations = n;
    volatile Scalar sink = 0;
    const auto began = Clock::now();
    multiply_and_add<Scalar, Bytes>(iterations, sink);
    return std::chrono::duration<double>(Clock::now() - began).count();
  };
  const double probe = std::min(time(1000000), time(1000000));
  const long iterations = static_cast<long>(1e6 * 0.02 / probe) + 1;
  const int slices = std::max(3, static_cast<int>(seconds / 0.02));

  std::vector<double> best(static_cast<std::size_t>(threads), 1e30);
  std::atomic<int> ready{0};
  const auto work = [&](int rank) {
    ++ready;
    while (ready < threads) std::this_thread::yield();
    for (int i = 0; i < slices; ++i) {
      double& mine = best[static_cast<std::size_t>(rank)];
      mine = std::min(mine, time(iterations));
    }
  };
  std::vector<std::thread> others;
  for (int rank = 1; rank < threads; ++rank) others.emplace_back(work, rank);
  work(0);
  for (std::thread& thread : others) thread.join();

  double flops = 0;
  for (const double t : best)
    flops += 2.0 * 12 * (Bytes / static_cast<int>(sizeof(Scalar))) * static_cast<double>(iterations) / t;
  return flops / 1e9;
}

/// The same with the width that gives most: wide vectors may lower a processor's clock.
template <class Scalar>
double fma_peak(int threads, double seconds) {
#if defined(__AVX512F__)
  return std::max(fma_peak_of_width<Scalar, 64>(threads, seconds / 2),
                  fma_peak_of_width<Scalar, 32>(threads, seconds / 2));
#elif defined(__AVX__)
  return fma_peak_of_width<Scalar, 32>(threads, seconds);
#else
  return fma_peak_of_width<Scalar, 16>(threads, seconds);
#endif
}

}  // namespace benchmarks
