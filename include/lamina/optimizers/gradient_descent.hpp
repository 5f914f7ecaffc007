// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <cmath>

#include "lamina/core/errors.hpp"
#include "lamina/optimizers/elementwise.hpp"

namespace lamina {

/// Gradient descent, θ ← θ − α·dF/dθ, and with it W ← W − α·dF/dW for every layer.
///
/// On the gradient of all samples it is the text's method; on that of a mini-batch it is stochastic gradient descent.
struct GradientDescent {
  double learning_rate = 0.01;  ///< α

  /// @throws OptionError when learning_rate is not finite and positive.
  void check() const {
    if (!(learning_rate > 0 && std::isfinite(learning_rate)))
      detail::fail<OptionError>({"GradientDescent: expected a learning_rate > 0, got ", learning_rate});
  }

  /// @throws OptionError as check(), ShapeError when the two differ in size.
  template <class Theta, class Gradient>
  void step(Eigen::MatrixBase<Theta>& theta, const Eigen::MatrixBase<Gradient>& gradient) const {
    check();
    detail::check_sizes("GradientDescent", theta.size(), gradient.size());
    theta -= static_cast<typename Theta::Scalar>(learning_rate) * gradient;
  }
  /// The same for a θ that is a view made in place, such as `net.weights<0>()`.
  template <class Theta, class Gradient>
  void step(Eigen::MatrixBase<Theta>&& theta, const Eigen::MatrixBase<Gradient>& gradient) const {
    step(theta, gradient);
  }

  /// @name For the engine, see ElementwiseOptimizer
  /// @{
  template <class Scalar>
  void begin(Index) const {}
  template <class Scalar>
  void update(Index, Index count, Scalar* theta, const Scalar* gradient) const {
    const auto alpha = static_cast<Scalar>(learning_rate);
    for (Index i = 0; i < count; ++i) theta[i] -= alpha * gradient[i];
  }
  template <class Scalar>
  bool stays_finite(double largest) const {
    return learning_rate * largest < detail::step_limit<Scalar>;
  }
  /// @}
};

}  // namespace lamina
