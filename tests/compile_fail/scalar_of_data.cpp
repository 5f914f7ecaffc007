// A network of floats is not given doubles: the conversion is the caller's to see.
// expect: X and Y must have the network's scalar type; write X.cast<float>\(\)

#include <lamina/layers/dense.hpp>
#include <lamina/network.hpp>

void use(lamina::Network<float, lamina::Dense<3, 1>>& net, const Eigen::MatrixXd& X) {
#ifdef LAMINA_REJECTED
  net.predict(X);
#else
  net.predict(X.cast<float>());
#endif
}
