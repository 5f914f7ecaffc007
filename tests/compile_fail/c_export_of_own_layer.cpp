// Nor of a layer of the user's own.
// expect: export_c can write Lamina's own layers only

#include <lamina/io/c_header.hpp>

struct Own : lamina::Softmax<3> {};

#ifdef LAMINA_REJECTED
using Last = Own;
#else
using Last = lamina::Softmax<3>;
#endif

void use(const lamina::Network<float, lamina::Dense<3, 3>, Last>& net) { lamina::export_c(net, "model.h"); }
