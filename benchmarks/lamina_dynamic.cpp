// Depth, extents and activations at run time.

#include "lamina_forms.hpp"

namespace benchmarks {
namespace {

using enum Objective;
using enum Rule;

template <class S>
double run(const Options& options) {
  const Workload& w = options.workload;
  lamina::DynamicNetwork<S> net(w.inputs());
  for (std::size_t l = 1; l + 1 < w.widths.size(); ++l)
    net.dense(w.widths[l], w.hidden == Hidden::relu ? "relu" : "tanh");
  net.dense(w.outputs());
  if (w.objective == squared)
    return w.rule == sgd ? measure_fit<squared, sgd>(net, options) : measure_fit<squared, adam>(net, options);
  if (w.objective == softmax)
    return w.rule == sgd ? measure_fit<softmax, sgd>(net, options) : measure_fit<softmax, adam>(net, options);
  return measure_fit<binary, adam>(net, options);
}

}  // namespace

double lamina_dynamic(const Options& options) {
  return options.use_double ? run<double>(options) : run<float>(options);
}

}  // namespace benchmarks
