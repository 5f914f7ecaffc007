// The three products of training against three nested loops. Small integers are exact in every scalar and in every order
// of summation, so equality is bit by bit.

#include "lamina/core/product.hpp"

#include <algorithm>
#include <vector>

#include "lamina/core/random.hpp"
#include "support/catch.hpp"

namespace {

using lamina::ConstTile;
using lamina::Index;
using lamina::Tile;

/// A matrix in the upper rows of a buffer with more rows, at an odd offset: the rest of the buffer is marked.
template <class Scalar>
class Buffer {
 public:
  static constexpr int mark = 12345;

  Buffer(Index rows, Index columns, Index spare, lamina::Random& random)
      : rows_(rows),
        columns_(columns),
        stride_(rows + spare),
        memory_(static_cast<std::size_t>(offset + stride_ * columns + 1), Scalar(mark)) {
    for (Index j = 0; j < columns; ++j)
      for (Index i = 0; i < rows; ++i)
        memory_[at(i, j)] = static_cast<Scalar>(static_cast<int>(random.below(9)) - 4);
  }

  Scalar operator()(Index i, Index j) const { return memory_[at(i, j)]; }
  Scalar& operator()(Index i, Index j) { return memory_[at(i, j)]; }
  Tile<Scalar> tile() { return {memory_.data() + offset, rows_, columns_, Eigen::OuterStride<>(stride_)}; }
  ConstTile<Scalar> constant() const {
    return {memory_.data() + offset, rows_, columns_, Eigen::OuterStride<>(stride_)};
  }
  friend bool operator==(const Buffer& a, const Buffer& b) { return a.memory_ == b.memory_; }

 private:
  static constexpr Index offset = 1;

  std::size_t at(Index i, Index j) const { return static_cast<std::size_t>(offset + i + j * stride_); }

  Index rows_, columns_, stride_;
  std::vector<Scalar> memory_;
};

/// C += A·B, and the two with a transposed factor, of the library and of three loops. All of C's buffer is compared, so
/// that a write beyond C is seen.
template <class Scalar>
bool all_products_agree(Index m, Index n, Index k, Index spare) {
  lamina::Random random(static_cast<std::uint64_t>(m + 300 * (n + 300 * k)));
  using Matrix = Buffer<Scalar>;
  bool agree = true;
  const auto compare = [&](const Matrix& before, auto library, auto element) {
    Matrix got = before, want = before;
    Tile<Scalar> C = got.tile();
    library(C);
    for (Index i = 0; i < C.rows(); ++i)
      for (Index j = 0; j < C.cols(); ++j)
        for (Index l = 0; l < k; ++l) want(i, j) += element(i, j, l);
    agree = agree && got == want;
  };
  {  // C += A·B
    const Matrix A(m, k, spare, random), B(k, n, spare, random), C(m, n, spare, random);
    compare(
        C, [&](Tile<Scalar>& T) { lamina::add_product(A.constant(), B.constant(), T); },
        [&](Index i, Index j, Index l) { return A(i, l) * B(l, j); });
  }
  {  // C += A·Bᵀ
    const Matrix A(m, k, spare, random), B(n, k, spare, random), C(m, n, spare, random);
    compare(
        C, [&](Tile<Scalar>& T) { lamina::add_product_transposed(A.constant(), B.constant(), T); },
        [&](Index i, Index j, Index l) { return A(i, l) * B(j, l); });
  }
  {  // C += Aᵀ·B
    const Matrix A(k, m, spare, random), B(k, n, spare, random), C(m, n, spare, random);
    compare(
        C, [&](Tile<Scalar>& T) { lamina::add_transposed_product(A.constant(), B.constant(), T); },
        [&](Index i, Index j, Index l) { return A(l, i) * B(l, j); });
  }
  return agree;
}

template <class Scalar>
void check_all() {
  const std::vector<Index> small{1, 2, 3, 4, 5, 6, 7, 8, 9}, large{15, 16, 17, 31, 32, 33, 64, 130, 257};
  int agree = 0;
  const auto check = [&agree](Index m, Index n, Index k, Index spare) {
    if (all_products_agree<Scalar>(m, n, k, spare)) {
      ++agree;
      return;
    }
    CAPTURE(sizeof(Scalar), m, n, k, spare);
    FAIL_CHECK("the products differ");
  };
  for (const Index m : small)
    for (const Index n : small)
      for (const Index k : small) check(m, n, k, (m + n + k) % 4);
  // Each large extent with small and large others.
  for (const Index a : large)
    for (const Index b : {Index(1), Index(5), Index(6), Index(7), Index(33)})
      for (const Index c : {Index(1), Index(3), Index(4), Index(16)}) {
        check(a, b, c, 3);
        check(b, a, c, 0);
        check(b, c, a, 5);
      }
  for (const Index a : large) check(a, a, a, 1);
  check(257, 130, 513, 2);
  // Nothing to sum, and nothing to write.
  check(5, 7, 0, 1);
  check(0, 7, 3, 1);
  check(5, 0, 3, 1);
  CHECK(agree == 9 * 9 * 9 + 9 * 5 * 4 * 3 + 9 + 1 + 3);
}

}  // namespace

TEST_CASE("product: float") { check_all<float>(); }
TEST_CASE("product: double") { check_all<double>(); }
TEST_CASE("product: long double") { check_all<long double>(); }

// Numbers that are not exact: the error of a sum of k products is at most about k·ε·Σ|a|·|b|.
TEST_CASE("product: rounding stays small") {
  constexpr Index m = 67, n = 29, k = 600;
  lamina::Random random(1);
  Eigen::MatrixXd A(m, k), B(k, n), C = Eigen::MatrixXd::Zero(m, n), D = C, E = C;
  for (Index i = 0; i < A.size(); ++i) A(i) = random.normal();
  for (Index i = 0; i < B.size(); ++i) B(i) = random.normal();
  const Eigen::MatrixXd At = A.transpose(), Bt = B.transpose();
  const auto constant = [](const Eigen::MatrixXd& M) {
    return lamina::detail::tile(M.data(), M.rows(), M.cols());
  };
  const auto tile = [](Eigen::MatrixXd& M) { return lamina::detail::tile(M.data(), M.rows(), M.cols()); };
  auto c = tile(C), d = tile(D), e = tile(E);
  lamina::add_product(constant(A), constant(B), c);
  lamina::add_product_transposed(constant(A), constant(Bt), d);
  lamina::add_transposed_product(constant(At), constant(B), e);

  using Wide = Eigen::Matrix<long double, Eigen::Dynamic, Eigen::Dynamic>;
  const Wide exact = A.cast<long double>() * B.cast<long double>();
  const double bound = k * std::numeric_limits<double>::epsilon() * (A.cwiseAbs() * B.cwiseAbs()).maxCoeff();
  for (const Eigen::MatrixXd* result : {&C, &D, &E})
    CHECK(static_cast<double>((result->cast<long double>() - exact).cwiseAbs().maxCoeff()) <= bound);
}
