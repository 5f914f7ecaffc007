// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <exception>

#if defined(_OPENMP)
#include <omp.h>
#endif

/// @file
/// Threads, through OpenMP when the program is compiled with it; else everything runs on the calling thread.

namespace lamina {

/// How many threads OpenMP would use; 1 without OpenMP.
inline int available_threads() {
#if defined(_OPENMP)
  return omp_get_max_threads();
#else
  return 1;
#endif
}

namespace detail {

/// f(rank, size) on `size` threads, `threads` of them or as many as there are, the calling one included. What f throws
/// is thrown again when all have returned; of several exceptions, one.
template <class F>
void parallel(int threads, F&& f) {
#if defined(_OPENMP)
  if (threads > 1 && !omp_in_parallel()) {
    std::exception_ptr thrown;
#pragma omp parallel num_threads(threads)
    try {
      f(omp_get_thread_num(), omp_get_num_threads());
    } catch (...) {
#pragma omp critical(lamina_exception)
      thrown = std::current_exception();
    }
    if (thrown) std::rethrow_exception(thrown);
    return;
  }
#else
  (void)threads;
#endif
  f(0, 1);
}

}  // namespace detail
}  // namespace lamina
