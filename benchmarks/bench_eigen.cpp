// Eigen alone, written straightforwardly and with care: everything is allocated once, products go through noalias(),
// X is read where it lies. Matrices are tried in both storage orders, and the faster one counts.

#include <Eigen/Core>
#include <cmath>

#include "workloads.hpp"

namespace {

using namespace benchmarks;
using Eigen::Index;

/// θ ← θ − update, for one matrix or vector of parameters.
template <class Parameters>
class Optimizer {
  using Scalar = typename Parameters::Scalar;

 public:
  void resize(const Workload& w, Index rows, Index columns) {
    rule_ = w.rule;
    if (rule_ != Rule::adam) return;
    M_.setZero(rows, columns);
    V_.setZero(rows, columns);
  }
  void step(Parameters& theta, const Parameters& gradient, long t) {
    if (rule_ == Rule::sgd) {
      theta -= Scalar(sgd_learning_rate) * gradient;
      return;
    }
    const auto t_ = static_cast<double>(t);
    const double c1 = 1 - std::pow(adam_beta1, t_), c2 = 1 - std::pow(adam_beta2, t_);
    const auto alpha = static_cast<Scalar>(adam_learning_rate / c1),
               root = static_cast<Scalar>(1 / std::sqrt(c2));
    constexpr auto b1 = static_cast<Scalar>(adam_beta1), b2 = static_cast<Scalar>(adam_beta2);
    M_ = b1 * M_ + (1 - b1) * gradient;
    V_ = b2 * V_ + (1 - b2) * gradient.cwiseAbs2();
    theta.array() -= alpha * M_.array() / (V_.array().sqrt() * root + Scalar(adam_epsilon));
  }

 private:
  Rule rule_ = Rule::sgd;
  Parameters M_, V_;
};

template <class Scalar, int Order>
class Trainer {
  using Matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, Order>;
  using Row = Eigen::Matrix<Scalar, 1, Eigen::Dynamic>;
  using Samples = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

 public:
  Trainer(const Workload& w, const Data<Scalar>& data)
      : workload_(w),
        X_(Eigen::Map<const Samples>(data.X.data(), w.samples, w.inputs())),
        labels_(data.labels) {
    if (!data.Y.empty()) Y_ = Eigen::Map<const Samples>(data.Y.data(), w.samples, w.outputs());
    Noise noise(2);
    for (std::size_t l = 1; l < w.widths.size(); ++l) {
      Layer& layer = layers_.emplace_back();
      const Index in = w.widths[l - 1], out = w.widths[l];
      const double limit = std::sqrt(6.0 / static_cast<double>(in + out));
      layer.W = Matrix::NullaryExpr(in, out, [&] { return static_cast<Scalar>(limit * noise()); });
      layer.b.setZero(out);
      layer.dW.resize(in, out);
      layer.db.resize(out);
      layer.A.resize(w.batch, out);
      layer.dZ.resize(w.batch, out);
      layer.optimize_W.resize(w, in, out);
      layer.optimize_b.resize(w, 1, out);
    }
  }

  void step(Index first) {
    const auto X = X_.middleRows(first, workload_.batch);
    forward(X);
    loss_gradient(first);
    ++t_;
    for (std::size_t l = layers_.size(); l-- > 1;) {
      Layer &layer = layers_[l], &below = layers_[l - 1];
      layer.dW.noalias() = below.A.transpose() * layer.dZ;
      layer.db = layer.dZ.colwise().sum();
      below.dZ.noalias() = layer.dZ * layer.W.transpose();
      if (workload_.hidden == Hidden::relu) {
        below.dZ.array() *= (below.A.array() > 0).template cast<Scalar>();
      } else {
        below.dZ.array() *= 1 - below.A.array().square();
      }
      update(layer);
    }
    Layer& layer = layers_[0];
    layer.dW.noalias() = X.transpose() * layer.dZ;
    layer.db = layer.dZ.colwise().sum();
    update(layer);
  }
  Scalar loss() const { return loss_; }

 private:
  struct Layer {
    Matrix W, dW, A, dZ;
    Row b, db;
    Optimizer<Matrix> optimize_W;
    Optimizer<Row> optimize_b;
  };

  template <class Input>
  void forward(const Input& X) {
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      Layer& layer = layers_[l];
      if (l == 0) {
        layer.A.noalias() = X * layer.W;
      } else {
        layer.A.noalias() = layers_[l - 1].A * layer.W;
      }
      if (l + 1 == layers_.size()) {
        layer.A.rowwise() += layer.b;
      } else if (workload_.hidden == Hidden::relu) {
        layer.A = (layer.A.rowwise() + layer.b).cwiseMax(Scalar(0));
      } else {
        layer.A = (layer.A.rowwise() + layer.b).array().tanh();
      }
    }
  }

  /// F, and dF/dZ of the last layer
  void loss_gradient(Index first) {
    const Matrix& Z = layers_.back().A;
    Matrix& dZ = layers_.back().dZ;
    const Index m = workload_.batch;
    const Scalar scale = 1 / static_cast<Scalar>(m);
    if (workload_.objective == Objective::softmax) {
      dZ = (Z.colwise() - Z.rowwise().maxCoeff()).array().exp();
      dZ.array().colwise() /= dZ.rowwise().sum().array().eval();
      loss_ = 0;
      for (Index i = 0; i < m; ++i) {
        const Index label = labels_[static_cast<std::size_t>(first + i)];
        loss_ -= std::log(std::max(dZ(i, label), std::numeric_limits<Scalar>::min()));
        dZ(i, label) -= 1;
      }
      loss_ *= scale;
      dZ *= scale;
      return;
    }
    const auto Y = Y_.middleRows(first, m);
    if (workload_.objective == Objective::squared) {
      dZ = Z - Y;
      loss_ = dZ.squaredNorm() * scale;
      dZ *= 2 * scale;
    } else {
      // F = max(z, 0) − z·y + log(1 + exp(−|z|)),   dF/dz = 1/(1 + exp(−z)) − y
      loss_ =
          (Z.array().max(Scalar(0)) - Z.array() * Y.array() + (-Z.array().abs()).exp().log1p()).sum() * scale;
      dZ = ((1 + (-Z.array()).exp()).inverse() - Y.array()) * scale;
    }
  }

  void update(Layer& layer) {
    layer.optimize_W.step(layer.W, layer.dW, t_);
    layer.optimize_b.step(layer.b, layer.db, t_);
  }

  const Workload& workload_;
  Matrix X_, Y_;
  std::vector<int> labels_;
  std::vector<Layer> layers_;
  Scalar loss_ = 0;
  long t_ = 0;
};

template <class Scalar, int Order>
double run(Options options, double seconds) {
  options.seconds = seconds;
  const Data<Scalar> data(options.workload);
  Trainer<Scalar, Order> trainer(options.workload, data);
  const double rate = measure(options, [&](long first) { trainer.step(first); });
  if (!std::isfinite(trainer.loss())) throw std::runtime_error("diverged");
  return rate;
}

template <class Scalar>
double faster_order(const Options& options) {
  const double trial = options.seconds / 5;
  return run<Scalar, Eigen::RowMajor>(options, trial) > run<Scalar, Eigen::ColMajor>(options, trial)
             ? run<Scalar, Eigen::RowMajor>(options, options.seconds)
             : run<Scalar, Eigen::ColMajor>(options, options.seconds);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string title = "Eigen " + std::to_string(EIGEN_WORLD_VERSION) + "." +
                            std::to_string(EIGEN_MAJOR_VERSION) + "." + std::to_string(EIGEN_MINOR_VERSION);
  return main_of(title, argc, argv, [](const Options& options) {
    Eigen::setNbThreads(options.threads);
    return options.use_double ? faster_order<double>(options) : faster_order<float>(options);
  });
}
