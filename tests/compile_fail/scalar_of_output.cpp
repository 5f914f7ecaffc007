// Predictions are not written to numbers of another type.
// expect: the output must have the network's scalar type

#include <lamina/layers/dense.hpp>
#include <lamina/network.hpp>

void use(lamina::Network<float, lamina::Dense<3, 1>>& net, const Eigen::MatrixXf& X) {
  auto workspace = net.workspace();
#ifdef LAMINA_REJECTED
  Eigen::MatrixXi output(X.rows(), 1);
#else
  Eigen::MatrixXf output(X.rows(), 1);
#endif
  net.predict(X, workspace, output);
}
