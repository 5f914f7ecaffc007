// The register forms of the activations against their readable forms, and independence of the place of an element.

#include <cmath>
#include <limits>
#include <vector>

#include "lamina/activations.hpp"
#include "lamina/core/random.hpp"
#include "support/catch.hpp"

namespace {

using namespace lamina;

/// Numbers of all sizes, kinks, infinities and NaN; the matrix has a gap below each column when `gap` says so.
template <class Scalar>
std::vector<Scalar> numbers() {
  Random random(6);
  std::vector<Scalar> z{0, -Scalar(0), 1, -1, 3, -3, 6, -6, 100, -100};
  constexpr Scalar infinity = std::numeric_limits<Scalar>::infinity();
  z.insert(z.end(),
           {infinity, -infinity, std::numeric_limits<Scalar>::max(), std::numeric_limits<Scalar>::lowest(),
            std::numeric_limits<Scalar>::min(), std::numeric_limits<Scalar>::quiet_NaN()});
  for (int i = 0; i < 2000; ++i) {
    z.push_back(static_cast<Scalar>(random.normal() * 3));
    z.push_back(static_cast<Scalar>(random.normal() * std::exp(random.uniform() * 30 - 20)));
  }
  return z;
}

bool same(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

template <class G, class Scalar>
void check(const G& g) {
  INFO(G::name << ", " << sizeof(Scalar) * 8 << " bits");
  static_assert(detail::InRegisters<G, Scalar>);
  static_assert(!detail::InRegisters<G, long double>);
  using Array = Eigen::Array<Scalar, Eigen::Dynamic, 1>;
  using Matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>;
  const std::vector<Scalar> z = numbers<Scalar>();
  const Index n = static_cast<Index>(z.size());
  const Array Z = Eigen::Map<const Array>(z.data(), n);
  const Array A = g.g(Z), d = g.derivative(Z, A);

  Matrix in = Z.matrix(), out(n, 1), slope = Matrix::Ones(n, 1);
  apply(g, in, out);
  const Matrix readable = A.matrix();
  apply_derivative(g, in, readable, slope);

  // The elementary functions are good to some units in the last place, here and in the readable forms; derivatives are
  // differences of numbers near 1, so their error is one of 1. NaN is left to the register forms: they keep it.
  const Scalar epsilon = std::numeric_limits<Scalar>::epsilon();
  int wrong = 0;
  for (Index i = 0; i < n; ++i) {
    if (std::isnan(Z[i])) {
      if (!std::isnan(out(i))) ++wrong;
      continue;
    }
    if (!same(out(i), A[i]) &&
        !(std::abs(out(i) - A[i]) <= 16 * epsilon * std::abs(A[i]) + 2 * std::numeric_limits<Scalar>::min()))
      ++wrong;
    if (!same(slope(i), d[i]) && !(std::abs(slope(i) - d[i]) <= 32 * epsilon)) ++wrong;
    if (wrong > 0) {
      CAPTURE(Z[i], out(i), A[i], slope(i), d[i]);
      FAIL_CHECK("the two forms differ");
      return;
    }
  }
  CHECK(wrong == 0);

  // Element by element, in columns of every length, with and without gaps: the same bits.
  for (const Index rows : {1, 3, 7, 16, 33, 100})
    for (const Index gap : {0, 5}) {
      const Index columns = n / rows;
      Matrix buffer = Matrix::Constant(rows + gap, columns, Scalar(9)), result = buffer;
      for (Index j = 0; j < columns; ++j)
        for (Index i = 0; i < rows; ++i) buffer(i, j) = z[static_cast<std::size_t>(i + j * rows)];
      auto from = buffer.topRows(rows);
      auto to = result.topRows(rows);
      apply(g, from, to);
      int differ = 0;
      for (Index j = 0; j < columns; ++j) {
        for (Index i = 0; i < rows; ++i) differ += !same(to(i, j), out(i + j * rows));
        for (Index i = rows; i < rows + gap; ++i) differ += result(i, j) != 9;
      }
      CAPTURE(rows, gap);
      CHECK(differ == 0);
    }
}

}  // namespace

TEMPLATE_TEST_CASE("activations: registers and expressions agree", "", float, double) {
  check<ReLU, TestType>({});
  check<LeakyReLU, TestType>({.slope = 0.2});
  check<Tanh, TestType>({});
  check<Sigmoid, TestType>({});
  check<SiLU, TestType>({});
  check<ELU, TestType>({.alpha = 0.7});
  check<SELU, TestType>({});
  check<CELU, TestType>({.alpha = 1.5});
  check<GELUTanh, TestType>({});
  check<HardTanh, TestType>({});
  check<ReLU6, TestType>({});
  check<HardSigmoid, TestType>({});
  check<HardSwish, TestType>({});
}
