// Initial weights: the same bits everywhere, the right variances, orthogonality, options.

#include "lamina/initializers.hpp"

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "support/catch.hpp"

namespace {

using namespace lamina;
using Catch::Matchers::ContainsSubstring;

template <class Scalar>
using Matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>;

struct Moments {
  double mean, variance, largest;
};

template <class Initializer>
Moments moments(const Initializer& fill, Index rows, Index columns) {
  Matrix<double> W(rows, columns);
  Random random(31);
  fill(W, random);
  const double mean = W.mean();
  return {mean, (W.array() - mean).square().mean(), W.cwiseAbs().maxCoeff()};
}

/// The mean is 0 and the variance as wanted, to five deviations of their estimates from n numbers
/// (significance below 10⁻⁶; the seed is fixed). The fourth moment of a normal distribution is 3σ⁴, of a
/// uniform one 1.8σ⁴.
template <class Initializer>
void check_variance(const Initializer& fill, Index rows, Index columns, double variance, bool uniform) {
  const double n = static_cast<double>(rows * columns);
  const auto [mean, got, largest] = moments(fill, rows, columns);
  CAPTURE(rows, columns, variance, mean, got);
  CHECK(std::abs(mean) < 5 * std::sqrt(variance / n));
  CHECK(std::abs(got - variance) < 5 * variance * std::sqrt((uniform ? 0.8 : 2.0) / n));
  if (uniform) {
    CHECK(largest <= std::sqrt(3 * variance));
    CHECK(largest > std::sqrt(3 * variance) * 0.999);
  } else {
    CHECK(largest > 3.5 * std::sqrt(variance));
  }
}

/// The bits of all elements, mixed (FNV-1a).
template <class Derived>
std::uint64_t hash(const Eigen::MatrixBase<Derived>& W) {
  std::uint64_t h = 1469598103934665603u;
  for (Index j = 0; j < W.cols(); ++j)
    for (Index i = 0; i < W.rows(); ++i)
      h = (h ^ std::bit_cast<std::uint64_t>(static_cast<double>(W(i, j)))) * 1099511628211u;
  return h;
}

}  // namespace

TEST_CASE("initializers: variances") {
  for (const auto& [rows, columns] : {std::pair<Index, Index>{300, 200}, {150, 500}}) {
    const double in = static_cast<double>(rows), out = static_cast<double>(columns);
    check_variance(GlorotUniform{}, rows, columns, 2 / (in + out), true);
    check_variance(GlorotNormal{}, rows, columns, 2 / (in + out), false);
    check_variance(HeUniform{}, rows, columns, 2 / in, true);
    check_variance(HeNormal{}, rows, columns, 2 / in, false);
    check_variance(LeCunUniform{}, rows, columns, 1 / in, true);
    check_variance(LeCunNormal{}, rows, columns, 1 / in, false);
    check_variance(Uniform{.low = -3, .high = 3}, rows, columns, 3, true);
    check_variance(Normal{.mean = 0, .standard_deviation = 4}, rows, columns, 16, false);
  }
  CHECK(moments(Normal{.mean = 7, .standard_deviation = 0}, 20, 20).mean == 7);
  CHECK(std::abs(moments(Normal{.mean = 7, .standard_deviation = 0.1}, 100, 100).mean - 7) < 0.005);
  CHECK(std::abs(moments(Uniform{.low = 1, .high = 3}, 100, 100).mean - 2) < 0.03);
}

TEMPLATE_TEST_CASE("initializers: zeros and constants", "", float, double, long double) {
  Random random(1);
  Matrix<TestType> W = Matrix<TestType>::Random(3, 4);
  Constant{.value = 0.1}(W, random);
  CHECK((W.array() == static_cast<TestType>(0.1)).all());
  Zeros{}(W, random);
  CHECK(W.isZero(0));
  CHECK(random == Random(1));  // neither draws
}

TEST_CASE("initializers: the default of each family of activations") {
  const auto fill = [](auto&& rule) {
    Random random(4);
    Matrix<double> W(6, 5);
    rule(W, random);
    return W;
  };
  CHECK(fill([](auto& W, Random& random) { initialize_weights(WeightScale::glorot, W, random); }) ==
        fill(GlorotUniform{}));
  CHECK(fill([](auto& W, Random& random) { initialize_weights(WeightScale::he, W, random); }) ==
        fill(HeNormal{}));
  CHECK(fill([](auto& W, Random& random) { initialize_weights(WeightScale::lecun, W, random); }) ==
        fill(LeCunNormal{}));
}

TEST_CASE("initializers: any matrix, column by column, each number rounded once") {
  Random random(4), same(4), narrow(4), drawn(4);
  Matrix<double> W(3, 2), all = Matrix<double>::Constant(5, 5, 9);
  Normal{}(W, random);
  Normal{}(all.block(1, 2, 3, 2), same);  // a temporary view
  CHECK(all.block(1, 2, 3, 2) == W);
  CHECK(all(0, 2) == 9);
  Eigen::Matrix<float, 3, 2, Eigen::RowMajor> F;
  Normal{}(F, narrow);
  for (Index j = 0; j < 2; ++j)
    for (Index i = 0; i < 3; ++i) {
      const double z = drawn.normal();
      CHECK(W(i, j) == z);
      CHECK(F(i, j) == static_cast<float>(z));
    }
}

TEMPLATE_TEST_CASE("Orthogonal: orthonormal columns, or rows when wide", "", float, double, long double) {
  const double tolerance = 32 * std::max(static_cast<double>(std::numeric_limits<TestType>::epsilon()),
                                         std::numeric_limits<double>::epsilon());
  for (const auto& [rows, columns] :
       std::vector<std::pair<Index, Index>>{{1, 1}, {5, 5}, {40, 40}, {60, 7}, {7, 60}, {1, 9}, {9, 1}}) {
    CAPTURE(rows, columns);
    Random random(6);
    Matrix<TestType> W(rows, columns);
    Orthogonal{.gain = 2}(W, random);
    const Matrix<double> Q = W.template cast<double>() / 2;
    const Matrix<double> G =
        rows >= columns ? Matrix<double>(Q.transpose() * Q) : Matrix<double>(Q * Q.transpose());
    CHECK((G - Matrix<double>::Identity(G.rows(), G.cols())).cwiseAbs().maxCoeff() < tolerance);
  }
}

TEST_CASE("Orthogonal: uniformly distributed, no sign or direction is preferred") {
  // Elements of a Haar matrix of order n have mean 0 and variance 1/n; its trace has mean 0 and variance 1,
  // and for a wide or tall one so have the sums of rows. Without unique signs the diagonal would lean to one
  // side.
  Random random(77);
  const int draws = 4000;
  double diagonal = 0, corner = 0, trace = 0, squares = 0;
  for (int k = 0; k < draws; ++k) {
    Matrix<double> Q(4, 4);
    Orthogonal{}(Q, random);
    diagonal += Q(0, 0);
    corner += Q(3, 0);
    trace += Q.trace();
    squares += Q(2, 1) * Q(2, 1);
  }
  CHECK(std::abs(diagonal) < 5 * std::sqrt(draws / 4.0));
  CHECK(std::abs(corner) < 5 * std::sqrt(draws / 4.0));
  CHECK(std::abs(trace) < 5 * std::sqrt(1.0 * draws));
  CHECK(std::abs(squares - draws / 4.0) <
        5 * std::sqrt(draws / 16.0));  // E q⁴ = 3/(n(n + 2)) = 1/8, variance 1/16
}

// As in core/test_random.cpp: from g++ 12 and clang++ 14 at every optimisation alike.
TEST_CASE("initializers: the same bits everywhere") {
  Random random(9);
  Matrix<float> F(30, 20);
  Matrix<double> W(30, 20), wide(13, 40), square(17, 17);
  GlorotUniform{}(F, random);
  CHECK(hash(F) == 0x1d02e84eb5f30da3u);
  HeNormal{}(F, random);
  CHECK(hash(F) == 0xb194486835f30da3u);
  Orthogonal{}(F, random);
  CHECK(hash(F) == 0xb68f7f4155f30da3u);
  GlorotUniform{}(W, random);
  CHECK(hash(W) == 0x4cc4607bf3d4a4bcu);
  GlorotNormal{}(W, random);
  CHECK(hash(W) == 0x734dcbcebcedc7b8u);
  HeUniform{}(W, random);
  CHECK(hash(W) == 0x7edb8e06ea70d1cfu);
  HeNormal{}(W, random);
  CHECK(hash(W) == 0x645d7cc47bec5e47u);
  LeCunUniform{}(W, random);
  CHECK(hash(W) == 0xba4ff85b802230a1u);
  LeCunNormal{}(W, random);
  CHECK(hash(W) == 0xfbc72fd3764eacacu);
  Uniform{}(W, random);
  CHECK(hash(W) == 0x119fc35aa1160715u);
  Normal{}(W, random);
  CHECK(hash(W) == 0x62b084a7cdd2c2bbu);
  Orthogonal{}(W, random);
  CHECK(hash(W) == 0x6948580ec847ccc9u);
  Orthogonal{}(wide, random);
  CHECK(hash(wide) == 0x7c22b44d63570f3du);
  Orthogonal{}(square, random);
  CHECK(hash(square) == 0x540d8d1d8fc50b73u);
}

TEMPLATE_TEST_CASE("Uniform: within its bounds as the scalar of W has them", "", float, double, long double) {
  const auto within = [](double low, double high) {
    Matrix<TestType> W(50, 50);
    Random random(1);
    Uniform{low, high}(W, random);
    CAPTURE(low, high);
    CHECK(W.minCoeff() >= low);
    CHECK(W.maxCoeff() < high);
  };
  within(1, 1.0000001);  // as a float, 1 and above 1.0000001
  within(0.99999999, 1.5);
  within(1.00000001, 1.0000003);  // as a float, below and between
  within(-1e-45, 1e-45);
  within(-3e38, 3e38);

  if constexpr (sizeof(TestType) > 4) within(-1.7e308, 1.7e308);  // whose distance is no double

  // Without a number between: the nearest.
  Matrix<TestType> W(2, 2);
  Random random(1);
  Uniform{0.5, 0.5}(W, random);
  CHECK((W.array() == TestType(0.5)).all());
  Uniform{1.00000001, 1.00000002}(W, random);
  CHECK(((W.array() - 1).abs() < TestType(3e-8)).all());
}

TEST_CASE("initializers: options that are infinite as the scalar of W are errors") {
  Random random(1);
  Matrix<float> W = Matrix<float>::Constant(2, 2, 5);
  CHECK_THROWS_WITH((Constant{1e39}(W, random)),
                    "Constant: value: expected a finite number of the weights' scalar, got 1e+39");
  CHECK_THROWS_AS((Normal{.mean = -1e39}(W, random)), OptionError);
  CHECK_THROWS_WITH((Normal{.standard_deviation = 1e300}(W, random)),
                    ContainsSubstring("standard_deviation") && ContainsSubstring("got 1e+300"));
  CHECK_THROWS_AS((Uniform{.low = -1e39}(W, random)), OptionError);
  CHECK_THROWS_AS((Uniform{.high = 1e39}(W, random)), OptionError);
  CHECK_THROWS_AS((Orthogonal{.gain = 1e39}(W, random)), OptionError);
  CHECK((W.array() == 5).all());
  CHECK(random == Random(1));
  Matrix<double> wide(2, 2);
  CHECK_NOTHROW(Constant{1e39}(wide, random));
}

TEST_CASE("initializers: options outside their domain are errors, and nothing is written") {
  constexpr double bad = std::numeric_limits<double>::quiet_NaN(),
                   inf = std::numeric_limits<double>::infinity();
  Random random(1);
  Matrix<double> W = Matrix<double>::Constant(2, 2, 5);
  CHECK_THROWS_AS((Constant{.value = bad}(W, random)), OptionError);
  CHECK_THROWS_AS((Normal{.mean = inf}(W, random)), OptionError);
  CHECK_THROWS_AS((Normal{.standard_deviation = -1}(W, random)), OptionError);
  CHECK_THROWS_AS((Normal{.standard_deviation = bad}(W, random)), OptionError);
  CHECK_THROWS_AS((Uniform{.low = 2, .high = 1}(W, random)), OptionError);
  CHECK_THROWS_AS((Uniform{.low = -inf}(W, random)), OptionError);
  CHECK_THROWS_AS((Orthogonal{.gain = inf}(W, random)), OptionError);
  CHECK_THROWS_WITH((Normal{.standard_deviation = -1}(W, random)),
                    ContainsSubstring("standard_deviation") && ContainsSubstring("got -1"));
  CHECK((W.array() == 5).all());
  CHECK(random == Random(1));
}
