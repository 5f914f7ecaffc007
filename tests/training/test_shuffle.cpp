// The order in which fit shows the samples.

#include <algorithm>
#include <set>
#include <vector>

#include "lamina/layers.hpp"
#include "lamina/losses.hpp"
#include "lamina/optimizers/gradient_descent.hpp"
#include "support/catch.hpp"
#include "training/quiet.hpp"

namespace test_shuffle {

namespace {

using namespace lamina;
using Order = std::vector<int>;

/// A loss that notes the targets it is shown. Sample i has the target i.
struct Noting {
  std::vector<Order>* batches;

  template <class DA, class DY>
  typename DA::Scalar value(const DA&, const DY& Y) const {
    Order& batch = batches->emplace_back();
    for (Index i = 0; i < Y.rows(); ++i) batch.push_back(static_cast<int>(Y(i, 0)));
    return 0;
  }
  template <class DA, class DY, class DdA>
  void gradient(const DA&, const DY&, DdA& dA) const {
    dA.setZero();
  }
};

/// The samples of every batch of every epoch, for a network that takes each batch in one tile.
std::vector<Order> batches_of(Index m, FitOptions options) {
  Network<double, Dense<1, 1>> net;
  const Eigen::MatrixXd Y = Eigen::VectorXd::LinSpaced(m, 0, static_cast<double>(m - 1)), X = Y;
  std::vector<Order> batches;
  fit(net, X, Y, Noting{&batches}, GradientDescent{}, options);
  return batches;
}

/// Batches joined to epochs of m samples.
std::vector<Order> epochs_of(Index m, const FitOptions& options) {
  std::vector<Order> epochs;
  for (const Order& batch : batches_of(m, options)) {
    if (epochs.empty() || static_cast<Index>(epochs.back().size()) == m) epochs.emplace_back();
    epochs.back().insert(epochs.back().end(), batch.begin(), batch.end());
  }
  return epochs;
}

Order in_order(Index m) {
  Order order;
  for (int i = 0; i < static_cast<int>(m); ++i) order.push_back(i);
  return order;
}

}  // namespace

TEST_CASE("every epoch shows every sample once, in an order of its own", "[fit][shuffle]") {
  constexpr Index m = 23, epochs = 6;
  for (const Index batch_size : {1, 2, 5, 22}) {
    const auto orders = epochs_of(m, problems::quiet(epochs, batch_size, 3));
    REQUIRE(orders.size() == epochs);
    for (Order order : orders) {
      std::sort(order.begin(), order.end());
      CHECK(order == in_order(m));
    }
    CHECK(std::set<Order>(orders.begin(), orders.end()).size() == epochs);
    CHECK(orders.front() != in_order(m));
  }
}

TEST_CASE("the order is that of the seed, whatever the batch size", "[fit][shuffle]") {
  CHECK(epochs_of(23, problems::quiet(3, 4, 1)) == epochs_of(23, problems::quiet(3, 4, 1)));
  CHECK(epochs_of(23, problems::quiet(3, 4, 1)) == epochs_of(23, problems::quiet(3, 7, 1)));
  CHECK(epochs_of(23, problems::quiet(3, 4, 1)) != epochs_of(23, problems::quiet(3, 4, 2)));
}

TEST_CASE("without shuffling the samples come as they are", "[fit][shuffle]") {
  FitOptions options = problems::quiet(2, 4);
  options.shuffle = false;
  CHECK(batches_of(10, options) ==
        std::vector<Order>{{0, 1, 2, 3}, {4, 5, 6, 7}, {8, 9}, {0, 1, 2, 3}, {4, 5, 6, 7}, {8, 9}});
}

TEST_CASE("a shuffled batch pairs every row of X with its target and its weight", "[fit][shuffle]") {
  // One weight, y = 2x: only pairs that belong together give a loss of zero, and only their weight counts.
  constexpr Index m = 40;
  Network<double, Dense<1, 1, Identity, false>> net;
  net.parameters()(0) = 2;
  Eigen::MatrixXd X = Eigen::VectorXd::LinSpaced(m, 1, m), Y = 2 * X;
  Eigen::VectorXd weights = Eigen::VectorXd::Ones(m);
  Y(17, 0) = 1000;  // belongs to a sample that does not count
  weights(17) = 0;
  const History history =
      fit(net, X, weighted(Y, weights), MeanSquaredError{}, GradientDescent{}, problems::quiet(5, 7));
  for (const double loss : history.loss) CHECK(loss == 0);
  CHECK(net.parameters()(0) == 2);
}

}  // namespace test_shuffle
