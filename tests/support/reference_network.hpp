#pragma once

/// \file The networks of the reference cases, written out with whole matrices: nothing of Lamina but its activations and
/// losses.

#include <cstddef>
#include <string>

#include "lamina/activations/apply.hpp"
#include "support/oracle_cases.hpp"
#include "support/plain_network.hpp"

namespace oracle {

/// Dense and activation layers of a case; a softmax or a normalisation is not one of them.
struct ReferenceNetwork : PlainNetwork<double> {
  bool complete = true;  ///< whether every layer of the case is one of ours

  explicit ReferenceNetwork(const json& c) {
    for (const json& layer : c.at("layers")) {
      const auto type = layer.at("type").get<std::string>();
      const auto g = type == "dense" || type == "activation" ? activation(layer) : std::nullopt;
      complete = complete && g;
      if (!complete) return;
      layers.push_back({.W = type == "dense" ? matrix(layer["W"]) : Matrix(),
                        .b = type == "dense" && layer["bias"] ? matrix(layer["b"]) : Matrix(),
                        .g =
                            [g = *g](const Matrix& Z) {
                              Matrix A(Z.rows(), Z.cols());
                              lamina::apply(g, Z, A);
                              return A;
                            },
                        .dZ =
                            [g = *g](const Matrix& Z, const Matrix& A, const Matrix& dA) {
                              Matrix dZ = dA;
                              lamina::apply_derivative(g, Z, A, dZ);
                              return dZ;
                            }});
    }
  }
};

/// max |got − want| ≤ abs + rel·max |want| for an array.
inline void check_array(const std::string& what, const Eigen::MatrixXd& got, const Eigen::MatrixXd& want,
                        const json& tolerance) {
  CAPTURE(what);
  REQUIRE(got.rows() == want.rows());
  REQUIRE(got.cols() == want.cols());
  const double allowed =
      tolerance.at("abs").get<double>() + tolerance.at("rel").get<double>() * want.cwiseAbs().maxCoeff();
  CHECK((got - want).cwiseAbs().maxCoeff() <= allowed);
}

/// Output, loss and all gradients of a case against what it expects; `loss` as Lamina's.
template <class Loss>
void check_case(const json& c, ReferenceNetwork& network, const Loss& loss) {
  using Matrix = Eigen::MatrixXd;
  const json& expected = c.at("expected");
  const json& tolerance = c.at("tolerance");
  const Matrix X = matrix(c.at("X"));
  const Matrix A = network.forward(X);
  const Matrix Y = targets(c, A.cols());
  check_array("output", A, matrix(expected.at("output")), tolerance);

  // F = Σ sᵢ Lᵢ / divisor. For class weights and targets that are distributions Lamina divides by Σ sᵢ wᵢ, as
  // for labels; PyTorch, whose numbers these are, by Σ sᵢ.
  Eigen::VectorXd s = Eigen::VectorXd::Ones(X.rows());
  const json& description = c.at("loss");
  if (description.contains("sample_weights")) s = vector(description["sample_weights"]);
  double divisor = 0, F = 0;
  for (Eigen::Index i = 0; i < X.rows(); ++i) {
    double share = 1;
    if constexpr (requires { loss.weight(Y.middleRows(i, 1)); })
      if (description.at("target") == "class_index") share = loss.weight(Y.middleRows(i, 1));
    divisor += s(i) * share;
    F += s(i) * loss.value(A.middleRows(i, 1), Y.middleRows(i, 1));
  }
  if constexpr (requires { loss.check(A.cols()); }) loss.check(A.cols());
  Matrix dA(A.rows(), A.cols());
  loss.gradient(A, Y, dA);
  dA = Matrix(s.asDiagonal() * dA) / divisor;
  const Matrix dX = network.backward(dA);

  check_array("loss", Matrix::Constant(1, 1, F / divisor),
              Matrix::Constant(1, 1, number(expected.at("loss"))), tolerance);
  check_array("input gradient", dX, matrix(expected.at("input_gradient")), tolerance);
  for (std::size_t l = 0; l < network.layers.size(); ++l) {
    const json& gradient = expected.at("gradients")[l];
    if (gradient.contains("W")) check_array("dW", network.layers[l].dW, matrix(gradient["W"]), tolerance);
    if (gradient.contains("b")) check_array("db", network.layers[l].db, matrix(gradient["b"]), tolerance);
  }
}

}  // namespace oracle
