// What is const may be called by any number of threads, and gives the same bits.

#include <latch>
#include <thread>
#include <vector>

#include "lamina/dynamic_network.hpp"
#include "lamina/layers.hpp"
#include "lamina/losses.hpp"
#include "support/catch.hpp"
#include "training/problems.hpp"

namespace {

using namespace lamina;

constexpr int threads = 8, rounds = 20;

/// f(k) in thread k, all at once.
template <class F>
void in_threads(F f) {
  std::latch start(threads);
  std::vector<std::jthread> all;
  for (int k = 0; k < threads; ++k)
    all.emplace_back([&, k] {
      start.arrive_and_wait();
      f(k);
    });
}

/// Assertions of Catch are not for threads: each thread counts what differs.
struct Differences {
  long counts[threads] = {};
  void add(int thread, bool equal) { counts[thread] += equal ? 0 : 1; }
  long sum() const {
    long total = 0;
    for (const long count : counts) total += count;
    return total;
  }
};

template <class Net>
void check_predictions(const Net& net) {
  const Eigen::MatrixXd X = problems::uniform(700, 3, 1), expected = net.predict(X);
  Differences without, with;
  in_threads([&](int k) {
    for (int i = 0; i < rounds; ++i) without.add(k, net.predict(X) == expected);
  });
  in_threads([&](int k) {
    auto workspace = net.workspace();
    Eigen::MatrixXd output(700, net.outputs());
    for (int i = 0; i < rounds; ++i) {
      with.add(k, net.predict(X, workspace) == expected);
      net.predict(X, workspace, output);
      with.add(k, output == expected);
    }
  });
  Eigen::MatrixXd together(700, net.outputs());  // each thread writes rows of its own
  in_threads([&](int k) {
    auto workspace = net.workspace();
    for (Index i = k; i < 700; i += threads) net.predict(X.row(i), workspace, together.row(i));
  });
  CHECK(without.sum() == 0);
  CHECK(with.sum() == 0);
  CHECK((together - expected).cwiseAbs().maxCoeff() < 1e-14);  // a row alone may be rounded in another order
}

}  // namespace

TEST_CASE("threads predict with one network of fixed shapes", "[threads]") {
  Network<double, Normalization<3>, Dense<3, 16, Tanh>, BatchNorm<16>, Dropout<16>, Dense<16, 2>> net;
  net.initialize(1);
  check_predictions(net);
}

TEST_CASE("threads predict with one network of run-time depth", "[threads]") {
  auto net = DynamicNetwork<double>(3).dense(16, "gelu").layer_norm().dropout(0.5).dense(2).softmax();
  net.initialize(1);
  check_predictions(net);
}

TEST_CASE("threads measure the loss, and its gradient in the inputs, of one network", "[threads]") {
  Network<double, Dense<3, 16, Tanh>, BatchNorm<16>, Dropout<16>, Dense<16, 2>> net;
  net.initialize(1);
  const auto& constant = net;
  const Eigen::MatrixXd X = problems::uniform(500, 3, 1), Y = problems::uniform(500, 2, 2);
  auto workspace = net.workspace();
  const double F = constant.loss(X, Y, MeanSquaredError{});
  const Eigen::MatrixXd dX = constant.input_gradient(X, Y, MeanSquaredError{}, workspace, Mode::training);
  Differences differences;
  in_threads([&](int k) {
    auto own = constant.workspace();
    for (int i = 0; i < rounds; ++i) {
      differences.add(k, constant.loss(X, Y, MeanSquaredError{}) == F);
      differences.add(k, constant.loss(X, Y, MeanSquaredError{}, own) == F);
      differences.add(k, constant.input_gradient(X, Y, MeanSquaredError{}, own, Mode::training) == dX);
    }
  });
  CHECK(differences.sum() == 0);
}
