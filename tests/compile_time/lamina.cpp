#include <iostream>
#include <lamina/activations/tanh.hpp>
#include <lamina/layers/dense.hpp>
#include <lamina/losses/mean_squared_error.hpp>
#include <lamina/optimizers/gradient_descent.hpp>
#include <lamina/training/step.hpp>

int main() {
  using namespace lamina;
  // y = x² at 201 points
  const Eigen::MatrixXf X = Eigen::VectorXf::LinSpaced(201, -1, 1);
  const Eigen::MatrixXf Y = X.cwiseAbs2();
  Network<float, Dense<1, 16, Tanh>, Dense<16, 1>> net;
  net.initialize(1);
  auto workspace = net.workspace();
  float F = 0;
  for (int step = 0; step < 20000; ++step)
    F = train_step(net, X, Y, MeanSquaredError{}, GradientDescent{.learning_rate = 0.1}, workspace);
  std::cout << "loss " << F << ", 0.5 squared is " << net.predict(X)(150) << '\n';
  return F < 1e-3F ? 0 : 1;
}
