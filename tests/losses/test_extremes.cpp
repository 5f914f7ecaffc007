// Losses far out, at kinks and at boundaries: finite wherever the exact answer is.

#include <cmath>
#include <limits>

#include "lamina/losses.hpp"
#include "support/catch.hpp"

namespace {

using namespace lamina;

template <class Scalar>
using Matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>;

template <class Scalar>
struct At {
  Scalar value;
  Matrix<Scalar> gradient;
};

/// A loss of one row.
template <class Scalar, class Loss>
At<Scalar> at(const Loss& loss, std::initializer_list<Scalar> a, std::initializer_list<Scalar> y) {
  Matrix<Scalar> A(1, static_cast<Index>(a.size())), Y(1, static_cast<Index>(y.size()));
  std::copy(a.begin(), a.end(), A.data());
  std::copy(y.begin(), y.end(), Y.data());
  Matrix<Scalar> dA(1, A.cols());
  loss.gradient(A, Y, dA);
  return {loss.value(A, Y), dA};
}

}  // namespace

TEMPLATE_TEST_CASE("losses: at kinks", "", float, double, long double) {
  using S = TestType;
  CHECK(at<S>(MeanAbsoluteError{}, {2}, {2}).gradient(0) == 0);
  CHECK(at<S>(Quantile{.tau = 0.9}, {2}, {2}).gradient(0) == 0);
  CHECK(at<S>(Quantile{.tau = 0.75}, {2}, {3}).gradient(0) == S(-0.75));
  CHECK(at<S>(Quantile{.tau = 0.75}, {3}, {2}).gradient(0) == S(0.25));
  CHECK(at<S>(Quantile{.tau = 0.75}, {2}, {4}).value == S(1.5));
  CHECK(at<S>(Quantile{.tau = 0.75}, {4}, {2}).value == S(0.5));
  CHECK(at<S>(Huber{.delta = 2}, {5}, {3}).gradient(0) == 2);
  CHECK(at<S>(Huber{.delta = 2}, {5}, {3}).value == 2);
  CHECK(at<S>(Huber{.delta = 2}, {8}, {3}).value == 8);
  CHECK(at<S>(MeanSquaredError{}, {5, 1}, {3, 2}).value == 5);
}

TEMPLATE_TEST_CASE("losses: huge errors", "", float, double, long double) {
  using S = TestType;
  const S big = std::numeric_limits<S>::max() / 2;
  const S epsilon = 4 * std::numeric_limits<S>::epsilon();
  for (const S sign : {S(1), S(-1)}) {
    CHECK(at<S>(Huber{}, {sign * big}, {0}).value == big);
    CHECK(at<S>(Huber{}, {sign * big}, {0}).gradient(0) == sign);
    CHECK(at<S>(LogCosh{}, {sign * big}, {0}).value == big);
    CHECK(at<S>(LogCosh{}, {sign * big}, {0}).gradient(0) == sign);
    CHECK(at<S>(MeanAbsoluteError{}, {sign * big}, {0}).value == big);
    CHECK(at<S>(Quantile{}, {sign * big}, {0}).value == big / 2);
    CHECK(at<S>(BinaryCrossEntropy{}, {sign * big}, {sign > 0 ? S(1) : S(0)}).value == 0);
    CHECK(std::abs(at<S>(BinaryCrossEntropy{}, {sign * big}, {sign > 0 ? S(0) : S(1)}).value / big - 1) <=
          epsilon);
    CHECK(at<S>(BinaryCrossEntropy{}, {sign * big}, {sign > 0 ? S(1) : S(0)}).gradient(0) == 0);
    CHECK(at<S>(BinaryCrossEntropy{}, {sign * big}, {sign > 0 ? S(0) : S(1)}).gradient(0) == sign);
  }
}

TEMPLATE_TEST_CASE("SoftmaxCrossEntropy: huge logits", "", float, double, long double) {
  using S = TestType;
  const S big = std::numeric_limits<S>::max() / 2, most = std::numeric_limits<S>::max();
  const S epsilon = 8 * std::numeric_limits<S>::epsilon();

  SECTION("the class is certain: no 0·∞, though the difference of the logits overflows") {
    const auto r = at<S>(SoftmaxCrossEntropy{}, {most, -most, 0}, {1, 0, 0});
    CHECK(r.value == 0);
    CHECK(r.gradient.isZero(0));
  }
  SECTION("a share of an overflowing difference that does not overflow") {
    const auto r = at<S>(SoftmaxCrossEntropy{.label_smoothing = 0.125}, {most, -most}, {1, 0});
    CHECK(r.value == most / 8);  // (0.125/2)·2·most
    CHECK(r.gradient(0) == S(0.0625));
    CHECK(r.gradient(1) == S(-0.0625));
  }
  SECTION("the wrong class is certain") {
    const auto r = at<S>(SoftmaxCrossEntropy{}, {big, 0}, {0, 1});
    CHECK(std::abs(r.value / big - 1) <= epsilon);
    CHECK(r.gradient(0) == 1);
    CHECK(r.gradient(1) == -1);
  }
  SECTION("a constant does not matter") {
    const auto r = at<S>(SoftmaxCrossEntropy{}, {big, big, big}, {0, 1, 0});
    CHECK(std::abs(r.value - std::log(S(3))) <= epsilon);
  }
  SECTION("one class") {
    const auto r = at<S>(SoftmaxCrossEntropy{}, {S(3)}, {1});
    CHECK(r.value == 0);
    CHECK(r.gradient(0) == 0);
  }
  SECTION("a class that is ruled out by a logit of −∞") {
    const auto r = at<S>(SoftmaxCrossEntropy{}, {0, -std::numeric_limits<S>::infinity(), 0}, {1, 0, 0});
    CHECK(std::abs(r.value - std::log(S(2))) <= epsilon);
    CHECK(r.gradient(0) == S(-0.5));
    CHECK(r.gradient(1) == 0);
  }
  SECTION("zero class weights") {
    const auto r = at<S>(SoftmaxCrossEntropy{.class_weights = {1, 0, 2}}, {1, 2, 3}, {0, 1, 0});
    CHECK(r.value == 0);
    CHECK(r.gradient.isZero(0));
  }
  SECTION("what is not a number stays visible") {
    constexpr S nan = std::numeric_limits<S>::quiet_NaN();
    CHECK(std::isnan(at<S>(SoftmaxCrossEntropy{}, {nan, 0, 1}, {0, 1, 0}).value));
    CHECK(std::isnan(at<S>(SoftmaxCrossEntropy{}, {0, 1, nan}, {1, 0, 0}).value));
    CHECK(std::isnan(at<S>(BinaryCrossEntropy{}, {nan}, {1}).value));
    CHECK(std::isnan(at<S>(Huber{}, {nan}, {1}).value));
    CHECK(std::isnan(at<S>(GaussianNLL{}, {nan, 0}, {1}).value));
    CHECK(std::isnan(at<S>(Quantile{}, {nan}, {1}).value));
    CHECK(std::isnan(at<S>(LogCosh{}, {nan}, {1}).value));
  }
}

TEMPLATE_TEST_CASE("LogCosh: small errors keep their digits", "", float, double, long double) {
  using S = TestType;
  // log cosh d = d²/2 − d⁴/12 + d⁶/45 − …
  for (S d = S(0.03L); d > std::sqrt(std::numeric_limits<S>::min()) * 1000; d /= 3) {
    const S exact = d * d / 2 * (1 - d * d / 6 + d * d * d * d * 2 / 45 - d * d * d * d * d * d * 17 / 1260);
    CAPTURE(static_cast<double>(d));
    CHECK(std::abs(at<S>(LogCosh{}, {d}, {0}).value / exact - 1) <=
          8 * std::numeric_limits<S>::epsilon() + S(3e-15L));
  }
}

TEMPLATE_TEST_CASE("PoissonNLL: boundaries", "", float, double, long double) {
  using S = TestType;
  CHECK(at<S>(PoissonNLL{}, {-1e5f}, {0}).value == 0);
  CHECK(at<S>(PoissonNLL{}, {-1e5f}, {2}).value == S(2e5f));
  CHECK(at<S>(PoissonNLL{}, {-1e30f}, {2}).gradient(0) == -2);
  CHECK(at<S>(PoissonNLL{.log_input = false}, {0}, {0}).value == 0);
  CHECK(at<S>(PoissonNLL{.log_input = false}, {0}, {0}).gradient(0) == 1);
  CHECK(std::isfinite(at<S>(PoissonNLL{.log_input = false}, {0}, {3}).value));
  // log y! ≈ y·log y − y + ½ log(2πy) for y > 1 only
  CHECK(at<S>(PoissonNLL{.full = true}, {0}, {1}).value == 1);
  CHECK(std::abs(at<S>(PoissonNLL{.full = true}, {0}, {4}).value - S(1 + 3.157263031558187L)) <
        S(1e-6L));  // 1 + 4 log 4 − 4 + ½ log 8π
}

TEMPLATE_TEST_CASE("GaussianNLL: extreme variances", "", float, double, long double) {
  using S = TestType;
  const S s = std::log(std::numeric_limits<S>::max());  // e^s does not overflow, e^(1.9s) does

  SECTION("an exact hit with a vanishing variance") {
    const auto r = at<S>(GaussianNLL{}, {S(3), -10 * s}, {3});
    CHECK(r.value == -5 * s);
    CHECK(r.gradient(0) == 0);
    CHECK(r.gradient(1) == S(0.5));
  }
  SECTION("a huge variance") {
    const auto r = at<S>(GaussianNLL{}, {S(3), 10 * s}, {5});
    CHECK(r.value == 5 * s);
    CHECK(r.gradient(0) == 0);
    CHECK(r.gradient(1) == S(0.5));
  }
  SECTION(
      "a huge error with a variance of its size: the square of the error overflows, the quotient does not") {
    const S d = std::sqrt(std::numeric_limits<S>::max()) * 16;
    const auto r = at<S>(GaussianNLL{}, {d, 2 * std::log(d)}, {0});
    CHECK(std::abs(r.value - (std::log(d) + S(0.5))) <= S(1e-3L));
    CHECK(std::abs(r.gradient(1)) <= S(1e-3L));
    CHECK(std::abs(r.gradient(0) * d - 1) <= S(1e-3L));
  }
  SECTION("a small error with a variance so small that e^(−s/2) overflows, the quotient does not") {
    const auto r = at<S>(GaussianNLL{}, {std::exp(S(-0.9L) * s), S(-2.2L) * s}, {0});
    const S square = std::exp(S(0.4L) * s);
    CHECK(std::abs(2 * r.value / square - 1) <= S(1e-2L));  // s beside it, and ε·s in the exponents
    CHECK(std::abs(-2 * r.gradient(1) / square - 1) <= S(1e-2L));
  }
  SECTION("the constant") {
    const S without = at<S>(GaussianNLL{}, {1, 2, 0, 0}, {1, 1}).value;
    const S with = at<S>(GaussianNLL{.full = true}, {1, 2, 0, 0}, {1, 1}).value;
    CHECK(without == S(0.5));
    CHECK(std::abs(with - without - S(1.837877066409345483560659472811235279L)) <=
          4 * std::numeric_limits<S>::epsilon());  // log 2π
  }
}
