// There is no default loss.
// expect: fit needs a loss between Y and the optimiser

#include <lamina/layers/dense.hpp>
#include <lamina/losses/mean_squared_error.hpp>
#include <lamina/optimizers/gradient_descent.hpp>
#include <lamina/training/fit.hpp>

void use(lamina::Network<double, lamina::Dense<3, 1>>& net, const Eigen::MatrixXd& X,
         const Eigen::MatrixXd& Y) {
#ifdef LAMINA_REJECTED
  lamina::fit(net, X, Y, lamina::GradientDescent{}, lamina::FitOptions{});
#else
  lamina::fit(net, X, Y, lamina::MeanSquaredError{}, lamina::GradientDescent{}, lamina::FitOptions{});
#endif
}
