// Networks of run-time shapes, and layers that need the whole batch, allocate in the first step and never again.

#include <vector>

#include "heap/count.hpp"
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

constexpr Index many = 1000;

/// After one step, one loss and one prediction of the largest batch, no more of them allocates.
template <class Net, class Loss, class TY>
void check_first_only(Net net, const problems::Matrix<typename Net::Scalar>& X, const TY& Y,
                      const Loss& loss) {
  net.initialize(1);
  auto workspace = net.workspace();
  problems::Matrix<typename Net::Scalar> output(X.rows(), net.outputs());
  const GradientDescent descent{.learning_rate = 1e-3};
  const auto step = [&] { train_step(net, X, Y, loss, descent, workspace); };
  const auto other = [&] {
    net.loss(X, Y, loss, workspace);
    net.predict(X, workspace);
    net.predict(X, workspace, output);
  };
  step();
  CHECK(heap::count(step) == 0);
  other();
  CHECK(heap::count(other) == 0);
  CHECK(heap::count([&] {
          for (int i = 0; i < 3; ++i) step();
          other();
          step();
          net.predict(X.topRows(3), workspace);
          net.loss_and_gradient(X, Y, loss, workspace, Mode::evaluation);
          descent.step(net.parameters(), workspace.gradient);
        }) == 0);
}

}  // namespace

TEST_CASE("run-time extents", "[heap]") {
  check_first_only(make_network<double>(Dense<Dynamic, Dynamic, ReLU>(3, 20),
                                        Dense<Dynamic, Dynamic, Tanh>(20, 5), Dense<Dynamic, Dynamic>(5, 2)),
                   problems::uniform(many, 3, 1), problems::uniform(many, 2, 2), MeanSquaredError{});
  check_first_only(Network(Dense<Dynamic, Dynamic, GELU>(3, 20), Dense<Dynamic, 1>(20, 1)),
                   problems::uniform<float>(many, 3, 1), problems::uniform<float>(many, 1, 2), Huber{});
}

TEST_CASE("run-time depth, with every kind of layer", "[heap]") {
  auto net = DynamicNetwork<double>(2)
                 .normalization(Normalization<Dynamic>(2))
                 .dense(20, "gelu")
                 .dropout(0.3)
                 .layer_norm()
                 .dense(10, "mish", false)
                 .batch_norm()
                 .activation("relu")
                 .dense(3);
  const problems::Triangle<> data(many);
  const std::vector<double> weights(static_cast<std::size_t>(many), 2.0);
  check_first_only(net, data.X, data.labels, SoftmaxCrossEntropy{});
  check_first_only(net, data.X, weighted(data.labels, weights), SoftmaxCrossEntropy{.label_smoothing = 0.1});
  check_first_only(net.softmax(), data.X, problems::uniform(many, 3, 1), MeanSquaredError{});
}

TEST_CASE("batch normalisation among fixed shapes", "[heap]") {
  check_first_only(Network<double, Dense<2, 8>, BatchNorm<8>, Activate<8, ReLU>, Dense<8, 1>>{},
                   problems::uniform(many, 2, 1), problems::uniform(many, 1, 2), MeanSquaredError{});
}

TEST_CASE("smaller batches after a larger one", "[heap]") {
  auto net = DynamicNetwork<double>(2).dense(8).batch_norm().dense(1);
  net.initialize(1);
  auto workspace = net.workspace();
  const problems::Surface<> data(many);
  train_step(net, data.X, data.Y, MeanSquaredError{}, GradientDescent{}, workspace);
  CHECK(heap::count([&] {
          for (const Index m : {999, 1, 17, 500})
            train_step(net, data.X.topRows(m), data.Y.topRows(m), MeanSquaredError{}, GradientDescent{},
                       workspace);
        }) == 0);
}

TEST_CASE("an epoch of fit allocates nothing but its entry in the history", "[heap]") {
  const problems::Surface<> data(many);
  const auto during_fit = [&](auto net, Index epochs, Index batch_size, bool bounded = false) {
    net.initialize(1);
    FitOptions options = problems::quiet(epochs, batch_size);
    if (!bounded) {
      const GradientDescent descent{.learning_rate = 1e-3};
      return heap::count([&] { fit(net, data.X, data.Y, MeanSquaredError{}, descent, options); });
    }
    options.clipping.norm = 1;
    options.regularization.l2 = 1e-3;
    Adam adam{.weight_decay = 1e-3};
    return heap::count([&] { fit(net, data.X, data.Y, MeanSquaredError{}, adam, options); });
  };
  const auto check = [&](const auto& net) {
    // The number of batches does not matter, and 1024 epochs are at most 10 more doublings of three vectors than one.
    CHECK(during_fit(net, 1, 10) == during_fit(net, 1, 500));
    CHECK(during_fit(net, 1, 10, true) == during_fit(net, 1, 500, true));
    CHECK(during_fit(net, 1024, 500) <= during_fit(net, 1, 500) + 30);
  };
  check(Network<double, Dense<2, 8, Tanh>, Dense<8, 1>>{});
  check(DynamicNetwork<double>(2).dense(8, "tanh").dropout(0.1).dense(1));
}
