// Fixed shapes that do not fit the stack live on the heap; nothing else about them differs.

#include "lamina/layers.hpp"
#include "lamina/losses.hpp"
#include "lamina/network.hpp"
#include "support/catch.hpp"
#include "training/problems.hpp"

using namespace lamina;

TEST_CASE("a network of more than 128 KiB", "[network][large]") {
  using Net = Network<float, Dense<784, 128, ReLU>, Dense<128, 10>>;
  STATIC_REQUIRE(Net::Parameters::SizeAtCompileTime == Eigen::Dynamic);
  STATIC_REQUIRE(sizeof(Net) < 1024);
  Net net;
  net.initialize(1);
  auto run_time =
      make_network<float>(Dense<Dynamic, Dynamic, ReLU>(784, 128), Dense<Dynamic, Dynamic>(128, 10));
  run_time.initialize(1);
  CHECK(net.parameter_count() == 784 * 128 + 128 + 128 * 10 + 10);
  CHECK(net.weights<0>().rows() == 784);
  REQUIRE(net.parameters() == run_time.parameters());

  const Eigen::MatrixXf X = problems::uniform<float>(300, 784, 1);
  Eigen::VectorXi labels(300);
  for (int i = 0; i < 300; ++i) labels(i) = i % 10;
  CHECK(net.predict(X) == run_time.predict(X));
  CHECK(net.predict(X.row(5)) == net.predict(X.middleRows(5, 1)));

  auto workspace = net.workspace();
  auto other = run_time.workspace();
  const float F = net.loss_and_gradient(X, labels, SoftmaxCrossEntropy{}, workspace);
  CHECK(F == run_time.loss_and_gradient(X, labels, SoftmaxCrossEntropy{}, other));
  CHECK(workspace.gradient == other.gradient);

  const Net copy = net;
  net.parameters().setZero();
  CHECK(copy.parameters() == run_time.parameters());
}

TEST_CASE("a network of less lives inside the object", "[network][large]") {
  using Net = Network<double, Dense<10, 32, Tanh>, Dense<32, 3>>;
  STATIC_REQUIRE(Net::Parameters::SizeAtCompileTime == 10 * 32 + 32 + 32 * 3 + 3);
  STATIC_REQUIRE(sizeof(Net) >= sizeof(double) * (10 * 32 + 32 + 32 * 3 + 3));
}
