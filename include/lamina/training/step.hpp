// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "lamina/core/borders.hpp"
#include "lamina/network.hpp"
#include "lamina/optimizers/state.hpp"
#include "lamina/training/clipping.hpp"
#include "lamina/training/regularization.hpp"

namespace lamina {

namespace detail {

/// The first thing that is not finite in a training pass, for a message: a layer's parameters, its output for the batch,
/// or its gradient; when all of these are, the loss of the last layer's output. Runs the batch once more, in evaluation
/// mode, if the parameters are finite. The memory is made ready for that; the gradient is still in it.
template <class Scalar>
LAMINA_COLD std::string first_non_finite(engine::Memory<Scalar>& memory, const Scalar* theta,
                                         const Batch<Scalar>& batch) {
  const auto slots = memory.slots();
  const auto of_layer = [&](const char* what, std::size_t l) {
    return message({what, " of layer ", l, " (", slots[l].call->name, ")"});
  };
  const auto look = [&](const Scalar* vector, const char* what) {
    for (std::size_t l = 0; l < slots.size(); ++l)
      if (!all_finite(vector + slots[l].parameters, slots[l].parameter_count)) return of_layer(what, l);
    return std::string();
  };
  std::string in_parameters = look(theta, "the parameters");
  if (!in_parameters.empty()) return in_parameters;
  std::string in_gradient = look(memory.whole_gradient().data(), "the gradient");

  for (Index begin = 0; begin < batch.count; begin += memory.rows()) {
    const Index t = std::min(memory.rows(), batch.count - begin);
    engine::read_inputs(memory, batch, begin, t);
    engine::forward(memory, theta, t, engine::for_tiles(memory, Pass{}));
    for (std::size_t l = 0; l < slots.size(); ++l)
      if (!all_finite(view<Scalar>(memory.output(l, t)))) return of_layer("the output", l);
  }
  return in_gradient.empty() ? of_layer("the loss of the output", slots.size() - 1) : in_gradient;
}
template <class Scalar, class... L>
std::string first_non_finite(const Network<Scalar, L...>& network, const Batch<Scalar>& batch,
                             typename Network<Scalar, L...>::Workspace& workspace) {
  workspace.prepare(network.layers(), batch.count, Mode::evaluation);
  return first_non_finite<Scalar>(workspace, network.parameters().data(), batch);
}

/// Whether a step may make θ, or what the optimiser remembers, infinite or NaN, where no derivative exceeds `largest`.
template <class Scalar, class Optimizer_>
bool may_spoil(const Optimizer_& optimizer, const Scalar* theta, Index size, double largest) {
  if constexpr (requires { optimizer.state.bounded(); })
    if (!optimizer.state.bounded()) return true;
  if constexpr (requires { optimizer.weight_decay > 0; })
    if (optimizer.weight_decay > 0)
      largest += optimizer.weight_decay * static_cast<double>(largest_magnitude(tile(theta, size, Index{1})));
  return !optimizer.template stays_finite<Scalar>(largest);
}

/// The step of an optimiser that can step part by part, as the engine takes it.
template <class Scalar, class Optimizer_>
struct PartwiseStep {
  Optimizer_& optimizer;
  Scalar* theta;
  Index size;

  /// Whether the step is taken: not when a derivative as large as this may leave something that is not finite.
  /// @throws ShapeError when the optimiser's state is that of another network.
  bool begin(double largest) {
    if (may_spoil<Scalar>(optimizer, theta, size, largest)) return false;
    optimizer.template begin<Scalar>(size);
    return true;
  }
  void update(Index first, Index count, const Scalar* gradient) {
    optimizer.update(first, count, theta + first, gradient);
  }
  engine::Step<Scalar> for_engine() {
    return {this, [](void* self, double largest) { return static_cast<PartwiseStep*>(self)->begin(largest); },
            [](void* self, Index first, Index count, const Scalar* gradient) {
              static_cast<PartwiseStep*>(self)->update(first, count, gradient);
            }};
  }
};

}  // namespace detail

/// What a training step may do beside the plain one.
struct StepOptions {
  Regularization regularization =
      {};                  ///< penalties, which are a part of F, and a bound of the weights' norms
  Clipping clipping = {};  ///< bounds of the gradient, the penalties' included

  /// @throws OptionError when an option is outside its domain.
  void check() const {
    regularization.check();
    clipping.check();
  }
  /// Whether there is anything to do.
  bool any() const { return regularization.any() || clipping.any(); }
};

namespace detail {

/// An optimiser of Lamina that may be changed.
template <class T>
concept Remembering = requires(T& optimizer) {
  { optimizer.state } -> std::same_as<OptimizerState&>;
};

/// θ ← optimizer(θ, dF/dθ), the gradient being in the workspace, with everything looked at and if need be restored, θ and
/// what the optimiser remembers; `project`, given where θ is, follows.
template <class Scalar, class... L, class Optimizer_, class Project>
void guarded_step(Network<Scalar, L...>& network, const Batch<Scalar>& batch, double F, Optimizer_& optimizer,
                  typename Network<Scalar, L...>::Workspace& workspace, Project&& project) {
  constexpr const char* advice =
      ". The parameters are those before the step. A lower learning rate or scaled data may help";
  auto& theta = network.parameters();
  if (!std::isfinite(F) || !all_finite(workspace.gradient.data(), workspace.gradient.size()))
    fail<NonFiniteError>(
        {"the loss is ", F, "; not finite: ", first_non_finite(network, batch, workspace), advice});
  workspace.spare.resize(theta.size());
  std::copy_n(theta.data(), theta.size(), workspace.spare.data());
  std::optional<OptimizerState> state;
  if constexpr (Remembering<Optimizer_>) {
    const auto gradient = tile(std::as_const(workspace.gradient).data(), theta.size(), Index{1});
    if (may_spoil<Scalar>(optimizer, theta.data(), theta.size(),
                          static_cast<double>(largest_magnitude(gradient))))
      state = optimizer.state;
  }
  const auto fail_after_the_step = [&](const std::string& blame) {
    std::copy_n(workspace.spare.data(), theta.size(), theta.data());
    if constexpr (Remembering<Optimizer_>)
      if (state) optimizer.state = std::move(*state);
    fail<NonFiniteError>({"the loss was ", F, ", not finite after the step: ", blame, advice});
  };

  if constexpr (ElementwiseOptimizer<Optimizer_, Scalar>) {
    if constexpr (requires { optimizer.check(); }) optimizer.check();
    optimizer.template begin<Scalar>(theta.size());
    optimizer.update(0, theta.size(), theta.data(), workspace.gradient.data());
  } else {
    optimizer.step(theta, workspace.gradient);
  }
  project(theta.data());
  if (!all_finite(theta.data(), theta.size()))
    fail_after_the_step(first_non_finite(network, batch, workspace));
  if constexpr (Remembering<Optimizer_>)
    if (state && !optimizer.state.template look<Scalar>()) fail_after_the_step("the optimiser's state");
}

/// The step for the gradient of `batch`, or of several batches of which it is the last, that is in the workspace.
/// @return the penalty, a part of F
template <class Scalar, class... L, class Optimizer_>
double regularized_step(Network<Scalar, L...>& network, const Batch<Scalar>& batch, double F,
                        Optimizer_& optimizer, typename Network<Scalar, L...>::Workspace& workspace,
                        const StepOptions& options, std::span<const ParameterRange> ranges) {
  const Index size = network.parameter_count();
  Span<Scalar> gradient(workspace.gradient.data(), size);
  const auto penalty = static_cast<double>(options.regularization.add_gradient(
      ranges, ConstSpan<Scalar>(network.parameters().data(), size), gradient));
  if (options.clipping.any()) options.clipping.apply(ranges, gradient);
  guarded_step(network, batch, F + penalty, optimizer, workspace, [&](Scalar* data) {
    Span<Scalar> theta(data, size);
    if (options.regularization.max_norm > 0) options.regularization.project(ranges, theta);
  });
  return penalty;
}

}  // namespace detail

/// One training step on a batch: F and dF/dθ, then θ ← optimizer. This is all that fit does between two callbacks.
///
/// @return F before the step
/// @throws NonFiniteError when F, dF/dθ or what the optimiser makes of θ or of its state is not finite, naming the first
///         layer that is to blame; θ, running statistics and the state of an optimiser of Lamina are left as they were.
///         OptionError when the optimiser has a bad option.
///         For the overload with X and Y, also as Network::loss.
template <class Scalar, class... L, LossFunction<Scalar> Loss, class Optimizer_>
Scalar train_step(Network<Scalar, L...>& network, const Batch<Scalar>& batch, const Loss& loss,
                  Optimizer_& optimizer, typename Network<Scalar, L...>::Workspace& workspace) {
  auto& theta = network.parameters();
  if constexpr (requires { optimizer.check(); }) optimizer.check();

  // While the derivatives are of ordinary size, θ is updated part by part, as its gradient is computed.
  Scalar F;
  bool stepped = false;
  if constexpr (ElementwiseOptimizer<Optimizer_, Scalar>) {
    detail::PartwiseStep<Scalar, Optimizer_> step{optimizer, theta.data(), theta.size()};
    const auto for_engine = step.for_engine();
    const auto result = network.run_for_step(batch, loss, workspace, Mode::training, &for_engine);
    F = result.F;
    stepped = result.stepped;
    const auto gradient = detail::tile(std::as_const(workspace.gradient).data(), theta.size(), Index{1});
    if (!stepped && std::isfinite(F) &&
        step.begin(static_cast<double>(detail::largest_magnitude(gradient)))) {
      step.update(0, theta.size(), workspace.gradient.data());
      stepped = true;
    }
  } else {
    F = network.run_for_step(batch, loss, workspace).F;
  }
  if (!stepped)
    detail::guarded_step(network, batch, static_cast<double>(F), optimizer, workspace, [](Scalar*) {});
  network.keep_statistics(batch, workspace);
  return F;
}

/// The same with penalties and bounds, if there are any.
///
/// @param ranges  network.parameter_ranges()
/// @return F before the step, with the penalties
template <class Scalar, class... L, LossFunction<Scalar> Loss, class Optimizer_>
Scalar train_step(Network<Scalar, L...>& network, const Batch<Scalar>& batch, const Loss& loss,
                  Optimizer_& optimizer, typename Network<Scalar, L...>::Workspace& workspace,
                  const StepOptions& options, std::span<const ParameterRange> ranges) {
  if (!options.any()) return train_step(network, batch, loss, optimizer, workspace);
  if constexpr (requires { optimizer.check(); }) optimizer.check();
  const Scalar F = network.run_for_step(batch, loss, workspace).F;
  const double penalty =
      detail::regularized_step(network, batch, static_cast<double>(F), optimizer, workspace, options, ranges);
  network.keep_statistics(batch, workspace);
  return F + static_cast<Scalar>(penalty);
}

template <class Scalar, class... L, EigenDense DX, Targets TY, LossFunction<Scalar> Loss, class Optimizer_>
Scalar train_step(Network<Scalar, L...>& network, const DX& X, const TY& Y, const Loss& loss,
                  Optimizer_&& optimizer, typename Network<Scalar, L...>::Workspace& workspace) {
  return detail::with_data<Scalar, Loss>(X, Y, [&](const DataView<Scalar>& data) {
    detail::check_data(data, loss, network.inputs(), network.outputs());
    return train_step(network, Batch<Scalar>(data), loss, optimizer, workspace);
  });
}
template <class Scalar, class... L, EigenDense DX, Targets TY, LossFunction<Scalar> Loss, class Optimizer_>
Scalar train_step(Network<Scalar, L...>& network, const DX& X, const TY& Y, const Loss& loss,
                  Optimizer_&& optimizer, typename Network<Scalar, L...>::Workspace& workspace,
                  const StepOptions& options) {
  options.check();
  return detail::with_data<Scalar, Loss>(X, Y, [&](const DataView<Scalar>& data) {
    detail::check_data(data, loss, network.inputs(), network.outputs());
    const auto ranges = network.parameter_ranges();
    return train_step(network, Batch<Scalar>(data), loss, optimizer, workspace, options, ranges);
  });
}

}  // namespace lamina
