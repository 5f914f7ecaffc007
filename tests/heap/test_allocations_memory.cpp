// What a fit has in memory at a time: the parts that it needs, and never a copy of the data; from a source of batches,
// never more than one piece of it.

#include <algorithm>
#include <utility>
#include <vector>

#include "heap/count.hpp"
#include "lamina/dynamic_network.hpp"
#include "lamina/layers.hpp"
#include "lamina/losses.hpp"
#include "lamina/optimizers/adam.hpp"
#include "support/catch.hpp"
#include "training/problems.hpp"
#include "training/quiet.hpp"

#if defined(__GLIBC__)

namespace {

using namespace lamina;

using ColumnMajor = Eigen::MatrixXf;
using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr long MiB = 1 << 20;

/// What a fit has besides its parts and what is in proportion to them: the history, the state of callbacks, …
constexpr long small_things = 8192;

/// m×n numbers from −1 to 1 that look random, quickly.
template <class Matrix>
Matrix numbers(Index m, Index n) {
  Matrix X(m, n);
  std::uint32_t state = 1;
  for (Index i = 0; i < X.size(); ++i) {
    state = state * 1664525U + 1013904223U;  // Knuth, The art of computer programming, volume 2, 3.3.4
    X.data()[i] = static_cast<float>(state >> 8) * 0x1p-23F - 1;
  }
  return X;
}

long bytes(Index floats) { return static_cast<long>(floats) * static_cast<long>(sizeof(float)); }

/// A fit on X has at most 1.1 × (θ + gradient + Adam's two arrays + workspace) and the order of the samples.
template <class Net, class DX>
void check_fit(Net net, const DX& X, Index batch_size, int threads, Index steps) {
  const Index m = X.rows();
  net.initialize(1);
  const Eigen::VectorXf Y = X.col(0).cwiseAbs2();

  // The workspace, gradient included: all that a step in it takes without an optimiser.
  const auto one_step = [&] {
    auto workspace = net.workspace();
    workspace.threads = threads;
    net.loss_and_gradient(X.topRows(batch_size), Y.head(batch_size), MeanSquaredError{}, workspace);
  };
  const long theta = bytes(net.parameter_count()), workspace = heap::peak(one_step), adam = 2 * theta,
             order = static_cast<long>(m) * 8;

  FitOptions options = problems::quiet(1, batch_size, 3);
  options.shuffle = true;
  options.threads = threads;
  Index steps_taken = 0;
  const long peak = heap::peak([&] {
    fit(net, X, Y, MeanSquaredError{}, Adam{}, options,
        [&](const FitState& state) { steps_taken = state.batch + 1; });
  });
  CHECK(steps_taken == steps);

  const long of_x = bytes(X.size());
  CAPTURE(m, X.cols(), batch_size, threads, theta, workspace, adam, order, of_x, peak);
  // θ itself was there before: so it is not a part of this peak.
  CHECK(static_cast<double>(peak) <=
        1.1 * static_cast<double>(workspace + adam) + static_cast<double>(order) + small_things);
  CHECK(peak >= order + adam);  // the counter sees what must be there
  CHECK(peak < of_x / 4);
}

template <class Matrix>
void check_orders_of_magnitude() {
  SECTION("many samples, small network") {
    const Matrix X = numbers<Matrix>(MiB, 16);
    REQUIRE(bytes(X.size()) == 64 * MiB);
    for (const int threads : {1, 2})
      check_fit(Network<float, Dense<16, 8, Tanh>, Dense<8, 1>>(), X, 16384, threads, 64);
  }
  SECTION("long samples, large network") {
    const Matrix X = numbers<Matrix>(4096, 4096);
    REQUIRE(bytes(X.size()) == 64 * MiB);
    for (const int threads : {1, 2})
      check_fit(DynamicNetwork<float>(4096).dense(16, "tanh").dense(1), X, 256, threads, 16);
  }
  SECTION("a part of a matrix") {
    const Matrix all = numbers<Matrix>(MiB / 2, 36);
    check_fit(Network<float, Dense<32, 4, Tanh>, Dense<4, 1>>(), all.middleCols(3, 32), 16384, 2, 32);
  }
}

}  // namespace

TEST_CASE("the counter of bytes counts", "[heap]") {
  CHECK(heap::peak([] {}) == 0);
  const long peak = heap::peak([] {
    {
      const std::vector<char> first(10 * MiB);
      heap::seen(first.data());
    }
    const std::vector<char> second(4 * MiB), third(4 * MiB);
    heap::seen(second.data());
    heap::seen(third.data());
  });
  CHECK(peak >= 10 * MiB);
  CHECK(peak < 11 * MiB);
  const long before = heap::live;
  const long grown = heap::peak([] {
    void* volatile p = std::malloc(1000);
    p = std::realloc(p, 3 * MiB);
    std::free(p);
    const Eigen::MatrixXf X = Eigen::MatrixXf::Zero(1000, 1000);
    heap::seen(X.data());
  });
  CHECK(grown >= 4000000);
  CHECK(grown < 4100000);
  CHECK(heap::live == before);
}

TEST_CASE("a fit has no copy of X, column-major", "[heap]") { check_orders_of_magnitude<ColumnMajor>(); }
TEST_CASE("a fit has no copy of X, row-major", "[heap]") { check_orders_of_magnitude<RowMajor>(); }

TEST_CASE("a copy of X would be seen: an expression without memory is evaluated, once", "[heap]") {
  const ColumnMajor X = numbers<ColumnMajor>(65536, 16);
  const Eigen::VectorXf Y = X.col(0);
  Network<float, Dense<16, 1>> net;
  const FitOptions options = problems::quiet(2, 4096);
  const auto with = [&](const auto& inputs) {
    return heap::peak([&] { fit(net, inputs, Y, MeanSquaredError{}, Adam{}, options); });
  };
  const long of_x = bytes(X.size()), referred_to = with(X), evaluated = with(0.5F * X);
  CHECK(referred_to < of_x / 4);
  CHECK(evaluated - referred_to >= of_x);
  CHECK(evaluated - referred_to < of_x + of_x / 4);
}

TEST_CASE("a source of two million samples takes as much memory as one of a few thousand", "[heap]") {
  constexpr Index piece = 8192, inputs = 28;
  const RowMajor X = numbers<RowMajor>(piece, inputs);
  const auto streamed = [&](Index pieces, int threads) {
    DynamicNetwork<float> net(inputs);
    net.dense(8, "tanh").dense(1);
    net.initialize(1);
    Index given = 0;
    const auto source = [&](Index, Index index, SourceBatch<float>& to) {
      if (index == pieces) return false;
      to.X = X;
      to.X(0, 0) = static_cast<float>(index % 7);  // not the same piece all the time
      to.Y = X.leftCols(1).cwiseAbs2();
      given += to.X.rows();
      return true;
    };
    FitOptions options = problems::quiet(1, 256, 3);
    options.threads = threads;
    Index seen = 0;
    const long peak = heap::peak([&] {
      fit(net, source, MeanSquaredError{}, Adam{}, options,
          [&](const FitState& state) { seen = state.samples; });
    });
    CHECK(given == pieces * piece);
    CHECK(seen == given);
    CHECK(net.parameters().allFinite());
    return peak;
  };
  for (const auto& [threads, pieces] : {std::pair(1, Index{245}), std::pair(2, Index{25})}) {
    const long few = streamed(2, threads), many = streamed(pieces, threads);  // 245: 2,007,040 samples
    CAPTURE(threads, few, many);
    CHECK(many <= few);
    // A piece, its targets and its order, and for the small network less than a quarter of that.
    CHECK(many < (bytes(piece * (inputs + 1)) + piece * 8) * 5 / 4);
  }
}

#else

TEST_CASE("bytes are counted with glibc only", "[heap]") {
  LAMINA_SKIP("not glibc: the bytes that a fit has at a time are not counted");
}

#endif
