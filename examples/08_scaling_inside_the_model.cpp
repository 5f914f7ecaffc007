// Inputs and outputs in their own units: the network scales them itself, first and last, so that whoever
// predicts with it needs to know nothing of means and deviations.

#include <iostream>
#include <lamina/lamina.hpp>

int main() {
  using namespace lamina;
  // The air pressure (Pa) at an altitude (m) and a temperature (K) at sea level.
  Random random(1);
  const Index m = 500;
  Eigen::MatrixXd X(m, 2);
  for (Index i = 0; i < m; ++i) X.row(i) << random.uniform(0, 9000), random.uniform(250, 310);
  const Eigen::MatrixXd Y = 101325 * (1 - 0.0065 * X.col(0).array() / X.col(1).array()).pow(5.256);

  const auto output = Normalization<1>::standardize(Y);
  auto net = make_network<double>(Normalization<2>::standardize(X), Dense<2, 16, Tanh>(), Dense<16, 1>(),
                                  output.inverse());
  net.initialize(1);

  // The loss is in Pa², so the learning rate is divided by the variance of Y.
  const double scale = output.scale()(0), variance = 1 / (scale * scale);
  fit(net, X, Y, MeanSquaredError{}, GradientDescent{.learning_rate = 0.1 / variance},
      FitOptions{.epochs = 1000, .batch_size = 20});

  const double deviation = std::sqrt(net.loss(X, Y, MeanSquaredError{}));
  const Eigen::RowVector2d summit(4808, 288.15);
  const double predicted = net.predict(summit)(0),
               exact = 101325 * std::pow(1 - 0.0065 * 4808 / 288.15, 5.256);
  std::cout << "root mean square error " << deviation << " Pa of " << std::sqrt(variance) << " Pa\n"
            << "at 4808 m: " << predicted << " Pa predicted, " << exact << " Pa by the formula\n";
  return deviation < 0.02 * std::sqrt(variance) ? 0 : 1;
}
