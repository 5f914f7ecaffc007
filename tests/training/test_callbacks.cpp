// What callbacks see of a fit, and how they end it.

#include <cmath>
#include <stop_token>
#include <vector>

#include "lamina/layers.hpp"
#include "lamina/losses.hpp"
#include "lamina/optimizers/gradient_descent.hpp"
#include "support/catch.hpp"
#include "training/problems.hpp"
#include "training/quiet.hpp"

namespace test_callbacks {

namespace {

using namespace lamina;
using Net = Network<double, Dense<2, 4, Tanh>, Dense<4, 1>>;

constexpr Index m = 20;

/// The network and the history of a fit with these callbacks.
template <class... Callbacks>
std::pair<Net, History> trained(const FitOptions& options, Callbacks&&... callbacks) {
  const problems::Surface<> data(m);
  Net net;
  net.initialize(1);
  History history = fit(net, data.X, data.Y, MeanSquaredError{}, GradientDescent{.learning_rate = 0.1},
                        options, std::forward<Callbacks>(callbacks)...);
  return {net, history};
}

/// Notes every call.
struct Diary {
  std::vector<FitState> at_batch, at_epoch;

  void on_batch(FitState& state) { at_batch.push_back(state); }
  void on_epoch(FitState& state) { at_epoch.push_back(state); }
};

}  // namespace

TEST_CASE("a function is called at the end of every epoch", "[fit][callbacks]") {
  std::vector<double> losses;
  std::vector<Index> epochs;
  const auto [net, history] = trained(problems::quiet(4, 7), [&](const FitState& state) {
    losses.push_back(state.loss);
    epochs.push_back(state.epoch);
    CHECK(state.epochs == 4);
    CHECK(state.batches == 3);
    CHECK(state.batch == 2);
    CHECK(state.samples == m);
    CHECK(state.history->epochs() == state.epoch + 1);  // with the epoch that has ended
  });
  CHECK(losses == history.loss);
  CHECK(epochs == std::vector<Index>{0, 1, 2, 3});
}

TEST_CASE("an object's on_batch and on_epoch are called, in order", "[fit][callbacks]") {
  Diary diary;
  const auto [net, history] = trained(problems::quiet(2, 8), diary);
  REQUIRE(diary.at_batch.size() == 6);
  REQUIRE(diary.at_epoch.size() == 2);
  const Index samples[] = {8, 16, 20};
  for (std::size_t b = 0; b < 6; ++b) {
    const FitState& state = diary.at_batch[b];
    CHECK(state.epoch == static_cast<Index>(b / 3));
    CHECK(state.batch == static_cast<Index>(b % 3));
    CHECK(state.samples == samples[b % 3]);
    CHECK(state.samples_per_epoch == m);
    CHECK(state.seconds >= 0);
    CHECK(std::isnan(state.validation_loss));
  }
  CHECK(diary.at_batch[2].loss == history.loss[0]);
  CHECK(diary.at_epoch[1].loss == history.loss[1]);
  CHECK(diary.at_epoch[1].seconds == history.seconds[1]);
}

TEST_CASE("several callbacks, temporary or not, with either or both", "[fit][callbacks]") {
  struct OnBatch {
    int* calls;
    void on_batch(FitState&) { ++*calls; }
  };
  struct OnEpoch {
    int* calls;
    void on_epoch(const FitState&) const { ++*calls; }
  };
  int batches = 0, epochs = 0, functions = 0;
  const OnEpoch named{&epochs};
  trained(problems::quiet(3, 7), OnBatch{&batches}, named, [&](FitState&) { ++functions; });
  CHECK(batches == 9);
  CHECK(epochs == 3);
  CHECK(functions == 3);
}

TEST_CASE("callbacks do not change the training", "[fit][callbacks]") {
  CHECK(trained(problems::quiet(3, 7), Diary{}).first.parameters() ==
        trained(problems::quiet(3, 7)).first.parameters());
}

TEST_CASE("a function may stop the training at the end of an epoch", "[fit][callbacks]") {
  const auto [net, history] = trained(problems::quiet(10, 7), [](FitState& state) {
    if (state.epoch == 2) state.stop();
  });
  CHECK(history.epochs() == 3);
  CHECK(history.stop_reason == StopReason::callback);
  CHECK(net.parameters() == trained(problems::quiet(3, 7)).first.parameters());
}

TEST_CASE("a batch callback may stop the training at once", "[fit][callbacks]") {
  struct StopAt {
    Index epoch, batch;
    int epochs_ended = 0, calls = 0;
    void on_batch(FitState& state) {
      ++calls;
      if (state.epoch == epoch && state.batch == batch) state.stop();
    }
    void on_epoch(FitState&) { ++epochs_ended; }
  };

  SECTION("in the middle of an epoch, which then does not count") {
    StopAt stop{1, 0};
    const auto [net, history] = trained(problems::quiet(10, 7), stop);
    CHECK(stop.calls == 4);
    CHECK(stop.epochs_ended == 1);
    CHECK(history.epochs() == 1);
    CHECK(history.seconds.size() == 1);
    CHECK(history.stop_reason == StopReason::callback);
  }
  SECTION("after its last batch, when the epoch is complete") {
    StopAt stop{1, 2};
    const auto [net, history] = trained(problems::quiet(10, 7), stop);
    CHECK(stop.epochs_ended == 2);
    CHECK(history.epochs() == 2);
    CHECK(history.stop_reason == StopReason::callback);
    CHECK(net.parameters() == trained(problems::quiet(2, 7)).first.parameters());
  }
}

TEST_CASE("what a callback throws comes out of fit", "[fit][callbacks]") {
  struct Unusual {};
  CHECK_THROWS_AS(trained(problems::quiet(3), [](FitState&) { throw Unusual{}; }), Unusual);
}

TEST_CASE("a stop token cancels between batches", "[fit][callbacks]") {
  std::stop_source source;
  FitOptions options = problems::quiet(10, 7);
  options.stop_token = source.get_token();

  SECTION("before the first") {
    source.request_stop();
    Diary diary;
    const auto [net, history] = trained(options, diary);
    CHECK(history.epochs() == 0);
    CHECK(history.stop_reason == StopReason::cancelled);
    CHECK(diary.at_batch.empty());
    CHECK(net.parameters() == trained(problems::quiet(0)).first.parameters());
  }
  SECTION("in the middle of an epoch") {
    const auto [net, history] = trained(options, [&](FitState& state) {
      if (state.epoch == 1) source.request_stop();
    });
    CHECK(history.epochs() == 2);
    CHECK(history.stop_reason == StopReason::cancelled);
    CHECK(net.parameters() == trained(problems::quiet(2, 7)).first.parameters());
  }
  SECTION("after the last, too late") {
    const auto [net, history] = trained(options, [&](FitState& state) {
      if (state.epoch == 9) source.request_stop();
    });
    CHECK(history.epochs() == 10);
    CHECK(history.stop_reason == StopReason::completed);
  }
}

}  // namespace test_callbacks
