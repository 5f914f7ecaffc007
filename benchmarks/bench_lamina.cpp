// Lamina, through fit, as its users have it.

#if defined(_OPENMP)
#include <omp.h>
#endif

#include "lamina_forms.hpp"

int main(int argc, char** argv) {
  using namespace benchmarks;
  const std::string title = "Lamina " + std::to_string(LAMINA_VERSION_MAJOR) + "." +
                            std::to_string(LAMINA_VERSION_MINOR) + "." + std::to_string(LAMINA_VERSION_PATCH);
  return main_of(title, argc, argv, [](const Options& options) {
#if defined(_OPENMP)
    omp_set_num_threads(options.threads);
#endif
    if (options.form == "static") return lamina_static(options);
    if (options.form == "runtime") return lamina_runtime(options);
    if (options.form == "dynamic") return lamina_dynamic(options);
    throw std::invalid_argument("no form " + options.form);
  });
}
