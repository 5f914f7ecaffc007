// Losses on numbers, against finite differences.

#include "gradients/check_loss.hpp"
#include "lamina/losses/huber.hpp"
#include "lamina/losses/log_cosh.hpp"
#include "lamina/losses/mean_absolute_error.hpp"
#include "lamina/losses/mean_squared_error.hpp"
#include "lamina/losses/quantile.hpp"

namespace test_regression_losses {

using namespace gradients;

namespace {

const auto near = [](const MatrixXd& A, lamina::Random&) { return around(A); };

}  // namespace

TEST_CASE("gradients: mean squared error") { check_loss(lamina::MeanSquaredError{}, 3, near); }

TEST_CASE("gradients: mean absolute error") { check_loss(lamina::MeanAbsoluteError{}, 3, near); }

TEST_CASE("gradients: Huber") {
  check_loss(lamina::Huber{}, 3, near);
  check_loss(lamina::Huber{.delta = 0.4}, 3, near);
  check_loss(lamina::Huber{.delta = 3}, 3, near);
}

TEST_CASE("gradients: log cosh") { check_loss(lamina::LogCosh{}, 3, near); }

TEST_CASE("gradients: quantile") {
  check_loss(lamina::Quantile{.tau = 0.9}, 3, near);
  check_loss(lamina::Quantile{.tau = {0.1, 0.5, 0.75}}, 3, near);
}

}  // namespace test_regression_losses
