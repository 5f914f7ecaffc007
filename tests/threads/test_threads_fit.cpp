// Trainings of different networks do not know of each other; a training can be stopped from another thread.

#include <atomic>
#include <stop_token>
#include <thread>
#include <vector>

#include "lamina/layers.hpp"
#include "lamina/losses.hpp"
#include "lamina/optimizers/gradient_descent.hpp"
#include "support/catch.hpp"
#include "training/problems.hpp"
#include "training/quiet.hpp"

namespace {

using namespace lamina;
using Net = Network<double, Dense<2, 8, Tanh>, BatchNorm<8>, Dropout<8>, Dense<8, 1>>;

}  // namespace

TEST_CASE("networks trained in parallel, on the same data, are as trained alone", "[threads]") {
  const problems::Surface<> data(200), test(50, 2);
  const auto trained = [&](std::uint64_t seed) {
    Net net;
    net.initialize(seed);
    FitOptions options = problems::quiet(10, 16, seed);
    options.validation = {test.X, test.Y};
    fit(net, data.X, data.Y, MeanSquaredError{}, GradientDescent{.learning_rate = 0.05}, options);
    return net;
  };
  constexpr std::size_t networks = 4;
  std::vector<Net> in_parallel(networks);
  {
    std::vector<std::jthread> threads;
    for (std::size_t k = 0; k < networks; ++k) threads.emplace_back([&, k] { in_parallel[k] = trained(k); });
  }
  for (std::size_t k = 0; k < networks; ++k) CHECK(in_parallel[k].parameters() == trained(k).parameters());
}

TEST_CASE("a training is cancelled from another thread", "[threads]") {
  const problems::Surface<> data(50);
  Net net;
  net.initialize(1);
  std::stop_source source;
  std::atomic<bool> under_way = false;
  std::jthread other([&] {
    under_way.wait(false);
    source.request_stop();
  });
  FitOptions options = problems::quiet(1000000000, 10);  // years
  options.stop_token = source.get_token();
  const History history = fit(net, data.X, data.Y, MeanSquaredError{}, GradientDescent{.learning_rate = 1e-3},
                              options, [&](FitState& state) {
                                if (state.epoch < 2) return;
                                under_way = true;
                                under_way.notify_all();
                              });
  CHECK(history.stop_reason == StopReason::cancelled);
  CHECK(history.epochs() >= 3);
  CHECK(net.parameters().allFinite());
}
