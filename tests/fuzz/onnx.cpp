// Any bytes as an ONNX model: a network that computes the same when it is exported and imported again, or a FormatError.

#include "lamina/io/onnx.hpp"

#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lamina;
  try {
    const auto model = import_onnx<float>(fuzz::bytes(data, size));
    const auto& net = model.network;
    fuzz::require(net.size() == model.layers.size() && net.inputs() >= 1);
    fuzz::require(static_cast<std::size_t>(net.parameter_count()) ==
                  static_cast<std::size_t>(model.parameter_count()));
    if (net.inputs() > 64 || net.outputs() > 64 || net.parameter_count() > 4096) return 0;
    const Eigen::MatrixXf X = Eigen::MatrixXf::Random(3, net.inputs()), A = net.predict(X);
    try {
      const auto bytes = to_onnx(net);
      const auto again = import_onnx<float>(bytes);
      const Eigen::MatrixXf B = again.network.predict(X);
      fuzz::require(B.rows() == A.rows() && B.cols() == A.cols());
    } catch (const DataError&) {    // a scaling that is not finite as floats
    } catch (const FormatError&) {  // or is 0 as floats
    }
  } catch (const FormatError&) {
  }
  return 0;
}
