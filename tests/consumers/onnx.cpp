// What a program outside of the project does with the opt-in target lamina::onnx.

#include <cstdio>
#include <lamina/io/onnx.hpp>

int main() {
  using namespace lamina;
  Network<float, Dense<3, 4, Tanh>, Dense<4, 2>> network;
  network.initialize(1);
  const auto model = import_onnx<float>(to_onnx(network));
  std::printf("%ld layers\n", long(model.network.size()));
  return model.network.parameters() == network.parameters() ? 0 : 1;
}
