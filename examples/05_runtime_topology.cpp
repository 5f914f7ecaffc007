// A network whose depth, widths and activation come from the command line:
//
//   05_runtime_topology gelu 32 16      two hidden layers, 32 and 16 wide

#include <charconv>
#include <iostream>
#include <lamina/lamina.hpp>

using namespace lamina;

Index parse_width(std::string_view text) {
  Index width = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), width);
  if (error != std::errc() || end != text.data() + text.size() || width < 1 || width > 4096)
    throw OptionError("width: expected an integer from 1 to 4096, got \"" + std::string(text) + "\"");
  return width;
}

DynamicNetwork<float> build(const std::vector<std::string_view>& arguments) {
  const AnyActivation activation = arguments.at(0);
  DynamicNetwork<float> net(2);
  for (std::size_t i = 1; i < arguments.size(); ++i) net.dense(parse_width(arguments[i]), activation);
  return net.dense(1);
}

int main(int argc, char** argv) {
  std::vector<std::string_view> arguments(argv + 1, argv + argc);
  if (arguments.empty()) arguments = {"tanh", "16", "16"};
  try {
    DynamicNetwork<float> net = build(arguments);
    net.initialize(1);
    for (std::size_t l = 0; l < net.size(); ++l)
      std::cout << "layer " << l << ": " << net.weights(l).rows() << " x " << net.weights(l).cols() << '\n';
    std::cout << net.parameter_count() << " parameters\n";

    // y = x₀·x₁ on a grid of 21×21 points
    Eigen::MatrixXf X(441, 2);
    for (int i = 0; i < 441; ++i)
      X.row(i) << static_cast<float>(i / 21 - 10) / 10, static_cast<float>(i % 21 - 10) / 10;
    const Eigen::MatrixXf Y = X.rowwise().prod();

    const float before = net.loss(X, Y, MeanSquaredError{});
    fit(net, X, Y, MeanSquaredError{}, GradientDescent{.learning_rate = 0.05}, FitOptions{.epochs = 200});
    std::cout << "loss " << before << " -> " << net.loss(X, Y, MeanSquaredError{}) << '\n';
  } catch (const Error& error) {
    std::cerr << "05_runtime_topology: " << error.what() << '\n';
    return 2;
  }
}
