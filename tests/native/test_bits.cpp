// The products' sums, element by element, with the registers of this machine and optimised for it: compilers that fuse
// multiply-adds do not do so everywhere.

#include <utility>

#include "lamina/core/product.hpp"
#include "lamina/core/random.hpp"
#include "support/catch.hpp"

namespace test_bits {

namespace detail = lamina::detail;
using lamina::Index;

// What an element becomes must not depend on where in a block, a panel or a thread's share it lies. The numbers are not
// exact here: another order of summation would show.
TEMPLATE_TEST_CASE("product: every part of C is the same bits alone", "", float, double) {
  using Matrix = Eigen::Matrix<TestType, Eigen::Dynamic, Eigen::Dynamic>;
  lamina::Random random(5);
  const auto normal = [&](Index rows, Index columns) {
    Matrix M(rows, columns);
    for (Index i = 0; i < M.size(); ++i) M(i) = static_cast<TestType>(random.normal());
    return M;
  };
  constexpr Index n = 83, k = 300;
  const Matrix B = normal(k, n), Bt = B.transpose(), b = normal(1, n);
  const auto constant = [](const Matrix& M) { return detail::tile(M.data(), M.rows(), M.cols()); };
  // Rows that are whole registers; and two more, which are few of any register.
  for (const Index m : {128, 130}) {
    const Matrix A = normal(m, k);
    const auto parts_agree = [&](auto product) {
      Matrix whole(m, n);
      auto C = detail::tile(whole.data(), m, n);
      detail::multiply(product(C));
      for (const auto& [i0, i1] : {std::pair<Index, Index>{0, m}, {0, 16}, {16, 64}, {48, m}, {112, m}})
        for (const auto& [j0, j1] : {std::pair<Index, Index>{0, 83}, {0, 1}, {5, 13}, {60, 83}, {82, 83}}) {
          Matrix again = Matrix::Zero(m, n);
          auto to = detail::tile(again.data(), m, n);
          detail::multiply(detail::part(product(to), detail::Share(i0, i1), detail::Share(j0, j1)));
          CAPTURE(m, i0, i1, j0, j1);
          CHECK(again.block(i0, j0, i1 - i0, j1 - j0) == whole.block(i0, j0, i1 - i0, j1 - j0));
        }
    };
    parts_agree([&](auto& C) { return detail::product(constant(A), constant(B), C, b.data(), m == 128); });
    parts_agree([&](auto& C) { return detail::product_with_transposed(constant(A), constant(Bt), C); });
  }
  // The one row of a single sample.
  const Matrix a = normal(1, k);
  const auto same = [&](auto product) {
    Matrix whole(1, n);
    auto C = detail::tile(whole.data(), 1, n);
    detail::multiply(product(C));
    for (const auto& [j0, j1] : {std::pair<Index, Index>{0, 1}, {5, 13}, {60, 83}, {82, 83}}) {
      Matrix again(1, n);
      auto to = detail::tile(again.data(), 1, n);
      detail::multiply(detail::part(product(to), detail::Share(0, 1), detail::Share(j0, j1)));
      CAPTURE(j0, j1);
      CHECK(again.middleCols(j0, j1 - j0) == whole.middleCols(j0, j1 - j0));
    }
  };
  same([&](auto& C) { return detail::product(constant(a), constant(B), C, b.data()); });
  same([&](auto& C) { return detail::product_with_transposed(constant(a), constant(Bt), C); });
}

}  // namespace test_bits
