// The products of training against three nested loops. Small integers are exact in every scalar and in every order of
// summation, so equality is bit by bit.

#include "lamina/core/product.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <random>
#include <type_traits>
#include <utility>
#include <vector>

#include "lamina/core/random.hpp"
#include "support/catch.hpp"

namespace test_product {

namespace {

namespace detail = lamina::detail;
using lamina::ConstTile;
using lamina::GradientUse;
using lamina::Index;
using lamina::Tile;

/// A matrix in the upper rows of a buffer with more rows, at an odd offset: the rest of the buffer is marked.
template <class Scalar>
class Buffer {
 public:
  static constexpr int mark = 12345;

  /// Small integers; a plain generator, as sanitizers take long for lamina::Random.
  Buffer(Index rows, Index columns, Index spare, std::minstd_rand& random)
      : rows_(rows),
        columns_(columns),
        stride_(rows + spare),
        memory_(static_cast<std::size_t>(offset + stride_ * columns + 1), Scalar(mark)) {
    for (Index j = 0; j < columns; ++j)
      for (Index i = 0; i < rows; ++i)
        memory_[at(i, j)] = static_cast<Scalar>(static_cast<int>(random() / 256 % 9) - 4);
  }

  Scalar operator()(Index i, Index j) const { return memory_[at(i, j)]; }
  Scalar& operator()(Index i, Index j) { return memory_[at(i, j)]; }
  Tile<Scalar> tile() { return {memory_.data() + offset, rows_, columns_, Eigen::OuterStride<>(stride_)}; }
  ConstTile<Scalar> constant() const {
    return {memory_.data() + offset, rows_, columns_, Eigen::OuterStride<>(stride_)};
  }
  /// The rows between the columns' ends and beginnings.
  void pad_with(Scalar x) {
    for (Index j = 0; j < columns_; ++j)
      for (Index i = rows_; i < stride_; ++i) memory_[at(i, j)] = x;
  }
  friend bool operator==(const Buffer& a, const Buffer& b) { return a.memory_ == b.memory_; }

 private:
  static constexpr Index offset = 1;

  std::size_t at(Index i, Index j) const { return static_cast<std::size_t>(offset + i + j * stride_); }

  Index rows_, columns_, stride_;
  std::vector<Scalar> memory_;
};

/// Aᵀ as the engine keeps it, in panels; what is beyond its rows must not count.
template <class Scalar>
std::vector<Scalar> in_panels(const Buffer<Scalar>& A) {
  const Index rows = A.constant().cols(), depth = A.constant().rows();
  constexpr Index granule = 16;
  std::vector<Scalar> memory(static_cast<std::size_t>((rows + granule - 1) / granule * granule * depth + 1),
                             std::numeric_limits<Scalar>::quiet_NaN());
  const detail::Panels<Scalar> panels{memory.data(), rows, depth};
  for (Index first = 0; first < rows; first += panels.width())
    for (Index j = first; j < std::min(rows, first + panels.width()); ++j)
      for (Index i = 0; i < depth; ++i) *panels.from(first).at(j - first, i) = A(i, j);
  return memory;
}

/// A matrix, or its transpose, by its first element and strides: sanitizers take long for anything more.
template <class Scalar>
struct Strided {
  const Scalar* data;
  Index row_stride, column_stride;

  Strided transposed() const { return {data, column_stride, row_stride}; }
};

/// start + Σₗ aₗ·bₗ. Not looked at by sanitizers, which would take most of the tests' time here.
template <class Scalar>
#if defined(__GNUC__)
__attribute__((no_sanitize("address"), no_sanitize("undefined")))
#endif
Scalar
sum_of_products(Scalar start, const Scalar* a, Index a_stride, const Scalar* b, Index b_stride, Index count) {
  for (Index l = 0; l < count; ++l, a += a_stride, b += b_stride) start += *a * *b;
  return start;
}

/// The products of the library and of three loops. All of C's buffer is compared, so that a write beyond C is seen.
template <class Scalar>
bool all_products_agree(Index m, Index n, Index k, Index spare) {
  std::minstd_rand random(static_cast<std::uint32_t>(m + 300 * (n + 300 * k)));
  using Matrix = Buffer<Scalar>;
  bool agree = true;
  const auto strided = [](const Matrix& M) {
    return Strided<Scalar>{M.constant().data(), 1, M.constant().outerStride()};
  };
  const auto compare = [&](const Matrix& before, auto library, auto start, const Strided<Scalar>& a,
                           const Strided<Scalar>& b) {
    Matrix got = before, want = before;
    Tile<Scalar> C = got.tile();
    library(C);
    for (Index i = 0; i < C.rows(); ++i)
      for (Index j = 0; j < C.cols(); ++j)
        want(i, j) = sum_of_products(start(i, j), a.data + i * a.row_stride, a.column_stride,
                                     b.data + j * b.column_stride, b.row_stride, k);
    agree = agree && got == want;
  };
  const auto zero = [](Index, Index) { return Scalar(0); };
  {
    const Matrix A(m, k, spare, random), B(k, n, spare, random), C(m, n, spare, random),
        b(1, n + 1, 0, random);
    compare(
        C, [&](Tile<Scalar>& T) { detail::multiply(detail::product(A.constant(), B.constant(), T)); }, zero,
        strided(A), strided(B));
    compare(
        C,
        [&](Tile<Scalar>& T) {
          detail::multiply(detail::product(A.constant(), B.constant(), T, b.constant().data()));
        },
        [&](Index, Index j) { return b(0, j); }, strided(A), strided(B));
  }
  {
    const Matrix A(m, k, spare, random), B(n, k, spare, random), C(m, n, spare, random);
    compare(
        C,
        [&](Tile<Scalar>& T) {
          detail::multiply(detail::product_with_transposed(A.constant(), B.constant(), T));
        },
        zero, strided(A), strided(B).transposed());
  }
  for (const GradientUse use : {GradientUse::write, GradientUse::add, GradientUse::hand_over})
    for (const auto& [transposed, padded] : {std::pair(false, false), {false, true}, {true, false}}) {
      const Index apart = padded ? 16 : spare;
      Matrix A(k, m, apart, random), B(k, n, apart, random);
      const Matrix C(m, n, spare, random);
      if (padded) {  // what may be read there does not count
        A.pad_with(std::numeric_limits<Scalar>::quiet_NaN());
        B.pad_with(std::numeric_limits<Scalar>::infinity());
      }
      const std::vector<Scalar> At = in_panels(A);
      const bool given = transposed, to_registers = padded;  // clang 14 captures no structured bindings
      compare(
          C,
          [&](Tile<Scalar>& T) {
            std::vector<int> times(static_cast<std::size_t>(n), 0);
            // What is handed over is looked at when it is handed over.
            Matrix taken = C;
            detail::multiply(detail::transposed_product(A.constant(), given ? At.data() : nullptr,
                                                        B.constant(), T, use, to_registers),
                             lamina::Team(), [&](Index first, Index columns, const Scalar* derivatives) {
                               for (Index j = first; j < first + columns; ++j) {
                                 ++times[static_cast<std::size_t>(j)];
                                 for (Index i = 0; i < m; ++i)
                                   taken(i, j) = derivatives[i + (j - first) * T.outerStride()];
                               }
                             });
            agree = agree && std::all_of(times.begin(), times.end(), [](int x) { return x == 1; });
            if (use == GradientUse::hand_over) {
              T = taken.constant();
            } else {
              agree = agree && T == taken.constant();
            }
          },
          [&](Index i, Index j) { return use == GradientUse::add ? C(i, j) : Scalar(0); },
          strided(A).transposed(), strided(B));
    }
  return agree;
}

template <class Scalar>
void check_all() {
  // A scalar without registers has the loops of one lane, and no kernels for the ends of registers.
  constexpr bool in_registers = !std::is_same_v<lamina::simd::Register<Scalar>, Scalar>;
  const std::vector<Index> small{1, 2, 3, 4, 5, 6, 7, 8, 9};
  const std::vector<Index> large = in_registers ? std::vector<Index>{15, 16, 17, 31, 32, 33, 64, 130, 257}
                                                : std::vector<Index>{17, 33, 130};
  int checked = 0;
  const auto check = [&](Index m, Index n, Index k, Index spare) {
    ++checked;
    if (all_products_agree<Scalar>(m, n, k, spare)) return;
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
  check(1030, 70, 40, 1);  // columns of C in several parts
  // One sample, its numbers side by side: A's and C's, and in Aᵀ·B those of A and B.
  for (const Index a : {1, 3, 7, 8, 16, 33, 70})
    for (const Index b : {1, 2, 5, 8, 15, 16, 35, 100}) {
      check(1, a, b, 0);
      check(a, b, 1, 0);
    }
  if (in_registers) {
    for (const Index a : large) check(a, a, a, 1);
    check(257, 130, 513, 2);
    check(100, 300, 400, 0);  // large enough for copies of A and of B
    check(130, 256, 256, 0);
    check(70, 150, 600, 10);   // rows of B more than 2 KiB apart
    check(97, 140, 300, 724);  // far apart in memory, and so fetched ahead
    check(290, 64, 70, 724);   // rows that are copied in two parts
    check(10, 850, 300, 0);    // columns that are done to the end one part after the other
    // Few rows, alone and after others: sums in several parts, and columns of all kinds.
    check(4, 300, 1100, 1);
    check(18, 20, 1100, 1);
    for (const Index m : {1, 2, 3, 4, 5, 8, 20, 56}) check(m, 79, 130, 0);
  }
  // Nothing to sum, and nothing to write.
  check(5, 7, 0, 1);
  check(0, 7, 3, 1);
  check(5, 0, 3, 1);
  CHECK(checked ==
        (in_registers ? 729 + 540 + 1 + 112 + 9 + 7 + 10 + 3 : 729 + 180 + 1 + 112 + 3));  // none is left out
}

}  // namespace

TEST_CASE("product: float") { check_all<float>(); }
TEST_CASE("product: double") { check_all<double>(); }
TEST_CASE("product: long double") { check_all<long double>(); }

// Far apart in memory, so that panels of A are copied, the last of them not full.
TEMPLATE_TEST_CASE("product: of tiles whose rows beyond the last may be touched", "", float, double) {
  std::minstd_rand random(8);
  constexpr Index m = 39, n = 770, k = 60;
  Buffer<TestType> A(m, k, 200, random), B(k, n, 3, random), C(m, n, 16, random);
  A.pad_with(std::numeric_limits<TestType>::quiet_NaN());
  Tile<TestType> to = C.tile();
  detail::multiply(detail::product<TestType>(A.constant(), B.constant(), to, nullptr, true));
  bool agree = true;
  for (Index i = 0; i < m; ++i)
    for (Index j = 0; j < n; ++j) {
      TestType sum = 0;
      for (Index l = 0; l < k; ++l) sum += A(i, l) * B(l, j);
      agree = agree && C(i, j) == sum;
    }
  CHECK(agree);
}

TEMPLATE_TEST_CASE("product: the transpose of a tile", "", float, double, long double) {
  lamina::Random random(3);
  for (const Index t : {1, 2, 7, 16, 33, 100})
    for (const Index n : {1, 3, 8, 17, 40}) {
      const Index rows = (t + 15) / 16 * 16, stride = (n + 15) / 16 * 16;
      Eigen::Matrix<TestType, Eigen::Dynamic, Eigen::Dynamic> A(rows, n), T(stride, t);
      for (Index i = 0; i < A.size(); ++i) A(i) = static_cast<TestType>(random.normal());
      T.setZero();
      detail::transpose<TestType>({A.data(), 1, rows}, {T.data(), 1, stride}, t, {0, n});
      CAPTURE(t, n);
      CHECK(T.topRows(n) == A.topRows(t).transpose());
    }
}

TEMPLATE_TEST_CASE("product: the transpose of some columns", "", float, double, long double) {
  lamina::Random random(5);
  const Index t = 21, rows = 32, n = 48, stride = 64;
  Eigen::Matrix<TestType, Eigen::Dynamic, Eigen::Dynamic> A(rows, n), T(stride, t + 1);
  for (Index i = 0; i < A.size(); ++i) A(i) = static_cast<TestType>(random.normal());
  T.setConstant(7);
  detail::transpose<TestType>({A.data(), 1, rows}, {T.data(), 1, stride}, t, {16, 32});
  CHECK(T.block(16, 0, 16, t) == A.block(0, 16, t, 16).transpose());
  CHECK((T.topRows(16).array() == TestType(7)).all());
  CHECK((T.bottomRows(32).array() == TestType(7)).all());
  CHECK((T.col(t).array() == TestType(7)).all());
}

TEMPLATE_TEST_CASE("product: the transpose of a tile in panels", "", float, double, long double) {
  std::minstd_rand random(6);
  for (const Index t : {1, 7, 33})
    for (const Index n : {1, 5, 16, 23, 64, 100}) {
      Buffer<TestType> A(t, n, 16, random);
      std::vector<TestType> want = in_panels(A), got = want;
      std::fill(got.begin(), got.end(), TestType(0));
      const detail::Panels<TestType> panels{got.data(), n, t};
      const Index width = panels.width(), half = n / width / 2 * width;  // by two threads
      for (const auto& [j0, j1] : {std::pair<Index, Index>{0, half}, {half, n}})
        detail::transpose<TestType>({A.constant().data(), 1, A.constant().outerStride()}, panels, {j0, j1});
      CAPTURE(t, n);
      for (std::size_t i = 0; i < want.size(); ++i)
        if (want[i] == want[i]) CHECK(got[i] == want[i]);  // the others are beyond A
    }
}

TEMPLATE_TEST_CASE("product: the sums of columns", "", float, double, long double) {
  std::minstd_rand random(4);
  for (const Index t : {1, 5, 16, 37})
    for (const Index n : {1, 3, 4, 9, 17}) {
      Buffer<TestType> A(t, n, 2, random), padded(t, n, 16, random);
      padded.pad_with(std::numeric_limits<TestType>::quiet_NaN());
      padded.tile() = A.constant();
      std::vector<TestType> s(static_cast<std::size_t>(n), TestType(2)), want = s;
      detail::sum_columns(A.constant(), {0, n}, s.data(), true);
      for (Index j = 0; j < n; ++j)
        for (Index i = 0; i < t; ++i) want[static_cast<std::size_t>(j)] += A(i, j);
      CHECK(s == want);
      detail::sum_columns(padded.constant(), {0, n}, s.data(), false, true);
      for (auto& w : want) w -= 2;
      CHECK(s == want);
      for (auto& w : want) w += 2;
      detail::sum_columns(A.constant(), {0, n}, s.data(), false);
      for (auto& w : want) w -= 2;
      CHECK(s == want);
    }
  Buffer<TestType> one(1, 21, 0, random);  // its columns are side by side
  std::vector<TestType> s(21, TestType(2));
  for (const bool add : {true, false}) {
    detail::sum_columns(one.constant(), {3, 21}, s.data(), add);
    for (Index j = 0; j < 21; ++j)
      CHECK(s[static_cast<std::size_t>(j)] == (j < 3 ? 2 : one(0, j) + (add ? 2 : 0)));
  }
}

// Numbers that are not exact: the error of a sum of k products is at most about k·ε·Σ|a|·|b|.
TEST_CASE("product: rounding stays small") {
  constexpr Index m = 67, n = 29, k = 600;
  lamina::Random random(1);
  Eigen::MatrixXd A(m, k), B(k, n), C = Eigen::MatrixXd::Zero(m, n), D = C, E = C;
  for (Index i = 0; i < A.size(); ++i) A(i) = random.normal();
  for (Index i = 0; i < B.size(); ++i) B(i) = random.normal();
  const Eigen::MatrixXd At = A.transpose(), Bt = B.transpose();
  const auto constant = [](const Eigen::MatrixXd& M) { return detail::tile(M.data(), M.rows(), M.cols()); };
  const auto tile = [](Eigen::MatrixXd& M) { return detail::tile(M.data(), M.rows(), M.cols()); };
  auto c = tile(C), d = tile(D), e = tile(E);
  detail::multiply(detail::product(constant(A), constant(B), c));
  detail::multiply(detail::product_with_transposed(constant(A), constant(Bt), d));
  detail::multiply(
      detail::transposed_product<double>(constant(At), nullptr, constant(B), e, GradientUse::write),
      lamina::Team(), [](Index, Index, const double*) {});

  using Wide = Eigen::Matrix<long double, Eigen::Dynamic, Eigen::Dynamic>;
  const Wide exact = A.cast<long double>() * B.cast<long double>();
  const double bound = k * std::numeric_limits<double>::epsilon() * (A.cwiseAbs() * B.cwiseAbs()).maxCoeff();
  for (const Eigen::MatrixXd* result : {&C, &D, &E})
    CHECK(static_cast<double>((result->cast<long double>() - exact).cwiseAbs().maxCoeff()) <= bound);
}

}  // namespace test_product
