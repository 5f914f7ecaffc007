// Large layers: the products pack nothing on the heap.

#include <new>

#include "heap/count.hpp"
#include "lamina/dynamic_network.hpp"
#include "lamina/layers.hpp"
#include "lamina/losses.hpp"
#include "lamina/optimizers/gradient_descent.hpp"
#include "lamina/training/step.hpp"
#include "support/catch.hpp"
#include "training/problems.hpp"

namespace {

using namespace lamina;

template <class Net>
void check_steps(Net net, Index m) {
  net.initialize(1);
  const problems::Matrix<float> X = problems::uniform<float>(m, net.inputs(), 1);
  Eigen::VectorXi labels(m);
  for (Index i = 0; i < m; ++i) labels(i) = static_cast<int>(i % 10);
  problems::Matrix<float> output(m, net.outputs());
  auto workspace = net.workspace();
  const auto step = [&] { train_step(net, X, labels, SoftmaxCrossEntropy{}, GradientDescent{}, workspace); };
  step();
  CHECK(heap::count(step) == 0);
  CHECK(heap::count([&] { net.predict(X, workspace, output); }) == 0);
  CHECK(heap::count([&] { net.loss(X, labels, SoftmaxCrossEntropy{}, workspace); }) == 0);
}

}  // namespace

TEST_CASE("784-128-10", "[heap]") {
  for (const Index m : {1, 64, 400}) {
    check_steps(Network<float, Dense<784, 128, ReLU>, Dense<128, 10>>{}, m);
    check_steps(Network(Dense<Dynamic, Dynamic, ReLU>(784, 128), Dense<Dynamic, Dynamic>(128, 10)), m);
  }
}

TEST_CASE("512-512-64", "[heap]") {
  check_steps(Network<float, Dense<512, 512, Tanh>, Dense<512, 64>>{}, 300);
}

// 2⁵⁰ bytes are more than there are addresses.
TEST_CASE("a layer that there is no memory for leaves the network as it was", "[heap]") {
  DynamicNetwork<double> wide(1 << 17);
  CHECK_THROWS_AS(wide.dense(Index{1} << 30), std::bad_alloc);
  CHECK(wide.size() == 0);
  CHECK(wide.outputs() == 1 << 17);
  CHECK(wide.parameter_count() == 0);
  CHECK_NOTHROW(wide.dense(3));
}

TEST_CASE("what cannot become so large is empty", "[heap]") {
  Eigen::VectorXd vector = Eigen::VectorXd::Ones(100);
  CHECK_THROWS_AS(lamina::detail::make_zero(vector, Index{1} << 47), std::bad_alloc);
  CHECK(vector.size() == 0);
  Eigen::MatrixXf matrix = Eigen::MatrixXf::Ones(10, 10);
  CHECK_THROWS_AS(lamina::detail::make_size(matrix, 10, Index{1} << 45), std::bad_alloc);
  CHECK(matrix.size() == 0);
}
