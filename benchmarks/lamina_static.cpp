// All shapes in the type.

#include "lamina_forms.hpp"

namespace benchmarks {
namespace {

using enum Objective;
using enum Rule;

template <class S>
double run(const Options& options) {
  using namespace lamina;  // Eigen stays out: it has a Dense, too
  const std::string_view name = options.workload.name;
  if (name == "T1")
    return measure_fit<squared, adam>(Network<S, Dense<4, 32, Tanh>, Dense<32, 16, Tanh>, Dense<16, 4>>(),
                                      options);
  if (name == "T2")
    return measure_fit<squared, sgd>(Network<S, Dense<16, 64, ReLU>, Dense<64, 64, ReLU>, Dense<64, 1>>(),
                                     options);
  using Medium = Network<S, Dense<784, 128, ReLU>, Dense<128, 10>>;
  if (name == "T3sgd") return measure_fit<softmax, sgd>(Medium(), options);
  if (name == "T3adam") return measure_fit<softmax, adam>(Medium(), options);
  if (name == "T4")
    return measure_fit<softmax, adam>(
        Network<S, Dense<784, 800, ReLU>, Dense<800, 800, ReLU>, Dense<800, 10>>(), options);
  if (name == "T5")
    return measure_fit<squared, sgd>(
        Network<S, Dense<1024, 2048, ReLU>, Dense<2048, 2048, ReLU>, Dense<2048, 1024>>(), options);
  if (name == "T6") {
    using Hidden = Dense<300, 300, Tanh>;
    return measure_fit<binary, adam>(
        Network<S, Dense<28, 300, Tanh>, Hidden, Hidden, Hidden, Hidden, Dense<300, 1>>(), options);
  }
  throw Unsupported();
}

}  // namespace

double lamina_static(const Options& options) {
  return options.use_double ? run<double>(options) : run<float>(options);
}

}  // namespace benchmarks
