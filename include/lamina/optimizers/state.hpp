// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>
#include <utility>

#include "lamina/core/errors.hpp"
#include "lamina/core/types.hpp"
#include "lamina/core/validate.hpp"

namespace lamina::detail {

/// The state of an optimiser: the number of its steps, and some arrays in θ's shape, side by side. They take the scalar
/// type of the first θ they are used with. All that an optimiser remembers is here: with the same options and a copy of
/// the state it goes on bit for bit.
class OptimizerState {
 public:
  std::int64_t steps = 0;
  double extra = 0;  ///< one number more, of an optimiser that needs it

  /// One more step for a θ of `size` elements, with `arrays` arrays of that size, which start at zero.
  /// @return whether it is the first
  /// @throws ShapeError when the state belongs to another number of parameters or another scalar type; OptionError when
  ///         it has another number of arrays.
  template <class Scalar>
  bool begin(std::string_view optimizer, Index size, Index arrays) {
    const bool first = kind_ == 0;
    if (first) {
      arrays_.resize(size * kind<Scalar>, arrays);
      std::fill_n(arrays_.data(), arrays_.size(), std::uint8_t{0});
      kind_ = kind<Scalar>;
      steps = 0;
    } else if (kind_ != kind<Scalar> || rows() != size) {
      fail<ShapeError>({optimizer, ": its state is that of a network with ", rows(),
                        " parameters or of another scalar type; expected ", size,
                        " (use another optimiser, or reset it)"});
    } else if (columns() != arrays) {
      fail<OptionError>({optimizer, ": its options ask for a state of ", arrays, " arrays, but it has ",
                         columns(), " (which options are on cannot change between steps)"});
    }
    ++steps;
    return first;
  }
  /// Whether the arrays, if there are any, are small or have seen only derivatives that stays_finite() agreed to; else they
  /// may hold numbers of any size, and it cannot know what the next step makes of them.
  bool bounded() const { return bounded_; }
  /// Looks at the arrays, after a step whose derivatives may have been of any size.
  /// @return whether all is finite
  template <class Scalar>
  bool look() {
    const Scalar largest = kind_ == kind<Scalar>
                               ? largest_magnitude(constant(tile(array<Scalar>(0), rows(), columns())))
                               : Scalar(0);
    bounded_ = largest < Scalar(1e9);  // far below what stays_finite() may agree to
    return std::isfinite(largest);
  }

  /// Array k, from element `first` on. They are of Scalars.
  template <class Scalar>
  Scalar* array(Index k, Index first = 0) {
    eigen_assert(kind_ == kind<Scalar>);
    return reinterpret_cast<Scalar*>(arrays_.data() + k * arrays_.rows()) + first;
  }

  /// Array k, all x.
  template <class Scalar>
  void fill(Index k, double x) {
    std::fill_n(array<Scalar>(k), rows(), static_cast<Scalar>(x));
  }

  /// @name For checkpoints
  /// @{

  /// The bytes of a number of the arrays: 4, 8 or 16 for float, double or long double; 0 before the first step.
  int scalar_kind() const { return kind_; }
  /// Elements of each array.
  Index rows() const { return kind_ == 0 ? 0 : arrays_.rows() / kind_; }
  /// Number of arrays.
  Index columns() const { return arrays_.cols(); }
  /// rows()×columns() numbers of the type that scalar_kind() tells, array after array; null when there are none.
  const void* data() const { return arrays_.data(); }
  /// The state with these numbers, as a state told them. `data` may have any alignment. (A template, so that only who
  /// calls it compiles it.)
  /// @throws DataError when no state is like that; then nothing has changed.
  template <class = void>
  void restore(int scalar_kind, Index rows, Index columns, const void* data, std::int64_t steps_taken,
               double number) {
    if (steps_taken < 0 || !std::isfinite(number))
      fail<DataError>({"optimiser state: expected steps \u2265 0 and a finite number, got ", steps_taken,
                       " and ", number});
    if (rows < 0 || columns < 0 || (scalar_kind == 0 && (rows != 0 || columns != 0)) ||
        (rows > 0 && columns > 0 && data == nullptr) || rows > std::numeric_limits<Index>::max() / 16)
      fail<DataError>({"optimiser state: expected the numbers of its arrays, got ", rows, "\u00d7", columns,
                       " of kind ", scalar_kind, data ? "" : " without numbers"});
    if (scalar_kind != 0 && scalar_kind != kind<float> && scalar_kind != kind<double> &&
        scalar_kind != kind<long double>)
      fail<DataError>({"optimiser state: expected a kind of number among 0, 4, 8 and 16, got ", scalar_kind});
    Bytes arrays;
    arrays.resize(rows * scalar_kind, columns);
    if (arrays.size() > 0) std::memcpy(arrays.data(), data, static_cast<std::size_t>(arrays.size()));
    arrays_ = std::move(arrays);
    kind_ = scalar_kind;
    steps = steps_taken;
    extra = number;
    if (kind_ == kind<float>) {
      look<float>();
    } else if (kind_ == kind<double>) {
      look<double>();
    } else {
      look<long double>();
    }
  }
  /// @}

 private:
  template <class Scalar>
  static constexpr int kind = static_cast<int>(sizeof(Scalar));
  using Bytes = Eigen::Matrix<std::uint8_t, Dynamic, Dynamic>;

  bool bounded_ = true;
  int kind_ = 0;
  Bytes arrays_;  ///< those of the numbers
};

}  // namespace lamina::detail
