// Three classes with integer labels; the training ends when the loss on other data has stopped falling.

#include <iostream>
#include <lamina/lamina.hpp>
#include <limits>

using namespace lamina;

struct Samples {
  Eigen::MatrixXf X;       // m×2
  Eigen::VectorXi labels;  // 0, 1 or 2
};

// A disc inside of a ring inside of a ring, with noise.
Samples rings(Index m, std::uint64_t seed) {
  Random random(seed);
  Samples samples{Eigen::MatrixXf(m, 2), Eigen::VectorXi(m)};
  for (Index i = 0; i < m; ++i) {
    const int label = static_cast<int>(random.below(3));
    const double radius = label + 0.5 + 0.2 * random.normal(), angle = random.uniform(0, 6.2831853);
    samples.X.row(i) << static_cast<float>(radius * std::cos(angle)),
        static_cast<float>(radius * std::sin(angle));
    samples.labels(i) = label;
  }
  return samples;
}

double accuracy(const Eigen::MatrixXf& logits, const Eigen::VectorXi& labels) {
  Index right = 0;
  for (Index i = 0; i < logits.rows(); ++i) {
    Index predicted;
    logits.row(i).maxCoeff(&predicted);
    right += predicted == labels(i);
  }
  return static_cast<double>(right) / static_cast<double>(logits.rows());
}

int main() {
  const Samples train = rings(600, 1), validation = rings(300, 2), test = rings(1000, 3);

  Network<float, Dense<2, 32, ReLU>, Dense<32, 3>> net;  // three logits; the softmax is in the loss
  net.initialize(1);

  double least = std::numeric_limits<double>::infinity();
  Index least_epoch = 0;
  const auto stop_when_flat = [&](FitState& state) {
    if (state.validation_loss < least) {
      least = state.validation_loss;
      least_epoch = state.epoch;
    }
    if (state.epoch - least_epoch >= 20) state.stop();
  };

  const History history =
      fit(net, train.X, train.labels, SoftmaxCrossEntropy{}, GradientDescent{.learning_rate = 0.1},
          FitOptions{.epochs = 1000, .validation = {validation.X, validation.labels}}, stop_when_flat);

  const double right = accuracy(net.predict(test.X), test.labels);
  std::cout << "stopped after " << history.epochs() << " epochs; least validation loss " << least
            << " in epoch " << least_epoch << "\naccuracy on 1000 other samples: " << 100 * right << " %\n";
  return history.stop_reason == StopReason::callback && right > 0.95 ? 0 : 1;
}
