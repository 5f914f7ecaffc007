// A program that instantiates the library, for clang-tidy to read (scripts/tidy.sh).

#include <lamina/lamina.hpp>

using namespace lamina;

namespace {

// Compile-time extents, and every layer.
double fixed(const Eigen::MatrixXd& X, const Eigen::MatrixXd& Y) {
  Network<double, Dense<3, 4, Sigmoid, false>, BatchNorm<4>, Dense<4, 8, LeakyReLU>, Dropout<8>, LayerNorm<8>,
          Dense<8, 1, Sigmoid, false>>
      net;
  net.initialize(7);
  auto workspace = net.workspace();
  double F = net.loss_and_gradient(X, Y, MeanSquaredError{}, workspace);
  GradientDescent descent{.learning_rate = 0.5};
  descent.step(net.parameters(), workspace.gradient);
  F += net.weights<0>().sum();
  return F + net.loss(X, Y, Huber{}) + net.loss(X, Y, BinaryCrossEntropy{});
}

// Run-time extents, labels, and fit.
Eigen::MatrixXf dynamic(const Eigen::MatrixXf& X, const Eigen::VectorXi& labels, Index hidden) {
  Network net(Dense<Dynamic, Dynamic, ReLU>(4, hidden), Dense<Dynamic, Dynamic>(hidden, 3));
  net.initialize(1);
  const auto history = fit(net, X, labels, SoftmaxCrossEntropy{}, GradientDescent{.learning_rate = 0.1},
                           FitOptions{.epochs = 2, .batch_size = 16});
  return net.predict(X);
}

// Run-time depth.
Eigen::MatrixXf deep(const Eigen::MatrixXf& X, const Eigen::MatrixXf& Y, Index hidden) {
  auto net = DynamicNetwork<float>(4).dense(hidden, "relu").dropout(0.1).batch_norm().dense(3);
  net.initialize(1);
  auto workspace = net.workspace();
  net.loss_and_gradient(X, Y, MeanAbsoluteError{}, workspace);
  return net.predict(X, workspace);
}

}  // namespace

int main(int argc, char**) {
  const Eigen::Index m = 10 + argc;
  const double F = fixed(Eigen::MatrixXd::Ones(m, 3), Eigen::MatrixXd::Ones(m, 1));
  const auto A = dynamic(Eigen::MatrixXf::Ones(m, 4), Eigen::VectorXi::Zero(m), 8);
  const auto B = deep(Eigen::MatrixXf::Ones(m, 4), Eigen::MatrixXf::Ones(m, 3), 8);
  return F + static_cast<double>(A.sum() + B.sum()) > 0.0 ? 0 : 1;
}
