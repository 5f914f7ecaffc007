// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <string_view>
#include <vector>

#include "lamina/core/errors.hpp"
#include "lamina/core/types.hpp"

/// @file
/// What the numbers of θ are for, so that a penalty or a decay can be of some of them only.

namespace lamina {

enum class ParameterKind {
  weights,  ///< W of a Dense layer; all parameters of a layer that does not say
  bias,     ///< b
  scale,    ///< γ of a normalising layer
  shift,    ///< β of a normalising layer
};

/// Parameters [first, first + count) of θ, all of one kind and one layer.
struct ParameterRange {
  Index first = 0;
  Index count = 0;
  Index rows = 0;  ///< of weights fan_in: each run of so many numbers is what comes into one unit; else count
  ParameterKind kind = ParameterKind::weights;
  std::size_t layer = 0;

  friend bool operator==(const ParameterRange&, const ParameterRange&) = default;
};

/// Some of the parameters of a network, all of them by default:
///
///     AdamW adam{.weight_decay = 0.1, .decay = net.parameter_ranges(ParameterKind::weights)};
class ParameterSelection {
 public:
  /// All.
  ParameterSelection() = default;
  /// Those in the ranges, which may come in any order and overlap; without a range none.
  /// @throws ShapeError when a range begins or ends before 0, or ends beyond the numbers of an Index.
  // NOLINTNEXTLINE(google-explicit-constructor)
  ParameterSelection(std::vector<ParameterRange> ranges) : all_(false) {
    std::sort(ranges.begin(), ranges.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    for (const ParameterRange& range : ranges) {
      if (range.first < 0 || range.count < 0)
        detail::fail<ShapeError>(
            {"parameters: expected a first and a count \u2265 0, got ", range.first, " and ", range.count});
      if (range.count == 0) continue;
      if (range.count > std::numeric_limits<Index>::max() - range.first)
        detail::fail<ShapeError>({"parameters: expected a range within those of a network, got ", range.count,
                                  " from ", range.first, " on"});
      const Index end = range.first + range.count;
      if (!parts_.empty() && range.first <= parts_.back().end) {
        parts_.back().end = std::max(parts_.back().end, end);
      } else {
        parts_.push_back({range.first, end});
      }
    }
  }

  bool all() const { return all_; }
  /// One past the last parameter that is named; 0 when none is.
  Index end() const { return parts_.empty() ? 0 : parts_.back().end; }

  /// @throws ShapeError when there are fewer than end() parameters.
  void check(std::string_view argument, Index parameters) const {
    if (end() > parameters)
      detail::fail<ShapeError>({argument, ": expected parameters below ", parameters,
                                ", as many as the network has, got a range up to ", end()});
  }

  /// f(first, count, selected) for the parts of [first, first + count), in order, each wholly selected or not at all.
  template <class F>
  void for_each_part(Index first, Index count, const F& f) const {
    if (all_) return f(first, count, true);
    const Index end = first + count;
    auto part = std::upper_bound(parts_.begin(), parts_.end(), first,
                                 [](Index i, const Part& p) { return i < p.end; });
    while (first < end) {
      const bool selected = part != parts_.end() && part->first <= first;
      Index next = end;
      if (selected) {
        next = std::min(end, part->end);
        ++part;
      } else if (part != parts_.end()) {
        next = std::min(end, part->first);
      }
      f(first, next - first, selected);
      first = next;
    }
  }

 private:
  struct Part {
    Index first, end;
  };

  bool all_ = true;
  std::vector<Part> parts_;  ///< apart from each other, in order
};

}  // namespace lamina
