// What is not an initialiser is not taken for one.
// expect: an initialiser is called with a matrix and a Random

#include <lamina/layers/dense.hpp>
#include <lamina/network.hpp>

void use(lamina::Network<float, lamina::Dense<3, 1>>& net) {
#ifdef LAMINA_REJECTED
  net.initialize(0.5, 7);
#else
  net.initialize(lamina::Constant{.value = 0.5}, 7);
#endif
}
