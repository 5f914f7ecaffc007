#pragma once

/// \file
/// The activations and losses of the reference cases as Lamina's.

#include <optional>
#include <string>
#include <vector>

#include "lamina/activations/any_activation.hpp"
#include "lamina/losses.hpp"
#include "support/oracle.hpp"

namespace oracle {

/// The activation of a layer or of a table; none when it is not element by element (softmax).
inline std::optional<lamina::AnyActivation> activation(const json& layer) {
  const auto name = layer.at("activation").get<std::string>();
  const json params = layer.value("activation_params", json::object());
  if (name == "softmax") return {};
  if (name == "leaky_relu") return lamina::LeakyReLU{.slope = params.at("slope")};
  if (name == "elu") return lamina::ELU{.alpha = params.at("alpha")};
  if (name == "celu") return lamina::CELU{.alpha = params.at("alpha")};
  if (name == "softplus") return lamina::Softplus{.beta = params.at("beta")};
  return lamina::AnyActivation(name);
}

/// f(the loss of a case); false when Lamina has no such loss, as for losses on probabilities.
template <class F>
bool with_loss(const json& loss, F f) {
  const auto name = loss.at("name").get<std::string>();
  const json params = loss.value("params", json::object());
  if (name == "mse") {
    f(lamina::MeanSquaredError{});
  } else if (name == "mae") {
    f(lamina::MeanAbsoluteError{});
  } else if (name == "huber") {
    f(lamina::Huber{.delta = params.at("delta")});
  } else if (name == "log_cosh") {
    f(lamina::LogCosh{});
  } else if (name == "pinball") {
    f(lamina::Quantile{.tau = params.at("tau").get<double>()});
  } else if (name == "poisson_nll") {
    f(lamina::PoissonNLL{
        .log_input = params.at("log_input"), .full = params.at("full"), .eps = params.value("eps", 1e-8)});
  } else if (name == "bce_with_logits") {
    lamina::BinaryCrossEntropy bce{.label_smoothing = loss.value("label_smoothing", 0.0)};
    if (loss.contains("pos_weight")) bce.positive_weight = loss["pos_weight"].get<std::vector<double>>();
    f(bce);
  } else if (name == "softmax_cross_entropy") {
    f(lamina::SoftmaxCrossEntropy{.label_smoothing = loss.value("label_smoothing", 0.0),
                                  .class_weights = loss.value("class_weights", std::vector<double>{})});
  } else {
    return false;
  }
  return true;
}

/// Y of a case with k outputs: its matrix, or its labels as one-hot rows.
template <class Scalar = double>
Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic> targets(const json& c, Eigen::Index k) {
  if (c.contains("Y")) return matrix<Scalar>(c["Y"]);
  const auto classes = labels(c.at("labels"));
  Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic> Y(static_cast<Eigen::Index>(classes.size()), k);
  Y.setZero();
  for (std::size_t i = 0; i < classes.size(); ++i) Y(static_cast<Eigen::Index>(i), classes[i]) = Scalar(1);
  return Y;
}

}  // namespace oracle
