// Exclusive or, which no single layer can represent: four samples, a hidden layer, full-batch descent.

#include <iostream>
#include <lamina/lamina.hpp>

int main() {
  using namespace lamina;
  const Eigen::MatrixXf X{{0, 0}, {0, 1}, {1, 0}, {1, 1}};
  const Eigen::VectorXi labels{{0, 1, 1, 0}};

  // One output: the logit of "true". The sigmoid is in the loss.
  Network<float, Dense<2, 4, Tanh>, Dense<4, 1>> net;
  net.initialize(1);
  fit(net, X, labels, BinaryCrossEntropy{}, GradientDescent{.learning_rate = 0.5},
      FitOptions{.epochs = 1000, .batch_size = full_batch});

  const Eigen::ArrayXf probability = Sigmoid::g(net.predict(X).array());
  int right = 0;
  for (Index i = 0; i < 4; ++i) {
    const int predicted = probability(i) > 0.5f;
    right += predicted == labels(i);
    std::cout << X(i, 0) << " xor " << X(i, 1) << " is " << labels(i) << "; predicted " << predicted
              << ", probability of 1: " << probability(i) << '\n';
  }
  return right == 4 ? 0 : 1;
}
