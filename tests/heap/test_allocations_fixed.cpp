// A network of fixed shapes does not touch the heap: not to be made, not to be trained, not to predict.

#include <new>
#include <vector>

#include "heap/count.hpp"
#include "lamina/layers.hpp"
#include "lamina/losses.hpp"
#include "lamina/optimizers/gradient_descent.hpp"
#include "lamina/training/step.hpp"
#include "support/catch.hpp"
#include "training/problems.hpp"

namespace {

using namespace lamina;

/// Everything there is to do with a network, for batches within a tile, of one, and larger.
template <class Net, class Loss, class TY>
void check_nothing_is_allocated(const problems::Matrix<typename Net::Scalar>& X, const TY& Y,
                                const Loss& loss) {
  using Scalar = typename Net::Scalar;
  const auto taken = [](const char* what, auto&& f) {
    INFO(what);
    CHECK(heap::count(f) == 0);
  };
  problems::Matrix<Scalar> output(X.rows(), Net::Outputs);
  const GradientDescent descent{.learning_rate = 1e-3};

  taken("construction and initialize", [&] {
    Net made;
    made.initialize(1);
    made.initialize(Constant{.value = 0.1}, 1);
  });
  Net net;
  net.initialize(1);
  taken("workspace", [&] { auto workspace = net.workspace(); });
  taken("a copy", [&] {
    Net copy = net;
    copy = net;
  });
  taken("loss_and_gradient and the optimiser", [&] {
    auto workspace = net.workspace();
    net.loss_and_gradient(X, Y, loss, workspace);
    descent.step(net.parameters(), workspace.gradient);
  });
  taken("train_step", [&] {
    auto workspace = net.workspace();
    for (int i = 0; i < 3; ++i) train_step(net, X, Y, loss, descent, workspace);
  });
  taken("loss", [&] {
    auto workspace = net.workspace();
    net.loss(X, Y, loss);
    net.loss(X, Y, loss, workspace);
    net.loss_and_gradient(X, Y, loss, workspace, Mode::evaluation);
  });
  taken("predict into an output", [&] {
    auto workspace = net.workspace();
    net.predict(X, workspace, output);
    net.predict(X.topRows(1), workspace, output.topRows(1));
  });
  taken("predict a part of a tile", [&] {
    auto workspace = net.workspace();
    net.predict(X.topRows(9), workspace);
  });
  taken("predict a fixed number of rows", [&] {
    const Eigen::Matrix<Scalar, 5, Net::Inputs> five = X.topRows(5);
    const auto A = net.predict(five);
    CHECK(A.rows() == 5);
  });
  // More rows than a tile have no place in the workspace until the first such call.
  auto workspace = net.workspace();
  net.predict(X, workspace);
  taken("predict many rows again", [&] { net.predict(X, workspace); });
}

constexpr Index many = 1000;  // rows; a tile has 256 at most

}  // namespace

TEST_CASE("the counter counts", "[heap]") {
  CHECK(heap::count([] {}) == 0);
  CHECK(heap::count([] { ::operator delete(heap::seen(::operator new(1))); }) == 1);
#if defined(__GLIBC__)
  CHECK(heap::count([] { std::free(heap::seen(std::malloc(10))); }) == 1);
  CHECK(heap::count([] { std::free(heap::seen(std::aligned_alloc(64, 128))); }) == 1);
  CHECK(heap::count([] { std::free(heap::seen(std::realloc(heap::seen(std::calloc(2, 5)), 1000))); }) == 2);
  CHECK(heap::count([] { Eigen::VectorXd v(100); }) == 1);
  constexpr std::align_val_t wide{128};
  CHECK(heap::count([] { ::operator delete(heap::seen(::operator new(128, wide)), wide); }) == 1);
  // Eigen's own product packs its factors on the heap: what the library avoids.
  const Eigen::MatrixXd A = Eigen::MatrixXd::Ones(600, 600);
  Eigen::MatrixXd B(600, 600);
  CHECK(heap::count([&] { B.noalias() = A * A; }) > 0);
#endif
}

TEST_CASE("regression", "[heap]") {
  const Eigen::MatrixXd X = problems::uniform(many, 3, 1), Y = problems::uniform(many, 2, 2);
  using Net = Network<double, Dense<3, 16, Tanh>, Dense<16, 16, SiLU>, Dense<16, 2>>;
  check_nothing_is_allocated<Net>(X, Y, MeanSquaredError{});
  check_nothing_is_allocated<Net>(X, Y, Huber{});
}

TEST_CASE("regression in float and long double", "[heap]") {
  check_nothing_is_allocated<Network<float, Dense<3, 7, ReLU>, Dense<7, 1>>>(
      problems::uniform<float>(many, 3, 1), problems::uniform<float>(many, 1, 2), MeanAbsoluteError{});
  check_nothing_is_allocated<Network<long double, Dense<3, 7, Sigmoid>, Dense<7, 1>>>(
      problems::uniform<long double>(many, 3, 1), problems::uniform<long double>(many, 1, 2), LogCosh{});
}

TEST_CASE("dropout, layer normalisation, scaling and softmax", "[heap]") {
  using Net = Network<double, Normalization<3>, Dense<3, 16>, LayerNorm<16>, Activate<16, GELU>, Dropout<16>,
                      Dense<16, 2>, Softmax<2>>;
  check_nothing_is_allocated<Net>(problems::uniform(many, 3, 1), problems::uniform(many, 2, 2),
                                  MeanSquaredError{});
}

TEST_CASE("labels and weights", "[heap]") {
  const problems::Triangle<> data(many);
  const std::vector<double> weights(static_cast<std::size_t>(many), 0.5);
  using Net = Network<double, Dense<2, 8, Tanh>, Dense<8, 3>>;
  check_nothing_is_allocated<Net>(data.X, data.labels, SoftmaxCrossEntropy{});
  check_nothing_is_allocated<Net>(data.X, weighted(data.labels, weights),
                                  SoftmaxCrossEntropy{.class_weights = {1, 2, 3}});

  Eigen::VectorXi yes_or_no(many);
  for (Index i = 0; i < many; ++i) yes_or_no(i) = static_cast<int>(i % 2);
  check_nothing_is_allocated<Network<double, Dense<2, 8, Tanh>, Dense<8, 1>>>(data.X, yes_or_no,
                                                                              BinaryCrossEntropy{});
}

TEST_CASE("every other loss", "[heap]") {
  const Eigen::MatrixXd X = problems::uniform(many, 3, 1), Y = problems::uniform(many, 2, 2).cwiseAbs();
  const std::vector<double> weights(static_cast<std::size_t>(many), 0.5);
  const auto check = [&](const auto& loss, const Eigen::MatrixXd& targets) {
    Network<double, Dense<3, 2>> net;
    net.initialize(1);
    CHECK(heap::count([&] {
            auto workspace = net.workspace();
            train_step(net, X, targets, loss, GradientDescent{}, workspace);
            train_step(net, X, weighted(targets, weights), loss, GradientDescent{}, workspace);
          }) == 0);
  };
  check(PoissonNLL{}, Y);
  check(Quantile{.tau = {0.1, 0.9}}, Y);
  check(GaussianNLL{}, Y.leftCols(1));
}

TEST_CASE("X and Y in rows, in blocks, in maps", "[heap]") {
  using Net = Network<double, Dense<3, 16, Tanh>, Dense<16, 2>>;
  Net net;
  net.initialize(1);
  const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> rows =
      problems::uniform(many, 5, 1);
  const std::vector<double> numbers(static_cast<std::size_t>(2 * many + 1), 0.5);
  CHECK(heap::count([&] {
          auto workspace = net.workspace();
          train_step(net, rows.middleCols(1, 3),
                     Eigen::Map<const Eigen::MatrixXd>(numbers.data() + 1, many, 2), MeanSquaredError{},
                     GradientDescent{}, workspace);
          net.loss(rows.leftCols(3), rows.rightCols(2), MeanSquaredError{}, workspace);
          net.predict(rows.row(7).head(3), workspace);
        }) == 0);
}
