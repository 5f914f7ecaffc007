// Any bytes as an IDX file: an array that is written as the same bytes, or a FormatError.

#include "lamina/data/idx.hpp"

#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lamina;
  const ByteSpan bytes = fuzz::bytes(data, size);
  try {
    const Array array = read_idx(bytes, "input", fuzz::limit);
    fuzz::use(array);
    const auto written = to_idx(array);
    fuzz::require(is_gzip(bytes) || std::equal(written.begin(), written.end(), bytes.begin(), bytes.end()));
  } catch (const FormatError&) {
  }
  return 0;
}
