#pragma once

/// \file
/// The reference cases as networks, targets and losses, and comparisons with what they expect.

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "lamina/dynamic_network.hpp"
#include "support/oracle_cases.hpp"

namespace oracle {

/// The network of a case, and for each layer of the case the place of the Lamina layer that holds its parameters: a dense
/// layer with a softmax is two layers of Lamina's.
template <class Scalar>
struct CaseNetwork {
  lamina::DynamicNetwork<Scalar> net;
  std::vector<std::size_t> place;
};

/// W and b, or γ and β, of layer l from an entry of a case that has them.
template <class Scalar>
void set_parameters(lamina::DynamicNetwork<Scalar>& net, std::size_t l, const json& entry) {
  if (entry.contains("W")) net.weights(l) = matrix<Scalar>(entry["W"]);
  if (entry.contains("b") && !entry["b"].empty()) net.bias(l) = matrix<Scalar>(entry["b"]);
  if (entry.contains("gamma")) net.weights(l) = matrix<Scalar>(entry["gamma"]);
  if (entry.contains("beta")) net.bias(l) = matrix<Scalar>(entry["beta"]);
}

/// Layer l of a network as a BatchNorm.
template <class Scalar>
auto& batch_norm(lamina::DynamicNetwork<Scalar>& net, std::size_t l) {
  return std::get<lamina::BatchNorm<Eigen::Dynamic>>(net.layer(l));
}

template <bool bias>
using DenseOf = lamina::Dense<Eigen::Dynamic, Eigen::Dynamic, lamina::AnyActivation, bias>;

/// The network of a case, with its parameters and running statistics.
template <class Scalar = double>
CaseNetwork<Scalar> network(const json& c) {
  const json& layers = c.at("layers");
  const json& first = layers.at(0);
  CaseNetwork<Scalar> result{
      lamina::DynamicNetwork<Scalar>(first.contains("in") ? first["in"] : first.at("features")), {}};
  auto& net = result.net;
  for (const json& layer : layers) {
    const auto type = layer.at("type").get<std::string>();
    const std::size_t l = net.size();
    result.place.push_back(l);
    if (type == "dense") {
      const Eigen::Index in = layer.at("in"), out = layer.at("out");
      const auto g = activation(layer);
      const auto by_element = g.value_or(lamina::Identity{});
      if (layer.at("bias").get<bool>()) {
        net.add(DenseOf<true>(in, out, by_element));
      } else {
        net.add(DenseOf<false>(in, out, by_element));
      }
      if (!g) net.softmax();
    } else if (type == "activation") {
      net.activation(activation(layer).value());
    } else if (type == "batchnorm") {
      lamina::BatchNorm<Eigen::Dynamic> norm(layer.at("features"), layer.at("momentum"), layer.at("eps"));
      norm.set_running_statistics(vector(layer.at("running_mean")), vector(layer.at("running_var")));
      net.add(norm);
    } else if (type == "layernorm") {
      net.layer_norm(layer.at("eps"));
    } else {
      throw std::runtime_error("unknown layer " + type);
    }
    set_parameters(net, l, layer);
  }
  return result;
}

/// Binary cross-entropy on probabilities, as a user would write it; the library's own is on logits.
struct BinaryCrossEntropyOfProbabilities {
  auto value(const auto& P, const auto& Y) const {
    return -(Y.array() * P.array().log() + (1 - Y.array()) * (1 - P.array()).log()).sum();
  }
  void gradient(const auto& P, const auto& Y, auto& dP) const {
    dP.array() = (P.array() - Y.array()) / (P.array() * (1 - P.array()));
  }
};

/// Cross-entropy on probabilities, as a user would write it; the library's own is on logits.
struct CrossEntropyOfProbabilities {
  auto value(const auto& P, const auto& Y) const { return -(Y.array() * P.array().log()).sum(); }
  void gradient(const auto& P, const auto& Y, auto& dP) const { dP.array() = -Y.array() / P.array(); }
};

/// f(the loss of a case, Lamina's or one of the two above); false when there is none.
template <class F>
bool with_any_loss(const json& loss, F f) {
  const auto name = loss.at("name").get<std::string>();
  if (name == "bce") {
    f(BinaryCrossEntropyOfProbabilities{});
  } else if (name == "cross_entropy_probabilities") {
    f(CrossEntropyOfProbabilities{});
  } else {
    return with_loss(loss, f);
  }
  return true;
}

/// f(the targets of a case): its matrix or its labels, with its sample weights if it has any.
template <class Scalar, class Loss, class F>
void with_targets(const json& c, const Loss&, F f) {
  const auto weighed = [&](const auto& Y) {
    if (c["loss"].contains("sample_weights")) {
      const auto weights = vector<Scalar>(c["loss"]["sample_weights"]);
      f(lamina::weighted(Y, weights));
    } else {
      f(Y);
    }
  };
  if (c.contains("Y")) {
    weighed(matrix<Scalar>(c["Y"]));
  } else if constexpr (requires { Loss::classes(Eigen::Index{1}); }) {
    weighed(labels(c.at("labels")));
  } else {
    throw std::runtime_error("labels for a loss that takes none");
  }
}

/// |got − want| ≤ abs + rel·|want|
struct Tolerance {
  double rel, abs;
};
inline Tolerance tolerance(const json& c) {
  return {c.at("tolerance").at("rel"), c.at("tolerance").at("abs")};
}

/// Each array as a whole: max|got − want| ≤ abs + rel·max|want|.
template <class Got, class Want>
void check_array(const std::string& what, const Got& got, const Want& want, Tolerance t, double scale = 1) {
  CAPTURE(what);
  REQUIRE(got.rows() == want.rows());
  REQUIRE(got.cols() == want.cols());
  if (want.size() == 0) return;
  const double error = (got.template cast<double>() - scale * want).cwiseAbs().maxCoeff();
  const double allowed = t.abs + t.rel * std::abs(scale) * want.cwiseAbs().maxCoeff();
  CAPTURE(error, allowed);
  CHECK(error <= allowed);
}

/// Each number by itself: |got − want| ≤ abs + rel·|want|.
template <class Got, class Want>
void check_elements(const std::string& what, const Got& got, const Want& want, Tolerance t) {
  REQUIRE(got.rows() == want.rows());
  REQUIRE(got.cols() == want.cols());
  for (Eigen::Index j = 0; j < want.cols(); ++j)
    for (Eigen::Index i = 0; i < want.rows(); ++i) {
      CAPTURE(what, i, j, got(i, j), want(i, j));
      CHECK(std::abs(got(i, j) - want(i, j)) <= t.abs + t.rel * std::abs(want(i, j)));
    }
}

/// `check(what, got, want)` for dF/dW and dF/db, or dF/dγ and dF/dβ, of every layer of a case.
template <class Scalar, class Gradient, class Check>
void for_each_gradient(const json& c, const CaseNetwork<Scalar>& network, const Gradient& gradient,
                       Check check) {
  // dF/dθ has θ's shape: in a network whose θ it is, dF/dW is W.
  auto as_network = network.net;
  as_network.parameters() = gradient;
  const json& want = c.at("expected").at("gradients");
  REQUIRE(want.size() == network.place.size());
  for (std::size_t i = 0; i < want.size(); ++i)
    for (const auto& [name, values] : want[i].items()) {
      const bool is_weight = name == "W" || name == "gamma";
      const std::size_t l = network.place[i];
      check("gradient of " + name + " of layer " + std::to_string(i),
            is_weight ? as_network.weights(l) : as_network.bias(l), matrix(values));
    }
}

/// F of a case, and the factor by which its recorded derivatives are to be multiplied, for Lamina's divisor.
struct Objective {
  double loss, scale;
};
inline Objective objective(const json& c) {
  const json& loss = c.at("loss");
  const json& expected = c.at("expected");
  if (!loss.contains("class_weights") || c.contains("labels")) return {expected.at("loss"), 1};
  // Class weights with distributions: Lamina divides by Σᵢ Σⱼ wⱼ·yᵢⱼ, as with labels. The cases divide by m.
  const double divisor = (matrix(c.at("Y")) * vector(loss["class_weights"])).sum();
  for (const json& other : expected.at("alternatives"))
    if (other.at("normalizer") == "sum")
      return {other.at("loss").get<double>() / divisor, other.at("gradient_scale").get<double>() / divisor};
  throw std::runtime_error("no sum to divide");
}

}  // namespace oracle
