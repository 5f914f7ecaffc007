// Trains a small network to tell three spirals apart, measures it on samples that it has not seen, and draws what it has
// learned: on the terminal, and as a picture.
//
//   demo [--quick] [--output lamina-demo.png]

#include <chrono>
#include <iomanip>
#include <iostream>
#include <lamina/lamina.hpp>
#include <optional>
#include <string>
#include <vector>

#include "picture.hpp"
#include "plots.hpp"
#include "spirals.hpp"
#include "terminal.hpp"

using namespace lamina;

struct Options {
  bool quick = false;
  std::string output = "lamina-demo.png";
};

constexpr const char* usage =
    "usage: demo [--quick] [--output FILE.png]\n"
    "  --quick         fewer epochs\n"
    "  --output FILE   where to write the picture (lamina-demo.png)\n";

/// The options, or none when there was something else, which has then been said.
std::optional<Options> parse(const std::vector<std::string>& arguments) {
  Options options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--quick") {
      options.quick = true;
    } else if (arguments[i] == "--output" && i + 1 < arguments.size() && !arguments[i + 1].empty()) {
      options.output = arguments[++i];
    } else {
      std::cerr << "demo: "
                << (arguments[i] == "--output" ? "expected a file name after " : "unknown argument ")
                << arguments[i] << "; see demo --help\n";
      return std::nullopt;
    }
  }
  return options;
}

/// The number of the largest logit of each row.
Eigen::VectorXi largest(const Eigen::MatrixXf& logits) {
  Eigen::VectorXi predicted(logits.rows());
  for (Index i = 0; i < logits.rows(); ++i) logits.row(i).maxCoeff(&predicted(i));
  return predicted;
}

/// What has been learned, beside how.
template <class Net>
void draw_picture(const std::string& path, const Net& net, const Samples& test,
                  const Eigen::VectorXi& predicted, double accuracy, const History& history) {
  Picture picture(1240, 664, paper);
  const Frame regions{56, 64, 552, 552, -1.1, 1.1, -1.1, 1.1}, curves{688, 64, 520, 552, 0, 1, 0, 1};

  char title[80];
  std::snprintf(title, sizeof title, "three spirals: %.1f %% of held-out samples are right", accuracy);
  picture.text(regions.left + regions.width / 2, 36, title, ink, 13, 0.5);
  draw_regions(picture, regions, [&](const Eigen::MatrixXf& points) { return net.predict(points); });
  draw_samples(picture, regions, test, predicted);
  draw_frame(picture, regions);
  for (const double at : {-1.0, -0.5, 0.0, 0.5, 1.0}) {
    picture.text(regions.across(at), regions.top + regions.height + 18, short_number(at), ink, 10, 0.5);
    picture.text(regions.left - 8, regions.down(at), short_number(at), ink, 10, 1);
  }

  picture.text(curves.left + curves.width / 2, 36, "cross-entropy after each epoch", ink, 13, 0.5);
  draw_curves(picture, curves, {{"training", history.loss}, {"validation", history.validation_loss}},
              {palette[0], palette[1]});
  picture.write_png(path);
}

int run(const Options& options) {
  const Samples train = spirals(900, 1), validation = spirals(300, 2), test = spirals(300, 3);

  Network<float, Dense<2, 64, Tanh>, Dense<64, 32, Tanh>, Dense<32, classes>> net;
  net.initialize(1);
  std::cout << "Three spirals: a 2-64-32-3 network with " << net.parameter_count()
            << " parameters, 900 samples.\n";

  const FitOptions fit_options{.epochs = options.quick ? 250 : 1000,
                               .batch_size = 20,
                               .seed = 1,
                               .validation = {validation.X, validation.labels}};
  const auto began = std::chrono::steady_clock::now();
  const History history = fit(net, train.X, train.labels, SoftmaxCrossEntropy{},
                              GradientDescent{.learning_rate = 0.1}, fit_options);
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - began;
  std::cout << std::setprecision(3) << history.epochs() << " epochs in " << elapsed.count() << " s: loss "
            << history.loss.front() << " -> " << history.loss.back() << ", on validation data "
            << history.validation_loss.back() << '\n';

  const Eigen::VectorXi predicted = largest(net.predict(test.X));
  const Index right = (predicted.array() == test.labels.array()).count();
  const double accuracy = 100 * static_cast<double>(right) / static_cast<double>(test.X.rows());
  std::cout << "Held-out samples: " << right << " of " << test.X.rows() << " right, " << accuracy << " %\n\n";

  constexpr int columns = 60, rows = 28;
  draw_in_terminal(largest(net.predict(terminal_grid(columns, rows))), test, columns, rows);

  const Eigen::MatrixXf points{{0.5f, 0.0f}, {-0.4f, 0.4f}, {0.0f, -0.8f}};
  const Eigen::MatrixXf logits = net.predict(points);
  std::cout << '\n' << std::fixed << std::setprecision(2);
  for (Index i = 0; i < points.rows(); ++i) {
    const Eigen::ArrayXf e = (logits.row(i).array() - logits.row(i).maxCoeff()).exp();
    std::cout << "At (" << points(i, 0) << ", " << points(i, 1) << ") the probabilities of the spirals are "
              << (e / e.sum()).transpose() << '\n';
  }

  draw_picture(options.output, net, test, predicted, accuracy, history);
  std::cout << "\nPicture: " << options.output << '\n';
  return accuracy > (options.quick ? 90 : 95) ? 0 : 1;
}

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments == std::vector<std::string>{"--help"}) {
    std::cout << usage;
    return 0;
  }
  const std::optional<Options> options = parse(arguments);
  if (!options) return 2;
  try {
    return run(*options);
  } catch (const std::exception& error) {
    std::cerr << "demo: " << error.what() << '\n';
    return 1;
  }
}
