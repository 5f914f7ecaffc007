#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include "lamina/layers.hpp"
#include "lamina/losses.hpp"
#include "lamina/optimizers.hpp"
#include "lamina/schedules.hpp"
#include "lamina/training/fit.hpp"
#include "support/catch.hpp"
#include "training/problems.hpp"
#include "training/quiet.hpp"

namespace test_fit_options {

using namespace lamina;
using problems::quiet;

namespace {

using Net = Network<double, Dense<2, 6, Tanh>, Dense<6, 1>>;

Net fresh() {
  Net net;
  net.initialize(4);
  return net;
}

const problems::Surface<double> data(30);

FitOptions in_order(Index epochs, Index batch_size) {
  FitOptions options = quiet(epochs, batch_size);
  options.shuffle = false;
  return options;
}

/// The momentum of every epoch.
struct WatchMomentum {
  static constexpr bool sees_context = true;
  std::vector<double>* seen;
  void after_epoch(auto& context) const {
    if constexpr (requires { context.optimizer.beta1; }) seen->push_back(context.optimizer.beta1);
    if constexpr (requires { context.optimizer.momentum; }) seen->push_back(context.optimizer.momentum);
  }
};

}  // namespace

TEST_CASE("validation split: the held out samples are measured and not trained on",
          "[fit][validation_split]") {
  Net net = fresh();
  FitOptions options = quiet(3, full_batch, 5);
  options.validation_split = 0.3;
  const History history = fit(net, data.X, data.Y, MeanSquaredError{}, GradientDescent{}, options);
  CHECK(history.validation_loss.size() == 3);

  // The same by hand.
  const TrainTest split = train_test_split(data.X.rows(), {.test = 0.3, .seed = 5});
  REQUIRE(split.test.size() == 9);
  Net by_hand = fresh();
  options.validation_split = 0;
  const Eigen::MatrixXd X_test = take_rows(data.X, split.test), Y_test = take_rows(data.Y, split.test);
  options.validation = {X_test, Y_test};
  const History want = fit(by_hand, take_rows(data.X, split.train), take_rows(data.Y, split.train),
                           MeanSquaredError{}, GradientDescent{}, options);
  CHECK(history.loss == want.loss);
  CHECK(history.validation_loss == want.validation_loss);
  CHECK(net.parameters() == by_hand.parameters());
}

TEST_CASE("validation split: neither part may weigh nothing", "[fit][validation_split]") {
  FitOptions options = quiet(1, full_batch, 5);
  options.validation_split = 0.3;
  const TrainTest split = train_test_split(data.X.rows(), {.test = 0.3, .seed = 5});
  std::vector<double> weights(static_cast<std::size_t>(data.X.rows()), 0.0);
  for (const Index i : split.train) weights[static_cast<std::size_t>(i)] = 1;
  const auto refused = [&](const std::string& text) {
    Net net = fresh();
    CHECK_THROWS_WITH(
        fit(net, data.X, weighted(data.Y, weights), MeanSquaredError{}, GradientDescent{}, options),
        "validation_split: expected sample weights with a positive sum for the " + text + ", got 0");
    CHECK(net.parameters() == fresh().parameters());
  };
  refused("9 samples that are held out");
  for (double& weight : weights) weight = 1 - weight;
  refused("21 samples that are trained on");
}

TEST_CASE("validation split: labels keep their proportions", "[fit][validation_split]") {
  const problems::Triangle<double> triangle(60);
  Network<double, Dense<2, 3>> net;
  FitOptions options = quiet(1, 7);
  options.validation_split = 0.25;
  Index samples = 0;
  fit(net, triangle.X, triangle.labels, SoftmaxCrossEntropy{}, GradientDescent{}, options,
      [&](FitState& state) { samples = state.samples; });
  CHECK(samples == 45);
}

TEST_CASE("gradient accumulation: several batches are one step on all of their samples",
          "[fit][accumulate]") {
  for (const Index batch_size : {10, 7}) {
    Net net = fresh(), large = fresh();
    FitOptions options = in_order(2, batch_size);
    options.accumulate = 100;  // more than there are: an epoch is one step
    Adam a{.learning_rate = 0.01}, b = a;
    fit(net, data.X, data.Y, MeanSquaredError{}, a, options);
    fit(large, data.X, data.Y, MeanSquaredError{}, b, in_order(2, full_batch));
    CAPTURE(batch_size);
    CHECK(a.state.steps == 2);
    // The sum over samples in another order: a few units in the last place, which Adam may enlarge where g is small.
    CHECK(net.parameters().isApprox(large.parameters(), 1e-10));
  }
  Net net = fresh(), pairs = fresh();
  FitOptions options = in_order(1, 5);
  options.accumulate = 2;
  GradientDescent a{.learning_rate = 0.1, .momentum = 0.5}, b = a;
  fit(net, data.X, data.Y, MeanSquaredError{}, a, options);
  fit(pairs, data.X, data.Y, MeanSquaredError{}, b, in_order(1, 10));
  CHECK(a.state.steps == 3);
  CHECK(net.parameters().isApprox(pairs.parameters(), 1e-13));  // rounding
}

TEST_CASE("gradient accumulation: a last step of fewer batches is a step like the others",
          "[fit][accumulate]") {
  const Index batches = (data.X.rows() + 4) / 5;  // one step either way
  const auto trained = [&](Index accumulate, FitOptions options) {
    options.accumulate = accumulate;
    Net net = fresh();
    net.parameters() *= 10;
    Rprop optimizer;
    return std::pair(fit(net, data.X, data.Y, MeanSquaredError{}, optimizer, options),
                     net.parameters().eval());
  };
  const auto check_same = [&](const FitOptions& options) {
    const auto [history, theta] = trained(batches, options);
    const auto [of_fewer, theta_of_fewer] = trained(batches + 1, options);
    CHECK(of_fewer.loss == history.loss);
    CHECK(of_fewer.learning_rate == history.learning_rate);
    CHECK(theta_of_fewer == theta);
  };
  FitOptions options = in_order(6, 5);
  options.regularization.l2 = 1;
  check_same(options);
  ReduceOnPlateau plateau;
  plateau.patience = 1;
  plateau.threshold = 0.9;
  options.schedule = LearningRateSchedule(plateau, Per::step);
  check_same(options);
  options.regularization = {.max_norm = 0.1};
  options.schedule = [](double, Index) { return 0.0; };
  check_same(options);
  const Net untouched = [] {
    Net net = fresh();
    net.parameters() *= 10;
    return net;
  }();
  CHECK(trained(batches + 1, options).second == untouched.parameters());
}

TEST_CASE("gradient accumulation: sample weights count", "[fit][accumulate]") {
  Eigen::VectorXd weights(30);
  for (Index i = 0; i < 30; ++i) weights(i) = static_cast<double>(i % 4);
  Net net = fresh(), large = fresh();
  FitOptions options = in_order(1, 8);
  options.accumulate = 4;
  fit(net, data.X, weighted(data.Y, weights), MeanSquaredError{}, GradientDescent{}, options);
  fit(large, data.X, weighted(data.Y, weights), MeanSquaredError{}, GradientDescent{},
      in_order(1, full_batch));
  CHECK(net.parameters().isApprox(large.parameters(), 1e-13));  // rounding
}

TEST_CASE("schedule: fit follows it and puts the rate back", "[fit][schedule]") {
  Net net = fresh();
  GradientDescent descent{.learning_rate = 0.2, .momentum = 0.5};
  FitOptions options = quiet(4, 10);
  options.schedule = StepDecay{.step_size = 2, .gamma = 0.5};
  const History history = fit(net, data.X, data.Y, MeanSquaredError{}, descent, options);
  CHECK(history.learning_rate == std::vector<double>{0.2, 0.2, 0.1, 0.1});
  CHECK(descent.learning_rate == 0.2);
  CHECK(descent.momentum == 0.5);

  std::vector<double> rates;
  struct Watch {
    std::vector<double>* rates;
    void on_batch(FitState& state) const { rates->push_back(state.learning_rate); }
  };
  options.epochs = 2;
  options.schedule = per_step([](double base, Index k) { return base / static_cast<double>(k + 1); });
  fit(net, data.X, data.Y, MeanSquaredError{}, descent, options, Watch{&rates});
  CHECK(rates == std::vector<double>{0.2, 0.2 / 2, 0.2 / 3, 0.2 / 4, 0.2 / 5, 0.2 / 6});
}

TEST_CASE("without a schedule, what a callback makes of the optimiser stays", "[fit][schedule]") {
  Net net = fresh();
  Adam adam{.learning_rate = 0.1};
  fit(net, data.X, data.Y, MeanSquaredError{}, adam, quiet(2), [&](FitState&) { adam.learning_rate /= 2; });
  CHECK(adam.learning_rate == 0.025);
}

TEST_CASE("schedule: one cycle moves the momentum of those that have one", "[fit][schedule]") {
  std::vector<double> seen;
  const OneCycle cycle{.max_lr = 0.1, .total_steps = 4};
  FitOptions options = quiet(4);
  options.schedule = cycle;
  const std::vector<double> want{cycle.momentum(0), cycle.momentum(1), cycle.momentum(2), cycle.momentum(3)};
  Net net = fresh();
  Adam adam;
  fit(net, data.X, data.Y, MeanSquaredError{}, adam, options, WatchMomentum{&seen});
  CHECK(seen == want);
  CHECK(adam.beta1 == 0.9);
  seen.clear();
  fit(net, data.X, data.Y, MeanSquaredError{}, GradientDescent{.momentum = 0.3}, options,
      WatchMomentum{&seen});
  CHECK(seen == want);
  seen.clear();
  fit(net, data.X, data.Y, MeanSquaredError{}, GradientDescent{}, options, WatchMomentum{&seen});
  CHECK(seen == std::vector<double>(4, 0));  // without momentum there is none to move
}

TEST_CASE("schedule: a plateau lowers the rate, and a rate of 0 changes nothing", "[fit][schedule]") {
  Net net = fresh();
  FitOptions options = quiet(6);
  options.schedule = ReduceOnPlateau{.factor = 0.1, .patience = 1};
  // The loss does not move while the rate is that small.
  const History history =
      fit(net, data.X, data.Y, MeanSquaredError{}, GradientDescent{.learning_rate = 1e-7}, options);
  CHECK(history.learning_rate.front() == 1e-7);
  CHECK(history.learning_rate.back() < 1e-7);

  // Told the loss of each update: after the first batch none is better than the one before, but the mean of the epoch falls.
  const Eigen::MatrixXd zero = Eigen::MatrixXd::Zero(40, 2);
  Eigen::MatrixXd Y = Eigen::MatrixXd::Ones(40, 1);
  Y.topRows(4).setConstant(100);
  FitOptions by_update = quiet(1, 4);
  by_update.shuffle = false;
  by_update.schedule = per_step(ReduceOnPlateau{.factor = 0.1, .patience = 3});
  for (const Index accumulate : {1, 2}) {
    Net at_rest = fresh();
    at_rest.parameters().setZero();
    by_update.accumulate = accumulate;
    by_update.batch_size = 4 / accumulate;
    const History told =
        fit(at_rest, zero, Y, MeanSquaredError{}, GradientDescent{.learning_rate = 1e-6}, by_update);
    CHECK(told.learning_rate.back() < 1e-6);
  }

  Net still = fresh();
  options.schedule = [](double, Index) { return 0.0; };
  const History at_rest = fit(still, data.X, data.Y, MeanSquaredError{}, Adam{}, options);
  CHECK(still.parameters() == fresh().parameters());
  CHECK(at_rest.learning_rate == std::vector<double>(6, 0.0));

  options.schedule = [](double, Index) { return -1.0; };
  CHECK_THROWS_AS(fit(still, data.X, data.Y, MeanSquaredError{}, Adam{}, options), OptionError);
}

TEST_CASE("penalties are a part of the loss, and of the gradient", "[fit][regularization]") {
  Net net = fresh();
  FitOptions options = quiet(1);
  options.regularization = {.l1 = 0.01, .l2 = 0.1};
  const auto theta = net.parameters();
  const double F = net.loss(data.X, data.Y, MeanSquaredError{});
  const double P = 0.01 * (net.weights<0>().cwiseAbs().sum() + net.weights<1>().cwiseAbs().sum()) +
                   0.1 * (net.weights<0>().squaredNorm() + net.weights<1>().squaredNorm());
  const Eigen::MatrixXd W = net.weights<1>();
  auto workspace = net.workspace();
  net.loss_and_gradient(data.X, data.Y, MeanSquaredError{}, workspace);
  const Eigen::MatrixXd dW = net.layer<1>().weights(workspace.gradient.data() + 18);
  const History history =
      fit(net, data.X, data.Y, MeanSquaredError{}, GradientDescent{.learning_rate = 0.5}, options);
  CHECK(history.loss[0] == Approx(F + P).epsilon(1e-14));  // another order of summation
  const Eigen::MatrixXd want = W - 0.5 * (dW + (0.01 * W.array().sign() + 0.2 * W.array()).matrix());
  CHECK(net.weights<1>().isApprox(want, 1e-14));
  CHECK(net.parameters() != theta);
}

TEST_CASE("max-norm bounds every unit's incoming weights", "[fit][regularization]") {
  Net net = fresh();
  FitOptions options = quiet(5, 10);
  options.regularization = {.max_norm = 0.3};
  fit(net, data.X, data.Y, MeanSquaredError{}, Adam{.learning_rate = 0.1}, options);
  CHECK(net.weights<0>().colwise().norm().maxCoeff() <= 0.3 * (1 + 1e-14));  // rounding of the norm
  CHECK(net.weights<0>().colwise().norm().maxCoeff() > 0.29);
}

TEST_CASE("clipping bounds what the optimiser sees", "[fit][clipping]") {
  Net net = fresh();
  const auto before = net.parameters();
  FitOptions options = quiet(1);
  options.clipping = {.global_norm = 1e-3};
  fit(net, data.X, data.Y, MeanSquaredError{}, GradientDescent{.learning_rate = 1}, options);
  CHECK((net.parameters() - before).norm() == Approx(1e-3).epsilon(1e-2));  // torch adds 1e-6 to the norm
}

TEST_CASE("partial_fit: online data, one pass at a time", "[partial_fit]") {
  Net net = fresh(), whole = fresh();
  auto workspace = net.workspace();
  Adam adam, same;
  for (Index first = 0; first < 30; first += 10)
    partial_fit(net, data.X.middleRows(first, 10), data.Y.middleRows(first, 10), MeanSquaredError{}, adam,
                workspace, 5);
  fit(whole, data.X, data.Y, MeanSquaredError{}, same, in_order(1, 5));
  CHECK(net.parameters() == whole.parameters());
  CHECK(adam.state.steps == 6);

  const double F = net.loss(data.X, data.Y, MeanSquaredError{});
  CHECK(partial_fit(net, data.X, data.Y, MeanSquaredError{}, adam, workspace, full_batch) == F);
  CHECK_THROWS_AS(partial_fit(net, data.X, data.Y, MeanSquaredError{}, adam, workspace, -1), OptionError);
  CHECK_THROWS_AS(partial_fit(net, data.X, data.Y.topRows(3), MeanSquaredError{}, adam, workspace),
                  ShapeError);
  CHECK_THROWS_AS(
      partial_fit(net, data.X, data.Y, MeanSquaredError{}, adam, workspace, 5, {.clipping = {.value = -1}}),
      OptionError);
}

TEST_CASE("fit: the options of steps and splits out of their domain", "[fit]") {
  Net net = fresh();
  const auto before = net.parameters();
  const auto refused = [&](auto change) {
    FitOptions options = quiet(1);
    change(options);
    CHECK_THROWS_AS(fit(net, data.X, data.Y, MeanSquaredError{}, Adam{}, options), OptionError);
    CHECK(net.parameters() == before);
  };
  refused([](FitOptions& o) { o.accumulate = 0; });
  for (const double part : {-0.1, 1.0, std::numeric_limits<double>::quiet_NaN()})
    refused([&](FitOptions& o) { o.validation_split = part; });
  refused([](FitOptions& o) {
    o.validation_split = 0.1;
    o.validation = {data.X, data.Y};
  });
  refused([](FitOptions& o) { o.regularization.l1 = -1; });
  refused([](FitOptions& o) { o.clipping.norm = -1; });

  FitOptions options = quiet(1);
  options.validation_split = 0.1;
  const auto source = [](Index, Index, SourceBatch<double>&) { return false; };
  CHECK_THROWS_AS(fit(net, source, MeanSquaredError{}, Adam{}, options), OptionError);
}

TEST_CASE("a step that fails with several batches accumulated leaves the parameters",
          "[fit][accumulate][non_finite]") {
  Net net = fresh();
  net.parameters() *= 1e200;
  const auto before = net.parameters();
  FitOptions options = in_order(1, 10);
  options.accumulate = 3;
  for (const Index accumulate : {3, 100}) {  // the last step of the epoch, too
    options.accumulate = accumulate;
    std::string message;
    try {
      fit(net, 1e200 * data.X, data.Y, MeanSquaredError{}, GradientDescent{}, options);
    } catch (const NonFiniteError& error) {
      message = error.what();
    }
    CHECK_THAT(message, Catch::Matchers::ContainsSubstring("epoch 0, batch 2: "));
    CHECK(net.parameters() == before);
  }
}

TEST_CASE("diagnostics: fit says what is likely to be a mistake, unless it is told not to",
          "[fit][diagnostics]") {
  Net net = fresh();
  std::ostringstream out;
  FitOptions options = quiet(1);
  options.progress = Progress::automatic;
  options.progress_stream = &out;
  const Eigen::MatrixXd unscaled = 1000 * data.X;
  const auto said = [&] {
    out.str("");
    fit(net, unscaled, data.Y, MeanSquaredError{}, GradientDescent{.learning_rate = 1e-9}, options);
    return out.str().find("StandardScaler") != std::string::npos;
  };
  CHECK(said());
  options.diagnostics = false;
  CHECK_FALSE(said());
  options.diagnostics = true;
  options.progress = Progress::never;
  CHECK_FALSE(said());
}

}  // namespace test_fit_options
