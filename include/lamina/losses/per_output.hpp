// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lamina/core/errors.hpp"
#include "lamina/core/types.hpp"

namespace lamina {

/// An option of a loss: one number for all outputs, `= 2`, or one for each of them, `= {1, 2, 5}`.
class PerOutput {
 public:
  PerOutput(double value) : value_(value) {}                            // NOLINT(google-explicit-constructor)
  PerOutput(std::initializer_list<double> values) : values_(values) {}  // NOLINT(google-explicit-constructor)
  PerOutput(std::vector<double> values)                                 // NOLINT(google-explicit-constructor)
      : values_(std::move(values)) {}

  /// The number for output j.
  double operator[](Index j) const { return values_.empty() ? value_ : values_[static_cast<std::size_t>(j)]; }

  /// The numbers as they were given: one for all outputs, or one for each.
  std::vector<double> values() const { return values_.empty() ? std::vector<double>{value_} : values_; }

  /// @throws ShapeError when there are several numbers, but not one for each output; OptionError at the first
  ///         number for which `good` does not hold.
  template <class Good>
  void check(Index outputs, std::string_view option, std::string_view expected, Good good) const {
    if (!values_.empty() && static_cast<Index>(values_.size()) != outputs)
      detail::fail<ShapeError>(
          {option, ": expected one number, or one for each of ", outputs, " outputs, got ", values_.size()});
    for (Index j = 0; j < (values_.empty() ? 1 : outputs); ++j)
      if (!good((*this)[j]))
        detail::fail<OptionError>({option, ": expected ", expected, ", got ", (*this)[j],
                                   values_.empty() ? "" : " for output " + detail::number(j)});
  }

 private:
  double value_ = std::numeric_limits<double>::quiet_NaN();  // of an empty list, which no option accepts
  std::vector<double> values_;
};

}  // namespace lamina
