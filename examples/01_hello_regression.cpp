#include <iostream>
#include <lamina/lamina.hpp>

int main() {
  using namespace lamina;
  // y = x² at 201 points. Rows are samples: X and Y are 201×1.
  const Eigen::MatrixXf X = Eigen::VectorXf::LinSpaced(201, -1, 1);
  const Eigen::MatrixXf Y = X.cwiseAbs2();

  Network<float, Dense<1, 16, Tanh>, Dense<16, 1>> net;
  net.initialize(1);
  const History history = fit(net, X, Y, MeanSquaredError{}, GradientDescent{.learning_rate = 0.1},
                              FitOptions{.epochs = 2000, .batch_size = 10});
  std::cout << "loss " << history.loss.front() << " -> " << history.loss.back() << '\n';

  const Eigen::MatrixXf prediction = net.predict(X);
  for (const int i : {0, 50, 100, 150, 200})
    std::cout << X(i) << " squared is " << Y(i) << ", predicted " << prediction(i) << '\n';
  return history.loss.back() < 1e-3 ? 0 : 1;
}
