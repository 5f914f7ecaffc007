// A program that reads and writes files of every kind, for clang-tidy to read (scripts/tidy.sh).

#include <fstream>
#include <lamina/data/idx.hpp>
#include <lamina/data/npy.hpp>
#include <lamina/dynamic_network.hpp>
#include <lamina/io/c_header.hpp>
#include <lamina/io/safetensors.hpp>

using namespace lamina;

namespace {

double arrays(const std::string& path, const Eigen::MatrixXf& M) {
  write_idx(path, M);
  write_npy(path, M, {.fortran_order = true});
  write_npz(path, {{"M", make_array(M)}});
  double sum = read_idx_matrix<double>(path).sum() + read_npy_matrix<double>(path).sum();
  for (const auto& [name, array] : read_npz(path)) sum += array.matrix<double>().sum();
  const auto [X, labels] = read_idx_samples<float>(path, path);
  return sum + static_cast<double>(X.sum()) + labels.sum() +
         make_array(M).rounded_to(ElementType::f16).values<int>()[0];
}

double tensors(const std::string& path, const std::map<std::string, Array>& all) {
  write_safetensors(path, all, {{"format", "pt"}});
  std::ifstream stream(path, std::ios::binary);
  const TensorFile file = read_safetensors(stream);
  std::ofstream copy(path, std::ios::binary);
  write_safetensors(copy, file.tensors(), file.metadata());
  return file.at("M").matrix<double>().sum() + read_safetensors(path).at("M").values<int>()[0];
}

double headers(const std::string& path, const Eigen::MatrixXf& M) {
  DynamicNetwork<float> net(M.cols());
  net.dense(3, "elu").batch_norm().dense(2);
  std::ofstream stream(path);
  return static_cast<double>(export_c(net, path).constant_bytes) +
         export_c(net, stream, {.weights = CWeights::int8, .calibration = M}).largest_error;
}

}  // namespace

int main(int argc, char** argv) {
  const Eigen::MatrixXf M = Eigen::MatrixXf::Ones(argc, 2);
  return arrays(argv[0], M) + tensors(argv[0], {{"M", make_array(M)}}) + headers(argv[0], M) > 0.0 ? 0 : 1;
}
