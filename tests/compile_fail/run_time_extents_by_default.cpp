// Run-time extents have no default.
// expect: NeedsNoRunTimeExtents

#include <lamina/layers/dense.hpp>
#include <lamina/network.hpp>

using Layer = lamina::Dense<lamina::Dynamic, 3>;
#ifdef LAMINA_REJECTED
lamina::Network<float, Layer> net;
#else
lamina::Network<float, Layer> net(Layer(4, 3));
#endif
