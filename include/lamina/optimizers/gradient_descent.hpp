// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <string_view>
#include <type_traits>
#include <utility>

#include "lamina/optimizers/elementwise.hpp"

namespace lamina {

/// Gradient descent, θ ← θ − α·dF/dθ, and with it W ← W − α·dF/dW for every layer.
///
/// On the gradient of all samples it is the text's method; on that of a mini-batch it is stochastic gradient descent.
/// With a momentum μ and g = dF/dθ it is
///
///     v ← μ·v + (1 − τ)·g   (v ← g at the first step),   θ ← θ − α·v,   or θ ← θ − α·(g + μ·v) with nesterov,
///
/// with the dampening τ, as in PyTorch (Polyak, 1964; Sutskever et al., On the importance of initialization and momentum
/// in deep learning, ICML 2013). With a weight_decay λ, g ← g + λ·θ comes first. Without momentum there is no state, and
/// a constant object will do.
struct GradientDescent {
  static constexpr std::string_view name = "GradientDescent";

  double learning_rate = 0.01;        ///< α
  double momentum = 0;                ///< μ in [0, 1)
  double dampening = 0;               ///< τ in [0, 1]
  bool nesterov = false;              ///< needs a momentum, and no dampening
  double weight_decay = 0;            ///< λ ≥ 0
  ParameterSelection decay = {};      ///< what decays; all when it does not say
  detail::OptimizerState state = {};  ///< v; empty before the first step with a momentum

  /// @throws OptionError when an option is outside its domain.
  void check() const {
    detail::OptionCheck{name}
        .learning_rate(learning_rate)
        .fraction("momentum", momentum)
        .in(dampening >= 0 && dampening <= 1, "dampening", " in [0, 1]", dampening)
        .not_negative("weight_decay", weight_decay);
    if (nesterov && (momentum == 0 || dampening != 0))
      detail::fail<OptionError>({"GradientDescent: nesterov needs a momentum > 0 and a dampening of 0, got ",
                                 momentum, " and ", dampening});
  }

  /// @throws OptionError as check(); ShapeError when the two differ in shape, or from those of earlier steps.
  void step(auto&& theta, const auto& gradient) {
    if (momentum == 0) return std::as_const(*this).step(theta, gradient);
    detail::step_in_parts(*this, theta, gradient);
  }
  /// The same of a constant object.
  /// @throws OptionError also when there is a momentum, whose state could not be kept.
  void step(auto&& theta, const auto& gradient) const {
    if (weight_decay != 0 || momentum != 0) return detail::step_in_parts(*this, theta, gradient);
    check();
    detail::check_sizes(name, theta, gradient);
    theta -= static_cast<typename std::remove_cvref_t<decltype(theta)>::Scalar>(learning_rate) * gradient;
  }

  /// @name For the engine, see ElementwiseOptimizer
  /// @{
  template <class Scalar>
  void begin(Index size) {
    if (momentum == 0) return std::as_const(*this).template begin<Scalar>(size);
    detail::begin_step<Scalar>(*this, size, 1);
  }
  template <class Scalar>
  void begin(Index size) const {
    if (momentum != 0)
      detail::fail<OptionError>(
          {"GradientDescent: expected no momentum of a constant object, got ", momentum});
    decay.check(name, size);
  }
  template <class Scalar>
  void update(Index first, Index count, Scalar* theta, const Scalar* gradient) {
    if (momentum == 0) return std::as_const(*this).update(first, count, theta, gradient);
    Scalar* const v = state.array<Scalar>(0, first);
    const auto alpha = static_cast<Scalar>(learning_rate), mu = static_cast<Scalar>(momentum);
    const auto gain = static_cast<Scalar>(state.steps == 1 ? 1 : 1 - dampening);
    // v ← μ·v + (1 − τ)·g,   θ ← θ − α·(own·g + past·v): own·g + past·v is v, or g + μ·v with nesterov.
    const Scalar own = nesterov ? 1 : 0, past = nesterov ? mu : 1;
    detail::descend(first, count, theta, gradient, detail::L2Decay{weight_decay, decay},
                    [=](const auto& at, const auto& g) {
                      const auto v_t = at.load(v) * mu + g * gain;
                      at.store(v, v_t);
                      return (g * own + v_t * past) * alpha;
                    });
  }
  template <class Scalar>
  void update(Index first, Index count, Scalar* theta, const Scalar* gradient) const {
    const auto alpha = static_cast<Scalar>(learning_rate);
    if (weight_decay == 0) {
      for (Index i = 0; i < count; ++i) theta[i] -= alpha * gradient[i];
    } else {
      detail::descend(first, count, theta, gradient, detail::L2Decay{weight_decay, decay},
                      [=](const auto&, const auto& g) { return g * alpha; });
    }
  }
  template <class Scalar>
  bool stays_finite(double largest) const {
    return learning_rate * weight_decay <= 1 &&
           2 * learning_rate / (1 - momentum) * largest < detail::step_limit<Scalar> &&
           largest < detail::step_limit<Scalar>;
  }
  /// @}
};

}  // namespace lamina
