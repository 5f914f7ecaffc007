// One of two translation units that include the whole library and are linked together.

#include <cstdio>
#include <lamina/lamina.hpp>

double train_in_two();

namespace {

double train_in_one() {
  using namespace lamina;
  const Eigen::VectorXd x = Eigen::VectorXd::LinSpaced(50, -1.0, 1.0);
  const Eigen::MatrixXd X = x, Y = 2.0 * x;

  Network<double, Dense<1, 4, Tanh>, Dense<4, 1>> net;
  net.initialize(1);
  auto workspace = net.workspace();
  GradientDescent descent{.learning_rate = 0.1};
  for (int k = 0; k < 200; ++k) {
    net.loss_and_gradient(X, Y, MeanSquaredError{}, workspace);
    descent.step(net.parameters(), workspace.gradient);
  }
  return net.loss(X, Y, MeanSquaredError{});
}

}  // namespace

int main() {
  const double one = train_in_one();
  const double two = train_in_two();
  std::printf("loss in one.cpp %g, in two.cpp %g\n", one, two);
  return one < 0.05 && one == two ? 0 : 1;  // the variance of Y is 4/3: both have learned
}
