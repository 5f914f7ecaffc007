// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <type_traits>

#include "lamina/core/concepts.hpp"
#include "lamina/core/errors.hpp"
#include "lamina/core/simd.hpp"
#include "lamina/core/views.hpp"

/// @file
/// What every public call checks before anything is computed or changed. Each check names the argument, what was
/// expected, what came, and the first offending row and column.

namespace lamina::detail {

/// @throws ShapeError when X is not m×inputs, DataError when m = 0.
template <class Scalar>
void check_inputs(const MatrixView<Scalar>& X, Index inputs, const char* argument = "X") {
  if (X.columns != inputs)
    fail<ShapeError>(
        {argument, ": expected m\u00d7", inputs, " (a sample is a row), got ", X.rows, "\u00d7", X.columns});
  if (X.rows == 0) fail<DataError>({argument, ": expected at least one row (sample), got none"});
}

/// Whether all numbers that it has looked at are finite: 0·x is 0 for those, and NaN for the others.
template <class Scalar>
class Finite {
  using V = simd::Register<Scalar>;
  static constexpr Index lanes = simd::lanes<V>;
  static constexpr int chains = 4;  // sums that need not wait for one another

 public:
  LAMINA_INLINE void look(const Scalar* data, Index size) {
    Index i = 0;
    for (; i + chains * lanes <= size; i += chains * lanes) LAMINA_UNROLL
    for (int c = 0; c < chains; ++c) sums_[c] += simd::load<V>(data + i + c * lanes) * Scalar(0);
    for (; i + lanes <= size; i += lanes) sums_[0] += simd::load<V>(data + i) * Scalar(0);
    if (i < size) sums_[1] += simd::load<V>(data + i, size - i) * Scalar(0);
  }
  bool all() const {
    Scalar numbers[lanes], sum = 0;
    simd::store(numbers, (sums_[0] + sums_[1]) + (sums_[2] + sums_[3]));
    for (const Scalar x : numbers) sum += x;
    return sum == Scalar(0);
  }

 private:
  V sums_[chains] = {};
};

/// Whether every one of `size` numbers is finite.
template <class Scalar>
bool all_finite(const Scalar* data, Index size) {
  Finite<Scalar> finite;
  finite.look(data, size);
  return finite.all();
}

/// Whether every element of the view is finite, read in the order of the memory.
template <class Scalar>
bool all_finite(const MatrixView<Scalar>& X) {
  const bool by_columns = X.row_stride <= X.column_stride;
  const Index inner = by_columns ? X.rows : X.columns, outer = by_columns ? X.columns : X.rows;
  const Index inner_stride = by_columns ? X.row_stride : X.column_stride;
  const Index outer_stride = by_columns ? X.column_stride : X.row_stride;
  if (inner_stride == 1 && outer_stride == inner) return all_finite(X.data, inner * outer);
  Finite<Scalar> finite;
  for (Index o = 0; o < outer; ++o) {
    const Scalar* const run = X.data + o * outer_stride;
    if (inner_stride == 1) {
      simd::prefetch(run + std::min(simd::runs_ahead, outer - 1 - o) * outer_stride, inner);
      finite.look(run, inner);
    } else {
      for (Index i = 0; i < inner; ++i) finite.look(run + i * inner_stride, 1);
    }
  }
  return finite.all();
}

/// The largest magnitude in a tile; infinite or NaN when an element is. Numbers without their sign are ordered as the
/// integers of the same bits are, infinity and NaN at the end.
template <class Scalar>
Scalar largest_magnitude(const ConstTile<Scalar>& A) {
  if constexpr (sizeof(Scalar) == 4 || sizeof(Scalar) == 8) {
    using V = simd::Register<Scalar>;
    constexpr Index lanes = simd::lanes<V>;
    using Bits = simd::Integers<V>;
    constexpr int chains = 4;  // comparisons that need not wait for one another
    const Bits magnitude = Bits{} + std::numeric_limits<std::remove_cvref_t<decltype(Bits{}[0])>>::max();
    Bits largest[chains] = {};
    const auto look = [&](Bits& most, const V& v) {
      const Bits bits = std::bit_cast<Bits>(v) & magnitude;
      most = bits > most ? bits : most;
    };
    Index rows = A.rows(), columns = A.cols();
    if (A.outerStride() == rows) {
      rows *= columns;
      columns = 1;
    }
    for (Index j = 0; j < columns; ++j) {
      const Scalar* a = A.data() + j * A.outerStride();
      Index i = 0;
      for (; i + chains * lanes <= rows; i += chains * lanes) LAMINA_UNROLL
      for (int c = 0; c < chains; ++c) look(largest[c], simd::load<V>(a + i + c * lanes));
      for (; i + lanes <= rows; i += lanes) look(largest[0], simd::load<V>(a + i));
      if (i < rows) look(largest[0], simd::load<V>(a + i, rows - i));
    }
    auto most = largest[0][0];
    for (const Bits& of_chain : largest)
      for (Index l = 0; l < lanes; ++l) most = std::max(most, of_chain[l]);
    return std::bit_cast<Scalar>(most);
  } else {
    Scalar most = 0;
    for (Index j = 0; j < A.cols(); ++j)
      for (Index i = 0; i < A.rows(); ++i)
        if (!(std::abs(A(i, j)) <= most) && most == most) most = std::abs(A(i, j));  // a NaN stays
    return most;
  }
}

/// @throws DataError at the first element, by rows, for which `bad` holds.
template <class Scalar, class Bad>
[[noreturn]] LAMINA_COLD void fail_at_first(const MatrixView<Scalar>& X, const char* argument,
                                            const std::string& expected, Bad bad) {
  for (Index i = 0; i < X.rows; ++i)
    for (Index j = 0; j < X.columns; ++j)
      if (bad(X(i, j)))
        fail<DataError>(
            {argument, ": expected ", expected, ", got ", X(i, j), " at row ", i, ", column ", j});
  fail<DataError>({argument, ": expected ", expected});
}

/// @throws DataError at the first element that is NaN or infinite.
template <class Scalar>
void check_finite(const MatrixView<Scalar>& X, const char* argument = "X") {
  if (!all_finite(X))
    fail_at_first(X, argument, "finite numbers", [](Scalar x) { return !(x - x == Scalar(0)); });
}

/// @throws ShapeError, DataError when Y cannot be the targets of X for this loss and so many outputs.
template <class Scalar, class Loss>
void check_targets(const DataView<Scalar>& data, const Loss& loss, Index outputs,
                   const char* argument = "Y") {
  constexpr std::string_view name = name_of<Loss>();
  const Index m = data.rows(), columns = target_columns(loss, outputs);
  if (columns < 1 || columns > outputs)
    fail<ShapeError>({name, ": cannot be used with ", outputs, " network output", (outputs == 1 ? "" : "s")});
  if constexpr (requires { loss.check(outputs); }) loss.check(outputs);
  if (data.has_labels()) {
    if (data.labels.size != m)
      fail<ShapeError>(
          {argument, ": expected ", m, " labels, one for each row of X, got ", data.labels.size});
    if constexpr (requires { Loss::classes(outputs); }) {
      const Index classes = Loss::classes(outputs);
      if (classes < 1)
        fail<ShapeError>({argument, ": ", name, " takes no integer labels with ", outputs,
                          " outputs; pass a matrix of targets"});
      for (Index i = 0; i < m; ++i)
        if (data.labels[i] < 0 || data.labels[i] >= classes)
          fail<DataError>({argument, ": expected labels from 0 to ", classes - 1, ", got ", data.labels[i],
                           " at row ", i});
    } else {
      fail<DataError>({argument, ": ", name, " takes real-valued targets, got integer labels"});
    }
  } else {
    if (data.Y.rows != m || data.Y.columns != columns)
      fail<ShapeError>({argument, ": expected ", m, "\u00d7", columns, " for ", name, ", got ", data.Y.rows,
                        "\u00d7", data.Y.columns});
    check_finite(data.Y, argument);
    if constexpr (requires {
                    Loss::target_minimum;
                    Loss::target_maximum;
                  }) {
      const auto outside = [](Scalar y) {
        return static_cast<double>(y) < Loss::target_minimum || static_cast<double>(y) > Loss::target_maximum;
      };
      for (Index j = 0; j < columns; ++j)
        for (Index i = 0; i < m; ++i)
          if (outside(data.Y(i, j)))
            fail_at_first(
                data.Y, argument,
                message({"targets in [", Loss::target_minimum, ", ", Loss::target_maximum, "] for ", name}),
                outside);
    }
  }
  if (!data.has_weights()) return;
  if (data.weights.size != m)
    fail<ShapeError>({"sample weights: expected ", m, ", one for each row of X, got ", data.weights.size});
  double sum = 0;
  for (Index i = 0; i < m; ++i) {
    const double s = data.weights[i];
    if (!(s >= 0) || s > std::numeric_limits<double>::max())
      fail<DataError>({"sample weights: expected finite numbers \u2265 0, got ", s, " at row ", i});
    sum += s;
  }
  if (!(sum > 0)) fail<DataError>({"sample weights: expected a positive sum, got ", sum});
  if (sum < static_cast<double>(std::numeric_limits<Scalar>::min()) ||
      sum > static_cast<double>(std::numeric_limits<Scalar>::max()))
    fail<DataError>({"sample weights: expected a sum that the network's scalar holds, got ", sum});
}

/// All that a data set must be for a network of these extents and this loss.
template <class Scalar, class Loss>
void check_data(const DataView<Scalar>& data, const Loss& loss, Index inputs, Index outputs,
                const char* X = "X", const char* Y = "Y") {
  check_inputs(data.X, inputs, X);
  check_targets(data, loss, outputs, Y);
  check_finite(data.X, X);
}

}  // namespace lamina::detail
