// An activation and a loss of the user's own: under ten lines each, nothing of the library touched.

#include "lamina/check_gradients.hpp"
#include "lamina/layers.hpp"
#include "lamina/losses/mean_squared_error.hpp"
#include "lamina/optimizers/gradient_descent.hpp"
#include "support/catch.hpp"
#include "training/problems.hpp"
#include "training/quiet.hpp"

namespace {

using namespace lamina;

/// g(z) = sin z
struct Sine {
  static constexpr std::string_view name = "sine";
  static auto g(const auto& Z) { return Z.sin(); }
  static auto derivative(const auto& Z, const auto&) { return Z.cos(); }
};

/// g(z) = e^(−k·z²), with an option
struct Bell {
  static constexpr std::string_view name = "bell";
  double k = 1;

  template <class Z>
  auto g(const Z& z) const {
    return (-static_cast<typename Z::Scalar>(k) * z.square()).exp();
  }
  template <class Z>
  auto derivative(const Z& z, const auto& A) const {
    return -2 * static_cast<typename Z::Scalar>(k) * z * A;
  }
};

/// F = Σ (A − Y)⁴
struct Quartic {
  static auto value(const auto& A, const auto& Y) { return (A - Y).array().pow(4).sum(); }
  static void gradient(const auto& A, const auto& Y, auto& dA) { dA = (4 * (A - Y).array().pow(3)).matrix(); }
};

/// The wrong derivative.
struct WrongSine : Sine {
  static auto derivative(const auto& Z, const auto&) { return Z.sin(); }
};

/// The wrong gradient.
struct WrongQuartic : Quartic {
  static void gradient(const auto& A, const auto& Y, auto& dA) { dA = (3 * (A - Y).array().pow(3)).matrix(); }
};

template <class G>
auto network_with(G g = {}) {
  Network<double, Dense<2, 5, G>, Dense<5, 1>> net(Dense<2, 5, G>(g), {});
  net.initialize(1);
  return net;
}

}  // namespace

TEST_CASE("a user's activation passes the check of its gradients, and learns", "[extension]") {
  const problems::Surface<> data(30);
  STATIC_REQUIRE(Activation<Sine>);
  STATIC_REQUIRE(Activation<Bell>);
  const auto loss = MeanSquaredError{};
  CHECK(check_gradients(network_with<Sine>(), data.X, data.Y, loss));
  CHECK(check_gradients(network_with(Bell{.k = 0.5}), data.X, data.Y, loss));

  auto net = network_with(Bell{.k = 0.5});
  const double before = net.loss(data.X, data.Y, loss);
  fit(net, data.X, data.Y, loss, GradientDescent{.learning_rate = 0.1}, problems::quiet(100, 10));
  CHECK(net.loss(data.X, data.Y, loss) < before / 10);
  CHECK(net.layer<0>().activation().k == 0.5);
}

TEST_CASE("a user's loss passes the check of its gradients, and is learned", "[extension]") {
  const problems::Surface<> data(30);
  STATIC_REQUIRE(LossFunction<Quartic, double>);
  auto net = network_with<Tanh>();
  CHECK(check_gradients(net, data.X, data.Y, Quartic{}));

  const double before = net.loss(data.X, data.Y, Quartic{});
  CHECK(before ==
        Catch::Detail::Approx((net.predict(data.X) - data.Y).array().pow(4).sum() / 30).epsilon(1e-12));
  fit(net, data.X, data.Y, Quartic{}, GradientDescent{.learning_rate = 0.02}, problems::quiet(100, 10));
  CHECK(net.loss(data.X, data.Y, Quartic{}) < before / 10);

  SECTION("with sample weights, which the engine multiplies in") {
    Eigen::VectorXd weights = Eigen::VectorXd::Zero(30);
    weights.head(10).setConstant(2);
    CHECK(net.loss(data.X, weighted(data.Y, weights), Quartic{}) ==
          Catch::Detail::Approx(net.loss(data.X.topRows(10), data.Y.topRows(10), Quartic{})).epsilon(1e-12));
    CHECK(check_gradients(net, data.X, weighted(data.Y, weights), Quartic{}));
  }
}

TEST_CASE("check_gradients finds a wrong derivative, and says where", "[extension]") {
  const problems::Surface<> data(30);
  const auto wrong_activation =
      check_gradients(network_with<WrongSine>(), data.X, data.Y, MeanSquaredError{});
  CHECK_FALSE(wrong_activation);
  CHECK(wrong_activation.largest_error > 0.01);
  CHECK_THAT(wrong_activation.where, Catch::Matchers::ContainsSubstring("layer 0, Dense") ||
                                         Catch::Matchers::ContainsSubstring("X("));
  const auto wrong_loss = check_gradients(network_with<Tanh>(), data.X, data.Y, WrongQuartic{});
  CHECK_FALSE(wrong_loss);
  CHECK(wrong_loss.analytic == Catch::Detail::Approx(wrong_loss.numeric * 3 / 4).epsilon(1e-6));
}
