// Integer targets are class labels; a loss of real-valued targets has no classes.
// expect: this loss takes real-valued targets; integer labels are for classification losses

#include <lamina/layers/dense.hpp>
#include <lamina/losses/mean_squared_error.hpp>
#include <lamina/network.hpp>

double use(lamina::Network<double, lamina::Dense<3, 1>>& net, const Eigen::MatrixXd& X,
           const Eigen::VectorXi& Y) {
#ifdef LAMINA_REJECTED
  return net.loss(X, Y, lamina::MeanSquaredError{});
#else
  return net.loss(X, Y.cast<double>(), lamina::MeanSquaredError{});
#endif
}
