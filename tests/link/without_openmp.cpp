// A program that is compiled without OpenMP: it may ask for threads, and everything runs on one.

#include <iostream>
#include <lamina/lamina.hpp>

#if defined(_OPENMP) || defined(LAMINA_STD_THREADS)
#error "this program must be built without OpenMP"
#endif

int main() {
  using namespace lamina;
  const Eigen::MatrixXf X = Eigen::MatrixXf::Random(600, 100), Y = X.leftCols(1).cwiseAbs2();
  const auto trained = [&](int threads) {
    auto net = DynamicNetwork<float>(100).dense(700, "relu").dense(1);
    net.initialize(1);
    fit(net, X, Y, MeanSquaredError{}, GradientDescent{.learning_rate = 1e-3},
        FitOptions{.epochs = 2, .batch_size = 200, .progress = Progress::never, .threads = threads});
    return Eigen::VectorXf(net.parameters());
  };
  if (available_threads() != 1) {
    std::cerr << "expected one thread, got " << available_threads() << '\n';
    return 1;
  }
  const Eigen::VectorXf alone = trained(1);
  if (!alone.allFinite() || trained(4) != alone || trained(0) != alone) {
    std::cerr << "other results with threads = 4 or 0 than with 1\n";
    return 1;
  }
  return 0;
}
