// Any bytes as a .npy file: an array that is the same when it is written and read again, in either order, or a FormatError.

#include "lamina/data/npy.hpp"

#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lamina;
  try {
    const Array array = read_npy(fuzz::bytes(data, size), "input");
    fuzz::use(array);
    fuzz::require(fuzz::same(read_npy(to_npy(array)), array));
    fuzz::require(fuzz::same(read_npy(to_npy(array, {.fortran_order = true})), array));
  } catch (const FormatError&) {
  }
  return 0;
}
