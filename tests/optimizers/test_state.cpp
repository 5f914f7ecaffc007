// What a checkpoint reads and writes of an optimiser.

#include "lamina/optimizers/state.hpp"

#include <cmath>
#include <limits>

#include "lamina/optimizers/adam.hpp"
#include "support/catch.hpp"

using namespace lamina;

TEST_CASE("a state tells its arrays", "[state]") {
  Adam adam;
  CHECK(adam.state.scalar_kind() == 0);
  CHECK(adam.state.rows() == 0);
  CHECK(adam.state.columns() == 0);
  CHECK(adam.state.data() == nullptr);
  CHECK(adam.state.steps == 0);

  Eigen::VectorXf theta = Eigen::VectorXf::Zero(3);
  adam.step(theta, Eigen::Vector3f(1, 2, 3));
  CHECK(adam.state.scalar_kind() == 4);
  CHECK(adam.state.rows() == 3);
  CHECK(adam.state.columns() == 2);
  // m, then v, in which 1 − β₂ has an error of 6e-5: β₂ is a float
  const auto* numbers = static_cast<const float*>(adam.state.data());
  CHECK(numbers[1] == Catch::Approx(0.2).epsilon(1e-6));
  CHECK(numbers[4] == Catch::Approx(0.004).epsilon(1e-4));
}

TEST_CASE("a state that is read is bounded when its numbers are", "[state]") {
  for (const double x : {0.0, 1.0, -1e8, 1e10, -1e300, std::numeric_limits<double>::infinity(),
                         std::numeric_limits<double>::quiet_NaN()}) {
    CAPTURE(x);
    const double numbers[] = {1, 2, x, 4};
    lamina::detail::OptimizerState state;
    state.restore(8, 2, 2, numbers, 1, 0);
    CHECK(state.bounded() == (std::abs(x) < 1e9));
  }
}

TEST_CASE("a state that cannot be is refused, and the old one stays", "[state]") {
  Adam adam;
  Eigen::VectorXd theta = Eigen::VectorXd::Zero(3);
  adam.step(theta, Eigen::Vector3d(1, 2, 3));
  const double numbers[6] = {1, 2, 3, 4, 5, 6};
  auto& state = adam.state;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(state.restore(8, 3, 2, numbers, -1, 0), DataError);
  CHECK_THROWS_AS(state.restore(8, 3, 2, numbers, 1, nan), DataError);
  CHECK_THROWS_AS(state.restore(8, -3, 2, numbers, 1, 0), DataError);
  CHECK_THROWS_AS(state.restore(8, 3, -2, numbers, 1, 0), DataError);
  CHECK_THROWS_AS(state.restore(8, 3, 2, nullptr, 1, 0), DataError);
  CHECK_THROWS_AS(state.restore(0, 3, 2, numbers, 1, 0), DataError);
  CHECK_THROWS_AS(state.restore(16, Index{1} << 61, 0, nullptr, 1, 0), DataError);  // bytes beyond an Index
  CHECK_THROWS_AS(state.restore(2, 3, 2, numbers, 1, 0), DataError);
  CHECK_THROWS_WITH(state.restore(2, 3, 2, numbers, 1, 0),
                    "optimiser state: expected a kind of number among 0, 4, 8 and 16, got 2");
  CHECK(state.steps == 1);
  CHECK(static_cast<const double*>(state.data())[0] == Catch::Approx(0.1).epsilon(1e-14));

  state.restore(8, 3, 2, numbers, 7, 0.5);
  CHECK(state.steps == 7);
  CHECK(state.extra == 0.5);
  CHECK(static_cast<const double*>(state.data())[5] == 6);
  state.restore(0, 0, 0, nullptr, 0, 0);
  CHECK(state.scalar_kind() == 0);

  // Arrays without numbers, however many they are said to be, take no time.
  state.restore(8, 0, Index{1} << 50, nullptr, 7, 0);
  CHECK(state.bounded());

  // One of another network is found at the next step.
  state.restore(8, 2, 3, numbers, 7, 0);
  CHECK_THROWS_AS(adam.step(theta, Eigen::Vector3d(1, 2, 3)), ShapeError);
  state.restore(8, 3, 1, numbers, 7, 0);
  CHECK_THROWS_AS(adam.step(theta, Eigen::Vector3d(1, 2, 3)), OptionError);
}
