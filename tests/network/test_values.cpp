// Networks are values: a copy has its own parameters and the same layers.

#include <utility>

#include "lamina/dynamic_network.hpp"
#include "support/catch.hpp"
#include "training/problems.hpp"

namespace {

using namespace lamina;

using Fixed =
    Network<double, Normalization<2>, Dense<2, 3, LeakyReLU>, BatchNorm<3>, Dropout<3>, Dense<3, 1>>;

Fixed fixed() {
  Fixed net(Normalization<2>(Eigen::Vector2d(1, 2), Eigen::Vector2d(3, 4), Eigen::Vector2d(5, 6)),
            Dense<2, 3, LeakyReLU>(LeakyReLU{.slope = 0.3}), BatchNorm<3>(0.2, 1e-3), Dropout<3>(0.25), {});
  net.initialize(1);
  net.layer<2>().set_running_statistics(Eigen::Vector3d(1, 2, 3), Eigen::Vector3d(4, 5, 6));
  return net;
}

DynamicNetwork<double> dynamic() {
  auto net =
      DynamicNetwork<double>(2).dense(3, LeakyReLU{.slope = 0.3}).batch_norm(0.2).dropout(0.25).dense(1);
  net.initialize(1);
  std::get<BatchNorm<Dynamic>>(net.layer(1))
      .set_running_statistics(Eigen::Vector3d(1, 2, 3), Eigen::Vector3d(4, 5, 6));
  return net;
}

template <class Net>
bool same(const Net& a, const Net& b) {
  const Eigen::MatrixXd X = problems::uniform(9, 2, 3);
  return a.parameter_count() == b.parameter_count() && a.parameters() == b.parameters() &&
         a.predict(X) == b.predict(X);
}

/// A copy, an assignment and a move must be `original`, and none may share memory with another.
template <class Net>
void check_value(const Net& original, const Net& other) {
  REQUIRE_FALSE(same(original, other));

  Net copy = original;
  CHECK(same(copy, original));
  copy.parameters().array() += 1;
  CHECK_FALSE(same(copy, original));

  Net assigned = other;
  assigned = original;
  CHECK(same(assigned, original));
  assigned.parameters().array() += 1;
  CHECK_FALSE(same(assigned, original));

  Net source = original;
  Net moved = std::move(source);
  CHECK(same(moved, original));
  Net target = other;
  target = std::move(moved);
  CHECK(same(target, original));

  Net& self = target;
  target = self;
  CHECK(same(target, original));
  std::swap(target, assigned);
  CHECK(same(assigned, original));
}

}  // namespace

TEST_CASE("a network of fixed shapes is a value", "[network][value]") {
  Fixed other;
  other.initialize(2);
  check_value(fixed(), other);
}

TEST_CASE("a network of run-time extents is a value, whatever the extents", "[network][value]") {
  const auto make = [](Index hidden) {
    auto net = make_network<double>(Dense<Dynamic, Dynamic, Tanh>(2, hidden), Dense<Dynamic, 1>(hidden, 1));
    net.initialize(1);
    return net;
  };
  check_value(make(5), make(3));
}

TEST_CASE("a network of run-time depth is a value, whatever the depth", "[network][value]") {
  check_value(dynamic(), DynamicNetwork<double>(2).dense(1));
}

TEST_CASE("copies keep the options of their layers", "[network][value]") {
  const Fixed copy = fixed();
  CHECK(copy.layer<0>().center()(1) == 2);
  CHECK(copy.layer<0>().scale()(1) == 4);
  CHECK(copy.layer<1>().activation().slope == 0.3);
  CHECK(copy.layer<2>().momentum() == 0.2);
  CHECK(copy.layer<2>().epsilon() == 1e-3);
  CHECK(copy.layer<2>().running_mean()(2) == 3);
  CHECK(copy.layer<3>().rate() == 0.25);

  const DynamicNetwork<double> net = dynamic();
  CHECK(std::get<BatchNorm<Dynamic>>(net.layer(1)).momentum() == 0.2);
  CHECK(std::get<BatchNorm<Dynamic>>(net.layer(1)).running_variance()(0) == 4);
  CHECK(std::get<Dropout<Dynamic>>(net.layer(2)).rate() == 0.25);
}

TEST_CASE("initialize keeps options, and resets running statistics", "[network][value]") {
  Fixed net = fixed();
  net.initialize(3);
  CHECK(net.layer<0>().offset()(0) == 5);
  CHECK(net.layer<1>().activation().slope == 0.3);
  CHECK(net.layer<2>().momentum() == 0.2);
  CHECK(net.layer<2>().running_mean()(2) == 0);
  CHECK(net.layer<3>().rate() == 0.25);
}
