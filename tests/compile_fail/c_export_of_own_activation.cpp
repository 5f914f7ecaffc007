// A C header knows nothing of an activation of the user's own.
// expect: export_c can write Lamina's own activations only

#include <lamina/io/c_header.hpp>

struct Cubic {
  static constexpr std::string_view name = "cubic";
  static auto g(const auto& Z) { return Z * Z * Z; }
  static auto derivative(const auto& Z, const auto& /*A*/) { return 3 * Z * Z; }
};

#ifdef LAMINA_REJECTED
using Own = Cubic;
#else
using Own = lamina::Tanh;
#endif

void use(const lamina::Network<float, lamina::Dense<3, 1, Own>>& net) { lamina::export_c(net, "model.h"); }
