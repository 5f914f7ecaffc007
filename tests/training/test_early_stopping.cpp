#include <algorithm>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include "lamina/layers.hpp"
#include "lamina/losses.hpp"
#include "lamina/optimizers.hpp"
#include "lamina/training/early_stopping.hpp"
#include "lamina/training/fit.hpp"
#include "lamina/training/history_export.hpp"
#include "lamina/training/monitor.hpp"
#include "support/catch.hpp"
#include "training/problems.hpp"
#include "training/quiet.hpp"

namespace test_early_stopping {

using namespace lamina;
using problems::quiet;

namespace {

using Net = Network<double, Dense<2, 8, Tanh>, Dense<8, 1>>;

const problems::Surface<double> data(40), other(30, 9);

/// Puts a number of its own into the history, and keeps the parameters of every epoch.
struct Script {
  static constexpr bool sees_context = true;
  std::vector<double> values;
  std::vector<Eigen::VectorXd>* seen;

  void after_epoch(auto& context) const {
    context.history.record("script", values[static_cast<std::size_t>(context.state.epoch)]);
    seen->push_back(context.network.parameters());
  }
};

struct Run {
  std::vector<Eigen::VectorXd> seen;
  Eigen::VectorXd parameters;
  History history;

  Run(const std::vector<double>& values, EarlyStopping stopping) {
    Net net;
    net.initialize(1);
    stopping.monitor = "script";
    history = fit(net, data.X, data.Y, MeanSquaredError{}, Adam{},
                  quiet(static_cast<Index>(values.size()), 10), Script{values, &seen}, stopping);
    parameters = net.parameters();
  }
};

}  // namespace

TEST_CASE("best weights are restored by default", "[early_stopping]") {
  const Run run({5, 3, 4, 2, 6, 6, 6, 1}, {.patience = 3});
  CHECK(run.history.stop_reason == StopReason::early_stopping);
  CHECK(run.history.epochs() == 7);  // three epochs after the fourth were no better
  CHECK(run.history.best_epoch == 3);
  CHECK(run.parameters == run.seen[3]);
  CHECK(run.parameters != run.seen[6]);
}

TEST_CASE("best weights come back when all epochs were run, too", "[early_stopping]") {
  const Run run({5, 1, 4}, {.patience = 3});
  CHECK(run.history.stop_reason == StopReason::completed);
  CHECK(run.parameters == run.seen[1]);
}

TEST_CASE("early stopping: its options", "[early_stopping]") {
  SECTION("restore_best") {
    const Run run({5, 1, 4, 4}, {.patience = 2, .restore_best = false});
    CHECK(run.history.epochs() == 4);
    CHECK(run.parameters == run.seen.back());
    CHECK(run.history.best_epoch == -1);
  }
  SECTION("min_delta") {
    const Run run({5, 4.95, 4.9, 4.85, 1}, {.patience = 3, .min_delta = 0.5});
    CHECK(run.history.epochs() == 4);
    CHECK(run.history.best_epoch == 0);
  }
  SECTION("maximize") {
    const Run run({1, 5, 2, 3}, {.patience = 2, .maximize = true});
    CHECK(run.history.epochs() == 4);
    CHECK(run.history.best_epoch == 1);
  }
  SECTION("NaN is no improvement") {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const Run run({nan, 5, nan, nan, 1}, {.patience = 2});
    CHECK(run.history.epochs() == 4);
    CHECK(run.history.best_epoch == 1);
  }
  SECTION("out of their domain") {
    CHECK_THROWS_AS(Run({1}, {.patience = 0}), OptionError);
    CHECK_THROWS_AS(Run({1}, {.min_delta = -1}), OptionError);
    CHECK_THROWS_AS(Run({1}, {.min_delta = std::numeric_limits<double>::infinity()}), OptionError);
    Net net;
    net.initialize(1);
    EarlyStopping unknown{.monitor = "accurracy"};
    CHECK_THROWS_AS(fit(net, data.X, data.Y, MeanSquaredError{}, Adam{}, quiet(2), unknown), OptionError);
  }
}

TEST_CASE("early stopping looks at the validation loss, or without at the loss", "[early_stopping]") {
  Net net;
  net.initialize(1);
  FitOptions options = quiet(400, 10);
  options.validation = {other.X, other.Y};
  const History history = fit(net, data.X, data.Y, MeanSquaredError{}, Adam{.learning_rate = 0.05}, options,
                              EarlyStopping{.patience = 5});
  REQUIRE(history.best_epoch >= 0);
  const auto& losses = history.validation_loss;
  const auto best = std::min_element(losses.begin(), losses.end());
  CHECK(history.best_epoch == best - losses.begin());
  CHECK(net.loss(other.X, other.Y, MeanSquaredError{}) == *best);

  Net without;
  without.initialize(1);
  const History plain = fit(without, data.X, data.Y, MeanSquaredError{}, Adam{}, quiet(3), EarlyStopping{});
  CHECK(plain.best_epoch == 2);
}

TEST_CASE("a monitor measures after every epoch", "[monitor]") {
  Net net;
  net.initialize(1);
  const auto worst = [](const auto& prediction, const auto& Y) {
    return (prediction - Y).cwiseAbs().maxCoeff();
  };
  const History history = fit(net, data.X, data.Y, MeanSquaredError{}, Adam{}, quiet(4, 10),
                              monitor("worst", other.X, other.Y, worst));
  const auto* values = history.find("worst");
  REQUIRE(values);
  REQUIRE(values->size() == 4);
  CHECK(values->back() == worst(net.predict(other.X), other.Y));
  CHECK((*values)[0] != values->back());
  CHECK(history.find("best") == nullptr);

  std::ostringstream csv;
  write_csv(csv, history);
  CHECK(csv.str().starts_with("epoch,loss,learning_rate,seconds,worst\n0,"));
  std::ostringstream json;
  write_json(json, history);
  CHECK(json.str().find("\"worst\": [") != std::string::npos);

  for (const char* name : {"", "epoch", "loss", "seconds"})
    CHECK_THROWS_AS(fit(net, data.X, data.Y, MeanSquaredError{}, Adam{}, quiet(1),
                        monitor(name, other.X, other.Y, worst)),
                    OptionError);
  CHECK_THROWS_AS(fit(net, data.X, data.Y, MeanSquaredError{}, Adam{}, quiet(1),
                      monitor("a", other.X, other.Y, worst), monitor("a", other.X, other.Y, worst)),
                  OptionError);
}

}  // namespace test_early_stopping
