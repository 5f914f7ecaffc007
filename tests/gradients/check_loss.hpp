#pragma once

/// \file
/// A loss behind every activation, against finite differences.

#include <array>

#include "gradients/kinks.hpp"
#include "lamina/check_gradients.hpp"
#include "lamina/dynamic_network.hpp"

namespace gradients {

inline constexpr Index inputs = 3, width = 4, rows = 5;

/// Weights for `rows` samples; one counts for nothing.
inline constexpr std::array<double, rows> sample_weights{0.5, 2, 0, 1, 0.25};

/// Checks dF/dθ and dF/dX of networks with `outputs` outputs.
/// @param targets  targets(A, random), with A the prediction: Y away from the kinks of the loss
/// @param last     the activation of the last layer
template <class Loss, class Targets>
void check_loss(const Loss& loss, Index outputs, Targets targets, const char* last = "identity") {
  const auto check = [&](const lamina::DynamicNetwork<double>& net, const MatrixXd& X) {
    lamina::Random random(5);
    const auto Y = targets(net.predict(X), random);
    const auto passes = [&](const char* what, const auto& Y_) {
      const auto result = lamina::check_gradients(net, X, Y_, loss);
      CAPTURE(what, result.where, result.analytic, result.numeric, result.largest_error);
      CHECK(result.passed());
      CHECK(result.largest_error > 0);
    };
    passes("alone", Y);
    passes("with sample weights", lamina::weighted(Y, sample_weights));
  };
  for (const AnyActivation& g : activations()) {
    CAPTURE(g.name());
    auto net = lamina::DynamicNetwork<double>(inputs).dense(width, g).dense(outputs, last);
    const MatrixXd X = draw_away_from_kinks(net, g, rows);
    net.weights(1) *= 0.2;
    check(net, X);
  }
  auto net = lamina::DynamicNetwork<double>(inputs).dense(width, "tanh").layer_norm().dense(outputs, last);
  check(net, draw_away_from_kinks(net, "tanh", rows));
}

/// Targets ½ above, ½ below, 1.7 above and 1.7 below the prediction, in turn.
inline MatrixXd around(const MatrixXd& A) {
  MatrixXd Y = A;
  for (Index i = 0; i < Y.size(); ++i) Y(i) += (i % 2 == 0 ? 1 : -1) * (i % 4 < 2 ? 0.5 : 1.7);
  return Y;
}

}  // namespace gradients
