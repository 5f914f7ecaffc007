// Any bytes as a .npz file: arrays that are the same when they are written and read again, or a FormatError.

#include "lamina/data/npy.hpp"

#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lamina;
  try {
    const auto arrays = read_npz(fuzz::bytes(data, size), "input", fuzz::limit);
    for (const auto& [name, array] : arrays) fuzz::use(array);
    const auto again = read_npz(to_npz(arrays));
    fuzz::require(again.size() == arrays.size());
    for (const auto& [name, array] : arrays)
      fuzz::require(again.contains(name) && fuzz::same(again.at(name), array));
  } catch (const FormatError&) {
  }
  return 0;
}
