// fit: it learns, it is reproducible, it does what its options say.

#include <limits>

#include "lamina/layers.hpp"
#include "lamina/losses.hpp"
#include "lamina/optimizers/gradient_descent.hpp"
#include "support/catch.hpp"
#include "training/problems.hpp"
#include "training/quiet.hpp"

namespace test_fit {

namespace {

using namespace lamina;
using problems::quiet;

template <class Scalar>
using Small = Network<Scalar, Dense<2, 8, Tanh>, Dense<8, 1>>;

template <class Scalar = double>
Small<Scalar> small(std::uint64_t seed = 1) {
  Small<Scalar> net;
  net.initialize(seed);
  return net;
}

/// Gradient descent that counts its steps.
struct Counting {
  long steps = 0;
  GradientDescent descent{.learning_rate = 0.1};

  template <class Theta, class Gradient>
  void step(Theta& theta, const Gradient& gradient) {
    ++steps;
    descent.step(theta, gradient);
  }
};

}  // namespace

TEMPLATE_TEST_CASE("fit learns a surface", "[fit]", float, double, long double) {
  const problems::Surface<TestType> train(200, 1), test(100, 2);
  auto net = small<TestType>();
  const auto variance = (train.Y.array() - train.Y.mean()).square().mean();

  const History history =
      fit(net, train.X, train.Y, MeanSquaredError{}, GradientDescent{.learning_rate = 0.1}, quiet(200, 16));

  REQUIRE(history.epochs() == 200);
  CHECK(history.loss.front() > history.loss.back());
  CHECK(history.loss.back() < 0.01 * static_cast<double>(variance));
  CHECK(static_cast<double>(net.loss(test.X, test.Y, MeanSquaredError{})) <
        0.01 * static_cast<double>(variance));
}

TEST_CASE("fit learns classes from integer labels", "[fit]") {
  const problems::Triangle<> train(90, 1), test(300, 2);
  Network<double, Dense<2, 8, ReLU>, Dense<8, 3>> net;
  net.initialize(3);

  fit(net, train.X, train.labels, SoftmaxCrossEntropy{}, GradientDescent{.learning_rate = 0.1},
      quiet(40, 10));

  const Eigen::MatrixXd logits = net.predict(test.X);
  Index right = 0;
  for (Index i = 0; i < logits.rows(); ++i) {
    Index argmax;
    logits.row(i).maxCoeff(&argmax);
    right += argmax == test.labels[static_cast<std::size_t>(i)] ? 1 : 0;
  }
  // The squares around the corners do not meet: they can be told apart without error.
  CHECK(right == logits.rows());
}

TEST_CASE("the loss of full batches falls with every step of a small learning rate", "[fit]") {
  const problems::Surface<> data(50);
  auto net = small();
  const double before = net.loss(data.X, data.Y, MeanSquaredError{});
  const History history =
      fit(net, data.X, data.Y, MeanSquaredError{}, GradientDescent{.learning_rate = 0.01}, quiet(100));
  CHECK(history.loss.front() == before);  // each loss is measured before its step
  for (std::size_t e = 1; e < history.loss.size(); ++e) CHECK(history.loss[e] < history.loss[e - 1]);
}

TEST_CASE("the history has one element for each epoch", "[fit]") {
  const problems::Surface<> data(20);
  auto net = small();
  const History history = fit(net, data.X, data.Y, MeanSquaredError{}, GradientDescent{}, quiet(7, 6));
  CHECK(history.loss.size() == 7);
  CHECK(history.seconds.size() == 7);
  CHECK(history.validation_loss.empty());
  CHECK(history.epochs() == 7);
  CHECK(history.stop_reason == StopReason::completed);
  for (const double seconds : history.seconds) CHECK(seconds >= 0);
}

TEST_CASE("the same seed gives the same parameters, another seed others", "[fit]") {
  const problems::Surface<> data(37);
  const auto trained = [&](std::uint64_t seed) {
    auto net = small();
    fit(net, data.X, data.Y, MeanSquaredError{}, GradientDescent{.learning_rate = 0.1}, quiet(5, 8, seed));
    return net;
  };
  CHECK(trained(4).parameters() == trained(4).parameters());
  CHECK(trained(4).parameters() != trained(5).parameters());
}

TEST_CASE("every batch size makes ceil(m / batch_size) steps in an epoch", "[fit]") {
  constexpr Index m = 11;
  const problems::Surface<> data(m);
  for (Index batch_size = 1; batch_size <= m + 2; ++batch_size) {
    auto net = small();
    Counting counting;
    const History history = fit(net, data.X, data.Y, MeanSquaredError{}, counting, quiet(3, batch_size));
    INFO("batch_size " << batch_size);
    CHECK(counting.steps == 3 * ((m + batch_size - 1) / batch_size));
    CHECK(history.epochs() == 3);
  }
  SECTION("all samples at once") {
    const auto at_once = [&](Index batch_size) {
      auto net = small();
      Counting counting;
      fit(net, data.X, data.Y, MeanSquaredError{}, counting, quiet(3, batch_size));
      CHECK(counting.steps == 3);
      return net;
    };
    CHECK(at_once(full_batch).parameters() == at_once(m).parameters());
    CHECK(at_once(full_batch).parameters() == at_once(1000000).parameters());
    CHECK(at_once(full_batch).parameters() == at_once(std::numeric_limits<Index>::max()).parameters());
  }
}

TEST_CASE("no epochs leave everything as it is", "[fit]") {
  const problems::Surface<> data(10);
  auto net = small();
  Counting counting;
  const History history = fit(net, data.X, data.Y, MeanSquaredError{}, counting, quiet(0));
  CHECK(net.parameters() == small().parameters());
  CHECK(counting.steps == 0);
  CHECK(history.epochs() == 0);
  CHECK(history.stop_reason == StopReason::completed);
}

TEST_CASE("fit goes on from the parameters the network has", "[fit]") {
  const problems::Surface<> data(30);
  FitOptions options = quiet(2, 7);
  options.shuffle = false;
  const GradientDescent descent{.learning_rate = 0.1};

  auto twice = small();
  fit(twice, data.X, data.Y, MeanSquaredError{}, descent, options);
  fit(twice, data.X, data.Y, MeanSquaredError{}, descent, options);
  auto once = small();
  options.epochs = 4;
  fit(once, data.X, data.Y, MeanSquaredError{}, descent, options);
  CHECK(twice.parameters() == once.parameters());
}

TEST_CASE("an optimiser may be a temporary, a constant, or a variable that keeps its state", "[fit]") {
  const problems::Surface<> data(12);
  auto by_temporary = small(), by_constant = small(), by_variable = small();
  const GradientDescent constant{.learning_rate = 0.1};
  Counting counting;
  fit(by_temporary, data.X, data.Y, MeanSquaredError{}, GradientDescent{.learning_rate = 0.1}, quiet(3, 5));
  fit(by_constant, data.X, data.Y, MeanSquaredError{}, constant, quiet(3, 5));
  fit(by_variable, data.X, data.Y, MeanSquaredError{}, counting, quiet(3, 5));
  CHECK(by_temporary.parameters() == by_constant.parameters());
  // Counting subtracts with an expression of Eigen's, which may round the product where the library's loop has a fused
  // multiply-add: half a unit in the last place in each of nine steps.
  CHECK(by_temporary.parameters().isApprox(by_variable.parameters(), 1e-14));
  CHECK(counting.steps == 9);
  fit(by_variable, data.X, data.Y, MeanSquaredError{}, counting, quiet(1, 5));
  CHECK(counting.steps == 12);
  fit(by_variable, data.X, data.Y, MeanSquaredError{}, Counting{}, quiet(1, 5));
  CHECK(counting.steps == 12);
}

TEST_CASE("what fit cannot use changes nothing", "[fit]") {
  using Catch::Matchers::ContainsSubstring;
  const problems::Surface<> data(10);
  auto net = small();
  Counting counting;
  const auto X = [&] { return data.X; };
  const auto Y = [&] { return data.Y; };
  const auto attempt = [&](const Eigen::MatrixXd& x, const Eigen::MatrixXd& y, const FitOptions& options) {
    fit(net, x, y, MeanSquaredError{}, counting, options);
  };

  SECTION("options") {
    REQUIRE_THROWS_AS(attempt(X(), Y(), quiet(-1)), OptionError);
    REQUIRE_THROWS_WITH(attempt(X(), Y(), quiet(-1)), ContainsSubstring("epochs") && ContainsSubstring("-1"));
    REQUIRE_THROWS_AS(attempt(X(), Y(), quiet(1, -3)), OptionError);
    REQUIRE_THROWS_WITH(attempt(X(), Y(), quiet(1, -3)),
                        ContainsSubstring("batch_size") && ContainsSubstring("-3"));
  }
  SECTION("shapes and values") {
    REQUIRE_THROWS_AS(attempt(X().leftCols(1), Y(), quiet(1)), ShapeError);
    REQUIRE_THROWS_AS(attempt(X(), Y().topRows(9), quiet(1)), ShapeError);
    REQUIRE_THROWS_AS(attempt(X().topRows(0), Y().topRows(0), quiet(1)), DataError);
    Eigen::MatrixXd bad = Y();
    bad(6, 0) = std::numeric_limits<double>::quiet_NaN();
    REQUIRE_THROWS_AS(attempt(X(), bad, quiet(1)), DataError);
    REQUIRE_THROWS_WITH(attempt(X(), bad, quiet(1)),
                        ContainsSubstring("Y:") && ContainsSubstring("row 6, column 0"));
  }
  CHECK(net.parameters() == small().parameters());
  CHECK(counting.steps == 0);
}

TEST_CASE("an option of the optimiser is checked before the first pass", "[fit]") {
  const problems::Surface<> data(10);
  Network<double, Dense<2, 4>, BatchNorm<4>, Dense<4, 1>> net;
  net.initialize(1);
  const auto before = net;
  REQUIRE_THROWS_AS(
      fit(net, data.X, data.Y, MeanSquaredError{}, GradientDescent{.learning_rate = -1}, quiet(1)),
      OptionError);
  CHECK(net.parameters() == before.parameters());
  CHECK((net.layer<1>().running_mean() == before.layer<1>().running_mean()).all());
  CHECK((net.layer<1>().running_variance() == before.layer<1>().running_variance()).all());
}

}  // namespace test_fit
