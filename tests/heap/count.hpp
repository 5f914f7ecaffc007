#pragma once

/// \file
/// Counts what is taken from the heap in this program: a replacement of the allocation functions, to be included in
/// one file of an executable that no sanitizer watches.

#include <Eigen/Core>  // before the definitions below: it declares posix_memalign once more
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace heap {

inline std::atomic<bool> counting{false};
inline std::atomic<long> allocations{0};
inline std::atomic<long> live{0};  ///< bytes that are taken and not given back
inline std::atomic<long> most{0};  ///< the largest `live` since peak() has begun

inline void note() {
  if (counting) ++allocations;
}

/// A pointer that the compiler cannot follow: it may leave out an allocation that nobody sees.
template <class T>
T* seen(T* p) {
  T* volatile q = p;
  return q;
}

/// How often f takes memory from the heap.
template <class F>
long count(F&& f) {
  allocations = 0;
  counting = true;
  f();
  counting = false;
  return allocations;
}

#if defined(__GLIBC__)
inline void* taken(void* p) {
  note();
  if (!p) return p;
  const long now = live += static_cast<long>(malloc_usable_size(p));
  for (long before = most; before < now && !most.compare_exchange_weak(before, now);) {
  }
  return p;
}
inline void given_back(void* p) {
  if (p) live -= static_cast<long>(malloc_usable_size(p));
}

/// How many bytes more than before f has from the heap at a time, at most.
template <class F>
long peak(F&& f) {
  const long before = live;
  most = before;
  f();
  return most - before;
}
#endif

}  // namespace heap

#if defined(__GLIBC__)

// With glibc everything is seen: operator new, Eigen's own allocator and the C library end here.
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

void __libc_free(void*);

void* malloc(std::size_t size) noexcept { return heap::taken(__libc_malloc(size)); }
void* calloc(std::size_t n, std::size_t size) noexcept { return heap::taken(__libc_calloc(n, size)); }
void* realloc(void* p, std::size_t size) noexcept {
  const long before = p ? static_cast<long>(malloc_usable_size(p)) : 0;
  void* const q = __libc_realloc(p, size);
  if (q || size == 0) heap::live -= before;  // else p is still there
  return heap::taken(q);
}
void free(void* p) noexcept {
  heap::given_back(p);
  __libc_free(p);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  return heap::taken(__libc_memalign(alignment, size));
}
void* memalign(std::size_t alignment, std::size_t size) noexcept {
  return heap::taken(__libc_memalign(alignment, size));
}
int posix_memalign(void** p, std::size_t alignment, std::size_t size) noexcept {
  *p = heap::taken(__libc_memalign(alignment, size));
  return *p ? 0 : 12;  // ENOMEM
}
}

#else

// Elsewhere operator new alone.
void* operator new(std::size_t size) {
  heap::note();
  if (void* p = std::malloc(size)) return p;
  throw std::bad_alloc();
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }

#endif
