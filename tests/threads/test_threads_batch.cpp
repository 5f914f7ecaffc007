// Several threads on one batch: the same bits for any number of them, whichever way the work is shared.

#include <vector>

#include "lamina/dynamic_network.hpp"
#include "lamina/layers.hpp"
#include "lamina/losses.hpp"
#include "lamina/optimizers/adam.hpp"
#include "lamina/optimizers/gradient_descent.hpp"
#include "support/catch.hpp"
#include "training/problems.hpp"
#include "training/quiet.hpp"

namespace {

using namespace lamina;

/// Everything a network computes, with so many threads: θ after some steps, the losses, a gradient and predictions.
template <class Net, class Loss, class TY, class Optimizer_>
struct Results {
  using Scalar = typename Net::Scalar;
  using Matrix = problems::Matrix<Scalar>;

  Matrix theta, gradient, prediction, input_gradient;
  std::vector<double> losses;

  Results(Net net, const Matrix& X, const TY& Y, const Loss& loss, Optimizer_ optimizer, Index batch_size,
          int threads) {
    FitOptions options = problems::quiet(2, batch_size, 5);
    options.threads = threads;
    losses = fit(net, X, Y, loss, optimizer, options).loss;
    theta = net.parameters();
    auto workspace = net.workspace();
    workspace.threads = threads;
    losses.push_back(static_cast<double>(net.loss_and_gradient(X, Y, loss, workspace)));
    losses.push_back(static_cast<double>(net.loss(X, Y, loss, workspace)));
    gradient = workspace.gradient;
    input_gradient = net.input_gradient(X, Y, loss, workspace);
    prediction = net.predict(X, workspace);
  }
  friend bool operator==(const Results& a, const Results& b) {
    return a.theta == b.theta && a.gradient == b.gradient && a.prediction == b.prediction &&
           a.input_gradient == b.input_gradient && a.losses == b.losses;
  }
};

template <class Net, class Loss, class TY, class Optimizer_>
void check_same_bits(Net net, const problems::Matrix<typename Net::Scalar>& X, const TY& Y, const Loss& loss,
                     const Optimizer_& optimizer, Index batch_size) {
  net.initialize(2);
  const auto of = [&](int threads) {
    return Results<Net, Loss, TY, Optimizer_>(net, X, Y, loss, optimizer, batch_size, threads);
  };
  const auto alone = of(1);
  for (const int threads : {2, 3, 8, 0}) {
    CAPTURE(threads);
    CHECK((of(threads) == alone));
  }
}

}  // namespace

#if defined(_OPENMP)
TEST_CASE("OpenMP is there", "[threads]") {
  int most = 0;
  detail::parallel(3, [&](int rank, int size) {
    if (rank == 0) most = size;
  });
  CHECK(most >= 1);
  CHECK(available_threads() >= 1);
}
#else
TEST_CASE("OpenMP is there", "[threads]") {
  WARN("compiled without OpenMP: everything below runs on one thread, nothing is tested of several");
  CHECK(available_threads() == 1);
}
#endif

TEST_CASE("small networks: threads take chunks of tiles", "[threads]") {
  const auto X = problems::uniform<float>(3000, 4, 1), Y = problems::uniform<float>(3000, 4, 2);
  using Net = Network<float, Dense<4, 32, Tanh>, Dropout<32>, Dense<32, 16, Tanh>, Dense<16, 4>>;
  check_same_bits(Net(), X, Y, MeanSquaredError{}, Adam{}, full_batch);
  check_same_bits(Net(), X, Y, MeanSquaredError{}, GradientDescent{.learning_rate = 0.1}, 700);
}

TEST_CASE("small networks with weights and classes", "[threads]") {
  const problems::Triangle<double> data(1500);
  const std::vector<double> weights(1500, 0.5);
  const auto Y = weighted(data.labels, weights);
  check_same_bits(Network<double, Dense<2, 20, SiLU>, Dense<20, 3>>(), data.X, Y,
                  SoftmaxCrossEntropy{.class_weights = {1, 2, 3}}, Adam{}, full_batch);
}

TEST_CASE("large networks: threads share the products of a tile", "[threads]") {
  const auto X = problems::uniform<float>(300, 300, 1), Y = problems::uniform<float>(300, 5, 2);
  const auto net = DynamicNetwork<float>(300).dense(311, "relu").batch_norm().dense(290, "tanh").dense(5);
  check_same_bits(net, X, Y, MeanSquaredError{}, Adam{}, 100);
  check_same_bits(net, X, Y, MeanSquaredError{}, GradientDescent{.learning_rate = 0.01}, full_batch);
}

TEST_CASE("an exception in a thread reaches the caller", "[threads]") {
  struct Throws {
    static double value(const auto&, const auto&) { throw DataError("from within"); }
    static void gradient(const auto&, const auto&, auto& dA) { dA.setZero(); }
  };
  Network<double, Dense<2, 3>, Dense<3, 1>> net;
  const problems::Surface<> data(5000);
  auto workspace = net.workspace();
  workspace.threads = 4;
  CHECK_THROWS_AS(net.loss(data.X, data.Y, Throws{}, workspace), DataError);
}

TEST_CASE("a negative number of threads is refused", "[threads]") {
  Network<double, Dense<2, 1>> net;
  const problems::Surface<> data(10);
  FitOptions options = problems::quiet(1);
  options.threads = -1;
  CHECK_THROWS_MATCHES(fit(net, data.X, data.Y, MeanSquaredError{}, GradientDescent{}, options), OptionError,
                       Catch::Matchers::Message("threads: expected at least 1, or 0 for all, got -1"));
}
