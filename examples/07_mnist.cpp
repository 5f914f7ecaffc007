// Handwritten digits, 784-512-10: trains on 60000 images and recognises more than 98 % of 10000 others.
//
//   07_mnist FOLDER        that holds train-images-idx3-ubyte, train-labels-idx1-ubyte,
//                          t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, plain or (with zlib) as .gz
//   07_mnist TRAIN_IMAGES TRAIN_LABELS TEST_IMAGES TEST_LABELS

#include <chrono>
#include <filesystem>
#include <iostream>
#include <lamina/data/idx.hpp>
#include <lamina/lamina.hpp>

using namespace lamina;

std::vector<std::string> paths(const std::vector<std::string>& arguments) {
  if (arguments.size() == 4) return arguments;
  if (arguments.size() != 1)
    throw std::runtime_error("expected a folder or four files, see examples/07_mnist.cpp");
  std::vector<std::string> files;
  for (const char* name : {"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
                           "t10k-labels-idx1-ubyte"}) {
    const auto plain = std::filesystem::path(arguments[0]) / name;
    files.push_back(std::filesystem::exists(plain) ? plain.string() : plain.string() + ".gz");
  }
  return files;
}

double accuracy(const Eigen::MatrixXf& logits, const Eigen::VectorXi& labels) {
  Index right = 0;
  for (Index i = 0; i < logits.rows(); ++i) {
    Index digit;
    logits.row(i).maxCoeff(&digit);
    right += digit == labels(i);
  }
  return static_cast<double>(right) / static_cast<double>(logits.rows());
}

int main(int argc, char** argv) {
  try {
    const auto files = paths({argv + 1, argv + argc});
    auto [X, labels] = read_idx_samples<float>(files[0], files[1]);
    auto [test_X, test_labels] = read_idx_samples<float>(files[2], files[3]);
    X /= 255;  // from bytes to numbers from 0 to 1
    test_X /= 255;

    Network<float, Dense<784, 512, ReLU>, Dropout<512>, Dense<512, 10>> net(
        Dense<784, 512, ReLU>(), Dropout<512>(0.3), Dense<512, 10>());
    net.initialize(1);
    Adam adam{.learning_rate = 2e-3};
    std::cout << net.parameter_count() << " parameters, " << X.rows() << " images, " << available_threads()
              << " threads\n";
    const auto began = std::chrono::steady_clock::now();
    fit(net, X, labels, SoftmaxCrossEntropy{}, adam,
        FitOptions{.epochs = 12, .batch_size = 128, .seed = 1, .threads = 0}, [&](const FitState& state) {
          std::cout << "epoch " << state.epoch + 1 << "  loss " << state.loss << "  " << state.seconds << " s"
                    << std::endl;
          adam.learning_rate *= 0.75;  // smaller and smaller steps
        });
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - began;

    const double right = accuracy(net.predict(test_X), test_labels);
    std::cout << "test accuracy " << 100 * right << " % after " << elapsed.count() << " s\n";
    return right >= 0.98 ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << "07_mnist: " << error.what() << '\n';
    return 2;
  }
}
