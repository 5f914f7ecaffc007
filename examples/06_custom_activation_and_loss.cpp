// An activation and a loss of one's own, and the proof by finite differences that their derivatives are right.

#include <iostream>
#include <lamina/lamina.hpp>

using namespace lamina;

/// g(z) = z + sin² z,   g'(z) = 1 + sin 2z
struct Snake {
  static constexpr std::string_view name = "snake";
  static auto g(const auto& Z) { return Z + Z.sin().square(); }
  static auto derivative(const auto& Z, const auto& /*A*/) { return 1 + (2 * Z).sin(); }
};

/// Σ log(1 + D²) with D = A − Y, which forgives outliers;   gradient 2D/(1 + D²)
struct Cauchy {
  static constexpr std::string_view name = "cauchy";
  static auto value(const auto& A, const auto& Y) { return (A - Y).array().square().log1p().sum(); }
  static void gradient(const auto& A, const auto& Y, auto& dA) {
    const auto D = (A - Y).array();
    dA = (2 * D / (1 + D.square())).matrix();
  }
};

int main() {
  const Eigen::MatrixXd X = Eigen::VectorXd::LinSpaced(60, -3, 3);
  Eigen::MatrixXd Y = (X.array() + (2 * X.array()).sin()).matrix();
  for (Index i = 5; i < 60; i += 10) Y(i) += 20;  // outliers

  Network<double, Dense<1, 12, Snake>, Dense<12, 1>> net;
  net.initialize(1);

  const GradientCheck check = check_gradients(net, X, Y, Cauchy{});
  std::cout << "check_gradients: largest error " << check.largest_error << " at " << check.where << ", "
            << (check ? "passed" : "FAILED") << '\n';

  fit(net, X, Y, Cauchy{}, GradientDescent{.learning_rate = 0.01},
      FitOptions{.epochs = 3000, .batch_size = 10});
  const Eigen::ArrayXd error = (net.predict(X) - Y).cwiseAbs().array();
  const Index close = (error < 0.2).count(), outliers = (error > 15).count();
  std::cout << close << " of 54 samples are met within 0.2; " << outliers << " of 6 outliers are ignored\n";
  return check && close >= 50 && outliers == 6 ? 0 : 1;
}
