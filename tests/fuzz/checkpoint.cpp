// Any bytes as a checkpoint: a training that goes on where they say, or a FormatError that changes nothing. With a first
// byte that is odd the rest is put into a whole envelope, so that the state within is reached.

#include "lamina/training/checkpoint.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "fuzz.hpp"
#include "lamina/activations/tanh.hpp"
#include "lamina/layers/batch_norm.hpp"
#include "lamina/layers/dense.hpp"
#include "lamina/losses/mean_squared_error.hpp"
#include "lamina/optimizers/adam.hpp"
#include "lamina/training/early_stopping.hpp"

namespace {

using namespace lamina;
using Net = Network<float, Dense<1, 2, Tanh>, BatchNorm<2>, Dense<2, 1>>;

/// Goes on from a checkpoint, but writes none.
struct Resume {
  static constexpr bool sees_context = true;
  Checkpoint from;
  void resume(auto& context) const { from.resume(context); }
};

/// A file in memory.
struct File {
  int handle = ::memfd_create("checkpoint", 0);

  explicit File(ByteSpan bytes) {
    fuzz::require(::write(handle, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { ::close(handle); }
  std::string path() const { return "/proc/self/fd/" + std::to_string(handle); }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteSpan bytes = fuzz::bytes(data + 1, size - 1);
  const auto sealed = lamina::detail::sealed(bytes);
  const File file((data[0] & 1) != 0 ? ByteSpan(sealed) : bytes);

  static const Eigen::VectorXf X = Eigen::VectorXf::LinSpaced(6, -1, 1), Y = X.cwiseAbs2();
  static const Net fresh = [] {
    Net net;
    net.initialize(1);
    return net;
  }();
  Net net = fresh;
  Adam adam;
  try {
    fit(net, X, Y, MeanSquaredError{}, adam,
        FitOptions{.epochs = 3, .batch_size = 4, .progress = Progress::never}, EarlyStopping{.patience = 5},
        Resume{{.path = file.path()}});
  } catch (const FormatError&) {
    fuzz::require(net.parameters() == fresh.parameters() && adam.state.steps == 0);
  } catch (const NonFiniteError&) {  // of numbers that are no numbers, or too large
  }
  return 0;
}
