// Negative log-likelihoods of counts and of normal distributions, against finite differences.

#include "gradients/check_loss.hpp"
#include "lamina/losses/gaussian_nll.hpp"
#include "lamina/losses/poisson_nll.hpp"

namespace test_likelihoods {

using namespace gradients;

namespace {

const auto counts = [](const MatrixXd& A, lamina::Random& random) {
  return MatrixXd(A.unaryExpr([&](double) { return static_cast<double>(random.below(5)); }));
};
const auto values = [](const MatrixXd& A, lamina::Random& random) {
  MatrixXd Y(A.rows(), A.cols() / 2);
  draw(Y, 2, random);
  return Y;
};

}  // namespace

TEST_CASE("gradients: Poisson") {
  check_loss(lamina::PoissonNLL{}, 3, counts);
  check_loss(lamina::PoissonNLL{.full = true}, 3, counts);
  check_loss(lamina::PoissonNLL{.log_input = false, .eps = 1e-3}, 3, counts, "softplus");
}

TEST_CASE("gradients: normal distributions") {
  check_loss(lamina::GaussianNLL{}, 4, values);
  check_loss(lamina::GaussianNLL{.full = true}, 2, values);
}

}  // namespace test_likelihoods
