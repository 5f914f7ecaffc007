// How bench_lamina trains a network, and the three forms a network has: they are compiled apart from each other.
#pragma once

#include <Eigen/Core>
#include <lamina/lamina.hpp>

#include "workloads.hpp"

namespace benchmarks {

/// One function for each form of a network; samples of training steps per second.
double lamina_static(const Options& options);
double lamina_runtime(const Options& options);
double lamina_dynamic(const Options& options);

/// Counts the batches of a fit and ends it in time.
struct MeterCallback {
  Meter* meter;
  long before = 0;

  void on_batch(lamina::FitState& state) {
    meter->add(state.samples - (state.batch == 0 ? 0 : before));
    before = state.samples;
    if (meter->done()) state.stop();
  }
};

template <class Net, class TX, class TY, class Loss, class Optimizer>
double fit_for_a_while(Net& net, const TX& X, const TY& Y, const Loss& loss, Optimizer optimizer,
                       const Options& options) {
  Meter meter(options.seconds);
  MeterCallback callback{&meter};
  const lamina::FitOptions fit_options{.epochs = 1000000000,
                                       .batch_size = options.workload.batch,
                                       .shuffle = options.shuffle,
                                       .progress = lamina::Progress::never,
                                       .threads = options.threads};
  lamina::fit(net, X, Y, loss, optimizer, fit_options, callback);
  return meter.samples_per_second();
}

/// Trains with the optimiser and the loss that are named in the type; X in the order that Options say.
template <Objective objective, Rule rule, class Net>
double measure_fit(Net net, const Options& options) {
  using Scalar = typename Net::Scalar;
  using RowMajor = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  using ColumnMajor = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>;
  const Workload& w = options.workload;
  if (w.objective != objective || w.rule != rule) throw Unsupported();
  const Data<Scalar> data(w);
  net.initialize(1);

  const auto with_optimizer = [&](const auto& X, const auto& Y, const auto& loss) {
    if constexpr (rule == Rule::adam) {
      return fit_for_a_while(net, X, Y, loss,
                             lamina::Adam{.learning_rate = adam_learning_rate,
                                          .beta1 = adam_beta1,
                                          .beta2 = adam_beta2,
                                          .epsilon = adam_epsilon},
                             options);
    } else {
      return fit_for_a_while(net, X, Y, loss, lamina::GradientDescent{.learning_rate = sgd_learning_rate},
                             options);
    }
  };
  const auto with_loss = [&](const auto& X) {
    using Matrix = std::remove_cvref_t<decltype(X)>;
    if constexpr (objective == Objective::softmax) {
      const Eigen::VectorXi labels = Eigen::Map<const Eigen::VectorXi>(data.labels.data(), w.samples);
      return with_optimizer(X, labels, lamina::SoftmaxCrossEntropy{});
    } else {
      const Eigen::Map<const RowMajor> samples(data.Y.data(), w.samples, w.outputs());
      const std::conditional_t<Matrix::IsRowMajor, Eigen::Map<const RowMajor>, ColumnMajor> Y(samples);
      if constexpr (objective == Objective::squared) {
        return with_optimizer(X, Y, lamina::MeanSquaredError{});
      } else {
        return with_optimizer(X, Y, lamina::BinaryCrossEntropy{});
      }
    }
  };
  const Eigen::Map<const RowMajor> X(data.X.data(), w.samples, w.inputs());
  if (options.row_major) return with_loss(X);
  return with_loss(ColumnMajor(X));
}

}  // namespace benchmarks
