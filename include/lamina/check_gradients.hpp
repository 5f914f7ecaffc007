// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <type_traits>

#include "lamina/network.hpp"

namespace lamina {

/// How check_gradients differentiates, and what it accepts.
struct GradientCheckOptions {
  Mode mode = Mode::training;  ///< of the passes; dropout keeps one mask throughout
  double step = 1e-3;          ///< h, relative to max(1, |θᵢ|)
  double tolerance = 0;        ///< largest error accepted; 0: 1e-7 for double and long double, 2e-4 for float
  std::uint64_t seed = 0;      ///< of dropout
};

/// What check_gradients found.
struct GradientCheck {
  double largest_error =
      0;  ///< |analytic − numeric| / max(1, largest |numeric| of its kind), the largest of all
  double analytic = 0;  ///< the two derivatives where it is largest
  double numeric = 0;
  std::string where;  ///< and what they are derivatives by: "parameter 7 (layer 1, Dense)" or "X(2, 0)"
  double tolerance = 0;

  bool passed() const { return largest_error <= tolerance; }
  explicit operator bool() const { return passed(); }
};

/// Compares dF/dθ and dF/dX of a network, as backpropagation gives them, with finite differences of F: the way to make
/// sure of an activation, a loss or a layer of one's own. The network is not changed.
///
/// The differences are central, extrapolated once (Richardson), (4·D(h/2) − D(h)) / 3 with D(h) = (F(x+h) − F(x−h)) / 2h,
/// and computed in double even for a network of floats. F must be smooth within h of the point: keep away from the
/// kinks of ReLU and its kin. One check costs 4·(parameters + elements of X) evaluations of F.
///
/// @throws as Network::loss; OptionError when the step is not positive.
template <class Scalar, class... L, EigenDense DX, Targets TY, class Loss>
GradientCheck check_gradients(const Network<Scalar, L...>& network, const DX& X, const TY& Y,
                              const Loss& loss, const GradientCheckOptions& options = {}) {
  using Wide = std::conditional_t<(sizeof(Scalar) < sizeof(double)), double, Scalar>;
  if (!(options.step > 0))
    detail::fail<OptionError>({"check_gradients: expected a step > 0, got ", options.step});

  auto workspace = network.workspace();
  workspace.seed = options.seed;
  const auto dX = network.input_gradient(X, Y, loss, workspace, options.mode);

  // The same network, data and pass in Wide.
  Network<Wide, L...> wide(network.layers());
  auto& theta = wide.parameters();
  theta = network.parameters().template cast<Wide>();
  auto wide_workspace = wide.workspace();
  wide_workspace.seed = options.seed;
  const Pass pass = wide.next_pass(wide_workspace, options.mode);
  Eigen::Matrix<Wide, Dynamic, Dynamic> x = X.derived().matrix().template cast<Wide>();
  Eigen::Matrix<Wide, Dynamic, Dynamic> y;

  GradientCheck result;
  result.tolerance = options.tolerance > 0 ? options.tolerance : std::is_same_v<Scalar, float> ? 2e-4 : 1e-7;
  detail::with_data<Scalar, Loss>(X, Y, [&](const DataView<Scalar>& data) {
    DataView<Wide> wide_data{view<Wide>(x), {}, data.labels, data.weights};
    if (!data.has_labels()) {
      y.resize(data.Y.rows, data.Y.columns);
      for (Index j = 0; j < y.cols(); ++j)
        for (Index i = 0; i < y.rows(); ++i) y(i, j) = static_cast<Wide>(data.Y(i, j));
      wide_data.Y = view<Wide>(y);
    }
    const auto F = [&] {
      return wide.evaluate(theta, Batch<Wide>(wide_data), loss, wide_workspace, pass, false);
    };
    const auto derivative = [&](Wide& variable) {
      const Wide value = variable;
      const auto difference = [&](Wide h) {
        variable = value + h;
        const Wide above = F(), right = variable;
        variable = value - h;
        const Wide below = F(), left = variable;
        variable = value;
        return (above - below) / (right - left);
      };
      const Wide h = static_cast<Wide>(options.step) * std::max(Wide(1), std::abs(value));
      return (4 * difference(h / 2) - difference(h)) / 3;
    };

    const auto compare = [&](auto&& analytic, Wide* variables, auto&& name) {
      Eigen::Matrix<Wide, Dynamic, 1> numeric(analytic.size());
      for (Index i = 0; i < numeric.size(); ++i) numeric[i] = derivative(variables[i]);
      const Wide scale = std::max(Wide(1), numeric.size() > 0 ? numeric.cwiseAbs().maxCoeff() : Wide(0));
      for (Index i = 0; i < numeric.size(); ++i) {
        const Wide a = static_cast<Wide>(analytic(i)), error = std::abs(a - numeric[i]) / scale;
        if (error <= static_cast<Wide>(result.largest_error)) continue;  // false for NaN
        result.largest_error = std::isfinite(error) ? static_cast<double>(error) : HUGE_VAL;
        result.analytic = static_cast<double>(a);
        result.numeric = static_cast<double>(numeric[i]);
        result.where = name(i);
      }
    };
    compare(workspace.gradient, theta.data(), [&](Index i) {
      std::string text = "parameter " + detail::number(i);
      network.layers().for_each([&](const auto& layer, std::size_t l) {
        const auto& slot = workspace.slot(l);
        if (i >= slot.parameters && i < slot.parameters + slot.parameter_count)
          text += " (layer " + detail::number(l) + ", " +
                  std::string(detail::name_of<std::remove_cvref_t<decltype(layer)>>()) + ")";
      });
      return text;
    });
    const Index rows = dX.rows();
    compare(dX.reshaped(), x.data(), [rows](Index i) {
      return "X(" + detail::number(i % rows) + ", " + detail::number(i / rows) + ")";
    });
  });
  return result;
}

}  // namespace lamina
