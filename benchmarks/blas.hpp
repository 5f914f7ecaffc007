// Which BLAS a program runs on.
#pragma once

#include <sstream>
#include <string>

#if defined(__GNUC__)
extern "C" __attribute__((weak)) char* openblas_get_config();
#endif

namespace benchmarks {

/// " on OpenBLAS 0.3.21", or nothing where it is another one.
inline std::string blas() {
#if defined(__GNUC__)
  if (openblas_get_config) {
    std::istringstream words(openblas_get_config());
    std::string name, version;
    words >> name >> version;
    return " on " + name + " " + version;
  }
#endif
  return "";
}

}  // namespace benchmarks
