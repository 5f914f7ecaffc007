// Any bytes as a safetensors file: tensors that are the same when they are written and read again, or a FormatError.

#include "lamina/io/safetensors.hpp"

#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lamina;
  try {
    const TensorFile file = read_safetensors(fuzz::bytes(data, size), "input");
    for (const Tensor& tensor : file.tensors())
      fuzz::use({tensor.dtype, tensor.shape, {tensor.data.begin(), tensor.data.end()}});
    const TensorFile again = read_safetensors(to_safetensors(file.tensors(), file.metadata()));
    fuzz::require(again.metadata() == file.metadata() && again.tensors().size() == file.tensors().size());
    for (const Tensor& tensor : file.tensors()) {
      const Tensor& same = again.at(tensor.name);
      fuzz::require(same.dtype == tensor.dtype && same.shape == tensor.shape &&
                    std::equal(same.data.begin(), same.data.end(), tensor.data.begin(), tensor.data.end()));
    }
  } catch (const FormatError&) {
  }
  return 0;
}
