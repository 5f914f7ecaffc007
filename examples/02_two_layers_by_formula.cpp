// Two sigmoid layers without bias, written out as matrix formulas, and the same network in Lamina:
// the loss, the gradient and every step of gradient descent agree to rounding.

#include <algorithm>
#include <iostream>
#include <lamina/lamina.hpp>

using Eigen::MatrixXd;

MatrixXd g(const MatrixXd& Z) { return (1 + (-Z.array()).exp()).inverse(); }
MatrixXd derivative_of_g(const MatrixXd& Z) { return g(Z).array() * (1 - g(Z).array()); }

int main() {
  using namespace lamina;
  const Index m = 100;
  Random random(42);
  const MatrixXd X = MatrixXd::NullaryExpr(m, 3, [&] { return random.uniform(-2, 2); });
  const MatrixXd Y = g(X.col(0).cwiseProduct(X.col(1)) - X.col(2));  // in (0, 1), as the last sigmoid is

  Network<double, Dense<3, 4, Sigmoid, false>, Dense<4, 1, Sigmoid, false>> net;
  net.initialize(7);
  auto workspace = net.workspace();
  MatrixXd W1 = net.weights<0>(), W2 = net.weights<1>();  // 3×4, 4×1
  const double alpha = 0.5;
  double largest_difference = 0;
  const auto compare = [&](double difference) {
    largest_difference = std::max(largest_difference, difference);
  };

  for (int step = 0; step <= 2000; ++step) {
    const MatrixXd Z1 = X * W1, A1 = g(Z1);   // Z[l] = A[l-1]·W[l]
    const MatrixXd Z2 = A1 * W2, A2 = g(Z2);  // A[l] = g∘Z[l]
    const double f = (A2 - Y).squaredNorm() / m;

    const MatrixXd dA2 = 2.0 / m * (A2 - Y);                     // df/dA[L] = (2/m)(A[L] − Y)
    const MatrixXd dZ2 = dA2.cwiseProduct(derivative_of_g(Z2));  // df/dZ[l] = df/dA[l] ⊙ (g'∘Z[l])
    const MatrixXd dW2 = A1.transpose() * dZ2;                   // df/dW[l] = A[l-1]ᵀ·df/dZ[l]
    const MatrixXd dA1 = dZ2 * W2.transpose();                   // df/dA[l-1] = df/dZ[l]·W[l]ᵀ
    const MatrixXd dZ1 = dA1.cwiseProduct(derivative_of_g(Z1));
    const MatrixXd dW1 = X.transpose() * dZ1;

    const double F = net.loss_and_gradient(X, Y, MeanSquaredError{}, workspace);
    compare(std::abs(F - f));
    compare((workspace.gradient.head(12).reshaped(3, 4) - dW1).cwiseAbs().maxCoeff());
    compare((workspace.gradient.tail(4) - dW2).cwiseAbs().maxCoeff());
    if (step % 500 == 0) std::cout << "step " << step << "  by formula " << f << "  by Lamina " << F << '\n';

    W1 -= alpha * dW1;  // W[l] ← W[l] − α·df/dW[l]
    W2 -= alpha * dW2;
    GradientDescent{.learning_rate = alpha}.step(net.parameters(), workspace.gradient);
    compare((net.weights<0>() - W1).cwiseAbs().maxCoeff());
    compare((net.weights<1>() - W2).cwiseAbs().maxCoeff());
  }
  std::cout << "largest difference in a loss, a derivative or a weight: " << largest_difference << '\n';
  return largest_difference < 1e-10 ? 0 : 1;
}
