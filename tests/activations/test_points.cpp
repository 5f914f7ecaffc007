// Activations against tables that were correctly rounded from 800-digit arithmetic.

#include <cmath>
#include <set>

#include "lamina/activations.hpp"
#include "support/oracle_cases.hpp"

namespace {

using lamina::AnyActivation;
using Vector = Eigen::VectorXd;

/// |got − want| ≤ 4·10⁻¹⁵ max(1, |want|): what the tables ask for.
double required(double want) { return 4e-15 * std::max(1.0, std::abs(want)); }
/// |got − want| ≤ 10⁻¹³ |want| + 10⁻³⁰⁷: relative in the tails as well, down to the smallest normal number.
double good(double want) { return 1e-13 * std::abs(want) + 1e-307; }

void check(const std::string& what, const Vector& x, const Vector& got, const Vector& want,
           double (*tolerance)(double)) {
  for (Eigen::Index i = 0; i < x.size(); ++i) {
    CAPTURE(what, x(i), got(i), want(i));
    CHECK(std::abs(got(i) - want(i)) <= tolerance(want(i)));
  }
}

}  // namespace

TEST_CASE("activations: values and derivatives at single points") {
  LAMINA_NEEDS_ORACLE();
  // These are relatively accurate in the tails as well. Of the others,
  //   gelu, gelu_tanh   have the relative error z²ε of e^(−z²/2)'s argument: above 10⁻¹³ at z = −36.7 and z = −19.9;
  //   sigmoid, tanh     take g' from g, which cannot tell 1 − g once g has rounded to 1;
  //   elu, selu         likewise g' = g + α for z → −∞.
  const std::set<std::string> good_values{"elu",  "hardsigmoid", "leaky_relu", "mish",     "relu",
                                          "selu", "sigmoid",     "silu",       "softplus", "tanh"};
  const std::set<std::string> good_derivatives{"gelu", "hardsigmoid", "leaky_relu", "mish",
                                               "relu", "silu",        "softplus"};

  for (const std::string& file : oracle::names("points", "activation_")) {
    const auto table = oracle::load("points", file);
    const auto name = table["activation"].get<std::string>();
    const AnyActivation g = *oracle::activation(table);
    const Vector x = oracle::vector(table["x"]);
    REQUIRE(x.size() > 60);

    // Once as a long column, which Eigen computes in packets, and once number by number.
    Vector A(x.size()), dA = Vector::Ones(x.size()), A1(x.size()), dA1 = Vector::Ones(x.size());
    lamina::apply(g, x, A);
    lamina::apply_derivative(g, x, A, dA);
    for (Eigen::Index i = 0; i < x.size(); ++i) {
      auto a = A1.segment(i, 1), da = dA1.segment(i, 1);
      lamina::apply(g, x.segment(i, 1), a);
      lamina::apply_derivative(g, x.segment(i, 1), a, da);
    }

    const Vector value = oracle::vector(table["value"]), derivative = oracle::vector(table["derivative"]);
    check(file + " value", x, A, value, good_values.count(name) ? good : required);
    check(file + " value, one by one", x, A1, value, good_values.count(name) ? good : required);
    check(file + " derivative", x, dA, derivative, good_derivatives.count(name) ? good : required);
    check(file + " derivative, one by one", x, dA1, derivative,
          good_derivatives.count(name) ? good : required);
  }
}
