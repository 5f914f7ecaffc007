// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <cmath>

#include "lamina/core/errors.hpp"
#include "lamina/core/types.hpp"

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
    if (theta.size() != gradient.size())
      detail::fail<ShapeError>(
          {"GradientDescent: expected a gradient of ", theta.size(), " elements, got ", gradient.size()});
    const auto alpha = static_cast<typename Theta::Scalar>(learning_rate);
    theta -= alpha * gradient;
  }
  /// The same for a θ that is a view made in place, such as `net.weights<0>()`.
  template <class Theta, class Gradient>
  void step(Eigen::MatrixBase<Theta>&& theta, const Eigen::MatrixBase<Gradient>& gradient) const {
    step(theta, gradient);
  }
};

}  // namespace lamina
