#pragma once

/// \file The readable twin of a network: whole matrices, Eigen's products, and the formulas of docs/guide.md one after
/// another.

#include <Eigen/Core>
#include <cstddef>
#include <functional>
#include <vector>

#include "training/problems.hpp"

template <class Scalar>
struct PlainNetwork {
  using Matrix = problems::Matrix<Scalar>;

  struct Layer {
    Matrix W, b;  ///< W is empty for an activation alone, b without bias
    std::function<Matrix(const Matrix& Z)> g;
    /// dZ = dA ⊙ g'(Z)
    std::function<Matrix(const Matrix& Z, const Matrix& A, const Matrix& dA)> dZ;
    Matrix A0 = {}, Z = {}, A = {}, dW = {}, db = {};
  };
  std::vector<Layer> layers;

  /// A = g(A0·W + 1·b), layer after layer.
  Matrix forward(const Matrix& X) {
    Matrix A = X;
    for (Layer& layer : layers) {
      layer.A0 = A;
      layer.Z = layer.W.size() ? Matrix(A * layer.W) : A;
      if (layer.b.size()) layer.Z.rowwise() += layer.b.row(0);
      layer.A = layer.g(layer.Z);
      A = layer.A;
    }
    return A;
  }
  /// dW = A0ᵀ·dZ, db = 1ᵀ·dZ, dA0 = dZ·Wᵀ, from the last layer to the first. From dF/dA of the last layer to dF/dX.
  Matrix backward(Matrix dA) {
    for (std::size_t l = layers.size(); l-- > 0;) {
      Layer& layer = layers[l];
      dA = layer.dZ(layer.Z, layer.A, dA);
      if (!layer.W.size()) continue;
      layer.dW = layer.A0.transpose() * dA;
      layer.db = dA.colwise().sum();
      dA = Matrix(dA * layer.W.transpose());
    }
    return dA;
  }
};
