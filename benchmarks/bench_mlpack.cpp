// mlpack 4: an FFN trained by ensmallen, whose callback counts the batches.

#include <mlpack.hpp>

#include "blas.hpp"
#include "workloads.hpp"

namespace {

using namespace benchmarks;

struct Count {
  Meter* meter;
  long batch;

  /// @return whether to stop
  template <class Optimizer, class Function, class Matrix>
  bool StepTaken(Optimizer&, Function&, Matrix&) {
    meter->add(batch);
    return meter->done();
  }
};

template <class Loss>
double train(const Options& options, Loss loss, bool classes) {
  const Workload& w = options.workload;
  const Data<float> data(w);
  const auto m = static_cast<arma::uword>(w.samples);
  // Columns are samples.
  const arma::fmat X(data.X.data(), static_cast<arma::uword>(w.inputs()), m);
  arma::fmat Y;
  if (classes) {
    Y.set_size(1, m);
    for (arma::uword i = 0; i < m; ++i) Y(0, i) = static_cast<float>(data.labels[i]);
  } else {
    Y = arma::fmat(data.Y.data(), static_cast<arma::uword>(w.outputs()), m);
  }

  mlpack::FFN<Loss, mlpack::GlorotInitialization, arma::fmat> net(std::move(loss));
  for (std::size_t l = 1; l < w.widths.size(); ++l) {
    net.template Add<mlpack::LinearType<arma::fmat>>(static_cast<std::size_t>(w.widths[l]));
    if (l + 1 == w.widths.size()) break;
    if (w.hidden == Hidden::relu) {
      net.template Add<mlpack::ReLUType<arma::fmat>>();
    } else {
      net.template Add<mlpack::TanHType<arma::fmat>>();
    }
  }
  if (w.objective == Objective::softmax) net.template Add<mlpack::LogSoftMaxType<arma::fmat>>();
  if (w.objective == Objective::binary) net.template Add<mlpack::SigmoidType<arma::fmat>>();

  Meter meter(options.seconds);
  Count count{&meter, w.batch};
  const auto batch = static_cast<std::size_t>(w.batch);
  constexpr std::size_t no_limit = 0;
  constexpr double no_tolerance = -1;
  if (w.rule == Rule::sgd) {
    ens::StandardSGD optimizer(sgd_learning_rate, batch, no_limit, no_tolerance, false);
    net.Train(X, Y, optimizer, count);
  } else {
    ens::Adam optimizer(adam_learning_rate, batch, adam_beta1, adam_beta2, adam_epsilon, no_limit,
                        no_tolerance, false);
    net.Train(X, Y, optimizer, count);
  }
  return meter.samples_per_second();
}

double run(const Options& options) {
  if (options.use_double) throw Unsupported();
  switch (options.workload.objective) {
    case Objective::squared:
      return train(options, mlpack::MeanSquaredErrorType<arma::fmat>(), false);
    case Objective::softmax:
      return train(options, mlpack::NegativeLogLikelihoodType<arma::fmat>(), true);
    default:
      return train(options, mlpack::BCELossType<arma::fmat>(), false);
  }
}

}  // namespace

int main(int argc, char** argv) {
  return benchmarks::main_of(mlpack::util::GetVersion() + blas(), argc, argv, run);
}
