// Where in θ everything is.

#include <vector>

#include "lamina/dynamic_network.hpp"
#include "lamina/layers.hpp"
#include "support/catch.hpp"

using namespace lamina;

namespace {

/// A ← a·A0 with a parameter that it does not declare, or declares wrongly.
template <int Declared>
struct Scale {
  static constexpr Index Inputs = 3, Outputs = 3;
  static constexpr std::string_view name = "Scale";
  static Index inputs() { return 3; }
  static Index outputs() { return 3; }
  static constexpr Index parameter_count(Index, Index) { return 2; }
  static constexpr Index cache_size(Index, Index, Index) { return 0; }
  static void parameter_parts(auto&& part) requires(Declared > 0) {
    part(ParameterKind::bias, Declared, Declared);
  }
};

using Ranges = std::vector<ParameterRange>;
constexpr auto weights = ParameterKind::weights, bias = ParameterKind::bias, scale = ParameterKind::scale,
               shift = ParameterKind::shift;

}  // namespace

TEST_CASE("the parameter ranges of a network", "[network]") {
  const Network<float, Dense<3, 4, Tanh>, BatchNorm<4>, Dropout<4>, Dense<4, 3, Tanh, false>, LayerNorm<3>,
                Scale<0>>
      net;
  const Ranges all = {{0, 12, 3, weights, 0}, {12, 4, 4, bias, 0},     {16, 4, 4, scale, 1},
                      {20, 4, 4, shift, 1},   {24, 12, 4, weights, 3}, {36, 3, 3, scale, 4},
                      {39, 3, 3, shift, 4},   {42, 2, 2, weights, 5}};
  CHECK(net.parameter_ranges() == all);
  CHECK(net.parameter_count() == 44);
  CHECK(net.parameter_ranges(weights) == Ranges{all[0], all[4], all[7]});
  CHECK(net.parameter_ranges(bias) == Ranges{all[1]});
  CHECK(net.parameter_ranges(shift, scale) == Ranges{all[2], all[3], all[5], all[6]});

  // They are where weights<l>() and bias<l>() are.
  CHECK(net.weights<3>().data() == net.parameters().data() + all[4].first);
  CHECK(net.weights<3>().rows() == all[4].rows);
  CHECK(net.bias<4>().data() == net.parameters().data() + all[6].first);
}

TEST_CASE("the parameter ranges of a network of run-time depth", "[network]") {
  const auto net = DynamicNetwork<double>(2).dense(3, "relu", false).layer_norm().softmax().dense(1);
  CHECK(net.parameter_ranges() == Ranges{{0, 6, 2, weights, 0},
                                         {6, 3, 3, scale, 1},
                                         {9, 3, 3, shift, 1},
                                         {12, 3, 3, weights, 3},
                                         {15, 1, 1, bias, 3}});
  CHECK(net.parameter_ranges(bias) == Ranges{{15, 1, 1, bias, 3}});
}

TEST_CASE("a layer that tells other parts than it has", "[network]") {
  const Network<float, Dense<2, 3>, Scale<3>> more;
  CHECK_THROWS_WITH(more.parameter_ranges(),
                    "layer 1 (Scale): its parts end 1 parameters beyond its parameter_count");
  const Network<float, Dense<2, 3>, Scale<1>> fewer;
  CHECK_THROWS_AS(fewer.parameter_ranges(), ShapeError);
}
