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
  using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic>;
  Matrix numbers = Matrix::Constant(23, 11, 1);
  const auto inner = numbers.block(2, 3, 19, 5);
  const Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> by_rows = inner;
  CHECK(detail::all_finite(view<float>(inner)));
  CHECK(detail::all_finite(view<float>(by_rows)));
  numbers(1, 3) = numbers(2, 2) = numbers(21, 7) = std::numeric_limits<float>::infinity();  // around it
  CHECK(detail::all_finite(view<float>(inner)));
  numbers(20, 7) = std::numeric_limits<float>::infinity();
  CHECK_FALSE(detail::all_finite(view<float>(inner)));
}
