// The parts of a training step on their own, with Google Benchmark: products, activations, optimisers, whole steps.
//
//   micro [--benchmark_filter=product] …

#include <benchmark/benchmark.h>

#include <cmath>
#include <lamina/lamina.hpp>

#include "workloads.hpp"

namespace {

using lamina::Dense;
using lamina::Index;

/// In multiplications with additions, 2 a time.
void count_flops(benchmark::State& state, double flops) {
  state.counters["FLOP/s"] =
      benchmark::Counter(flops * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

template <class Scalar>
using Matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>;

template <class Scalar>
lamina::ConstTile<Scalar> constant(const Matrix<Scalar>& A) {
  return lamina::detail::tile(A.data(), A.rows(), A.cols());
}
template <class Scalar>
lamina::Tile<Scalar> variable(Matrix<Scalar>& A) {
  return lamina::detail::tile(A.data(), A.rows(), A.cols());
}

// The products of a layer: t samples, k inputs, n outputs.

template <class Scalar>
void product_forward(benchmark::State& state) {
  const Index t = state.range(0), k = state.range(1), n = state.range(2);
  const Matrix<Scalar> A0 = Matrix<Scalar>::Random(t, k), W = Matrix<Scalar>::Random(k, n),
                       b = Matrix<Scalar>::Random(1, n);
  Matrix<Scalar> Z(t, n);
  auto to = variable(Z);
  for (auto _ : state) {
    lamina::detail::multiply(lamina::detail::product(constant(A0), constant(W), to, b.data()));
    benchmark::ClobberMemory();
  }
  count_flops(state, 2.0 * static_cast<double>(t * k * n));
}

template <class Scalar>
void product_input_gradient(benchmark::State& state) {
  const Index t = state.range(0), k = state.range(1), n = state.range(2);
  const Matrix<Scalar> dZ = Matrix<Scalar>::Random(t, n), W = Matrix<Scalar>::Random(k, n);
  Matrix<Scalar> dA0(t, k);
  auto to = variable(dA0);
  for (auto _ : state) {
    lamina::detail::multiply(lamina::detail::product_with_transposed(constant(dZ), constant(W), to));
    benchmark::ClobberMemory();
  }
  count_flops(state, 2.0 * static_cast<double>(t * k * n));
}

template <class Scalar>
void product_weight_gradient(benchmark::State& state) {
  const Index t = state.range(0), k = state.range(1), n = state.range(2);
  const Matrix<Scalar> A0 = Matrix<Scalar>::Random(t, k), dZ = Matrix<Scalar>::Random(t, n);
  Matrix<Scalar> dW(k, n);
  auto to = variable(dW);
  const Scalar* unknown = nullptr;
  for (auto _ : state) {
    lamina::detail::multiply(lamina::detail::transposed_product(constant(A0), unknown, constant(dZ), to,
                                                                lamina::GradientUse::write),
                             lamina::Team(), [](Index, Index, const Scalar*) {});
    benchmark::ClobberMemory();
  }
  count_flops(state, 2.0 * static_cast<double>(t * k * n));
}

/// The same with rows of dW in the lanes, A0ᵀ being made for it: what is faster for few samples, see worth_transposing.
template <class Scalar>
void product_weight_gradient_transposing(benchmark::State& state) {
  const Index t = state.range(0), k = state.range(1), n = state.range(2), room = 16;  // for full registers
  const Matrix<Scalar> A0 = Matrix<Scalar>::Random(t + room, k), dZ = Matrix<Scalar>::Random(t, n);
  Matrix<Scalar> memory(k + room, t), dW(k, n);
  auto to = variable(dW);
  const lamina::ConstTile<Scalar> A0_tile(A0.data(), t, k, Eigen::OuterStride<>(A0.rows()));
  const lamina::detail::Panels<Scalar> At{memory.data(), k, t};
  for (auto _ : state) {
    lamina::detail::transpose<Scalar>({A0.data(), 1, A0.rows()}, At, {0, k});
    lamina::detail::multiply(lamina::detail::transposed_product<Scalar>(A0_tile, At.data, constant(dZ), to,
                                                                        lamina::GradientUse::write),
                             lamina::Team(), [](Index, Index, const Scalar*) {});
    benchmark::ClobberMemory();
  }
  count_flops(state, 2.0 * static_cast<double>(t * k * n));
}

void shapes(benchmark::internal::Benchmark* b) {
  b->ArgNames({"t", "k", "n"});
  b->Args({128, 4, 32})->Args({128, 32, 16})->Args({128, 16, 4});  // T1
  b->Args({32, 64, 64});                                           // T2
  b->Args({64, 784, 128})->Args({64, 128, 10});                    // T3
  b->Args({128, 784, 800});                                        // T4
  b->Args({256, 2048, 2048});                                      // T5
  b->Args({100, 300, 300});                                        // T6
}
void numbers_of_samples(benchmark::internal::Benchmark* b) {
  b->ArgNames({"t", "k", "n"});
  for (const Index t : {16, 32, 64, 96, 128, 192, 256}) b->Args({t, 64, 16})->Args({t, 64, 32});
}
BENCHMARK(product_forward<float>)->Apply(shapes);
BENCHMARK(product_input_gradient<float>)->Apply(shapes);
BENCHMARK(product_weight_gradient<float>)->Apply(shapes)->Apply(numbers_of_samples);
BENCHMARK(product_weight_gradient_transposing<float>)->Apply(shapes)->Apply(numbers_of_samples);
BENCHMARK(product_forward<double>)->Apply(shapes);
BENCHMARK(product_input_gradient<double>)->Apply(shapes);
BENCHMARK(product_weight_gradient<double>)->Apply(shapes)->Apply(numbers_of_samples);
BENCHMARK(product_weight_gradient_transposing<double>)->Apply(shapes)->Apply(numbers_of_samples);

// Functions of every element: 4096 numbers in the first-level cache.

template <class Scalar, class F>
void elementwise(benchmark::State& state, const F& f) {
  Matrix<Scalar> Z = 4 * Matrix<Scalar>::Random(64, 64), A(64, 64);
  for (auto _ : state) {
    f(Z, A);
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * Z.size());
}

template <class Scalar, class G>
void activation(benchmark::State& state) {
  elementwise<Scalar>(state, [](const auto& Z, auto& A) { lamina::apply(G(), Z, A); });
}
template <class Scalar, class G>
void activation_derivative(benchmark::State& state) {
  Matrix<Scalar> Z = 4 * Matrix<Scalar>::Random(64, 64), A(64, 64), dA(64, 64);
  lamina::apply(G(), Z, A);
  for (auto _ : state) {
    dA.setOnes();
    lamina::apply_derivative(G(), Z, A, dA);
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * Z.size());
}
template <class Scalar>
void eigen_exp(benchmark::State& state) {
  elementwise<Scalar>(state, [](const auto& Z, auto& A) { A = Z.array().exp(); });
}
template <class Scalar>
void eigen_tanh(benchmark::State& state) {
  elementwise<Scalar>(state, [](const auto& Z, auto& A) { A = Z.array().tanh(); });
}
BENCHMARK(activation<float, lamina::ReLU>);
BENCHMARK(activation<float, lamina::Tanh>);
BENCHMARK(activation<double, lamina::Tanh>);
BENCHMARK(activation<float, lamina::Sigmoid>);
BENCHMARK(activation<double, lamina::Sigmoid>);
BENCHMARK(activation<float, lamina::GELU>);
BENCHMARK(activation<float, lamina::SiLU>);
BENCHMARK(activation<float, lamina::Softplus>);
BENCHMARK(activation_derivative<float, lamina::Tanh>);
BENCHMARK(activation_derivative<float, lamina::GELU>);
BENCHMARK(eigen_exp<float>);
BENCHMARK(eigen_exp<double>);
BENCHMARK(eigen_tanh<float>);
BENCHMARK(eigen_tanh<double>);

// One step of an optimiser, for as many parameters as T1, T3 and T4 have.

template <class Scalar, class Optimizer>
void optimizer_step(benchmark::State& state) {
  using Vector = Eigen::Matrix<Scalar, Eigen::Dynamic, 1>;
  Vector theta = Vector::Random(state.range(0));
  const Vector gradient = Vector::Random(state.range(0));
  Optimizer optimizer{.learning_rate = 1e-6};
  for (auto _ : state) {
    optimizer.step(theta, gradient);
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * theta.size());
}
BENCHMARK(optimizer_step<float, lamina::GradientDescent>)->Arg(756)->Arg(101770)->Arg(1276810);
BENCHMARK(optimizer_step<float, lamina::Adam>)->Arg(756)->Arg(101770)->Arg(1276810);
BENCHMARK(optimizer_step<double, lamina::Adam>)->Arg(756)->Arg(101770)->Arg(1276810);

// Whole training steps.

template <class Net, class Optimizer>
void training_step(benchmark::State& state, const char* name, Optimizer optimizer) {
  using Scalar = typename Net::Scalar;
  const benchmarks::Workload& w = benchmarks::workload(name);
  const benchmarks::Data<Scalar> data(w);
  using Samples = Eigen::Map<const Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>;
  const Matrix<Scalar> X = Samples(data.X.data(), w.batch, w.inputs()),
                       Y = Samples(data.Y.data(), w.batch, w.outputs());
  Net net;
  net.initialize(1);
  auto workspace = net.workspace();
  for (auto _ : state) {
    lamina::train_step(net, X, Y, lamina::MeanSquaredError{}, optimizer, workspace);
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * w.batch);
  count_flops(state, w.flops() * static_cast<double>(w.batch));
}
void training_step_T1(benchmark::State& state) {
  training_step<
      lamina::Network<float, Dense<4, 32, lamina::Tanh>, Dense<32, 16, lamina::Tanh>, Dense<16, 4>>>(
      state, "T1", lamina::Adam{.learning_rate = benchmarks::adam_learning_rate});
}
void training_step_T2(benchmark::State& state) {
  training_step<
      lamina::Network<float, Dense<16, 64, lamina::ReLU>, Dense<64, 64, lamina::ReLU>, Dense<64, 1>>>(
      state, "T2", lamina::GradientDescent{.learning_rate = benchmarks::sgd_learning_rate});
}
BENCHMARK(training_step_T1);
BENCHMARK(training_step_T2);

}  // namespace

BENCHMARK_MAIN();
