// Whether numbers are finite, and the largest magnitude among them: every place of registers, and what is left of them.

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "lamina/core/validate.hpp"
#include "support/catch.hpp"

namespace {

using namespace lamina;

template <class Scalar>
void one_number_that_is_not_finite() {
  constexpr Scalar infinity = std::numeric_limits<Scalar>::infinity();
  const auto column = [](const std::vector<Scalar>& numbers) {
    return detail::tile(numbers.data(), static_cast<Index>(numbers.size()), Index{1});
  };
  for (std::size_t size = 0; size < 150; size += size < 10 ? 1 : 7) {
    std::vector<Scalar> numbers(size);
    for (std::size_t i = 0; i < size; ++i)
      numbers[i] = i % 2 ? -std::numeric_limits<Scalar>::max() : static_cast<Scalar>(i);
    CAPTURE(size);
    CHECK(detail::all_finite(numbers.data(), static_cast<Index>(size)));
    bool found = true;
    for (std::size_t i = 0; i < size; ++i)
      for (const Scalar bad : {infinity, -infinity, std::numeric_limits<Scalar>::quiet_NaN()}) {
        const Scalar good = std::exchange(numbers[i], bad);
        found = found && !detail::all_finite(numbers.data(), static_cast<Index>(size)) &&
                !std::isfinite(detail::largest_magnitude(column(numbers)));
        numbers[i] = good;
      }
    CHECK(found);
    bool largest = true;
    for (std::size_t i = 0; i < size; ++i) {
      std::vector<Scalar> small(size, Scalar(-2));
      small[i] = Scalar(-3);
      largest = largest && detail::largest_magnitude(column(small)) == 3;
    }
    CHECK(largest);
  }
}

}  // namespace

TEST_CASE("a number that is not finite is found wherever it is") {
  one_number_that_is_not_finite<float>();
  one_number_that_is_not_finite<double>();
  one_number_that_is_not_finite<long double>();
}

TEST_CASE("a number that is not finite is found in a view with gaps") {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  // Every number of `inner`, and what lies beside it in `numbers`.
  const auto check = [&](auto& numbers, auto inner) {
    inner.setOnes();
    CHECK(detail::all_finite(view<float>(inner)));
    bool found = true;
    for (Index i = 0; i < inner.rows(); ++i)
      for (Index j = 0; j < inner.cols(); ++j) {
        inner(i, j) = infinity;
        found = found && !detail::all_finite(view<float>(inner));
        inner(i, j) = 1;
      }
    CHECK(found);
    numbers.setConstant(infinity);
    inner.setOnes();
    CHECK(detail::all_finite(view<float>(inner)));
  };
  Eigen::MatrixXf by_columns(23, 11);
  check(by_columns, by_columns.block(2, 3, 19, 5));
  Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> by_rows(23, 41);
  check(by_rows, by_rows.block(2, 3, 19, 35));
  // No two numbers side by side.
  using Strides = Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>;
  check(by_columns, Eigen::Map<Eigen::MatrixXf, 0, Strides>(by_columns.data(), 7, 11, Strides(23, 3)));
}
