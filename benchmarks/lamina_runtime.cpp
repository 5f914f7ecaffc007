// The depth in the type, extents at run time.

#include "lamina_forms.hpp"

namespace benchmarks {
namespace {

using enum Objective;
using enum Rule;

template <class G = lamina::Identity>
using Any = lamina::Dense<lamina::Dynamic, lamina::Dynamic, G>;

template <class S>
double run(const Options& options) {
  using namespace lamina;
  const Workload& w = options.workload;
  const auto layer = [&]<class G>(std::size_t l, G) { return Any<G>(w.widths[l], w.widths[l + 1]); };
  if (w.name == "T1")
    return measure_fit<squared, adam>(
        Network<S, Any<Tanh>, Any<Tanh>, Any<>>(layer(0, Tanh()), layer(1, Tanh()), layer(2, Identity())),
        options);
  if (w.widths.size() == 4) {
    const Network<S, Any<ReLU>, Any<ReLU>, Any<>> net(layer(0, ReLU()), layer(1, ReLU()),
                                                      layer(2, Identity()));
    return w.rule == sgd ? measure_fit<squared, sgd>(net, options) : measure_fit<softmax, adam>(net, options);
  }
  if (w.widths.size() == 3) {
    const Network<S, Any<ReLU>, Any<>> net(layer(0, ReLU()), layer(1, Identity()));
    return w.rule == sgd ? measure_fit<softmax, sgd>(net, options) : measure_fit<softmax, adam>(net, options);
  }
  return measure_fit<binary, adam>(Network<S, Any<Tanh>, Any<Tanh>, Any<Tanh>, Any<Tanh>, Any<Tanh>, Any<>>(
                                       layer(0, Tanh()), layer(1, Tanh()), layer(2, Tanh()), layer(3, Tanh()),
                                       layer(4, Tanh()), layer(5, Identity())),
                                   options);
}

}  // namespace

double lamina_runtime(const Options& options) {
  return options.use_double ? run<double>(options) : run<float>(options);
}

}  // namespace benchmarks
