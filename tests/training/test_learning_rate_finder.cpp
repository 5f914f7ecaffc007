// The range test of learning rates.

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "lamina/activations/tanh.hpp"
#include "lamina/layers/batch_norm.hpp"
#include "lamina/layers/dense.hpp"
#include "lamina/losses/mean_squared_error.hpp"
#include "lamina/losses/poisson_nll.hpp"
#include "lamina/optimizers/adam.hpp"
#include "lamina/optimizers/gradient_descent.hpp"
#include "lamina/training/learning_rate_finder.hpp"
#include "support/catch.hpp"
#include "training/problems.hpp"
#include "training/quiet.hpp"

namespace test_learning_rate_finder {

using namespace lamina;

namespace {

using Small = Network<double, Dense<2, 16, Tanh>, BatchNorm<16>, Dense<16, 1>>;
const problems::Surface<> data(200);

}  // namespace

TEST_CASE("the suggested rate trains, and the network is left as it was", "[finder]") {
  Small net;
  net.initialize(3);
  const Small before = net;
  const GradientDescent descent{.learning_rate = 0.125};
  const LearningRateCurve curve = find_learning_rate(net, data.X, data.Y, MeanSquaredError{}, descent);

  CHECK(net.parameters() == before.parameters());
  CHECK((net.layer<1>().running_mean() == before.layer<1>().running_mean()).all());
  CHECK((net.layer<1>().running_variance() == before.layer<1>().running_variance()).all());
  CHECK(descent.learning_rate == 0.125);

  REQUIRE(curve.rates.size() == curve.losses.size());
  REQUIRE(curve.rates.size() > 50);
  CHECK(curve.rates[0] == Catch::Approx(1e-7).epsilon(1e-12));
  // Equal ratios, 10⁸ in 99 steps; pow is good to a unit or two in the last place.
  for (std::size_t i = 1; i < curve.rates.size(); ++i)
    CHECK(curve.rates[i] / curve.rates[i - 1] == Catch::Approx(std::pow(10, 8.0 / 99)).epsilon(1e-13));
  CHECK(curve.diverged);  // no such network stands a rate of 10
  REQUIRE(curve.suggestion);
  CHECK(*curve.suggestion > 1e-4);
  CHECK(*curve.suggestion < 1);
  const double start = net.loss(data.X, data.Y, MeanSquaredError{});
  fit(net, data.X, data.Y, MeanSquaredError{}, GradientDescent{.learning_rate = *curve.suggestion},
      problems::quiet(20, 32));
  CHECK(net.loss(data.X, data.Y, MeanSquaredError{}) < start / 2);
}

TEST_CASE("losses by hand: one parameter, all samples at once", "[finder]") {
  // F = (w·1 − 0)², w ← w − α·2w, with α = 0.1, 0.2, 0.4.
  Network<double, Dense<1, 1, Identity, false>> net;
  net.parameters()(0) = 1;
  const Eigen::MatrixXd X = Eigen::MatrixXd::Ones(4, 1), Y = Eigen::MatrixXd::Zero(4, 1);
  LearningRateFinderOptions options{
      .minimum = 0.1, .maximum = 0.4, .steps = 3, .batch_size = full_batch, .smoothing = 1};
  const auto check = [&](const LearningRateCurve& curve, const std::vector<double>& losses) {
    REQUIRE(curve.losses.size() == losses.size());
    for (std::size_t i = 0; i < losses.size(); ++i) {
      CHECK(curve.rates[i] == Catch::Approx(0.1 * std::pow(2, static_cast<double>(i))).epsilon(1e-14));
      CHECK(curve.losses[i] == Catch::Approx(losses[i]).epsilon(1e-13));
    }
  };
  const double w1 = 0.8, w2 = 0.8 * 0.6;
  const auto curve = find_learning_rate(net, X, Y, MeanSquaredError{}, GradientDescent{}, options);
  check(curve, {1, w1 * w1, w2 * w2});
  CHECK_FALSE(curve.diverged);
  CHECK(curve.suggestion.value() == Catch::Approx(0.2));  // −0.41 is steeper than −0.36
  options.smoothing = 0.5;
  const double a0 = 0.5, a1 = a0 / 2 + w1 * w1 / 2, a2 = a1 / 2 + w2 * w2 / 2;
  check(find_learning_rate(net, X, Y, MeanSquaredError{}, GradientDescent{}, options),
        {1, a1 / 0.75, a2 / 0.875});
  // w ← −3w, −7w: 9 is more than 4 times 1.
  options = {.minimum = 2, .maximum = 4, .steps = 2, .batch_size = full_batch, .smoothing = 1};
  const auto diverging = find_learning_rate(net, X, Y, MeanSquaredError{}, GradientDescent{}, options);
  CHECK(diverging.diverged);
  CHECK(diverging.rates == std::vector<double>{2});
  CHECK_FALSE(diverging.suggestion);
}

TEST_CASE("a step that is not finite ends the search", "[finder]") {
  Network<float, Dense<2, 4>, Dense<4, 1>> net;
  net.initialize(1);
  const auto before = net.parameters();
  const Eigen::MatrixXf X = data.X.cast<float>(), Y = data.Y.cast<float>();
  const auto curve = find_learning_rate(net, X, Y, MeanSquaredError{}, GradientDescent{},
                                        {.minimum = 1e-3, .maximum = 1e38, .steps = 4});
  CHECK(curve.diverged);
  CHECK(curve.rates.size() < 4);
  CHECK(net.parameters() == before);
  net.parameters().setConstant(1e30f);
  CHECK_THROWS_AS(find_learning_rate(net, X, Y, MeanSquaredError{}, GradientDescent{}), NonFiniteError);
}

TEST_CASE("the same seed gives the same curve, and the optimiser keeps its state", "[finder]") {
  Small net;
  net.initialize(1);
  Adam adam;
  const auto find = [&](std::uint64_t seed) {
    return find_learning_rate(net, data.X, data.Y, MeanSquaredError{}, adam,
                              {.maximum = 1, .steps = 30, .seed = seed});
  };
  const auto a = find(1), b = find(1), c = find(2);
  CHECK(a.losses == b.losses);
  CHECK(a.losses != c.losses);
  CHECK(adam.state.steps == 0);
}

TEST_CASE("a loss may be negative", "[finder]") {
  Network<double, Dense<2, 8, Tanh>, Dense<8, 1>> net;
  net.initialize(1);
  const Eigen::MatrixXd Y = (data.Y.array() - data.Y.minCoeff() + 8).round().matrix();
  const auto curve = find_learning_rate(net, data.X, Y, PoissonNLL{}, Adam{});
  REQUIRE(curve.rates.size() > 50);
  CHECK(*std::min_element(curve.losses.begin(), curve.losses.end()) < -1);
  CHECK(curve.suggestion.has_value());
  // And it still ends where the loss is out of hand.
  const auto beyond = find_learning_rate(net, data.X, Y, PoissonNLL{}, Adam{}, {.maximum = 1e6});
  CHECK(beyond.diverged);
}

TEST_CASE("rates and smoothing of any size", "[finder]") {
  Small net;
  net.initialize(1);
  const auto rates = find_learning_rate(net, data.X, data.Y, MeanSquaredError{}, GradientDescent{},
                                        {.minimum = 1e-200, .maximum = 1e200, .steps = 5});
  CHECK(rates.diverged);
  CHECK(rates.rates.front() == Catch::Approx(1e-200).epsilon(1e-12));
  CHECK(rates.rates.back() == Catch::Approx(1).epsilon(1e-9));  // the next is 10¹⁰⁰
  const auto smooth = find_learning_rate(net, data.X, data.Y, MeanSquaredError{}, GradientDescent{},
                                         {.maximum = 1e-3, .steps = 10, .smoothing = 1e-17});
  for (const double F : smooth.losses) CHECK(std::isfinite(F));
}

TEST_CASE("options outside of their domains", "[finder]") {
  Small net;
  net.initialize(1);
  const double not_a_number = std::numeric_limits<double>::quiet_NaN();
  const auto refuses = [&](const LearningRateFinderOptions& options, const std::string& text) {
    CHECK_THROWS_MATCHES(find_learning_rate(net, data.X, data.Y, MeanSquaredError{}, Adam{}, options),
                         OptionError, Catch::Matchers::Message("find_learning_rate: expected " + text));
  };
  refuses({.minimum = 0}, "minimum > 0, got 0");
  refuses({.minimum = not_a_number}, "minimum > 0, got nan");
  refuses({.minimum = 1, .maximum = 1}, "maximum > minimum = 1, got 1");
  refuses({.steps = 1}, "steps \u2265 2, got 1");
  refuses({.batch_size = -1}, "batch_size of at least 1, or full_batch, got -1");
  refuses({.smoothing = 0}, "smoothing in (0, 1], got 0");
  refuses({.smoothing = 1.5}, "smoothing in (0, 1], got 1.5");
  refuses({.threads = -1}, "threads of at least 1, or 0 for all, got -1");
  CHECK_THROWS_AS(find_learning_rate(net, data.X.leftCols(1), data.Y, MeanSquaredError{}, Adam{}),
                  ShapeError);
  CHECK_THROWS_AS(find_learning_rate(net, data.X, data.Y, MeanSquaredError{}, Adam{.beta1 = 2}), OptionError);
}

}  // namespace test_learning_rate_finder
