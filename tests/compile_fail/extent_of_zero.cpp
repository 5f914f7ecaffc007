// A layer has at least one input.
// expect: an extent must be positive, or Dynamic

#include <lamina/layers/dense.hpp>

#ifdef LAMINA_REJECTED
lamina::Dense<0, 3> layer;
#else
lamina::Dense<1, 3> layer;
#endif
