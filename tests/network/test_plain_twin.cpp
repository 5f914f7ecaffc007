// The engine against its readable twin, with the standard library's functions.

#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "lamina/activations.hpp"
#include "lamina/dynamic_network.hpp"
#include "lamina/losses.hpp"
#include "lamina/optimizers/gradient_descent.hpp"
#include "lamina/training/step.hpp"
#include "support/catch.hpp"
#include "support/plain_network.hpp"
#include "training/problems.hpp"

namespace test_plain_twin {

using namespace lamina;
using problems::Matrix;

/// All of θ, or of its gradient: [W | b] of each layer, W column by column.
template <class Scalar>
Matrix<Scalar> together(const PlainNetwork<Scalar>& plain, bool gradient) {
  std::vector<Scalar> all;
  for (const auto& layer : plain.layers) {
    const Matrix<Scalar>&W = gradient ? layer.dW : layer.W, &b = gradient ? layer.db : layer.b;
    all.insert(all.end(), W.data(), W.data() + W.size());
    all.insert(all.end(), b.data(), b.data() + b.size());
  }
  return Eigen::Map<const Matrix<Scalar>>(all.data(), static_cast<Index>(all.size()), 1);
}

/// F = (1/m)‖A − Y‖², dF/dA = (2/m)(A − Y)
template <class Scalar>
struct PlainSquared {
  using Loss = MeanSquaredError;
  static Scalar value(const Matrix<Scalar>& A, const Matrix<Scalar>& Y) {
    return (A - Y).squaredNorm() / static_cast<Scalar>(A.rows());
  }
  static Matrix<Scalar> gradient(const Matrix<Scalar>& A, const Matrix<Scalar>& Y) {
    return Scalar(2) / static_cast<Scalar>(A.rows()) * (A - Y);
  }
};
/// F = −(1/m) Σ y·log p, p = exp a / Σ exp a, dF/dA = (p·Σy − y)/m
template <class Scalar>
struct PlainSoftmax {
  using Loss = SoftmaxCrossEntropy;
  static Matrix<Scalar> softmax(const Matrix<Scalar>& A) {
    const Matrix<Scalar> powers = A.unaryExpr([](Scalar a) { return std::exp(a); });
    return powers.rowwise().sum().cwiseInverse().asDiagonal() * powers;
  }
  static Scalar value(const Matrix<Scalar>& A, const Matrix<Scalar>& Y) {
    const Matrix<Scalar> logarithms = softmax(A).unaryExpr([](Scalar p) { return std::log(p); });
    return -Y.cwiseProduct(logarithms).sum() / static_cast<Scalar>(A.rows());
  }
  static Matrix<Scalar> gradient(const Matrix<Scalar>& A, const Matrix<Scalar>& Y) {
    return (softmax(A) - Y) / static_cast<Scalar>(A.rows());
  }
};

template <class Scalar>
struct Function {
  AnyActivation activation;
  Scalar (*g)(Scalar z);
  Scalar (*derivative)(Scalar z);
};
template <class Scalar>
std::vector<Function<Scalar>> functions() {
  static constexpr auto sigmoid = [](Scalar z) { return 1 / (1 + std::exp(-z)); };
  // None whose derivative jumps: a Z that rounding moves across the jump would have another.
  return {
      {Tanh{}, [](Scalar z) { return std::tanh(z); },
       [](Scalar z) {
         const Scalar a = std::tanh(z);
         return 1 - a * a;
       }},
      {ELU{}, [](Scalar z) { return z > 0 ? z : std::expm1(z); },
       [](Scalar z) { return z > 0 ? Scalar(1) : std::exp(z); }},
      {Sigmoid{}, [](Scalar z) { return sigmoid(z); },
       [](Scalar z) { return sigmoid(z) * (1 - sigmoid(z)); }},
      {SiLU{}, [](Scalar z) { return z * sigmoid(z); },
       [](Scalar z) { return sigmoid(z) * (1 + z * (1 - sigmoid(z))); }},
      {Softplus{}, [](Scalar z) { return std::log1p(std::exp(z)); }, [](Scalar z) { return sigmoid(z); }},
  };
}

/// Sums of up to 800 products and as many samples, through four layers: some thousand roundings at most, of numbers about as
/// large as the largest of the result, and functions to 8 ulp.
template <class Scalar>
void check_equal(const Matrix<Scalar>& got, const Matrix<Scalar>& want) {
  REQUIRE(got.rows() == want.rows());
  REQUIRE(got.cols() == want.cols());
  const Scalar allowed = 1000 * std::numeric_limits<Scalar>::epsilon() * (1 + want.cwiseAbs().maxCoeff());
  CHECK((got - want).cwiseAbs().maxCoeff() <= allowed);
}

/// Predictions, F, dF/dθ, dF/dX and a step of gradient descent.
template <class Plain, class Scalar>
void check_equal(const std::vector<Index>& widths, const Function<Scalar>& hidden, Index m) {
  DynamicNetwork<Scalar> net(widths[0]);
  for (std::size_t l = 1; l + 1 < widths.size(); ++l) net.dense(widths[l], hidden.activation);
  net.dense(widths.back());
  net.initialize(7);
  PlainNetwork<Scalar> plain;
  for (std::size_t l = 0; l < net.layers().size(); ++l) {
    net.bias(l) = problems::uniform<Scalar>(1, widths[l + 1], l);
    const bool last = l + 1 == net.layers().size();
    const auto g = last ? [](Scalar z) { return z; } : hidden.g;
    const auto derivative = last ? [](Scalar) { return Scalar(1); } : hidden.derivative;
    plain.layers.push_back(
        {.W = net.weights(l),
         .b = net.bias(l),
         .g = [g](const Matrix<Scalar>& Z) { return Matrix<Scalar>(Z.unaryExpr(g)); },
         .dZ =
             [derivative](const Matrix<Scalar>& Z, const Matrix<Scalar>&, const Matrix<Scalar>& dA) {
               return Matrix<Scalar>(dA.cwiseProduct(Z.unaryExpr(derivative)));
             }});
  }
  const auto X = problems::uniform<Scalar>(m, widths[0], 1);
  auto Y = problems::uniform<Scalar>(m, widths.back(), 2);
  if constexpr (std::is_same_v<typename Plain::Loss, SoftmaxCrossEntropy>) Y = Plain::softmax(Y);
  const typename Plain::Loss loss{};

  const Matrix<Scalar> A = plain.forward(X), dX = plain.backward(Plain::gradient(A, Y));
  auto workspace = net.workspace();
  check_equal<Scalar>(net.predict(X), A);
  const Scalar F = net.loss_and_gradient(X, Y, loss, workspace);
  check_equal<Scalar>(Matrix<Scalar>::Constant(1, 1, F), Matrix<Scalar>::Constant(1, 1, Plain::value(A, Y)));
  check_equal<Scalar>(workspace.gradient, together(plain, true));
  check_equal<Scalar>(net.input_gradient(X, Y, loss, workspace), dX);
  train_step(net, X, Y, loss, GradientDescent{.learning_rate = 0.5}, workspace);
  check_equal<Scalar>(net.parameters(), together(plain, false) - Scalar(0.5) * together(plain, true));
}

TEMPLATE_TEST_CASE("the engine equals its readable twin", "[network]", float, double) {
  // Narrow ones, tiles, ends of registers; θ beyond the second-level cache; and from one sample to several tiles.
  const std::vector<std::vector<Index>> shapes = {
      {1, 1},         {3, 7, 2},         {4, 32, 16, 4}, {16, 64, 64, 1}, {13, 33, 1, 65, 3},
      {784, 100, 10}, {300, 311, 290, 2}};
  for (const auto& hidden : functions<TestType>())
    for (const auto& widths : shapes)
      for (const Index m : {1, 2, 5, 33, 100, 600}) {
        // The large ones take a while under sanitizers: with few samples, and one function.
        if (widths[0] > 100 && (m > 33 || hidden.activation.name() != "tanh")) continue;
        CAPTURE(static_cast<std::string>(hidden.activation.name()), widths, m);
        check_equal<PlainSquared<TestType>>(widths, hidden, m);
        check_equal<PlainSoftmax<TestType>>(widths, hidden, m);
      }
}

}  // namespace test_plain_twin
