// A callback does not stop the training by what it returns.
// expect: a callback returns nothing; call state.stop\(\) to end the training

#include <lamina/layers/dense.hpp>
#include <lamina/losses/mean_squared_error.hpp>
#include <lamina/optimizers/gradient_descent.hpp>
#include <lamina/training/fit.hpp>

void use(lamina::Network<double, lamina::Dense<3, 1>>& net, const Eigen::MatrixXd& X,
         const Eigen::MatrixXd& Y) {
#ifdef LAMINA_REJECTED
  const auto callback = [](lamina::FitState& state) { return state.loss > 0.1; };
#else
  const auto callback = [](lamina::FitState& state) {
    if (state.loss <= 0.1) state.stop();
  };
#endif
  lamina::fit(net, X, Y, lamina::MeanSquaredError{}, lamina::GradientDescent{}, lamina::FitOptions{},
              callback);
}
