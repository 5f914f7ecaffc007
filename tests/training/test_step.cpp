// train_step: fit is a plain loop over it.

#include <algorithm>
#include <numeric>
#include <vector>

#include "lamina/layers.hpp"
#include "lamina/losses.hpp"
#include "lamina/optimizers/adam.hpp"
#include "lamina/optimizers/gradient_descent.hpp"
#include "support/catch.hpp"
#include "training/problems.hpp"
#include "training/quiet.hpp"

namespace test_step {

using namespace lamina;

TEST_CASE("steps by hand are fit, bit for bit", "[fit][step]") {
  constexpr Index m = 45, batch_size = 8, epochs = 3;
  constexpr std::uint64_t seed = 9;
  const problems::Surface<> data(m);
  using Net = Network<double, Dense<2, 8, Tanh>, BatchNorm<8>, Dropout<8>, Dense<8, 1>>;
  Net by_fit, by_hand;
  by_fit.initialize(1);
  by_hand.initialize(1);
  const GradientDescent descent{.learning_rate = 0.05};
  const History history =
      fit(by_fit, data.X, data.Y, MeanSquaredError{}, descent, problems::quiet(epochs, batch_size, seed));

  auto workspace = by_hand.workspace();
  workspace.seed = seed;
  Random random(seed);
  std::vector<Index> order(m);
  for (Index epoch = 0; epoch < epochs; ++epoch) {
    std::iota(order.begin(), order.end(),
              Index{0});  // an order depends on the random numbers before it alone
    random.shuffle(order);
    double sum = 0;
    for (Index first = 0; first < m; first += batch_size) {
      const Index count = std::min(batch_size, m - first);
      Eigen::MatrixXd X(count, 2), Y(count, 1);
      for (Index i = 0; i < count; ++i) {
        const Index row = order[static_cast<std::size_t>(first + i)];
        X.row(i) = data.X.row(row);
        Y.row(i) = data.Y.row(row);
      }
      sum += static_cast<double>(count) * train_step(by_hand, X, Y, MeanSquaredError{}, descent, workspace);
    }
    CHECK(history.loss[static_cast<std::size_t>(epoch)] == sum / m);
  }
  CHECK(by_hand.parameters() == by_fit.parameters());
  CHECK((by_hand.layer<1>().running_mean() == by_fit.layer<1>().running_mean()).all());
  CHECK((by_hand.layer<1>().running_variance() == by_fit.layer<1>().running_variance()).all());
}

TEST_CASE("a step is the loss and gradient, then the optimiser", "[step]") {
  const problems::Surface<> data(20);
  Network<double, Dense<2, 4, Sigmoid>, Dense<4, 1>> stepped, written_out;
  stepped.initialize(1);
  written_out.initialize(1);
  auto workspace = stepped.workspace(), other = written_out.workspace();
  const double F = train_step(stepped, data.X, data.Y, MeanSquaredError{},
                              GradientDescent{.learning_rate = 0.5}, workspace);

  CHECK(F == written_out.loss_and_gradient(data.X, data.Y, MeanSquaredError{}, other));
  written_out.parameters() -= 0.5 * other.gradient;
  CHECK(stepped.parameters() == written_out.parameters());
  CHECK(workspace.gradient == other.gradient);
  CHECK(workspace.passes == 1);
}

// Layers whose gradients come in several parts, one that has it in one, and one whose inputs need not be transposed; a single
// sample is taken part by part by small networks too.
TEST_CASE("a step that is taken part by part is the same bits as one of the whole gradient", "[step]") {
  const auto check = [](Index inputs, Index wide, Index narrow, Index m) {
    CAPTURE(inputs, m);
    const auto X = problems::uniform<float>(m, inputs, 1), Y = problems::uniform<float>(m, 2, 2);
    auto parted =
        make_network<float>(Dense<Dynamic, Dynamic, ReLU>(inputs, wide), LayerNorm<Dynamic>(wide),
                            Dense<Dynamic, Dynamic, Tanh>(wide, narrow), Dense<Dynamic, Dynamic>(narrow, 2));
    parted.initialize(1);
    auto whole = parted;
    auto workspace = parted.workspace(), other = whole.workspace();
    Adam adam, same;
    for (int i = 0; i < 3; ++i) {
      const float F = train_step(parted, X, Y, MeanSquaredError{}, adam, workspace);
      CHECK(F == whole.loss_and_gradient(X, Y, MeanSquaredError{}, other));
      same.step(whole.parameters(), other.gradient);
      CHECK(parted.parameters() == whole.parameters());
    }
    CHECK(workspace.gradient != other.gradient);  // else the step was not taken part by part
  };
  check(300, 403, 150, 37);
  check(300, 403, 150, 1);
  check(53, 70, 19, 1);
}

TEST_CASE("a step takes labels, weights and expressions", "[step]") {
  const problems::Triangle<> data(30);
  Network<double, Dense<2, 4, Tanh>, Dense<4, 3>> net;
  net.initialize(1);
  auto workspace = net.workspace();
  const GradientDescent descent{.learning_rate = 0.5};
  const std::vector<double> ones(30, 1.0);
  auto plain = net, with_weights = net, expression = net;
  train_step(plain, data.X, data.labels, SoftmaxCrossEntropy{}, descent, workspace);
  train_step(with_weights, data.X, weighted(data.labels, ones), SoftmaxCrossEntropy{}, descent, workspace);
  train_step(expression, data.X * Eigen::Matrix2d::Identity(), data.labels, SoftmaxCrossEntropy{}, descent,
             workspace);
  CHECK(plain.parameters() != net.parameters());
  // With weights the rows' losses and gradients are summed one by one: rounding differs.
  CHECK((plain.parameters() - with_weights.parameters()).cwiseAbs().maxCoeff() < 1e-14);
  CHECK(plain.parameters() == expression.parameters());
}

TEST_CASE("a step takes segments of vectors", "[step]") {
  const problems::Triangle<> data(30);
  const Eigen::VectorXi labels = Eigen::Map<const Eigen::VectorXi>(data.labels.data(), 30);
  const Eigen::VectorXd ones = Eigen::VectorXd::Ones(40);
  Network<double, Dense<2, 3>> a, b;
  auto workspace = a.workspace();
  const GradientDescent descent{.learning_rate = 0.5};
  train_step(a, data.X.topRows(10), weighted(labels.head(10), ones.tail(10)), SoftmaxCrossEntropy{}, descent,
             workspace);
  const std::vector<int> first(data.labels.begin(), data.labels.begin() + 10);
  const std::vector<double> ten_ones(10, 1.0);
  train_step(b, data.X.topRows(10), weighted(first, ten_ones), SoftmaxCrossEntropy{}, descent, workspace);
  CHECK(a.parameters() == b.parameters());
}

TEST_CASE("a step that cannot be made changes nothing", "[step]") {
  const problems::Surface<> data(10);
  Network<double, Dense<2, 4>, BatchNorm<4>, Dense<4, 1>> net;
  net.initialize(1);
  const auto before = net;
  auto workspace = net.workspace();
  const MeanSquaredError loss;
  CHECK_THROWS_AS(train_step(net, data.X.leftCols(1), data.Y, loss, GradientDescent{}, workspace),
                  ShapeError);
  CHECK_THROWS_AS(train_step(net, data.X, data.Y.topRows(3), loss, GradientDescent{}, workspace), ShapeError);
  CHECK_THROWS_AS(train_step(net, data.X, data.Y, loss, GradientDescent{.learning_rate = 0}, workspace),
                  OptionError);
  CHECK(net.parameters() == before.parameters());
  CHECK((net.layer<1>().running_mean() == before.layer<1>().running_mean()).all());
  CHECK(workspace.passes == 0);
}

}  // namespace test_step
