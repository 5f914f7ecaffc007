#pragma once

/// \file
/// Counts what is taken from the heap in this program: a replacement of the allocation functions, to be included in
/// one file of an executable that no sanitizer watches.

#include <Eigen/Core>  // before the definitions below: it declares posix_memalign once more
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace heap {

inline bool counting = false;
inline long allocations = 0;

inline void note() {
  if (counting) ++allocations;
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

}  // namespace heap

#if defined(__GLIBC__)

// With glibc everything is seen: operator new, Eigen's own allocator and the C library end here.
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

void* malloc(std::size_t size) noexcept {
  heap::note();
  return __libc_malloc(size);
}
void* calloc(std::size_t n, std::size_t size) noexcept {
  heap::note();
  return __libc_calloc(n, size);
}
void* realloc(void* p, std::size_t size) noexcept {
  heap::note();
  return __libc_realloc(p, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  heap::note();
  return __libc_memalign(alignment, size);
}
void* memalign(std::size_t alignment, std::size_t size) noexcept {
  heap::note();
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** p, std::size_t alignment, std::size_t size) noexcept {
  heap::note();
  *p = __libc_memalign(alignment, size);
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
