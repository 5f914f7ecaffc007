// FANN: T1 alone, and that with plain gradient descent on the full batch, as FANN has no Adam: it has 820 parameters to
// update for 10,000 samples, so that the update is not what is measured. The others are beyond FANN 2.2: no ReLU, no
// cross-entropy, no mini-batches. It has no threads.

#include <floatfann.h>

#include "workloads.hpp"

namespace {

using namespace benchmarks;

double run(const Options& options) {
  const Workload& w = options.workload;
  if (w.name != "T1" || options.use_double || options.threads > 1) throw Unsupported();
  const Data<float> data(w);

  std::vector<unsigned> widths;
  for (const long width : w.widths) widths.push_back(static_cast<unsigned>(width));
  fann* net = fann_create_standard_array(static_cast<unsigned>(widths.size()), widths.data());
  fann_set_activation_function_hidden(net, FANN_SIGMOID_SYMMETRIC);  // tanh(steepness·z)
  fann_set_activation_function_output(net, FANN_LINEAR);
  fann_set_activation_steepness_hidden(net, 1);
  fann_set_activation_steepness_output(net, 1);
  fann_set_training_algorithm(net, FANN_TRAIN_BATCH);
  fann_set_train_error_function(net, FANN_ERRORFUNC_LINEAR);
  fann_set_learning_rate(net, static_cast<float>(sgd_learning_rate));
  fann_randomize_weights(net, -0.3f, 0.3f);

  fann_train_data* training =
      fann_create_train(static_cast<unsigned>(w.samples), widths.front(), widths.back());
  for (std::size_t i = 0; i < static_cast<std::size_t>(w.samples); ++i) {
    std::copy_n(data.X.begin() + static_cast<std::ptrdiff_t>(i * widths.front()), widths.front(),
                training->input[i]);
    std::copy_n(data.Y.begin() + static_cast<std::ptrdiff_t>(i * widths.back()), widths.back(),
                training->output[i]);
  }
  const double rate = measure(options, [&](long) { fann_train_epoch(net, training); });
  fann_destroy_train(training);
  fann_destroy(net);
  return rate;
}

}  // namespace

int main(int argc, char** argv) { return benchmarks::main_of("FANN", argc, argv, run); }
