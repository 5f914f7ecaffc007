// dlib: its layers and solvers, called step by step on tensors made beforehand, which spares the copying and the thread
// of dnn_trainer.

#include <dlib/dnn.h>
#include <dlib/revision.h>

#include "blas.hpp"
#include "workloads.hpp"

namespace {

using namespace benchmarks;
using Sample = dlib::matrix<float>;

template <class Net, class Solver, class Label>
double train(const Options& options, const Solver& solver, double learning_rate,
             const std::vector<Label>& labels) {
  const Workload& w = options.workload;
  const Data<float> data(w);

  Net net;
  std::vector<dlib::resizable_tensor> batches;
  std::vector<Sample> samples(static_cast<std::size_t>(w.batch), Sample(w.inputs(), 1));
  for (long first = 0; first < w.samples; first += w.batch) {
    for (long i = 0; i < w.batch; ++i)
      std::copy_n(data.X.data() + (first + i) * w.inputs(), w.inputs(),
                  samples[static_cast<std::size_t>(i)].begin());
    net.to_tensor(samples.begin(), samples.end(), batches.emplace_back());
  }

  std::vector<Solver> solvers(Net::num_computational_layers, solver);
  return measure(options, [&](long first) {
    net.compute_parameter_gradients(batches[static_cast<std::size_t>(first / w.batch)],
                                    labels.begin() + first);
    net.update_parameters(solvers, learning_rate);
  });
}

std::vector<Sample> numbers(const Workload& w) {
  const Data<float> data(w);
  std::vector<Sample> labels(static_cast<std::size_t>(w.samples), Sample(w.outputs(), 1));
  for (long i = 0; i < w.samples; ++i)
    std::copy_n(data.Y.data() + i * w.outputs(), w.outputs(), labels[static_cast<std::size_t>(i)].begin());
  return labels;
}
std::vector<unsigned long> classes(const Workload& w) {
  const Data<float> data(w);
  return {data.labels.begin(), data.labels.end()};
}
std::vector<float> signs(const Workload& w) {
  const Data<float> data(w);
  std::vector<float> labels;
  for (const float y : data.Y) labels.push_back(y > 0 ? 1.f : -1.f);
  return labels;
}

template <unsigned long N, class Below>
using Relu = dlib::relu<dlib::fc<N, Below>>;
template <unsigned long N, class Below>
using Tanh = dlib::htan<dlib::fc<N, Below>>;
using Input = dlib::input<Sample>;

double run(const Options& options) {
  using namespace dlib;
  if (options.use_double) throw Unsupported();
  const Workload& w = options.workload;
  const dlib::sgd sgd(0, 0);  // no weight decay, no momentum
  const dlib::adam adam(0, static_cast<float>(adam_beta1), static_cast<float>(adam_beta2));
  if (w.name == "T1")
    return train<loss_mean_squared_multioutput<fc<4, Tanh<16, Tanh<32, Input>>>>>(
        options, adam, adam_learning_rate, numbers(w));
  if (w.name == "T2")
    return train<loss_mean_squared_multioutput<fc<1, Relu<64, Relu<64, Input>>>>>(
        options, sgd, sgd_learning_rate, numbers(w));
  using Medium = loss_multiclass_log<fc<10, Relu<128, Input>>>;
  if (w.name == "T3sgd") return train<Medium>(options, sgd, sgd_learning_rate, classes(w));
  if (w.name == "T3adam") return train<Medium>(options, adam, adam_learning_rate, classes(w));
  if (w.name == "T4")
    return train<loss_multiclass_log<fc<10, Relu<800, Relu<800, Input>>>>>(options, adam, adam_learning_rate,
                                                                           classes(w));
  if (w.name == "T5")
    return train<loss_mean_squared_multioutput<fc<1024, Relu<2048, Relu<2048, Input>>>>>(
        options, sgd, sgd_learning_rate, numbers(w));
  return train<loss_binary_log<fc<1, Tanh<300, Tanh<300, Tanh<300, Tanh<300, Tanh<300, Input>>>>>>>>(
      options, adam, adam_learning_rate, signs(w));
}

}  // namespace

int main(int argc, char** argv) {
  const std::string title =
      "dlib " + std::to_string(DLIB_MAJOR_VERSION) + "." + std::to_string(DLIB_MINOR_VERSION) + blas();
  return main_of(title, argc, argv, run);
}
