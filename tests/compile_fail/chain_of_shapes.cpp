// A layer's inputs must be the outputs of the layer before it.
// expect: a layer must have as many inputs as the layer before it has outputs

#include <lamina/layers/dense.hpp>
#include <lamina/network.hpp>

#ifdef LAMINA_REJECTED
lamina::Network<float, lamina::Dense<3, 4>, lamina::Dense<5, 1>> net;
#else
lamina::Network<float, lamina::Dense<3, 4>, lamina::Dense<4, 1>> net;
#endif
