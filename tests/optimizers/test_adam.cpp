// Adam: against the reference cases, and what holds of any optimiser that steps part by part.

#include "lamina/optimizers/adam.hpp"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "lamina/core/random.hpp"
#include "lamina/optimizers/gradient_descent.hpp"
#include "lamina/training/step.hpp"
#include "support/case_network.hpp"
#include "support/catch.hpp"
#include "support/oracle.hpp"
#include "training/problems.hpp"

using namespace lamina;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("Adam, one number by hand", "[adam]") {
  // t = 1: m̂ = g, v̂ = g², so the step is α·g/(|g| + ε).
  Eigen::VectorXd theta(3);
  theta << 1, 2, 3;
  const Eigen::Vector3d gradient(0.5, -0.25, 0);
  Adam adam{.learning_rate = 0.1, .epsilon = 0.25};
  adam.step(theta, gradient);
  CHECK(theta(0) == Catch::Approx(1 - 0.1 * 0.5 / 0.75).epsilon(1e-14));
  CHECK(theta(1) == Catch::Approx(2 + 0.1 * 0.25 / 0.5).epsilon(1e-14));
  CHECK(theta(2) == 3);
  CHECK(adam.state.steps == 1);
}

// Algorithm 1 as it is written, in long double. The moments are sums of positive and negative numbers, whose rounding
// grows with the steps; 100 units after 50 steps, of numbers near 1.
TEMPLATE_TEST_CASE("Adam is its definition", "[adam]", float, double, long double) {
  using Vector = Eigen::Matrix<TestType, Eigen::Dynamic, 1>;
  const Index n = 70;
  Vector theta = problems::uniform<TestType>(n, 1, 1);
  Eigen::Matrix<long double, Eigen::Dynamic, 1> exact = theta.template cast<long double>(), m = exact * 0,
                                                v = m;
  Adam adam{.learning_rate = 0.01, .beta1 = 0.8, .beta2 = 0.95, .epsilon = 1e-8};
  for (int t = 1; t <= 50; ++t) {
    const Vector g = problems::uniform<TestType>(n, 1, static_cast<std::uint64_t>(t + 10));
    adam.step(theta, g);
    for (Index i = 0; i < n; ++i) {
      const long double gi = g(i);
      m(i) = 0.8L * m(i) + 0.2L * gi;
      v(i) = 0.95L * v(i) + 0.05L * gi * gi;
      exact(i) -=
          0.01L * (m(i) / (1 - std::pow(0.8L, t))) / (std::sqrt(v(i) / (1 - std::pow(0.95L, t))) + 1e-8L);
    }
  }
  // Options are doubles.
  const long double epsilon = std::max<long double>(std::numeric_limits<TestType>::epsilon(), 2.3e-16L);
  CHECK((theta.template cast<long double>() - exact).cwiseAbs().maxCoeff() <= 100 * epsilon);
}

TEST_CASE("Adam against the reference cases", "[adam][oracle]") {
  LAMINA_NEEDS_ORACLE();
  int checked = 0;
  for (const std::string prefix : {"adam__", "adam_torch_defaults__", "minibatch_adam__"})
    for (const std::string& name : oracle::names("optimizers", prefix)) {
      INFO(name);
      const auto c = oracle::load("optimizers", name);
      const auto& params = c["optimizer"]["params"];
      const auto t = oracle::tolerance(c);
      auto [net, place] = oracle::network(c);
      auto workspace = net.workspace();
      Adam adam{.learning_rate = params["lr"],
                .beta1 = params["beta1"],
                .beta2 = params["beta2"],
                .epsilon = params["eps"]};
      const Eigen::MatrixXd X = oracle::matrix(c["X"]);
      const auto rows_of = [&](const Eigen::MatrixXd& M, std::size_t step) -> Eigen::MatrixXd {
        if (!c.contains("batches")) return M;
        return M(c["batches"][step].get<std::vector<int>>(), Eigen::placeholders::all);
      };
      const auto train = [&](const auto& loss, const Eigen::MatrixXd& Y) {
        for (std::size_t step = 0; step < c["optimizer"]["steps"]; ++step) {
          const double want = c["trajectory"][step]["loss"];
          const double F = train_step(net, rows_of(X, step), rows_of(Y, step), loss, adam, workspace);
          CAPTURE(step, F, want);
          CHECK(std::abs(F - want) <= t.abs + t.rel * std::abs(want));
        }
      };
      REQUIRE(oracle::with_loss(c["loss"], [&](const auto& loss) {
        train(loss, c.contains("Y") ? Eigen::MatrixXd(oracle::matrix(c["Y"]))
                                    : Eigen::MatrixXd(oracle::one_hot(c, net.outputs())));
      }));
      for (std::size_t l = 0; l < place.size(); ++l) {
        oracle::check_array("W", net.weights(place[l]), oracle::matrix(c["final_weights"][l]["W"]), t);
        oracle::check_array("b", net.bias(place[l]), oracle::matrix(c["final_weights"][l]["b"]), t);
      }
      ++checked;
    }
  CHECK(checked == 6);
}

TEST_CASE("a part of a step is a step of that part", "[adam]") {
  const Index n = 103;
  const Eigen::VectorXf start = problems::uniform<float>(n, 1, 1);
  Eigen::VectorXf whole = start, parts = start;
  Adam one, other;
  for (int t = 0; t < 3; ++t) {
    const Eigen::VectorXf g = problems::uniform<float>(n, 1, static_cast<std::uint64_t>(t + 2));
    one.begin<float>(n);
    one.update(0, n, whole.data(), g.data());
    other.begin<float>(n);
    for (Index first = 0, count = 1; first < n; first += count, count = count * 2 + 1) {
      const Index size = std::min(count, n - first);
      other.update(first, size, parts.data() + first, g.data() + first);
    }
    CHECK(whole == parts);
  }
}

TEST_CASE("Adam takes expressions, views and rows", "[adam]") {
  Eigen::MatrixXd W = problems::uniform<double>(4, 6, 1), same = W;
  Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> rows = W;
  const Eigen::MatrixXd g = problems::uniform<double>(4, 6, 2);
  Adam a, b, c;
  a.step(W, g);
  b.step(same.topRows(4), 0.5 * g + 0.5 * g);
  c.step(rows, g);
  CHECK(W == same);
  CHECK(W == Eigen::MatrixXd(rows));
}

TEST_CASE("a copy of an optimiser has a state of its own", "[adam]") {
  Eigen::VectorXd theta = Eigen::VectorXd::Ones(5);
  const Eigen::VectorXd g = Eigen::VectorXd::Constant(5, 2);
  Adam adam;
  adam.step(theta, g);
  Adam copy = adam;
  copy.step(theta, g);
  CHECK(adam.state.steps == 1);
  CHECK(copy.state.steps == 2);
}

TEST_CASE("Adam refuses bad options and foreign parameters, and changes nothing", "[adam]") {
  Eigen::VectorXd theta = Eigen::VectorXd::Ones(5);
  const Eigen::VectorXd before = theta, g = Eigen::VectorXd::Ones(5);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto refuses = [&](Adam adam, const std::string& text) {
    CHECK_THROWS_MATCHES(adam.step(theta, g), OptionError, Catch::Matchers::Message(text));
    CHECK(theta == before);
  };
  refuses({.learning_rate = 0}, "Adam: expected a learning_rate > 0, got 0");
  refuses({.learning_rate = nan}, "Adam: expected a learning_rate > 0, got nan");
  refuses({.beta1 = 1}, "Adam: expected beta1 in [0, 1), got 1");
  refuses({.beta2 = -0.5}, "Adam: expected beta2 in [0, 1), got -0.5");
  refuses({.epsilon = -1}, "Adam: expected epsilon \u2265 0, got -1");

  Adam adam;
  CHECK_THROWS_AS(adam.step(theta, Eigen::VectorXd::Ones(4)), ShapeError);
  adam.step(theta, g);
  Eigen::VectorXd other = Eigen::VectorXd::Ones(6);
  Eigen::VectorXf single = Eigen::VectorXf::Ones(5);
  CHECK_THROWS_AS(adam.step(other, Eigen::VectorXd::Ones(6)), ShapeError);
  CHECK_THROWS_AS(adam.step(single, Eigen::VectorXf::Ones(5)), ShapeError);
  CHECK(other == Eigen::VectorXd::Ones(6));
  CHECK(adam.state.steps == 1);
}

TEST_CASE("an optimiser knows which gradients cannot spoil anything", "[adam]") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(Adam{}.stays_finite<float>(1e6));
  CHECK_FALSE(Adam{}.stays_finite<float>(1e19));           // its square is infinite
  CHECK_FALSE(Adam{.epsilon = 0}.stays_finite<float>(1));  // 0/0 where the gradient is 0
  CHECK_FALSE(Adam{}.stays_finite<float>(nan));
  CHECK(GradientDescent{}.stays_finite<float>(1e10));
  CHECK_FALSE(GradientDescent{.learning_rate = 1e30}.stays_finite<float>(1e10));
  CHECK_FALSE(GradientDescent{}.stays_finite<double>(nan));
}
