// check_gradients: it must see a wrong derivative, say whose it is, and leave the network alone. With it, activations,
// losses and layers of a user's own.

#include "gradients/kinks.hpp"
#include "lamina/activations/softplus.hpp"
#include "lamina/activations/tanh.hpp"
#include "lamina/check_gradients.hpp"
#include "lamina/layers/batch_norm.hpp"
#include "lamina/layers/dense.hpp"
#include "lamina/layers/layer_norm.hpp"
#include "lamina/losses/mean_squared_error.hpp"

namespace test_check_gradients {

namespace {

using namespace gradients;
using lamina::ConstSpan;
using lamina::ConstTile;
using lamina::Dense;
using lamina::GradientCheck;
using lamina::Identity;
using lamina::MeanSquaredError;
using lamina::Mode;
using lamina::Network;
using lamina::Pass;
using lamina::Span;
using lamina::Tanh;
using lamina::Tile;

/// The check on a 2→3→2 network, or another one with as many inputs and outputs.
template <class Net, class Loss = MeanSquaredError>
GradientCheck check(Net& net, const Loss& loss = {}, const lamina::GradientCheckOptions& options = {}) {
  using Matrix = Eigen::Matrix<typename Net::Scalar, Eigen::Dynamic, Eigen::Dynamic>;
  lamina::Random random(11);
  draw(net.parameters(), 1, random);
  MatrixXd X(4, net.inputs()), Y(4, net.outputs());
  draw(X, 1, random);
  draw(Y, 1, random);
  const Matrix X_ = X.cast<typename Net::Scalar>(), Y_ = Y.cast<typename Net::Scalar>();
  return lamina::check_gradients(net, X_, Y_, loss, options);
}
template <class G>
using Around = Network<double, Dense<2, 3, Tanh>, Dense<3, 3, G>, Dense<3, 2>>;

// ---- a user's own, right ----------------------------------------------------------------------------------

struct Sine {
  [[maybe_unused]] static constexpr std::string_view name = "sine";
  static auto g(const auto& Z) { return Z.sin(); }
  static auto derivative(const auto& Z, const auto&) { return Z.cos(); }
};

struct Quartic {
  static auto value(const auto& A, const auto& Y) { return (A - Y).array().square().square().sum(); }
  static void gradient(const auto& A, const auto& Y, auto& dA) { dA = (4 * (A - Y).array().cube()).matrix(); }
};

/// A = A0·s with one trained number s.
struct Scale {
  static constexpr Index Inputs = 3, Outputs = 3;
  static constexpr std::string_view name = "Scale";
  static Index inputs() { return 3; }
  static Index outputs() { return 3; }
  static constexpr Index parameter_count(Index, Index) { return 1; }
  static constexpr Index cache_size(Index, Index, Index) { return 0; }
  template <class S>
  void forward(const ConstSpan<S>& theta, const ConstTile<S>& A0, Tile<S>& A, Span<S>&, const Pass&) const {
    A = A0 * theta(0);
  }
  template <class S>
  void backward(const ConstSpan<S>& theta, const ConstTile<S>& A0, Tile<S>&, Span<S>&, Tile<S>& dA,
                Span<S>& dtheta, Tile<S>* dA0, const Pass&) const {
    dtheta(0) += A0.cwiseProduct(dA).sum();
    if (dA0) *dA0 = dA * theta(0);
  }
};

// ---- and wrong ---------------------------------------------------------------------------------------------

struct SineOfTheWrongSign : Sine {
  static auto derivative(const auto& Z, const auto&) { return -Z.cos(); }
};

struct SineWithoutDerivative : Sine {
  static auto derivative(const auto& Z, const auto&) {
    return Z.cos() * std::numeric_limits<double>::quiet_NaN();
  }
};

struct HalfAGradient : MeanSquaredError {
  static void gradient(const auto& A, const auto& Y, auto& dA) { dA = A - Y; }
};

/// A dense layer that adds `error` to one element of its gradient, or to one of dA0.
template <Index In, Index Out>
struct Mistaken : Dense<In, Out, Tanh> {
  static constexpr std::string_view name = "Mistaken";
  Index parameter = -1, row = -1, column = -1;
  double error = 1e-3;

  template <class S>
  void backward(const ConstSpan<S>& theta, const ConstTile<S>& A0, Tile<S>& A, Span<S>& cache, Tile<S>& dA,
                Span<S>& dtheta, Tile<S>* dA0, const Pass& pass) const {
    Dense<In, Out, Tanh>::backward(theta, A0, A, cache, dA, dtheta, dA0, pass);
    if (parameter >= 0) dtheta(parameter) += static_cast<S>(error);
    if (row >= 0 && dA0) (*dA0)(row, column) += static_cast<S>(error);
  }
};

}  // namespace

TEST_CASE("check_gradients: an activation, a loss and a layer of a user's own") {
  Around<Sine> activation;
  CHECK(check(activation).passed());
  CHECK(check(activation, Quartic{}).passed());
  Network<double, Dense<2, 3, Tanh>, Scale, Dense<3, 2>> layer;
  const GradientCheck result = check(layer);
  CHECK(result.passed());
  CHECK(static_cast<bool>(result));
  CHECK(result.tolerance == 1e-7);
  CHECK(result.largest_error > 0);  // rounding
  CHECK(result.largest_error < 1e-9);
}

TEST_CASE("check_gradients: a wrong derivative does not pass") {
  Around<SineOfTheWrongSign> activation;
  const GradientCheck sign = check(activation);
  CHECK_FALSE(sign.passed());
  CHECK_FALSE(static_cast<bool>(sign));
  // Everything below the activation has the wrong sign, the layer above it is right.
  CHECK(sign.analytic == Catch::Approx(-sign.numeric).epsilon(1e-6));
  CHECK((sign.where.find("(layer 0, Dense)") != std::string::npos ||
         sign.where.find("(layer 1, Dense)") != std::string::npos || sign.where.find("X(") == 0));

  Around<SineWithoutDerivative> nothing;
  const GradientCheck nan = check(nothing);
  CHECK_FALSE(nan.passed());
  CHECK(nan.largest_error == HUGE_VAL);
  CHECK(std::isnan(nan.analytic));

  Around<Sine> net;
  const GradientCheck loss = check(net, HalfAGradient{});
  CHECK_FALSE(loss.passed());
  CHECK(loss.analytic == Catch::Approx(loss.numeric / 2).epsilon(1e-6));
}

TEST_CASE("check_gradients: it names the derivative that is wrong") {
  using Net = Network<double, Dense<2, 3, Tanh>, Mistaken<3, 4>, Dense<4, 2>>;
  constexpr Index first = 2 * 3 + 3, count = 3 * 4 + 4;  // where the parameters of layer 1 are in θ
  for (Index i = 0; i < count; ++i) {
    Mistaken<3, 4> layer;
    layer.parameter = i;
    Net net({}, layer, {});
    const GradientCheck result = check(net);
    CHECK_FALSE(result.passed());
    CHECK(result.where == "parameter " + std::to_string(first + i) + " (layer 1, Mistaken)");
    // Four rows are one tile: what goes backward has been divided by their number.
    CHECK(result.analytic - result.numeric == Catch::Approx(1e-3).epsilon(1e-4));
  }
  for (Index row = 0; row < 4; ++row)
    for (Index column = 0; column < 2; ++column) {
      Mistaken<2, 3> layer;
      layer.row = row;
      layer.column = column;
      Network<double, Mistaken<2, 3>, Dense<3, 2>> net(layer, {});
      const GradientCheck result = check(net);
      CHECK_FALSE(result.passed());
      CHECK(result.where == "X(" + std::to_string(row) + ", " + std::to_string(column) + ")");
      CHECK(check(net, MeanSquaredError{}, {.tolerance = 2e-3}).passed());  // one's own: the mistake is 1e-3
    }
}

TEST_CASE("check_gradients: the smallest mistake that is seen") {
  using Net = Network<double, Mistaken<2, 3>, Dense<3, 2>>;
  Mistaken<2, 3> layer;
  layer.parameter = 4;
  layer.error = 1e-6;
  Net seen(layer, {});
  CHECK_FALSE(check(seen).passed());
  layer.error = 1e-8;
  Net unseen(layer, {});
  CHECK(check(unseen).passed());
}

TEST_CASE("check_gradients: float, long double, and a step of one's own") {
  Network<float, Dense<2, 3, Tanh>, Dense<3, 2, lamina::Softplus>> single;
  const GradientCheck in_float = check(single);
  CHECK(in_float.passed());
  CHECK(in_float.tolerance == 2e-4);
  CHECK(in_float.largest_error > 1e-9);  // the analytic derivatives are floats

  Network<long double, Dense<2, 3, Tanh>, Dense<3, 2, lamina::Softplus>> wide;
  const GradientCheck in_long_double = check(wide);
  CHECK(in_long_double.passed());
  CHECK(in_long_double.largest_error < 1e-10);

  Network<float, Mistaken<2, 3>, Dense<3, 2>> mistaken;
  mistaken.layer<0>().parameter = 2;
  mistaken.layer<0>().error = 0.1;
  CHECK_FALSE(check(mistaken).passed());

  Around<Sine> net;
  CHECK(check(net, MeanSquaredError{}, {.step = 1e-4}).passed());
  CHECK_FALSE(check(net, MeanSquaredError{}, {.step = 2}).passed());  // no longer a derivative
  CHECK_THROWS_AS(check(net, MeanSquaredError{}, {.step = 0}), lamina::OptionError);
  CHECK_THROWS_AS(check(net, MeanSquaredError{}, {.step = -1}), lamina::OptionError);
}

TEST_CASE("check_gradients: the network stays what it was") {
  Network<double, Dense<2, 3, Tanh>, lamina::BatchNorm<3>, Dense<3, 2>> net;
  net.initialize(4);
  net.layer<1>().set_running_statistics(Eigen::RowVector3d(1, -2, 3), Eigen::RowVector3d(0.5, 2, 4));
  const Eigen::VectorXd theta = net.parameters();
  const MatrixXd X = MatrixXd::Random(5, 2), Y = MatrixXd::Random(5, 2);
  for (const Mode mode : {Mode::training, Mode::evaluation}) {
    CHECK(lamina::check_gradients(net, X, Y, MeanSquaredError{}, {.mode = mode}).passed());
    CHECK(net.parameters() == theta);
    CHECK(net.layer<1>().running_mean().matrix() == Eigen::RowVector3d(1, -2, 3));
    CHECK(net.layer<1>().running_variance().matrix() == Eigen::RowVector3d(0.5, 2, 4));
  }
}

}  // namespace test_check_gradients
