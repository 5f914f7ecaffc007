// The text's two-layer network, A1 = s(X·W1), A2 = s(A1·W2), F = (1/m)‖A2 − Y‖²_F, against its explicit formula: every
// intermediate matrix by calling the layers, and 50 steps of gradient descent by calling the network.

#include <string>

#include "lamina/activations/sigmoid.hpp"
#include "lamina/layers/dense.hpp"
#include "lamina/losses/mean_squared_error.hpp"
#include "lamina/network.hpp"
#include "lamina/optimizers/gradient_descent.hpp"
#include "support/oracle.hpp"

namespace {

using Eigen::Dynamic;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using lamina::Dense;
using oracle::json;

using Linear = Dense<Dynamic, Dynamic, lamina::Identity, false>;
using SigmoidLayer = Dense<Dynamic, Dynamic, lamina::Sigmoid, false>;

void check_equal(const std::string& what, const MatrixXd& got, const json& values, const json& c) {
  const MatrixXd want = oracle::matrix(values);
  REQUIRE(got.rows() == want.rows());
  REQUIRE(got.cols() == want.cols());
  const double error = (got - want).cwiseAbs().maxCoeff();
  const double allowed =
      c["tolerance"]["abs"].get<double>() + c["tolerance"]["rel"].get<double>() * want.cwiseAbs().maxCoeff();
  CAPTURE(what, error, allowed);
  CHECK(error <= allowed);
}

lamina::Tile<double> tile(MatrixXd& M) { return lamina::detail::tile(M.data(), M.rows(), M.cols()); }
lamina::ConstTile<double> tile(const MatrixXd& M) {
  return lamina::detail::tile(M.data(), M.rows(), M.cols());
}

/// A of a layer that needs no cache.
template <class Layer>
MatrixXd forward(const Layer& layer, const VectorXd& theta, const MatrixXd& A0) {
  MatrixXd result(A0.rows(), layer.outputs());
  auto A = tile(result);
  lamina::Span<double> cache(nullptr, 0);
  layer.forward(lamina::ConstSpan<double>(theta.data(), theta.size()), tile(A0), A, cache, lamina::Pass{});
  return result;
}

/// dW and dA0 of a layer that needs no cache; dA becomes dZ.
struct Derivatives {
  VectorXd dW;
  MatrixXd dA0;
};
template <class Layer>
Derivatives backward(const Layer& layer, const VectorXd& theta, const MatrixXd& A0, MatrixXd& A,
                     MatrixXd& dA) {
  Derivatives result{VectorXd::Zero(theta.size()), MatrixXd::Constant(A0.rows(), A0.cols(), -7)};
  auto A_ = tile(A), dA_ = tile(dA), dA0 = tile(result.dA0);
  lamina::Span<double> cache(nullptr, 0), dW(result.dW.data(), result.dW.size());
  layer.backward(lamina::ConstSpan<double>(theta.data(), theta.size()), tile(A0), A_, cache, dA_, dW, &dA0,
                 lamina::Pass{});
  return result;
}

MatrixXd reshaped(const VectorXd& v, Eigen::Index rows) { return v.reshaped(rows, v.size() / rows); }

}  // namespace

TEST_CASE("oracle: every matrix of the text's two-layer network") {
  LAMINA_NEEDS_ORACLE();
  for (const auto& name : oracle::names("seed_formula")) {
    CAPTURE(name);
    const auto c = oracle::load("seed_formula", name);
    const json& expected = c["expected"];
    const MatrixXd X = oracle::matrix(c["X"]), Y = oracle::matrix(c["Y"]);
    const MatrixXd W1 = oracle::matrix(c["layers"][0]["W"]), W2 = oracle::matrix(c["layers"][1]["W"]);
    const VectorXd theta1 = W1.reshaped(), theta2 = W2.reshaped();
    const SigmoidLayer layer1(W1.rows(), W1.cols()), layer2(W2.rows(), W2.cols());
    REQUIRE(SigmoidLayer::cache_size(X.rows(), W1.rows(), W1.cols()) == 0);

    // Z1 = X·W1,   A1 = s ∘ Z1,   Z2 = A1·W2,   A2 = s ∘ Z2
    check_equal("Z1", forward(Linear(W1.rows(), W1.cols()), theta1, X), expected["Z1"], c);
    MatrixXd A1 = forward(layer1, theta1, X);
    check_equal("A1", A1, expected["A1"], c);
    check_equal("Z2", forward(Linear(W2.rows(), W2.cols()), theta2, A1), expected["Z2"], c);
    MatrixXd A2 = forward(layer2, theta2, A1);
    check_equal("A2", A2, expected["A2"], c);

    // F = (1/m)‖A2 − Y‖²_F,   dF/dA2 = (2/m)(A2 − Y)
    const double m = static_cast<double>(X.rows());
    CHECK(lamina::MeanSquaredError::value(A2, Y) / m ==
          Catch::Approx(expected["loss"].get<double>()).epsilon(1e-11));
    MatrixXd dA2(A2.rows(), A2.cols());
    lamina::MeanSquaredError::gradient(A2, Y, dA2);
    dA2 /= m;

    // delta2 = dF/dZ2,   dF/dW2 = A1ᵀ·delta2,   delta1 = (delta2·W2ᵀ) ⊙ A1 ⊙ (1 − A1),   dF/dW1 = Xᵀ·delta1
    Derivatives of2 = backward(layer2, theta2, A1, A2, dA2);
    check_equal("delta2", dA2, expected["delta2"], c);
    check_equal("dF/dW2", reshaped(of2.dW, W2.rows()), expected["gradients"][1]["W"], c);
    const Derivatives of1 = backward(layer1, theta1, X, A1, of2.dA0);
    check_equal("delta1", of2.dA0, expected["delta1"], c);
    check_equal("dF/dW1", reshaped(of1.dW, W1.rows()), expected["gradients"][0]["W"], c);
    check_equal("dF/dX", of1.dA0, expected["input_gradient"], c);
  }
}

TEST_CASE("oracle: fifty steps of gradient descent on the text's two-layer network") {
  LAMINA_NEEDS_ORACLE();
  for (const auto& name : oracle::names("seed_formula")) {
    CAPTURE(name);
    const auto c = oracle::load("seed_formula", name);
    const MatrixXd X = oracle::matrix(c["X"]), Y = oracle::matrix(c["Y"]);
    const MatrixXd W1 = oracle::matrix(c["layers"][0]["W"]), W2 = oracle::matrix(c["layers"][1]["W"]);
    lamina::Network<double, SigmoidLayer, SigmoidLayer> net(SigmoidLayer(W1.rows(), W1.cols()),
                                                            SigmoidLayer(W2.rows(), W2.cols()));
    net.weights<0>() = W1;
    net.weights<1>() = W2;

    const json& trajectory = c["trajectory"];
    REQUIRE(trajectory.size() == 51);
    const lamina::GradientDescent descent{.learning_rate = c["optimizer"]["params"]["lr"]};
    auto workspace = net.workspace();
    for (std::size_t step = 0; step < trajectory.size(); ++step) {
      const double F = net.loss_and_gradient(X, Y, lamina::MeanSquaredError{}, workspace);
      CAPTURE(step);
      CHECK(F == Catch::Approx(trajectory[step]["loss"].get<double>()).epsilon(1e-11).margin(1e-13));
      if (step + 1 < trajectory.size()) descent.step(net.parameters(), workspace.gradient);
    }
    check_equal("final W1", net.weights<0>(), c["final_weights"][0]["W"], c);
    check_equal("final W2", net.weights<1>(), c["final_weights"][1]["W"], c);
  }
}
