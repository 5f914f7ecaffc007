// The ways to write a network down.

#include <type_traits>

#include "lamina/lamina.hpp"
#include "support/catch.hpp"
#include "training/problems.hpp"

using namespace lamina;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("layers alone make a network of floats", "[network][construction]") {
  const Index hidden = 7;
  Network net(Dense<Dynamic, Dynamic, ReLU>(4, hidden), Dense<Dynamic, Dynamic>(hidden, 3));
  STATIC_REQUIRE(std::is_same_v<decltype(net)::Scalar, float>);
  CHECK(net.inputs() == 4);
  CHECK(net.outputs() == 3);
  CHECK(net.parameter_count() == 4 * 7 + 7 + 7 * 3 + 3);
  net.initialize(1);
  CHECK(net.predict(Eigen::MatrixXf::Random(5, 4)).rows() == 5);
}

TEST_CASE("make_network names the scalar", "[network][construction]") {
  auto net = make_network<double>(Dense<Dynamic, Dynamic, ReLU>(4, 7), Dense<Dynamic, 3>(7, 3));
  STATIC_REQUIRE(std::is_same_v<decltype(net)::Scalar, double>);
  STATIC_REQUIRE(decltype(net)::Inputs == Dynamic);
  STATIC_REQUIRE(decltype(net)::Outputs == 3);
  STATIC_REQUIRE(std::is_same_v<decltype(make_network<long double>(Dense<1, 1>()))::Scalar, long double>);
}

TEST_CASE("a single layer, not copied", "[network][construction]") {
  Network net(Dense<2, 3>{});
  CHECK(net.size() == 1);
  Network copy = net;
  STATIC_REQUIRE(std::is_same_v<decltype(copy), decltype(net)>);
}

TEST_CASE("a run-time chain that does not fit is rejected with its numbers", "[network][construction]") {
  const auto make = [](Index gives, Index takes) {
    return make_network<double>(Dense<Dynamic, Dynamic>(4, gives), Dense<Dynamic, 2>(takes, 2));
  };
  CHECK_NOTHROW(make(5, 5));
  CHECK_THROWS_AS(make(5, 6), ShapeError);
  CHECK_THROWS_WITH(make(5, 6), ContainsSubstring("layer 1 (Dense)") &&
                                    ContainsSubstring("expected 5 inputs") &&
                                    ContainsSubstring("layer 0 (Dense)") && ContainsSubstring("got 6"));
}

TEST_CASE("extents that cannot be", "[network][construction]") {
  CHECK_THROWS_AS((Dense<Dynamic, Dynamic>(0, 3)), ShapeError);
  CHECK_THROWS_AS((Dense<Dynamic, Dynamic>(3, -1)), ShapeError);
  CHECK_THROWS_WITH((Dense<Dynamic, Dynamic>(3, -2)), ContainsSubstring("at least 1, got -2"));
  CHECK_THROWS_AS((Dense<Dynamic, 4>(3, 5)), ShapeError);
  CHECK_THROWS_WITH((Dense<Dynamic, 4>(3, 5)), ContainsSubstring("expected 4") && ContainsSubstring("got 5"));
}

TEST_CASE("options of an activation are checked by the layer that gets it", "[network][construction]") {
  const double not_a_number = std::nan("");
  CHECK_THROWS_AS((Dense<2, 2, LeakyReLU>(LeakyReLU{.slope = not_a_number})), OptionError);
  CHECK_THROWS_AS((Dense<Dynamic, Dynamic, ELU>(2, 2, ELU{.alpha = not_a_number})), OptionError);
  CHECK_THROWS_AS((Activate<2, LeakyReLU>(LeakyReLU{.slope = not_a_number})), OptionError);
  CHECK_THROWS_AS((Activate<Dynamic, LeakyReLU>(2, LeakyReLU{.slope = not_a_number})), OptionError);
  CHECK_NOTHROW((Dense<2, 2, LeakyReLU>(LeakyReLU{.slope = 0.5})));
}

// The programs of the design document, as they stand there.

TEST_CASE("the two layers of the text", "[network][construction]") {
  const Eigen::MatrixXd X = problems::uniform(10, 3, 1), Y = problems::uniform(10, 1, 2);
  Network<double, Dense<3, 4, Sigmoid, false>, Dense<4, 1, Sigmoid, false>> net;
  net.initialize(7);
  auto workspace = net.workspace();
  double F = net.loss_and_gradient(X, Y, MeanSquaredError{}, workspace);
  Eigen::MatrixXd W1 = net.weights<0>();
  GradientDescent descent{.learning_rate = 0.5};
  descent.step(net.parameters(), workspace.gradient);
  CHECK(F > net.loss(X, Y, MeanSquaredError{}));
  CHECK(W1 != net.weights<0>());
}

TEST_CASE("training and prediction", "[network][construction]") {
  const Eigen::MatrixXf X = problems::uniform<float>(100, 1, 1), Y = X.array().square().matrix();
  Network<float, Dense<1, 16, Tanh>, Dense<16, 1>> net;
  net.initialize(1);
  auto history = fit(net, X, Y, MeanSquaredError{}, GradientDescent{.learning_rate = 1e-2},
                     FitOptions{.epochs = 5, .batch_size = 50, .progress = Progress::never});
  Eigen::MatrixXf prediction = net.predict(X);
  CHECK(history.epochs() == 5);
  CHECK(prediction.rows() == 100);
}

TEST_CASE("run-time depth", "[network][construction]") {
  const Index hidden = 5;
  auto net = DynamicNetwork<float>(4).dense(hidden, "relu").dense(3);
  STATIC_REQUIRE(std::is_same_v<decltype(net), DynamicNetwork<float>>);
  CHECK(net.size() == 2);
}
