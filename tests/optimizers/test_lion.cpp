// Lion: PyTorch has none, so that its reference is the paper's program.

#include "lamina/optimizers/lion.hpp"

#include <vector>

#include "support/catch.hpp"
#include "training/problems.hpp"

using namespace lamina;

namespace {

/// Chen et al. 2023, program 1, for one number:
///
///     update = interp(g, m, 1 - beta1); update = sign(update); m = interp(g, m, 1 - beta2);
///     update = update + w * lambda; update = update * lr; return w - update
struct Program1 {
  double lr, beta1, beta2, lambda, w, m = 0;

  static double interp(double x, double y, double a) { return x * a + y * (1 - a); }

  void step(double g) {
    double update = interp(g, m, 1 - beta1);
    update = update > 0 ? 1 : update < 0 ? -1 : 0;
    m = interp(g, m, 1 - beta2);
    update = (update + w * lambda) * lr;
    w -= update;
  }
};

}  // namespace

TEST_CASE("Lion, two steps by hand", "[lion]") {
  // β₁ = 1/2, β₂ = 3/4, α = 1/8, λ = 1/2 from θ = 1 and 4 with g = (1, −2), then (−0.25, 0).
  Lion lion{.learning_rate = 0.125, .beta1 = 0.5, .beta2 = 0.75, .weight_decay = 0.5};
  Eigen::VectorXd theta = Eigen::Vector2d(1, 4);
  lion.step(theta, Eigen::Vector2d(1, -2));
  CHECK(theta == Eigen::Vector2d(1 - 0.125 * (1 + 0.5), 4 - 0.125 * (-1 + 2)));
  // m = (0.25, −0.5); c = (0, −0.25): no sign, and minus
  const Eigen::VectorXd before = theta;
  lion.step(theta, Eigen::Vector2d(-0.25, 0));
  CHECK(theta == Eigen::Vector2d(before(0) * (1 - 0.0625), before(1) * (1 - 0.0625) + 0.125));
}

TEST_CASE("Lion is the paper's program", "[lion]") {
  const Index count = 61;
  Eigen::VectorXd theta = problems::uniform(count, 1, 1);
  std::vector<Program1> programs;
  for (const double w : theta) programs.push_back({1e-2, 0.9, 0.99, 0.3, w});
  Lion lion{.learning_rate = 1e-2, .weight_decay = 0.3};
  for (int t = 0; t < 50; ++t) {
    const Eigen::VectorXd g = problems::uniform(count, 1, static_cast<std::uint64_t>(t + 2));
    lion.step(theta, g);
    for (Index i = 0; i < count; ++i) programs[static_cast<std::size_t>(i)].step(g(i));
  }
  // Some roundings a step of numbers below 1. A sign that is another would show as 0.02.
  for (Index i = 0; i < count; ++i)
    CHECK(std::abs(theta(i) - programs[static_cast<std::size_t>(i)].w) < 1e-14);
}
