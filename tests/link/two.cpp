// The other translation unit: the same training as in one.cpp, to the same last bit.

#include <lamina/lamina.hpp>

double train_in_two();

double train_in_two() {
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
