// Activate: an activation as a layer of its own; and the extents of layers.

#include "lamina/activations.hpp"
#include "lamina/losses/mean_squared_error.hpp"
#include "layers/support.hpp"
#include "support/catch.hpp"
#include "training/problems.hpp"

using namespace lamina;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("a linear layer and an activation are a layer with that activation", "[activate]") {
  const Eigen::MatrixXd X = problems::uniform(70, 3, 1), Y = problems::uniform(70, 2, 2);
  const auto agree = [&]<class G>(G) {
    Network<double, Dense<3, 4, G>, Dense<4, 2>> together;
    Network<double, Dense<3, 4>, Activate<4, G>, Dense<4, 2>> apart;
    together.initialize(1);
    apart.parameters() = together.parameters();
    auto a = together.workspace();
    auto b = apart.workspace();
    CHECK(together.predict(X) == apart.predict(X));
    CHECK(together.loss_and_gradient(X, Y, MeanSquaredError{}, a) ==
          apart.loss_and_gradient(X, Y, MeanSquaredError{}, b));
    CHECK(a.gradient == b.gradient);
    CHECK(together.input_gradient(X, Y, MeanSquaredError{}, a) ==
          apart.input_gradient(X, Y, MeanSquaredError{}, b));
  };
  agree(Tanh{});  // derivative from A alone
  agree(SiLU{});  // derivative from Z
  agree(Identity{});
}

TEST_CASE("the options of its activation are kept", "[activate]") {
  const Activate<2, LeakyReLU> fixed(LeakyReLU{.slope = 0.5});
  const Activate<Dynamic, LeakyReLU> run_time(2, LeakyReLU{.slope = 0.5});
  CHECK(fixed.activation().slope == 0.5);
  const Eigen::MatrixXd X = Eigen::RowVector2d(-2, 2);
  CHECK(layer_tests::forward(fixed, X, Pass{}) == Eigen::RowVector2d(-1, 2));
  CHECK(layer_tests::forward(run_time, X, Pass{}) == Eigen::RowVector2d(-1, 2));
}

TEST_CASE("an extent is positive, and that of the type", "[extent]") {
  CHECK(Extent<3>().value() == 3);
  CHECK(Extent<3>(3).value() == 3);
  CHECK_THROWS_AS(Extent<3>(4), ShapeError);
  CHECK_THROWS_WITH(Extent<3>(4), ContainsSubstring("expected 3") && ContainsSubstring("got 4"));
  CHECK(Extent<Dynamic>(5).value() == 5);
  CHECK_THROWS_AS(Extent<Dynamic>(0), ShapeError);
  CHECK_THROWS_WITH(Extent<Dynamic>(-7), ContainsSubstring("at least 1, got -7"));

  CHECK_THROWS_AS((Activate<3, Tanh>(4)), ShapeError);
  CHECK_THROWS_AS((Activate<Dynamic, Tanh>(0)), ShapeError);
  CHECK_THROWS_AS(Softmax<3>(4), ShapeError);
  CHECK_THROWS_AS(Dropout<3>(4, 0.5), ShapeError);
  CHECK_THROWS_AS(Normalization<3>(Index{4}), ShapeError);
  CHECK_THROWS_AS((Dense<3, 4>(3, 5)), ShapeError);
}

TEST_CASE("fixed extents take no room in a layer", "[extent]") {
  STATIC_REQUIRE(sizeof(Dense<3, 4, Tanh>) == 1);
  STATIC_REQUIRE(sizeof(Dropout<3>) == sizeof(double));
  STATIC_REQUIRE(sizeof(Dense<Dynamic, Dynamic, Tanh>) == 2 * sizeof(Index));
}
