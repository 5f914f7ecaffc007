// What a program outside of the project does with the opt-in targets lamina::io and lamina::zlib.

#include <cstdio>
#include <lamina/data/npy.hpp>
#include <lamina/io/safetensors.hpp>

#ifndef LAMINA_WITH_ZLIB
#error "lamina::zlib does not say that it is there"
#endif

int main() {
  using namespace lamina;
  const Array W = make_array(Eigen::MatrixXf(Eigen::MatrixXf::Ones(2, 3)));
  const TensorFile file(to_safetensors(std::vector<Tensor>{{"W", W.type, W.shape, W.bytes}}));
  std::printf("W: %ld numbers, zlib %s\n", long(file.at("W").size()), zlibVersion());
  return file.at("W").matrix<float>() == read_npy(to_npy(W)).matrix<float>() ? 0 : 1;
}
