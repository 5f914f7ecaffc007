#pragma once

/// \file
/// Catch2, whichever of 2.13 and 3.x is installed, under the names of Catch2 3.

#if __has_include(<catch2/catch_all.hpp>)

#include <catch2/catch_all.hpp>

#else

#include <catch2/catch.hpp>

namespace Catch {
using Detail::Approx;
namespace Matchers {
/// A string matcher: true when the string contains `part`.
inline StdString::ContainsMatcher ContainsSubstring(std::string const& part) { return Contains(part); }
}  // namespace Matchers
}  // namespace Catch

#endif

/// Leaves the test case: what it needs is not there. Catch2 3.3 and later report it as skipped.
#ifdef SKIP
#define LAMINA_SKIP(message) SKIP(message)
#else
#define LAMINA_SKIP(message) \
  do {                       \
    WARN(message);           \
    return;                  \
  } while (false)
#endif
