// Two published results on handwritten digits (MNIST):
//
//   plain     784-800-10, ReLU: at most 1.6 % test error, as Simard, Steinkraus and Platt, Best practices for
//             convolutional neural networks applied to visual document analysis, 2003, table 1 (cross-entropy, without
//             distortions)
//   dropout   784-1024-1024-1024-10, ReLU, dropout of 0.2 and 0.4: at most 1.25 %, as Srivastava et al., Dropout, JMLR 15,
//             2014, table 2
//
//   10_mnist_results FOLDER plain|dropout [--validate] [--quick] [--epochs N] [--threads N]
//
// FOLDER has the four files of MNIST, plain or (with zlib) as .gz. --validate trains on the first 50000 training images and
// reports the error on the last 10000 of them: that is how options are chosen. Without it all 60000 are trained on, and the
// test images are looked at once, at the end. --quick: three epochs on 2000 images.

#include <charconv>
#include <filesystem>
#include <iostream>
#include <lamina/data/idx.hpp>
#include <lamina/lamina.hpp>
#include <lamina/optimizers/adamw.hpp>
#include <lamina/schedules/one_cycle.hpp>
#include <optional>
#include <string>
#include <vector>

using namespace lamina;
namespace fs = std::filesystem;

struct Arguments {
  fs::path folder;
  std::string model;
  bool validate = false, quick = false;
  std::optional<int> epochs;
  int threads = 1;
};

int number_in(const std::string& text, const std::string& what) {
  int n = 0;
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, n);
  if (error != std::errc() || at != end || n < 1)
    throw std::runtime_error(what + ": expected a positive whole number, got \"" + text + "\"");
  return n;
}

Arguments parse(const std::vector<std::string>& given) {
  Arguments arguments;
  std::vector<std::string> others;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const std::string& text = given[i];
    if (text == "--validate") {
      arguments.validate = true;
    } else if (text == "--quick") {
      arguments.quick = true;
    } else if (text == "--threads" && i + 1 < given.size()) {
      arguments.threads = number_in(given[++i], text);
    } else if (text == "--epochs" && i + 1 < given.size()) {
      arguments.epochs = number_in(given[++i], text);
    } else {
      others.push_back(text);
    }
  }
  if (others.size() != 2 || (others[1] != "plain" && others[1] != "dropout"))
    throw std::runtime_error(
        "expected FOLDER plain|dropout [--validate] [--quick] [--epochs N] [--threads N]");
  arguments.folder = others[0];
  arguments.model = others[1];
  return arguments;
}

/// X: m×784 from 0 to 1, and m labels.
LabelledSamples<float> read(const fs::path& folder, const std::string& part) {
  const auto path = [&](const std::string& name) {
    const std::string plain = (folder / (part + name)).string();
    return fs::exists(plain) ? plain : plain + ".gz";
  };
  auto samples = read_idx_samples<float>(path("-images-idx3-ubyte"), path("-labels-idx1-ubyte"));
  samples.X /= 255;
  return samples;
}

double error_rate(const Eigen::MatrixXf& logits, const Eigen::VectorXi& labels) {
  Index wrong = 0;
  for (Index i = 0; i < logits.rows(); ++i) {
    Index digit;
    logits.row(i).maxCoeff(&digit);
    wrong += digit != labels(i);
  }
  return static_cast<double>(wrong) / static_cast<double>(logits.rows());
}

struct Recipe {
  Index epochs, batch_size;
  double max_lr;  ///< where the rate of the cycle is highest
  double bound;   ///< the error to be reached
};

template <class Net, class Optimizer>
int run(Net net, Optimizer optimizer, Recipe recipe, const Arguments& arguments) {
  auto samples = read(arguments.folder, "train");
  LabelledSamples<float> other;
  const auto part = [&](Index first, Index count) {
    return LabelledSamples<float>{samples.X.middleRows(first, count), samples.labels.segment(first, count)};
  };
  if (arguments.validate) {
    other = part(50000, 10000);
    samples = part(0, 50000);
  } else {
    other = read(arguments.folder, "t10k");
  }
  if (arguments.epochs) recipe.epochs = *arguments.epochs;
  if (arguments.quick) {
    samples = part(0, 2000);
    recipe.epochs = 3;
    recipe.bound = 0.2;  // the nearest of 2000 images has an error of about 9 %
  }

  net.initialize(1);
  const Index batches = (samples.X.rows() + recipe.batch_size - 1) / recipe.batch_size;
  const OneCycle cycle{.max_lr = recipe.max_lr,
                       .total_steps = recipe.epochs * batches,
                       .pct_start = 0.1,
                       .cycle_momentum = false};
  fit(net, samples.X, samples.labels, SoftmaxCrossEntropy{}, optimizer,
      FitOptions{.epochs = recipe.epochs,
                 .batch_size = recipe.batch_size,
                 .seed = 1,
                 .progress = Progress::never,
                 .threads = arguments.threads,
                 .schedule = {cycle, Per::step}},
      [&, seconds = 0.0](const FitState& state) mutable {
        seconds += state.seconds;
        std::cout << "epoch " << state.epoch + 1 << "  loss " << state.loss << "  " << seconds << " s"
                  << std::endl;
      });
  const double error = error_rate(net.predict(other.X), other.labels);
  std::cout << arguments.model << ": error on " << other.X.rows()
            << (arguments.validate ? " held out" : " test") << " images " << 100 * error
            << " %, expected at most " << 100 * recipe.bound << " %\n";
  return error <= recipe.bound ? 0 : 1;
}

int main(int argc, char** argv) {
  try {
    const Arguments arguments = parse({argv + 1, argv + argc});
    if (arguments.model == "plain")
      return run(make_network<float>(Dense<784, 800, ReLU>(), Dense<800, 10>()),
                 GradientDescent{.momentum = 0.9, .nesterov = true, .weight_decay = 1e-4},
                 {.epochs = 30, .batch_size = 64, .max_lr = 0.1, .bound = 0.016}, arguments);
    return run(make_network<float>(Dropout<784>(0.2), Dense<784, 1024, ReLU>(), Dropout<1024>(0.4),
                                   Dense<1024, 1024, ReLU>(), Dropout<1024>(0.4), Dense<1024, 1024, ReLU>(),
                                   Dropout<1024>(0.4), Dense<1024, 10>()),
               AdamW{.weight_decay = 0.01},
               {.epochs = 60, .batch_size = 128, .max_lr = 0.001, .bound = 0.0125}, arguments);
  } catch (const std::exception& error) {
    std::cerr << "10_mnist_results: " << error.what() << '\n';
    return 2;
  }
}
