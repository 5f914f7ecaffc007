// The non-finite guard: training never leaves parameters that are not finite.

#include <cmath>
#include <limits>
#include <string>

#include "lamina/layers.hpp"
#include "lamina/losses.hpp"
#include "lamina/optimizers.hpp"
#include "support/catch.hpp"
#include "training/problems.hpp"
#include "training/quiet.hpp"

namespace test_non_finite {

namespace {

using namespace lamina;
using Catch::Matchers::ContainsSubstring;

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// The message of the NonFiniteError that fit throws. Afterwards the parameters must be those after the last good step.
template <class Net, class Loss>
std::string message_of(Net& net, const Eigen::MatrixXd& X, const Eigen::MatrixXd& Y, const Loss& loss,
                       double learning_rate, const FitOptions& options) {
  struct Last {
    const Net* net;
    typename Net::Parameters theta;
    void on_batch(FitState&) { theta = net->parameters(); }
  } last{&net, net.parameters()};
  std::string message;
  try {
    fit(net, X.template cast<typename Net::Scalar>(), Y.template cast<typename Net::Scalar>(), loss,
        GradientDescent{.learning_rate = learning_rate}, options, last);
  } catch (const NonFiniteError& error) {
    message = error.what();
  }
  CHECK(net.parameters().allFinite());
  CHECK(net.parameters() == last.theta);
  return message;
}

/// Not a number where the target is above one.
struct Failing {
  template <class DA, class DY>
  typename DA::Scalar value(const DA& A, const DY& Y) const {
    return Y.maxCoeff() > 1 ? std::numeric_limits<typename DA::Scalar>::quiet_NaN() : (A - Y).squaredNorm();
  }
  template <class DA, class DY, class DdA>
  void gradient(const DA& A, const DY& Y, DdA& dA) const {
    dA = 2 * (A - Y);
  }
};

/// log z: not a number for negative z.
struct Log {
  static constexpr std::string_view name = "log";
  static auto g(const auto& Z) { return Z.log(); }
  static auto derivative(const auto& Z, const auto&) { return Z.inverse(); }
};

/// √|z| with a derivative that is infinite at zero.
struct Root {
  static constexpr std::string_view name = "root";
  static auto g(const auto& Z) { return Z.abs().sqrt(); }
  static auto derivative(const auto& Z, const auto&) { return Z.abs().rsqrt() / 2; }
};
static_assert(Activation<Log> && Activation<Root>);

}  // namespace

TEMPLATE_TEST_CASE("a learning rate that is too high", "[fit][non_finite]", float, double) {
  const problems::Surface<> data(40);
  Network<TestType, Dense<2, 8, ReLU>, Dense<8, 1>> net;
  // 1e3 takes some steps to the limit of the scalar; the others leap over it in one.
  for (const double learning_rate : {1e3, 1e20, static_cast<double>(std::numeric_limits<TestType>::max())}) {
    net.initialize(1);
    const std::string message =
        message_of(net, data.X, data.Y, MeanSquaredError{}, learning_rate, problems::quiet(1000, 8));
    INFO("learning rate " << learning_rate);
    CHECK_THAT(message, ContainsSubstring("epoch ") && ContainsSubstring("batch ") &&
                            ContainsSubstring("layer ") && ContainsSubstring("(Dense)"));
  }
}

TEST_CASE("the message names epoch and batch", "[fit][non_finite]") {
  Eigen::MatrixXd X = problems::uniform(10, 1, 1), Y = Eigen::MatrixXd::Zero(10, 1);
  Y(7, 0) = 2;
  FitOptions options = problems::quiet(3, 2);
  options.shuffle = false;
  Network<double, Dense<1, 1>> net;
  const std::string message = message_of(net, X, Y, Failing{}, 0.1, options);
  CHECK_THAT(message, ContainsSubstring("epoch 0, batch 3") && ContainsSubstring("loss is nan"));
}

TEST_CASE("the message names the layer whose output is not finite", "[fit][non_finite]") {
  const Eigen::MatrixXd X = problems::uniform(10, 2, 1), Y = Eigen::MatrixXd::Zero(10, 1);
  Network<double, Dense<2, 3>, Dense<3, 3, Log>, Dense<3, 1>> net;
  net.initialize(1);
  CHECK_THAT(message_of(net, X, Y, MeanSquaredError{}, 0.1, problems::quiet(3)),
             ContainsSubstring("epoch 0, batch 0") && ContainsSubstring("the output of layer 1 (Dense)"));
}

TEST_CASE("the message names the layer whose gradient is not finite", "[fit][non_finite]") {
  // Every output is 0, the loss is finite, and g'(0) is not.
  const Eigen::MatrixXd X = problems::uniform(10, 2, 1), Y = Eigen::MatrixXd::Ones(10, 1);
  Network<double, Dense<2, 2>, Dense<2, 1, Root>> net;
  net.weights<0>().setOnes();
  CHECK_THAT(message_of(net, X, Y, MeanSquaredError{}, 0.1, problems::quiet(3)),
             ContainsSubstring("epoch 0, batch 0") && ContainsSubstring("the gradient of layer"));
}

TEST_CASE("the message names the layer whose parameters are not finite", "[fit][non_finite]") {
  const problems::Surface<> data(10);
  Network<double, Dense<2, 2, Tanh>, Dense<2, 1>> net;
  net.initialize(1);
  net.weights<1>()(0, 0) = not_a_number;
  try {
    fit(net, data.X, data.Y, MeanSquaredError{}, GradientDescent{}, problems::quiet(1));
    FAIL("nothing was thrown");
  } catch (const NonFiniteError& error) {
    CHECK_THAT(error.what(), ContainsSubstring("the parameters of layer 1 (Dense)"));
  }
}

TEST_CASE("a step by hand has the same guard", "[step][non_finite]") {
  const Eigen::MatrixXd X = problems::uniform(10, 2, 1), Y = Eigen::MatrixXd::Zero(10, 3);
  Network<double, Dense<2, 3>, Dense<3, 3, Log>> net;
  net.initialize(1);
  const auto before = net;
  auto workspace = net.workspace();
  CHECK_THROWS_AS(train_step(net, X, Y, MeanSquaredError{}, GradientDescent{}, workspace), NonFiniteError);
  CHECK(net.parameters() == before.parameters());
}

TEST_CASE("a pass that fails does not move running statistics", "[fit][non_finite]") {
  const Eigen::MatrixXd X = problems::uniform(10, 2, 1), Y = Eigen::MatrixXd::Ones(10, 1);
  const auto statistics_stay = [&](auto net, const Eigen::MatrixXd& inputs, GradientDescent optimizer = {}) {
    const auto mean = net.template layer<0>().running_mean(),
               variance = net.template layer<0>().running_variance();
    CHECK_THROWS_AS(fit(net, inputs, Y, MeanSquaredError{}, optimizer, problems::quiet(1)), NonFiniteError);
    CHECK((net.template layer<0>().running_mean() == mean).all());
    CHECK((net.template layer<0>().running_variance() == variance).all());
  };
  SECTION("by its loss") {
    Network<double, BatchNorm<2>, Dense<2, 1, Log>> net;
    net.initialize(1);
    net.bias<1>().setConstant(-10);
    statistics_stay(net, X);
  }
  SECTION("by its gradient") {
    Network<double, BatchNorm<2>, Dense<2, 1, Root>> net;  // W = 0 and b = 0
    statistics_stay(net, X);
  }
  SECTION("by a variance that overflows") {
    Network<double, BatchNorm<2>, Dense<2, 1>> net;
    net.initialize(1);
    statistics_stay(net, 1e200 * X);
  }
  SECTION("by its step") {
    Network<double, BatchNorm<2>, Dense<2, 1>> net;
    net.initialize(1);
    statistics_stay(net, X, GradientDescent{.learning_rate = 1e308});
  }
}

// Networks whose parameters do not fit the cache are updated layer by layer while the gradient is computed; a derivative
// that is not finite in the first layer must be known before the last is touched.
TEST_CASE("a large network is left as it was, whichever layer fails", "[step][non_finite]") {
  const Index n = 300, hidden = 300;
  const Eigen::MatrixXd X = problems::uniform(20, n, 1), Y = Eigen::MatrixXd::Ones(20, 1);
  const auto leaves = [&](auto net, auto optimizer) {
    auto workspace = net.workspace();
    const auto before = net.parameters();
    const auto steps = [&] {
      if constexpr (requires { optimizer.state.steps; }) {
        return optimizer.state.steps;
      } else {
        return 0;
      }
    };
    const auto taken = steps();
    CHECK_THROWS_AS(train_step(net, X, Y, MeanSquaredError{}, optimizer, workspace), NonFiniteError);
    CHECK(net.parameters() == before);
    CHECK(steps() == taken);
  };
  {  // g'(0) of the first layer is infinite, and 0 reaches it
    auto same = Network<double, Dense<Dynamic, Dynamic, Root>, Dense<Dynamic, Dynamic>>(
        Dense<Dynamic, Dynamic, Root>(n, hidden), Dense<Dynamic, Dynamic>(hidden, 1));
    same.weights<1>().setOnes();
    leaves(same, GradientDescent{.learning_rate = 0.1});
    leaves(same, Adam{});
  }
  {  // every derivative is finite, their product is not
    Network<double, Dense<Dynamic, Dynamic>, Dense<Dynamic, Dynamic>> net(Dense<Dynamic, Dynamic>(n, hidden),
                                                                          Dense<Dynamic, Dynamic>(hidden, 1));
    net.initialize(1);
    net.weights<1>() *= 1e-160;
    Eigen::MatrixXd huge = X * 1e155, far = Y * 1e153;
    auto workspace = net.workspace();
    const auto before = net.parameters();
    auto optimizer = GradientDescent{.learning_rate = 1e200};
    CHECK_THROWS_AS(train_step(net, huge, far, MeanSquaredError{}, optimizer, workspace), NonFiniteError);
    CHECK(net.parameters() == before);
  }
}

// The derivatives of a bias are as large as dZ, whatever A0 is: the bound of what is updated part by part has to know.
TEMPLATE_TEST_CASE("a bias that a step makes infinite is seen, however small the inputs",
                   "[step][non_finite]", float, double) {
  using Matrix = problems::Matrix<TestType>;
  const TestType target = std::is_same_v<TestType, float> ? TestType(1e10) : TestType(1e100);
  const double rate = std::is_same_v<TestType, float> ? 1e36 : 1e290;
  const auto leaves = [&](Index n, Index m, TestType input) {
    CAPTURE(n, m, input);
    Network<TestType, Dense<Dynamic, Dynamic>> net(Dense<Dynamic, Dynamic>(n, n));
    net.initialize(1);
    auto workspace = net.workspace();
    const auto before = net.parameters();
    const Matrix X = Matrix::Constant(m, n, input), Y = Matrix::Constant(m, n, target);
    CHECK_THROWS_AS(
        train_step(net, X, Y, MeanSquaredError{}, GradientDescent{.learning_rate = rate}, workspace),
        NonFiniteError);
    CHECK(net.parameters() == before);
  };
  for (const TestType input : {TestType(0), TestType(1e-30)})
    for (const Index m : {1, 2, 64})
      for (const Index n : {1, 300}) leaves(n, m, input);
}

// One enormous derivative, then ordinary ones: what the optimiser remembers of it must not reach θ unseen. Either a step
// fails, and leaves θ as it was, or all that it leaves is finite.
TEMPLATE_TEST_CASE("what an optimiser remembers of an enormous derivative is seen", "[step][non_finite]",
                   (GradientDescent), (Adam), (RMSprop), (Adadelta), (NAdam), (RAdam), (Adagrad), (Adamax),
                   (Lion), (Rprop)) {
  const auto check = [](TestType optimizer, float spike) {
    CAPTURE(spike);
    Network<float, Dense<1, 1>> net;
    auto workspace = net.workspace();
    const Eigen::MatrixXf Y = Eigen::MatrixXf::Ones(2, 1);
    for (int step = 0; step < 6; ++step) {
      CAPTURE(step);
      const Eigen::MatrixXf X = Eigen::MatrixXf::Constant(2, 1, step == 0 ? spike : 1e-30F);
      const auto before = net.parameters();
      try {
        train_step(net, X, Y, MeanAbsoluteError{}, optimizer, workspace);
        if (optimizer.state.columns() > 0)
          CHECK(Eigen::Map<const Eigen::MatrixXf>(optimizer.state.template array<float>(0),
                                                  optimizer.state.rows(), optimizer.state.columns())
                    .allFinite());
      } catch (const NonFiniteError&) {
        CHECK(net.parameters() == before);
      }
      CHECK(net.parameters().allFinite());
    }
  };
  for (const float spike : {1e19F, 1e20F, 1e30F, 1e38F, 3e38F}) {
    check(TestType{}, spike);
    if constexpr (std::is_same_v<TestType, GradientDescent>) {
      check({.learning_rate = 10, .momentum = 0.9}, spike);
      check({.learning_rate = 2, .momentum = 0.9}, spike);
    } else if constexpr (std::is_same_v<TestType, RMSprop>) {
      check({.momentum = 0.9}, spike);
      check({.centered = true}, spike);
    } else if constexpr (std::is_same_v<TestType, Adam>) {
      check({.beta2 = 0}, spike);
    }
  }
}

// Whoever catches the error, drops the batch or lowers the learning rate and goes on.
TEMPLATE_TEST_CASE("a step that fails leaves the optimiser as it was", "[step][non_finite]",
                   (GradientDescent), (Adam), (AdamW), (RMSprop), (Adadelta), (NAdam), (RAdam), (Adagrad),
                   (Adamax), (Lion), (Rprop)) {
  const Eigen::MatrixXf X = Eigen::MatrixXf::Constant(2, 1, 0.5F), Y = Eigen::MatrixXf::Ones(2, 1);
  const auto check = [&](TestType optimizer, const Eigen::MatrixXf& spike, const StepOptions& options) {
    CAPTURE(spike(0), options.clipping.norm, options.regularization.l2);
    Network<float, Dense<1, 1>> net, twin;
    auto workspace = net.workspace(), workspace_of_twin = twin.workspace();
    TestType optimizer_of_twin = optimizer;
    int failures = 0;
    for (int step = 0; step < 6; ++step) {
      if (step % 2 == 1) {
        const auto before = net.parameters();
        auto spoiled = optimizer;
        if constexpr (requires { spoiled.learning_rate; }) spoiled.learning_rate = 1e38;
        try {
          train_step(net, spike, Y, MeanAbsoluteError{}, spoiled, workspace, options);
          net.parameters() = before;  // a finite step; not what is tested here
        } catch (const NonFiniteError&) {
          optimizer.state = spoiled.state;
          ++failures;
        }
        CHECK(net.parameters() == before);
      }
      train_step(net, X, Y, MeanAbsoluteError{}, optimizer, workspace, options);
      train_step(twin, X, Y, MeanAbsoluteError{}, optimizer_of_twin, workspace_of_twin, options);
      CHECK(net.parameters() == twin.parameters());
      CHECK(optimizer.state.steps == optimizer_of_twin.state.steps);
      CHECK(optimizer.state.bounded() == optimizer_of_twin.state.bounded());
    }
    return failures;
  };
  int failures = 0;
  for (const float size : {1e10F, 1e20F, 1e30F, 3e38F}) {
    const Eigen::MatrixXf spike = Eigen::MatrixXf::Constant(2, 1, size);
    failures += check(TestType{}, spike, {});
    failures += check(TestType{}, spike, {.regularization = {.l2 = 1e-3}});
    if constexpr (requires(TestType o) { o.weight_decay; }) {
      TestType with_decay{};
      with_decay.weight_decay = 0.01;
      failures += check(with_decay, spike, {});
    }
    if constexpr (std::is_same_v<TestType, GradientDescent>) failures += check({.momentum = 0.9}, spike, {});
  }
  // Rprop's steps have a largest; Lion's have the size of α, 1e38 here, from a θ near 0.
  CHECK((failures > 0 || std::is_same_v<TestType, Rprop> || std::is_same_v<TestType, Lion>));
}

// Where θ is large it is its decay that spoils a step, in a step part by part too.
TEST_CASE("a decay that spoils a step is seen", "[step][non_finite]") {
  const Eigen::MatrixXf X = (Eigen::MatrixXf(2, 2) << 0, 1, 0, 2).finished(), Y = Eigen::MatrixXf::Ones(2, 1);
  const auto fails = [&](float theta, auto optimizer) {
    CAPTURE(theta, optimizer.weight_decay);
    Network<float, Dense<2, 1>> net;
    net.parameters() << theta, 0, 0;
    const auto before = net.parameters();
    auto workspace = net.workspace();
    CHECK_THROWS_AS(train_step(net, X, Y, MeanSquaredError{}, optimizer, workspace), NonFiniteError);
    CHECK(net.parameters() == before);
    CHECK(optimizer.state.steps == 0);
  };
  fails(1e38F, GradientDescent{.learning_rate = 0.1, .weight_decay = 5});
  fails(1e30F, GradientDescent{.learning_rate = 1e-10, .momentum = 0.9, .weight_decay = 1e9});
  fails(1e21F, Adam{.weight_decay = 0.1});
  fails(1e25F, RMSprop{.weight_decay = 1e-3});
}

// The state is right even where θ is so large that its decay is what spoils the step.
TEST_CASE("a decay that makes the state infinite leaves it as it was", "[step][non_finite]") {
  Network<float, Dense<1, 1>> net;
  auto workspace = net.workspace();
  const Eigen::MatrixXf X = Eigen::MatrixXf::Constant(2, 1, 1e-30F), Y = Eigen::MatrixXf::Ones(2, 1);
  Adam optimizer{.weight_decay = 1};
  train_step(net, X, Y, MeanAbsoluteError{}, optimizer, workspace, {.clipping = {.norm = 1}});
  net.parameters().setConstant(1e25F);
  const auto before = net.parameters();
  const auto moments = Eigen::MatrixXf(Eigen::Map<Eigen::MatrixXf>(optimizer.state.array<float>(0), 2, 2));
  CHECK_THROWS_AS(train_step(net, X, Y, MeanAbsoluteError{}, optimizer, workspace, {.clipping = {.norm = 1}}),
                  NonFiniteError);
  CHECK(net.parameters() == before);
  CHECK(optimizer.state.steps == 1);
  CHECK(Eigen::Map<Eigen::MatrixXf>(optimizer.state.array<float>(0), 2, 2) == moments);
}

TEST_CASE("only what an optimiser remembers makes later steps be looked at", "[step][non_finite]") {
  const auto bounded_after = [](auto optimizer, double size, const StepOptions& options = {}) {
    Network<float, Dense<2, 1>> net;
    auto workspace = net.workspace();
    const Eigen::MatrixXf X = Eigen::MatrixXf::Constant(3, 2, static_cast<float>(size)),
                          Y = Eigen::MatrixXf::Ones(3, 1);
    train_step(net, X, Y, MeanAbsoluteError{}, optimizer, workspace, options);
    return optimizer.state.bounded();
  };
  CHECK(bounded_after(GradientDescent{}, 1e35));
  CHECK(bounded_after(GradientDescent{.momentum = 0.5}, 1));
  CHECK_FALSE(bounded_after(GradientDescent{.momentum = 0.5}, 1e35));
  CHECK_FALSE(bounded_after(Adam{}, 1e18));
  CHECK(bounded_after(Adam{}, 1));
  CHECK(bounded_after(Adam{}, 1, {.clipping = {.norm = 1}}));
  CHECK(bounded_after(Adam{}, 1e18, {.clipping = {.norm = 1}}));
}

// Where the guard looks at each number the step is the same, only slower.
TEST_CASE("large derivatives that are finite still train", "[step][non_finite]") {
  Network<double, Dense<Dynamic, Dynamic>, Dense<Dynamic, Dynamic>> net(Dense<Dynamic, Dynamic>(300, 300),
                                                                        Dense<Dynamic, Dynamic>(300, 1));
  net.initialize(1);
  const Eigen::MatrixXd X = problems::uniform(20, 300, 1) * 1e80, Y = Eigen::MatrixXd::Ones(20, 1) * 1e80;
  auto workspace = net.workspace(), plain = net.workspace();
  auto same = net;
  const GradientDescent descent{.learning_rate = 1e-170};
  train_step(net, X, Y, MeanSquaredError{}, descent, workspace);
  same.loss_and_gradient(X, Y, MeanSquaredError{}, plain);
  same.parameters() -= 1e-170 * plain.gradient;
  CHECK(plain.gradient.cwiseAbs().maxCoeff() > 1e150);
  CHECK(net.parameters().isApprox(same.parameters(), 1e-14));
}

}  // namespace test_non_finite
