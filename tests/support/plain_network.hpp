#pragma once

/// \file The network of a reference case, written out with whole matrices: nothing of Lamina but its
/// activations and losses.

#include <cstddef>
#include <string>
#include <vector>

#include "lamina/activations/apply.hpp"
#include "support/oracle_cases.hpp"

namespace oracle {

/// Dense and activation layers of a case; a softmax or a normalisation is not one of them.
struct PlainNetwork {
  using Matrix = Eigen::MatrixXd;

  struct Layer {
    lamina::AnyActivation g;
    Matrix W, b;  // W is empty for an activation alone, b without bias
    Matrix A0, Z, A, dW, db;
  };
  std::vector<Layer> layers;
  bool complete = true;  ///< whether every layer of the case is one of ours

  explicit PlainNetwork(const json& c) {
    for (const json& layer : c.at("layers")) {
      const auto type = layer.at("type").get<std::string>();
      const auto g = type == "dense" || type == "activation" ? activation(layer) : std::nullopt;
      complete = complete && g;
      if (!complete) return;
      layers.push_back({*g, {}, {}, {}, {}, {}, {}, {}});
      if (type == "dense") layers.back().W = matrix(layer["W"]);
      if (type == "dense" && layer["bias"]) layers.back().b = matrix(layer["b"]);
    }
  }

  const Matrix& forward(const Matrix& X) {
    Matrix A = X;
    for (Layer& l : layers) {
      l.A0 = A;
      l.Z = l.W.size() ? Matrix(A * l.W) : A;
      if (l.b.size()) l.Z.rowwise() += l.b.row(0);
      l.A.resize(l.Z.rows(), l.Z.cols());
      lamina::apply(l.g, l.Z, l.A);
      A = l.A;
    }
    return layers.back().A;
  }

  /// From dF/dA of the last layer to dF/dX.
  Matrix backward(Matrix dA) {
    for (std::size_t i = layers.size(); i-- > 0;) {
      Layer& l = layers[i];
      lamina::apply_derivative(l.g, l.Z, l.A, dA);
      if (!l.W.size()) continue;
      l.dW = l.A0.transpose() * dA;
      l.db = dA.colwise().sum();
      dA = Matrix(dA * l.W.transpose());
    }
    return dA;
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
void check_case(const json& c, PlainNetwork& network, const Loss& loss) {
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
