// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <algorithm>
#include <atomic>
#include <exception>

#include "lamina/core/function_ref.hpp"
#include "lamina/core/simd.hpp"
#include "lamina/core/types.hpp"

#if defined(LAMINA_STD_THREADS)
#include <thread>
#include <vector>
#elif defined(_OPENMP)
#include <omp.h>

#include <thread>
#endif

/// @file
/// Threads, through OpenMP when the program is compiled with it; else everything runs on the calling thread. With
/// LAMINA_STD_THREADS defined they are std::threads, started for every batch: slower than OpenMP's, which wait for work,
/// but ThreadSanitizer sees what they do, as it does not with an OpenMP library that is not compiled for it. Every
/// translation unit of a program must agree on both.

namespace lamina {

/// How many threads OpenMP would use; 1 without OpenMP.
inline int available_threads() {
#if defined(LAMINA_STD_THREADS)
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
#elif defined(_OPENMP)
  return omp_get_max_threads();
#else
  return 1;
#endif
}

namespace detail {

/// Where the threads of a team wait for each other.
class Barrier {
 public:
  /// What wait() throws when another thread of the team has failed and will not come.
  struct Abandoned {};

  void wait(int size) {
    const int round = round_.load(std::memory_order_relaxed);
    if (waiting_.fetch_add(1, std::memory_order_acq_rel) + 1 == size) {
      waiting_.store(0, std::memory_order_relaxed);
      round_.store(round + 1, std::memory_order_release);
      return;
    }
    // The others are usually there within a microsecond; with more threads than processors they may not be running.
    for (int spins = 0; round_.load(std::memory_order_acquire) == round; ++spins) {
      if (abandoned_.load(std::memory_order_relaxed)) throw Abandoned{};
#if defined(LAMINA_STD_THREADS) || defined(_OPENMP)
      if (spins > 2000) std::this_thread::yield();
#else
      (void)spins;
#endif
    }
  }
  void abandon() { abandoned_.store(true, std::memory_order_relaxed); }

 private:
  std::atomic<int> waiting_{0}, round_{0};
  std::atomic<bool> abandoned_{false};
};

}  // namespace detail

/// Threads that do one thing together: each runs the same code with a rank of its own, does its share of what can be
/// shared, and waits for the others where what follows needs the whole.
class Team {
 public:
  /// A thread on its own.
  Team() = default;
  Team(int rank, int size, detail::Barrier* barrier) : rank_(rank), size_(size), barrier_(barrier) {}

  int rank() const { return rank_; }
  int size() const { return size_; }
  /// Whether this is the thread for what cannot be shared.
  bool first() const { return rank_ == 0; }
  /// Returns when all threads of the team have called it.
  void wait() const {
    if (size_ > 1) barrier_->wait(size_);
  }

 private:
  int rank_ = 0, size_ = 1;
  detail::Barrier* barrier_ = nullptr;
};

namespace detail {

/// What the threads of a parallel() have together: where they wait, and what one of them has thrown.
struct Joint {
  Barrier barrier;
  std::exception_ptr thrown;  ///< to be read when all have returned
  std::atomic_flag has_thrown = ATOMIC_FLAG_INIT;

  void run(FunctionRef<void(const Team&)> f, int rank, int size) {
    try {
      f(Team(rank, size, &barrier));
    } catch (const Barrier::Abandoned&) {  // the reason is another thread's exception
    } catch (...) {
      if (!has_thrown.test_and_set()) thrown = std::current_exception();
      barrier.abandon();
    }
  }
};

#if defined(LAMINA_STD_THREADS)
/// Whether this thread is one of a parallel().
inline thread_local bool in_parallel = false;

/// f(team) on so many threads; not within another call.
inline void run_on_threads(int threads, FunctionRef<void(const Team&)> f) {
  Joint joint;
  const auto run = [&](int rank) {
    in_parallel = true;
    joint.run(f, rank, threads);
    in_parallel = false;
  };
  {
    std::vector<std::jthread> others;
    try {
      for (int rank = 1; rank < threads; ++rank) others.emplace_back(run, rank);
    } catch (...) {  // no more threads to be had
      joint.barrier.abandon();
      throw;
    }
    run(0);
  }
  if (joint.thrown) std::rethrow_exception(joint.thrown);
}
inline bool within_team() { return in_parallel; }
#elif defined(_OPENMP)
/// f(team) on so many threads, or on as many as there are. Never inlined: clang++ has a function with a parallel region
/// start OpenMP's runtime where the function begins, and that takes more than a megabyte from the heap.
LAMINA_NOINLINE inline void run_on_threads(int threads, FunctionRef<void(const Team&)> f) {
  Joint joint;
#pragma omp parallel num_threads(threads)
  joint.run(f, omp_get_thread_num(), omp_get_num_threads());
  if (joint.thrown) std::rethrow_exception(joint.thrown);
}
inline bool within_team() { return omp_in_parallel(); }
#else
inline void run_on_threads(int, FunctionRef<void(const Team&)>) {}
inline bool within_team() { return true; }
#endif

/// f(team) on so many threads, the calling one included, or on as many as there are; within another parallel() on the
/// calling thread alone, as without threads. What f throws is thrown again when all have returned; of several exceptions,
/// one.
template <class F>
void parallel(int threads, F&& f) {
  if (threads > 1 && !within_team()) {
    run_on_threads(threads, f);
  } else {
    f(Team());
  }
}

/// A range [begin, end), of rows or columns for instance, or a thread's share of [0, extent) in whole steps.
struct Share {
  Index begin, end;

  Share(Index from, Index to) : begin(from), end(to) {}
  Share(Index extent, Index step, const Team& team) {
    const Index steps = (extent + step - 1) / step;
    begin = std::min(extent, steps * team.rank() / team.size() * step);
    end = std::min(extent, steps * (team.rank() + 1) / team.size() * step);
  }
  Index size() const { return end - begin; }
};

}  // namespace detail
}  // namespace lamina
