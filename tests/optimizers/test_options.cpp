// Every option of every optimiser outside of its domain.

#include <limits>
#include <string>

#include "optimizers/every.hpp"
#include "support/catch.hpp"

using namespace lamina;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN(),
                 inf = std::numeric_limits<double>::infinity();

/// Refused with this message after "Name: expected ", by step() too, which changes nothing.
template <class Optimizer>
void refuses(const Optimizer& bad, const std::string& what) {
  const std::string text = std::string(Optimizer::name) + ": expected " + what;
  CHECK_THROWS_MATCHES(bad.check(), OptionError, Catch::Matchers::Message(text));
  Eigen::VectorXd theta = Eigen::VectorXd::Ones(5);
  Optimizer copy = bad;
  CHECK_THROWS_AS(copy.step(theta, Eigen::VectorXd::Ones(5)), OptionError);
  CHECK(theta == Eigen::VectorXd::Ones(5));
  CHECK(copy.state.scalar_kind() == 0);
}

/// Refuses `values` for the option `member`, which is in the domain.
template <class Optimizer>
void refuses_of(double Optimizer::*member, const std::string& option, const std::string& domain,
                const std::vector<std::pair<double, std::string>>& values) {
  for (const auto& [value, text] : values) {
    Optimizer bad;
    bad.*member = value;
    refuses(bad, option + domain + ", got " + text);
  }
}

}  // namespace

TEMPLATE_TEST_CASE("options outside of their domain", "[optimizers][options]", EVERY_OPTIMIZER) {
  using O = TestType;
  CHECK_NOTHROW(O{}.check());
  const std::vector<std::pair<double, std::string>> not_positive = {
      {0, "0"}, {-1, "-1"}, {inf, "inf"}, {not_a_number, "nan"}};
  const std::vector<std::pair<double, std::string>> negative = {
      {-0.5, "-0.5"}, {inf, "inf"}, {not_a_number, "nan"}};
  const std::vector<std::pair<double, std::string>> no_fraction = {
      {1, "1"}, {-0.5, "-0.5"}, {2, "2"}, {not_a_number, "nan"}};
  refuses_of(&O::learning_rate, "a learning_rate", " > 0", not_positive);
  if constexpr (requires { &O::weight_decay; })
    refuses_of(&O::weight_decay, "weight_decay", " \u2265 0", negative);
  if constexpr (requires { &O::epsilon; }) refuses_of(&O::epsilon, "epsilon", " \u2265 0", negative);
  if constexpr (requires { &O::beta1; }) refuses_of(&O::beta1, "beta1", " in [0, 1)", no_fraction);
  if constexpr (requires { &O::beta2; }) refuses_of(&O::beta2, "beta2", " in [0, 1)", no_fraction);
  if constexpr (requires { &O::momentum; }) refuses_of(&O::momentum, "momentum", " in [0, 1)", no_fraction);
  if constexpr (requires { &O::alpha; }) refuses_of(&O::alpha, "alpha", " in [0, 1)", no_fraction);
  if constexpr (requires { &O::rho; }) refuses_of(&O::rho, "rho", " in [0, 1)", no_fraction);
  if constexpr (requires { &O::lr_decay; }) refuses_of(&O::lr_decay, "lr_decay", " \u2265 0", negative);
  if constexpr (requires { &O::momentum_decay; })
    refuses_of(&O::momentum_decay, "momentum_decay", " \u2265 0", negative);
  if constexpr (requires { &O::initial_accumulator_value; })
    refuses_of(&O::initial_accumulator_value, "initial_accumulator_value", " \u2265 0", negative);
  if constexpr (requires { &O::eta_plus; }) {
    refuses_of(&O::eta_minus, "eta_minus", " in (0, 1)", {{0, "0"}, {1, "1"}, {not_a_number, "nan"}});
    refuses_of(&O::eta_plus, "eta_plus", " > 1", {{1, "1"}, {inf, "inf"}, {not_a_number, "nan"}});
    refuses_of(&O::step_min, "step_min", " > 0", not_positive);
    refuses_of(&O::step_max, "step_max", " \u2265 step_min",
               {{1e-7, "1e-07"}, {inf, "inf"}, {not_a_number, "nan"}});
  }
  if constexpr (requires { &O::dampening; })
    refuses_of(&O::dampening, "dampening", " in [0, 1]",
               {{-0.5, "-0.5"}, {1.5, "1.5"}, {not_a_number, "nan"}});
}

TEST_CASE("nesterov needs a momentum and no dampening", "[optimizers][options]") {
  CHECK_THROWS_AS((GradientDescent{.nesterov = true}.check()), OptionError);
  CHECK_THROWS_WITH((GradientDescent{.momentum = 0.5, .dampening = 0.25, .nesterov = true}.check()),
                    "GradientDescent: nesterov needs a momentum > 0 and a dampening of 0, got 0.5 and 0.25");
  CHECK_NOTHROW(GradientDescent{.momentum = 0.5, .nesterov = true}.check());
}

TEST_CASE("options that decide on the state cannot change", "[optimizers][options]") {
  Eigen::VectorXd theta = Eigen::VectorXd::Ones(5);
  const Eigen::VectorXd g = Eigen::VectorXd::Ones(5);
  Adam adam;
  adam.step(theta, g);
  const Eigen::VectorXd before = theta;
  adam.amsgrad = true;
  CHECK_THROWS_AS(adam.step(theta, g), OptionError);
  CHECK_THROWS_WITH(adam.step(theta, g),
                    Catch::Matchers::ContainsSubstring("a state of 3 arrays, but it has 2"));
  CHECK(theta == before);
  CHECK(adam.state.steps == 1);
}

TEST_CASE("the defaults are PyTorch's, but for the rate of gradient descent", "[optimizers][options]") {
  CHECK(GradientDescent{}.learning_rate == 0.01);
  CHECK(Adagrad{}.learning_rate == 0.01);
  CHECK(Adagrad{}.epsilon == 1e-10);
  CHECK(RMSprop{}.learning_rate == 0.01);
  CHECK(RMSprop{}.alpha == 0.99);
  CHECK(Adadelta{}.learning_rate == 1);
  CHECK(Adadelta{}.rho == 0.9);
  CHECK(Adadelta{}.epsilon == 1e-6);
  CHECK(Adam{}.learning_rate == 1e-3);
  CHECK(Adam{}.weight_decay == 0);
  CHECK(AdamW{}.learning_rate == 1e-3);
  CHECK(AdamW{}.weight_decay == 0.01);
  CHECK(Adamax{}.learning_rate == 2e-3);
  CHECK(NAdam{}.learning_rate == 2e-3);
  CHECK(NAdam{}.momentum_decay == 4e-3);
  CHECK(RAdam{}.learning_rate == 1e-3);
  CHECK(Rprop{}.learning_rate == 0.01);
  CHECK(Rprop{}.step_max == 50);
  CHECK(Lion{}.learning_rate == 1e-4);
  CHECK(Lion{}.beta2 == 0.99);
}
