// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <string>

#include "lamina/core/errors.hpp"
#include "lamina/core/types.hpp"

namespace lamina {

namespace detail {

/// Of a layer, in memory and in files: the product of two is an Index.
inline constexpr Index largest_extent = 2'147'483'647;

}  // namespace detail

/// A number of columns: part of the type when N is fixed, a member when N is Dynamic.
template <Index N>
class Extent {
  static_assert(N > 0, "lamina: an extent must be positive, or Dynamic");

 public:
  constexpr Extent() = default;
  /// @throws ShapeError when n is not N.
  constexpr explicit Extent(Index n) {
    if (n != N) detail::fail<ShapeError>({"extent: expected ", N, " as in the type, got ", n});
  }
  constexpr Index value() const { return N; }
};

template <>
class Extent<Dynamic> {
 public:
  /// @throws ShapeError when n < 1, or more than 2³¹ − 1.
  constexpr explicit Extent(Index n) : n_(n) {
    if (n < 1) detail::fail<ShapeError>({"extent: expected at least 1, got ", n});
    if (n > detail::largest_extent)
      detail::fail<ShapeError>({"extent: expected at most ", detail::largest_extent, ", got ", n});
  }
  constexpr Index value() const { return n_; }

 private:
  Index n_;
};

}  // namespace lamina
