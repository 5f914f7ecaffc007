// What holds of every optimiser.

#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>
#include <vector>

#include "lamina/core/concepts.hpp"
#include "optimizers/every.hpp"
#include "support/catch.hpp"
#include "training/problems.hpp"

using namespace lamina;

namespace {

template <class Scalar>
using Vector = Eigen::Matrix<Scalar, Eigen::Dynamic, 1>;

constexpr Index n = 75;

template <class Scalar>
Vector<Scalar> start() {
  return problems::uniform<Scalar>(n, 1, 1);
}
template <class Scalar>
Vector<Scalar> gradient(int t) {
  return problems::uniform<Scalar>(n, 1, static_cast<std::uint64_t>(t + 10));
}

template <class Optimizer, class Scalar>
void steps(Optimizer& optimizer, Vector<Scalar>& theta, int first, int last) {
  for (int t = first; t < last; ++t) optimizer.step(theta, gradient<Scalar>(t));
}

template <class Scalar, class Optimizer>
void parts_make_a_step() {
  Vector<Scalar> whole = start<Scalar>(), parts = whole;
  auto one = every::busy<Optimizer>(), other = one;
  for (int t = 0; t < 8; ++t) {
    const Vector<Scalar> g = gradient<Scalar>(t);
    one.step(whole, g);
    other.template begin<Scalar>(n);
    for (Index first = 0, count = 1; first < n; first += count, count = count * 2 + 1)
      other.update(first, std::min(count, n - first), parts.data() + first, g.data() + first);
  }
  CHECK(whole == parts);
  CHECK(whole.allFinite());
}

template <class Scalar, class Optimizer>
void goes_on_from_its_state() {
  Vector<Scalar> theta = start<Scalar>();
  auto optimizer = every::busy<Optimizer>();
  steps(optimizer, theta, 0, 5);
  const auto& state = optimizer.state;
  CHECK(state.steps == 5);
  CHECK(state.scalar_kind() == (std::is_same_v<Scalar, float> ? 4 : std::is_same_v<Scalar, double> ? 8 : 16));
  CHECK(state.rows() == n);

  // As bytes, in a place without any alignment
  const std::size_t size = static_cast<std::size_t>(state.rows() * state.columns()) * sizeof(Scalar);
  std::vector<unsigned char> bytes(size + 1);
  std::memcpy(bytes.data() + 1, state.data(), size);
  auto again = every::busy<Optimizer>();
  again.state.restore(state.scalar_kind(), state.rows(), state.columns(), bytes.data() + 1, state.steps,
                      state.extra);

  Vector<Scalar> other = theta;
  steps(optimizer, theta, 5, 12);
  steps(again, other, 5, 12);
  CHECK(theta == other);

  // It is the state that does it.
  auto fresh = every::busy<Optimizer>();
  Vector<Scalar> without = start<Scalar>();
  steps(fresh, without, 5, 12);
  CHECK(without != theta);
}

}  // namespace

TEMPLATE_TEST_CASE("the parts of a step are the step", "[optimizers]", EVERY_OPTIMIZER) {
  static_assert(ElementwiseOptimizer<TestType, float> && ElementwiseOptimizer<TestType, long double>);
  static_assert(Optimizer<TestType, Eigen::VectorXd>);
  static_assert(std::is_aggregate_v<TestType>);
  parts_make_a_step<float, TestType>();
  parts_make_a_step<double, TestType>();
  parts_make_a_step<long double, TestType>();
}

TEMPLATE_TEST_CASE("an optimiser goes on from a copy of its state, bit for bit", "[optimizers]",
                   EVERY_OPTIMIZER) {
  goes_on_from_its_state<float, TestType>();
  goes_on_from_its_state<double, TestType>();
  goes_on_from_its_state<long double, TestType>();
}

// The same steps in three precisions. Quotients like m/√v and signs magnify roundings where they are small, so the
// bounds are a hundred units for the smooth ones, and loose enough for their amplification: 1e-4 of numbers near 1 in
// float; options are doubles, so that long double and double differ by double's roundings.
TEMPLATE_TEST_CASE("float, double and long double agree", "[optimizers]", EVERY_OPTIMIZER) {
  Vector<float> f = start<float>();
  Vector<double> d = f.cast<double>();
  Vector<long double> l = f.cast<long double>();
  auto of = every::busy<TestType>(), od = of, ol = of;
  for (int t = 0; t < 20; ++t) {
    const Vector<float> g = gradient<float>(t);
    of.step(f, g);
    od.step(d, Vector<double>(g.cast<double>()));
    ol.step(l, Vector<long double>(g.cast<long double>()));
  }
  CHECK((f.cast<double>() - d).cwiseAbs().maxCoeff() < 1e-4);
  CHECK((d.cast<long double>() - l).cwiseAbs().maxCoeff() < 1e-12L);
  CHECK((d - start<float>().cast<double>()).cwiseAbs().maxCoeff() > 2e-4);  // and they have gone somewhere
}

TEMPLATE_TEST_CASE("theta may be a matrix, a row, a view or rows of memory", "[optimizers]",
                   EVERY_OPTIMIZER) {
  const Eigen::MatrixXd W = problems::uniform(5, 15, 1), g = problems::uniform(5, 15, 2);
  const auto fresh = [] { return every::busy<TestType>(); };
  Eigen::MatrixXd whole = W;
  TestType matrix = fresh(), vector = fresh(), by_rows = fresh(), view = fresh();
  Eigen::VectorXd flat = W.reshaped();
  Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> rows = W;
  Eigen::MatrixXd larger = Eigen::MatrixXd::Constant(9, 20, 7);
  larger.block(2, 3, 5, 15) = W;
  for (int t = 0; t < 3; ++t) {
    matrix.step(whole, g);
    vector.step(flat, g.reshaped());
    by_rows.step(rows, 0.5 * g + 0.5 * g);
    view.step(larger.block(2, 3, 5, 15), g);
  }
  CHECK(whole != W);
  CHECK(flat == whole.reshaped());
  CHECK(Eigen::MatrixXd(rows) == whole);
  CHECK(larger.block(2, 3, 5, 15) == whole);
  larger.block(2, 3, 5, 15).setConstant(7);
  CHECK((larger.array() == 7).all());

  Eigen::RowVectorXd row = W.row(0);
  TestType of_row, of_column;
  Eigen::VectorXd column = row.transpose();
  of_row.step(row, g.row(0));
  of_column.step(column, g.row(0).transpose());
  CHECK(row.transpose() == column);
}

TEMPLATE_TEST_CASE("other parameters than before are refused, and nothing changes", "[optimizers]",
                   EVERY_OPTIMIZER) {
  using Catch::Matchers::ContainsSubstring;
  const std::string name(TestType::name);
  auto optimizer = every::busy<TestType>();
  Vector<double> theta = start<double>();
  CHECK_THROWS_WITH(optimizer.step(theta, Eigen::VectorXd::Ones(4)),
                    name + ": expected a gradient of 75 elements, got 4");
  Eigen::MatrixXd W = Eigen::MatrixXd::Ones(15, 5);
  CHECK_THROWS_WITH(optimizer.step(W, Eigen::MatrixXd::Ones(5, 15)),
                    name + ": expected a gradient of 15\u00d75, got 5\u00d715");
  CHECK(optimizer.state.steps == 0);
  CHECK(W == Eigen::MatrixXd::Ones(15, 5));

  optimizer.step(theta, gradient<double>(0));
  Eigen::VectorXd other = Eigen::VectorXd::Ones(n + 1);
  Eigen::VectorXf single = Eigen::VectorXf::Ones(n);
  CHECK_THROWS_AS(optimizer.step(other, Eigen::VectorXd::Ones(n + 1)), ShapeError);
  CHECK_THROWS_AS(optimizer.step(single, Eigen::VectorXf::Ones(n)), ShapeError);
  CHECK(other == Eigen::VectorXd::Ones(n + 1));
  CHECK(single == Eigen::VectorXf::Ones(n));
  CHECK(optimizer.state.steps == 1);

  if constexpr (requires { optimizer.decay; }) {
    TestType small = every::busy<TestType>();
    Eigen::VectorXd few = Eigen::VectorXd::Ones(60);
    CHECK_THROWS_WITH(
        small.step(few, Eigen::VectorXd::Ones(60)),
        ContainsSubstring(name + ": expected parameters below 60") && ContainsSubstring("up to 70"));
    CHECK(few == Eigen::VectorXd::Ones(60));
    CHECK(small.state.steps == 0);
  }
}

TEMPLATE_TEST_CASE("a copy of an optimiser has a state of its own", "[optimizers]", EVERY_OPTIMIZER) {
  auto one = every::busy<TestType>();
  Vector<double> theta = start<double>();
  steps(one, theta, 0, 2);
  TestType copy = one;
  Vector<double> other = theta;
  steps(copy, other, 2, 6);
  CHECK(one.state.steps == 2);
  CHECK(copy.state.steps == 6);
  steps(one, theta, 2, 6);
  CHECK(theta == other);
}

TEMPLATE_TEST_CASE("an optimiser knows which gradients cannot spoil anything", "[optimizers]",
                   EVERY_OPTIMIZER) {
  const auto optimizer = every::busy<TestType>();
  CHECK(optimizer.template stays_finite<float>(1e3));
  CHECK(optimizer.template stays_finite<double>(1e30));
  CHECK_FALSE(optimizer.template stays_finite<float>(1e37));
  CHECK_FALSE(optimizer.template stays_finite<double>(1e300));
  CHECK_FALSE(optimizer.template stays_finite<double>(std::numeric_limits<double>::quiet_NaN()));
  if constexpr (requires { optimizer.epsilon; }) {
    // 0/0 where the derivative is 0
    TestType without = optimizer;
    without.epsilon = 0;
    CHECK_FALSE(without.template stays_finite<double>(1));
    without.epsilon = 1e-46;  // is 0 as a float
    CHECK_FALSE(without.template stays_finite<float>(1e-25));
  }
  // What it says of the largest is true.
  Vector<float> theta = Vector<float>::Ones(n);
  auto steps_of = optimizer;
  float largest = 1;
  while (optimizer.template stays_finite<float>(2.0 * static_cast<double>(largest))) largest *= 2;
  for (int t = 0; t < 3; ++t) steps_of.step(theta, Vector<float>(gradient<float>(t) * largest));
  CHECK(theta.allFinite());
  for (Index k = 0; k < steps_of.state.columns(); ++k)
    CHECK(Eigen::Map<Vector<float>>(steps_of.state.template array<float>(k), n).allFinite());
}

TEMPLATE_TEST_CASE("a derivative of zero moves nothing, and a NaN does not hide", "[optimizers]",
                   EVERY_OPTIMIZER) {
  TestType optimizer;
  Eigen::VectorXd theta = Eigen::VectorXd::Ones(5);
  if constexpr (requires { optimizer.weight_decay; }) optimizer.weight_decay = 0;
  optimizer.step(theta, Eigen::VectorXd::Zero(5));
  CHECK(theta == Eigen::VectorXd::Ones(5));
  Eigen::VectorXd g = Eigen::VectorXd::Ones(5);
  g(3) = std::numeric_limits<double>::quiet_NaN();
  optimizer.step(theta, g);
  CHECK(std::isnan(theta(3)));
  CHECK(theta.head(3).allFinite());
}
