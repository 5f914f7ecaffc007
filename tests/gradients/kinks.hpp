#pragma once

/// \file
/// Points for finite differences: activations on all of their branches, but not at the kinks between them, where a
/// difference is not a derivative.

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "lamina/activations/any_activation.hpp"
#include "lamina/core/random.hpp"
#include "support/catch.hpp"

namespace gradients {

using Eigen::Index;
using Eigen::MatrixXd;
using lamina::AnyActivation;

/// All activations, with default options and with others.
inline std::vector<AnyActivation> activations() {
  std::vector<AnyActivation> list;
  const std::string names = AnyActivation::names();
  for (std::size_t begin = 0; begin < names.size();) {
    const std::size_t end = std::min(names.find(' ', begin), names.size());
    list.emplace_back(names.substr(begin, end - begin));
    begin = end + 1;
  }
  list.emplace_back(lamina::LeakyReLU{.slope = 0.2});
  list.emplace_back(lamina::ELU{.alpha = 0.5});
  list.emplace_back(lamina::CELU{.alpha = 1.5});
  list.emplace_back(lamina::Softplus{.beta = 2});
  return list;
}

/// Where g' or g'' jumps.
inline std::vector<double> kinks(std::string_view name) {
  for (const char* at_zero : {"relu", "leaky_relu", "elu", "selu", "celu", "softsign"})
    if (name == at_zero) return {0};
  if (name == "relu6") return {0, 6};
  if (name == "hardtanh") return {-1, 1};
  if (name == "hardsigmoid" || name == "hardswish") return {-3, 3};
  return {};
}

/// The distance of the nearest element to a kink.
inline double distance_to_kinks(const AnyActivation& g, const MatrixXd& Z) {
  double distance = HUGE_VAL;
  for (const double kink : kinks(g.name()))
    distance = std::min(distance, (Z.array() - kink).abs().minCoeff());
  return distance;
}
/// Whether there are elements between any two neighbouring kinks, and beyond them.
inline bool on_all_branches(const AnyActivation& g, const MatrixXd& Z) {
  auto ends = kinks(g.name());
  ends.insert(ends.begin(), -HUGE_VAL);
  ends.push_back(HUGE_VAL);
  for (std::size_t i = 0; i + 1 < ends.size(); ++i)
    if (!((Z.array() > ends[i]) && (Z.array() < ends[i + 1])).any()) return false;
  return true;
}

/// Numbers drawn uniformly from [−range, range).
template <class Matrix>
void draw(Matrix&& M, double range, lamina::Random& random) {
  for (Index j = 0; j < M.cols(); ++j)
    for (Index i = 0; i < M.rows(); ++i)
      M(i, j) = static_cast<typename std::remove_cvref_t<Matrix>::Scalar>(random.uniform(-range, range));
}

/// A0·W + 1·b of layer l, whatever its activation.
template <class Net>
MatrixXd preactivation(const Net& net, std::size_t l, const MatrixXd& A0) {
  return (A0 * net.weights(l)).rowwise() + Eigen::RowVectorXd(net.bias(l));
}

/// Draws θ, and X (rows×inputs), such that the first layer of `net`, a dense one, gives an activation g points on all of
/// its branches and none within 0.03 of a kink: thirty times the step of check_gradients.
template <class Net>
MatrixXd draw_away_from_kinks(Net& net, const AnyActivation& g, Index rows) {
  for (std::uint64_t seed = 1; seed < 20000; ++seed) {
    lamina::Random random(seed);
    MatrixXd X(rows, net.inputs());
    draw(X, 4, random);
    draw(net.parameters(), 1, random);
    const MatrixXd Z = preactivation(net, 0, X);
    if (distance_to_kinks(g, Z) > 0.03 && on_all_branches(g, Z)) return X;
  }
  FAIL("no such points");
  return {};
}

}  // namespace gradients
