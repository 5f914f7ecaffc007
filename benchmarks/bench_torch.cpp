// libtorch: modules, autograd and optimisers as in its own examples; batches are views into the data set.

#include <torch/torch.h>
#include <torch/version.h>

#include "blas.hpp"
#include "workloads.hpp"

namespace {

using namespace benchmarks;

template <class Scalar>
double run(const Options& options) {
  const Workload& w = options.workload;
  const Data<Scalar> data(w);
  const auto type = torch::TensorOptions().dtype(options.use_double ? torch::kFloat64 : torch::kFloat32);
  const auto tensor = [&](const std::vector<Scalar>& values, std::int64_t columns) {
    return torch::from_blob(const_cast<Scalar*>(values.data()), {w.samples, columns}, type).clone();
  };
  const torch::Tensor X = tensor(data.X, w.inputs());
  torch::Tensor Y;
  if (w.objective == Objective::softmax) {
    Y = torch::tensor(data.labels, torch::kInt64);
  } else {
    Y = tensor(data.Y, w.outputs());
  }

  torch::manual_seed(1);
  torch::nn::Sequential net;
  for (std::size_t l = 1; l < w.widths.size(); ++l) {
    net->push_back(torch::nn::Linear(w.widths[l - 1], w.widths[l]));
    if (l + 1 == w.widths.size()) break;
    if (w.hidden == Hidden::relu) {
      net->push_back(torch::nn::Functional(torch::relu));
    } else {
      net->push_back(torch::nn::Functional(torch::tanh));
    }
  }
  net->to(type.dtype().toScalarType());

  std::unique_ptr<torch::optim::Optimizer> optimizer;
  if (w.rule == Rule::sgd) {
    optimizer =
        std::make_unique<torch::optim::SGD>(net->parameters(), torch::optim::SGDOptions(sgd_learning_rate));
  } else {
    optimizer = std::make_unique<torch::optim::Adam>(
        net->parameters(),
        torch::optim::AdamOptions(adam_learning_rate).betas({adam_beta1, adam_beta2}).eps(adam_epsilon));
  }

  return measure(options, [&](long first) {
    const torch::Tensor prediction = net->forward(X.narrow(0, first, w.batch));
    const torch::Tensor target = Y.narrow(0, first, w.batch);
    const torch::Tensor loss = w.objective == Objective::squared ? torch::mse_loss(prediction, target)
                               : w.objective == Objective::softmax
                                   ? torch::nn::functional::cross_entropy(prediction, target)
                                   : torch::binary_cross_entropy_with_logits(prediction, target);
    optimizer->zero_grad();
    loss.backward();
    optimizer->step();
  });
}

}  // namespace

int main(int argc, char** argv) {
  return main_of("libtorch " TORCH_VERSION + blas(), argc, argv, [](const Options& options) {
    at::set_num_threads(options.threads);
    at::set_num_interop_threads(1);
    return options.use_double ? run<double>(options) : run<float>(options);
  });
}
