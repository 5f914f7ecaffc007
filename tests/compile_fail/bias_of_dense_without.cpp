// A layer without a bias has none to give.
// expect: this layer has no bias

#include <lamina/layers/dense.hpp>
#include <lamina/network.hpp>

auto use(
    const lamina::Network<float, lamina::Dense<3, 1, lamina::Identity, false>, lamina::Dense<1, 1>>& net) {
#ifdef LAMINA_REJECTED
  return net.bias<0>();
#else
  return net.bias<1>();
#endif
}
