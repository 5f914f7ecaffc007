#pragma once

#include <Eigen/Core>
#include <cstdint>

#include "lamina/layers.hpp"
#include "lamina/network.hpp"

namespace layer_tests {

/// F = Σ A: dF/dA is 1 everywhere, whatever the targets.
struct Sum {
  template <class DA, class DY>
  static auto value(const DA& A, const DY&) {
    return A.sum();
  }
  template <class DA, class DY, class DdA>
  static void gradient(const DA&, const DY&, DdA& dA) {
    dA.setOnes();
  }
};

/// A(i, j) of a layer by itself, for one tile and pass.
template <class L, class Scalar>
Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic> forward(
    const L& layer, const Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>& X,
    const lamina::Pass& pass) {
  Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic> output(X.rows(), layer.outputs());
  Eigen::Matrix<Scalar, Eigen::Dynamic, 1> memory(L::cache_size(X.rows(), layer.inputs(), layer.outputs()));
  auto A = lamina::detail::tile(output.data(), output.rows(), output.cols());
  lamina::Span<Scalar> cache(memory.data(), memory.size());
  layer.forward(lamina::ConstSpan<Scalar>(nullptr, 0), lamina::detail::tile(X.data(), X.rows(), X.cols()), A,
                cache, pass);
  return output;
}

}  // namespace layer_tests
