// Several threads on one batch: the same bits for any number of them, whichever way the work is shared.

#include <algorithm>
#include <cstddef>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "lamina/dynamic_network.hpp"
#include "lamina/layers.hpp"
#include "lamina/losses.hpp"
#include "lamina/optimizers/adam.hpp"
#include "lamina/optimizers/gradient_descent.hpp"
#include "support/catch.hpp"
#include "training/problems.hpp"
#include "training/quiet.hpp"

namespace {

using namespace lamina;

/// Everything a network computes, with so many threads: θ after some steps, the losses, a gradient and predictions.
template <class Scalar>
struct Results {
  problems::Matrix<Scalar> theta, gradient, prediction, input_gradient;
  std::vector<double> losses;

  template <class Net, class DX, class TY, class Loss, class Optimizer_>
  Results(Net net, const DX& X, const TY& Y, const Loss& loss, Optimizer_ optimizer, Index batch_size,
          int threads) {
    FitOptions options = problems::quiet(2, batch_size, 5);  // shuffled
    options.threads = threads;
    losses = fit(net, X, Y, loss, optimizer, options).loss;
    theta = net.parameters();
    auto workspace = net.workspace();
    workspace.threads = threads;
    losses.push_back(static_cast<double>(net.loss_and_gradient(X, Y, loss, workspace)));
    losses.push_back(static_cast<double>(net.loss(X, Y, loss, workspace)));
    gradient = workspace.gradient;
    input_gradient = net.input_gradient(X, Y, loss, workspace);
    prediction = net.predict(X, workspace);
  }
  friend bool operator==(const Results& a, const Results& b) {
    return a.theta == b.theta && a.gradient == b.gradient && a.prediction == b.prediction &&
           a.input_gradient == b.input_gradient && a.losses == b.losses;
  }
};

/// The same bits for any number of threads, and in either order of X with one and with several.
template <class Net, class Loss, class TY, class Optimizer_>
void check_same_bits(Net net, const problems::Matrix<typename Net::Scalar>& X, const TY& Y, const Loss& loss,
                     const Optimizer_& optimizer, Index batch_size) {
  using Scalar = typename Net::Scalar;
  const Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> rows = X;
  net.initialize(2);
  const Results<Scalar> alone(net, X, Y, loss, optimizer, batch_size, 1);
  REQUIRE(alone.theta.allFinite());
  REQUIRE(alone.theta != net.parameters());
  REQUIRE(!alone.gradient.isZero(0));
  for (const int threads : {1, 2, 3, 4, 0}) {
    CAPTURE(threads, batch_size);
    CHECK((Results<Scalar>(net, X, Y, loss, optimizer, batch_size, threads) == alone));
    if (threads == 1 || threads == 3)
      CHECK((Results<Scalar>(net, rows, Y, loss, optimizer, batch_size, threads) == alone));
  }
}

/// A = A0, and notes which threads have come by, and how many were in the team.
template <bool Shared>
struct Notes {
  static constexpr Index Inputs = Dynamic, Outputs = Dynamic;
  using InTeam = std::conditional_t<Shared, Notes, void>;
  struct Seen {
    std::mutex mutex;
    std::set<std::thread::id> threads;
    int team = 0;
  };
  Index n;
  Seen* seen;

  Index inputs() const { return n; }
  Index outputs() const { return n; }
  static constexpr Index parameter_count(Index, Index) { return 0; }
  static constexpr Index cache_size(Index, Index, Index) { return 0; }
  void forward(const auto&, const auto& A0, auto& A, auto&, const Pass& pass) const {
    if (pass.team.first()) A = A0;
    const std::scoped_lock lock(seen->mutex);
    seen->threads.insert(std::this_thread::get_id());
    seen->team = pass.team.size();
  }
  void backward(const auto&, const auto&, auto&, auto&, auto& dA, auto&, auto* dA0, const Pass& pass) const {
    if (dA0 && pass.team.first()) *dA0 = dA;
  }
};

/// A = A0, until it is told to throw: `forward` or `backward` of one thread of a team.
template <bool Shared>
struct Throws {
  static constexpr Index Inputs = Dynamic, Outputs = Dynamic;
  using InTeam = std::conditional_t<Shared, Throws, void>;
  struct When {
    bool forward = false, backward = false;
    int rank = 0;
  };
  Index n;
  const When* when;

  Index inputs() const { return n; }
  Index outputs() const { return n; }
  static constexpr Index parameter_count(Index, Index) { return 0; }
  static constexpr Index cache_size(Index, Index, Index) { return 0; }
  bool mine(const Team& team) const { return team.rank() == std::min(when->rank, team.size() - 1); }
  void forward(const auto&, const auto& A0, auto& A, auto&, const Pass& pass) const {
    if (when->forward && mine(pass.team)) throw DataError("forward");
    if (pass.team.first()) A = A0;
  }
  void backward(const auto&, const auto&, auto&, auto&, auto& dA, auto&, auto* dA0, const Pass& pass) const {
    if (when->backward && mine(pass.team)) throw DataError("backward");
    if (dA0 && pass.team.first()) *dA0 = dA;
  }
};

/// What is thrown in a thread reaches the caller, and what threw works again afterwards.
template <bool Shared>
void check_exceptions(Index inputs, Index hidden, Index m) {
  typename Throws<Shared>::When when;
  auto net = make_network<float>(Dense<Dynamic, Dynamic, Tanh>(inputs, hidden), Throws<Shared>{hidden, &when},
                                 Dense<Dynamic, Dynamic>(hidden, 2));
  net.initialize(1);
  const auto X = problems::uniform<float>(m, inputs, 1), Y = problems::uniform<float>(m, 2, 2);
  auto workspace = net.workspace();
  workspace.threads = 4;
  const float F = net.loss_and_gradient(X, Y, MeanSquaredError{}, workspace);
  const Eigen::VectorXf gradient = workspace.gradient, theta = net.parameters();
  for (const int rank : {0, 1, 3}) {
    CAPTURE(Shared, inputs, rank);
    when = {.forward = true, .rank = rank};
    CHECK_THROWS_WITH(net.predict(X, workspace), "forward");
    CHECK_THROWS_WITH(net.loss_and_gradient(X, Y, MeanSquaredError{}, workspace), "forward");
    when = {.backward = true, .rank = rank};
    CHECK_THROWS_WITH(net.loss_and_gradient(X, Y, MeanSquaredError{}, workspace), "backward");
    FitOptions options = problems::quiet(1, m);
    options.threads = 4;
    CHECK_THROWS_WITH(fit(net, X, Y, MeanSquaredError{}, Adam{}, options), "backward");
    when = {};
    CHECK(net.parameters() == theta);
    CHECK(net.loss_and_gradient(X, Y, MeanSquaredError{}, workspace) == F);
    CHECK(workspace.gradient == gradient);
  }
}

/// A loss that has nothing but exceptions.
struct Refuses {
  static double value(const auto&, const auto&) { throw DataError("from within"); }
  static void gradient(const auto&, const auto&, auto& dA) { dA.setZero(); }
};

/// How many threads, at most, a network's layers see.
template <bool Shared>
std::pair<std::size_t, int> threads_seen(Index inputs, Index hidden, Index m, int threads) {
  typename Notes<Shared>::Seen seen;
  auto net = make_network<float>(Dense<Dynamic, Dynamic, Tanh>(inputs, hidden), Notes<Shared>{hidden, &seen},
                                 Dense<Dynamic, Dynamic>(hidden, 2));
  net.initialize(1);
  auto workspace = net.workspace();
  workspace.threads = threads;
  net.loss_and_gradient(problems::uniform<float>(m, inputs, 1), problems::uniform<float>(m, 2, 2),
                        MeanSquaredError{}, workspace);
  return {seen.threads.size(), seen.team};
}

}  // namespace

#if defined(_OPENMP) || defined(LAMINA_STD_THREADS)
TEST_CASE("there are several threads", "[threads]") {
  CHECK(available_threads() >= 1);
  // A small network: each thread is alone with its tiles.
  CHECK(threads_seen<true>(4, 16, 5000, 3) == std::pair(std::size_t{3}, 1));
  // A large one: the threads are a team, of which the first alone works on layers that do not share.
  CHECK(threads_seen<true>(300, 311, 200, 3) == std::pair(std::size_t{3}, 3));
  CHECK(threads_seen<false>(300, 311, 200, 3) == std::pair(std::size_t{1}, 1));
  // One sample is not worth waking anybody.
  CHECK(threads_seen<true>(300, 311, 1, 3) == std::pair(std::size_t{1}, 1));
  CHECK(threads_seen<true>(4, 16, 20, 3) == std::pair(std::size_t{1}, 1));
}
#else
TEST_CASE("there are several threads", "[threads]") {
  WARN("compiled without OpenMP: everything below runs on one thread, nothing is tested of several");
  CHECK(available_threads() == 1);
  CHECK(threads_seen<true>(300, 311, 200, 3) == std::pair(std::size_t{1}, 1));
}
#endif

TEST_CASE("small networks: threads take chunks of tiles", "[threads]") {
  const auto X = problems::uniform<float>(1700, 4, 1), Y = problems::uniform<float>(1700, 4, 2);
  SECTION("fixed shapes") {
    using Net =
        Network<float, Dense<4, 32, Tanh>, Dropout<32>, Dense<32, 16, GELU>, LayerNorm<16>, Dense<16, 4>>;
    check_same_bits(Net(), X, Y, MeanSquaredError{}, Adam{}, full_batch);
    check_same_bits(Net(), X, Y, MeanSquaredError{}, GradientDescent{.learning_rate = 0.1}, 700);
  }
  SECTION("run-time extents") {
    const auto net =
        make_network<float>(Dense<Dynamic, Dynamic, Tanh>(4, 31), Dense<Dynamic, Dynamic>(31, 4));
    check_same_bits(net, X, Y, MeanSquaredError{}, Adam{}, 700);
  }
  SECTION("run-time depth") {
    const auto net = DynamicNetwork<float>(4).dense(32, "tanh").dropout(0.2).layer_norm().dense(4);
    check_same_bits(net, X, Y, MeanSquaredError{}, Adam{}, 700);
    check_same_bits(net, X, Y, MeanSquaredError{}, GradientDescent{.learning_rate = 0.1}, full_batch);
  }
}

TEST_CASE("small networks with weights and classes", "[threads]") {
  const problems::Triangle<double> data(1500);
  std::vector<double> weights;
  for (int i = 0; i < 1500; ++i) weights.push_back(0.1 * (i % 5));
  const auto Y = weighted(data.labels, weights);
  check_same_bits(Network<double, Dense<2, 20, SiLU>, Dense<20, 3>>(), data.X, Y,
                  SoftmaxCrossEntropy{.class_weights = {1, 2, 3}}, Adam{}, full_batch);
}

TEST_CASE("small networks that need the whole batch: threads share the products of it", "[threads]") {
  const auto X = problems::uniform<double>(900, 5, 1), Y = problems::uniform<double>(900, 2, 2);
  const auto net = DynamicNetwork<double>(5).dense(60, "relu").batch_norm().dense(61, "tanh").dense(2);
  check_same_bits(net, X, Y, MeanSquaredError{}, Adam{}, full_batch);
  check_same_bits(net, X, Y, MeanSquaredError{}, GradientDescent{.learning_rate = 0.1}, 450);
}

TEST_CASE("large networks: threads share the products of a tile", "[threads]") {
  // A batch, and one that is not full: more would only take longer, which it does without optimisation.
  const auto X = problems::uniform<float>(130, 300, 1), Y = problems::uniform<float>(130, 5, 2);
  SECTION("fixed shapes") {
    using Net = Network<float, Dense<300, 311, ReLU>, Dropout<311>, LayerNorm<311>, Dense<311, 5>>;
    check_same_bits(Net(), X, Y, MeanSquaredError{}, Adam{}, 100);
  }
  SECTION("run-time extents") {
    const auto net =
        make_network<float>(Dense<Dynamic, Dynamic, Tanh>(300, 290), Dense<Dynamic, Dynamic>(290, 5));
    check_same_bits(net, X, Y, MeanSquaredError{}, Adam{}, 100);
  }
  SECTION("run-time depth, batch normalisation") {
    const auto net = DynamicNetwork<float>(300).dense(311, "relu").batch_norm().dense(290, "tanh").dense(5);
    check_same_bits(net, X, Y, MeanSquaredError{}, Adam{}, 100);
    check_same_bits(net, X, Y, MeanSquaredError{}, GradientDescent{.learning_rate = 0.01}, full_batch);
  }
}

// More than a million weights for each of two threads, below which one works alone.
TEST_CASE("large networks: threads share the products of a single sample", "[threads]") {
  const auto X = problems::uniform<float>(2, 1500, 1), Y = problems::uniform<float>(2, 5, 2);
  const auto net =
      make_network<float>(Dense<Dynamic, Dynamic, Tanh>(1500, 1399), Dense<Dynamic, Dynamic>(1399, 5));
  check_same_bits(net, X, Y, MeanSquaredError{}, Adam{}, 1);
}

namespace {

/// Hands its input on, and has many parameters without an effect, whose derivatives are 1. Every thread adds its share of
/// them from the last to the first, so that it comes late to where the first thread begins.
struct Counted {
  static constexpr std::string_view name = "Counted";
  static constexpr Index Inputs = Dynamic, Outputs = Dynamic, parameters = 400000;
  using InTeam = Counted;

  Index n;

  Index inputs() const { return n; }
  Index outputs() const { return n; }
  static constexpr Index parameter_count(Index, Index) { return parameters; }
  static constexpr Index cache_size(Index, Index, Index) { return 0; }

  void forward(const auto& /*theta*/, const auto& A0, auto& A, auto& /*cache*/, const Pass& pass) const {
    if (pass.team.first()) A = A0;
  }
  void backward(const auto& /*theta*/, const auto& /*A0*/, auto& /*A*/, auto& /*cache*/, auto& dA,
                auto& dtheta, auto* dA0, const Pass& pass) const {
    if (dA0 && pass.team.first()) *dA0 = dA;
    const detail::Share mine(dtheta.size(), 1, pass.team);
    for (Index i = mine.end; i-- > mine.begin;) dtheta[i] += 1;
  }
};

}  // namespace

TEST_CASE("a layer in a team adds to a gradient that is zero already", "[threads]") {
  const auto X = problems::uniform<float>(64, 20, 1), Y = problems::uniform<float>(64, 10, 2);
  auto net = make_network<float>(Dense<Dynamic, Dynamic, Tanh>(20, 10), Counted{10});
  auto workspace = net.workspace();
  workspace.threads = 4;
  for (int repetition = 0; repetition < 3; ++repetition) {
    net.loss_and_gradient(X, Y, MeanSquaredError{}, workspace);
    CHECK((workspace.gradient.tail(Counted::parameters).array() == 1).all());
    net.parameters().setZero();
    train_step(net, X, Y, MeanSquaredError{}, GradientDescent{.learning_rate = 0.25}, workspace);
    CHECK((net.parameters().tail(Counted::parameters).array() == -0.25F).all());
  }
}

TEST_CASE("an exception of a layer in a thread reaches the caller", "[threads]") {
  check_exceptions<false>(4, 16, 3000);
  check_exceptions<true>(4, 16, 3000);
  check_exceptions<false>(300, 311, 200);
  check_exceptions<true>(300, 311, 200);
}

TEST_CASE("an exception of a loss in a thread reaches the caller", "[threads]") {
  const auto check = [](auto net, Index m) {
    const auto X = problems::uniform<double>(m, net.inputs(), 1), Y = problems::uniform<double>(m, 1, 2);
    auto workspace = net.workspace();
    workspace.threads = 4;
    CHECK_THROWS_WITH(net.loss(X, Y, Refuses{}, workspace), "from within");
    CHECK_THROWS_WITH(net.loss_and_gradient(X, Y, Refuses{}, workspace), "from within");
  };
  check(DynamicNetwork<double>(2).dense(3).dense(1), 5000);
  check(DynamicNetwork<double>(300).dense(200).dense(1), 100);
}

TEST_CASE("a negative number of threads is refused", "[threads]") {
  Network<double, Dense<2, 1>> net;
  const problems::Surface<> data(10);
  FitOptions options = problems::quiet(1);
  options.threads = -1;
  CHECK_THROWS_MATCHES(fit(net, data.X, data.Y, MeanSquaredError{}, GradientDescent{}, options), OptionError,
                       Catch::Matchers::Message("threads: expected at least 1, or 0 for all, got -1"));
}
