// Not every layer has weights.
// expect: this layer has no weights

#include <lamina/layers/dense.hpp>
#include <lamina/layers/dropout.hpp>
#include <lamina/network.hpp>

auto use(lamina::Network<float, lamina::Dense<3, 4>, lamina::Dropout<4>, lamina::Dense<4, 1>>& net) {
#ifdef LAMINA_REJECTED
  return net.weights<1>();
#else
  return net.weights<2>();
#endif
}
