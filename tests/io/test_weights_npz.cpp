// Parameters as scikit-learn and Keras have them.

#include "lamina/io/weights_npz.hpp"

#include "support/files.hpp"

using namespace lamina;
using Catch::Matchers::Message;

namespace {

Array numbers(std::vector<std::size_t> shape, std::vector<double> values) {
  return make_array<double>(std::move(shape), values);
}

template <class Net>
std::string message_of(Net& net, const std::map<std::string, Array>& arrays) {
  const auto before = net.parameters();
  try {
    load_weight_arrays(net, arrays, "a.npz");
  } catch (const FormatError& error) {
    CHECK(net.parameters() == before);
    return error.what();
  }
  return "loaded";
}

}  // namespace

TEST_CASE("scikit-learn's coefs_ and intercepts_ are W and b", "[npz]") {
  Network<double, Dense<2, 3, Tanh>, Dense<3, 1>> net;
  load_weight_arrays(net, {{"coef_0", numbers({2, 3}, {1, 2, 3, 4, 5, 6})},
                           {"intercept_0", numbers({3}, {7, 8, 9})},
                           {"coef_1", numbers({3, 1}, {10, 11, 12})},
                           {"intercept_1", numbers({1}, {13})}});
  Eigen::Matrix<double, 2, 3> W;
  W << 1, 2, 3,  //
      4, 5, 6;
  CHECK(net.weights<0>() == W);
  CHECK(net.bias<0>() == Eigen::RowVector3d(7, 8, 9));
  CHECK(net.weights<1>() == Eigen::Vector3d(10, 11, 12));
  CHECK(net.bias<1>()(0) == 13);

  const auto back = weight_arrays(net, WeightNames::scikit_learn);
  CHECK(back.size() == 4);
  CHECK(back.at("coef_0").shape == std::vector<std::size_t>{2, 3});
  CHECK(back.at("coef_0").values<double>() == std::vector<double>{1, 2, 3, 4, 5, 6});
  CHECK(back.at("intercept_1").values<double>() == std::vector<double>{13});
}

TEST_CASE("arrays whose bytes are not those of their shapes are refused", "[npz]") {
  Network<double, Dense<2, 3>> net;
  const auto before = net.parameters();
  for (const std::size_t bytes : std::vector<std::size_t>{0, 8, 47, 56}) {
    Array kernel{ElementType::f64, {2, 3}, std::vector<std::byte>(bytes)};
    CHECK_THROWS_AS(load_weight_arrays(net, {{"arr_0", kernel}, {"arr_1", numbers({3}, {1, 2, 3})}}),
                    ShapeError);
  }
  CHECK(net.parameters() == before);
}

TEST_CASE("Keras's get_weights() come layer by layer", "[npz]") {
  const std::map<std::string, Array> arrays{
      {"arr_0", numbers({2, 3}, {1, 2, 3, 4, 5, 6})},  // kernel, without a bias
      {"arr_1", numbers({3}, {7, 8, 9})},              // gamma
      {"arr_2", numbers({3}, {10, 11, 12})},           // beta
      {"arr_3", numbers({3}, {13, 14, 15})},           // moving_mean
      {"arr_4", numbers({3}, {16, 17, 18})},           // moving_variance
      {"arr_5", numbers({3}, {19, 20, 21})},           // gamma
      {"arr_6", numbers({3}, {22, 23, 24})},           // beta
      {"arr_7", numbers({3, 1}, {25, 26, 27})},
      {"arr_8", numbers({1}, {28})}};
  DynamicNetwork<float> net(2);
  net.dense(3, "relu", false).batch_norm(0.1, 1e-3).layer_norm().dropout(0.5).dense(1);
  load_weight_arrays(net, arrays);
  CHECK(net.weights(0)(0, 2) == 3);
  CHECK(net.weights(0)(1, 0) == 4);
  CHECK(net.weights(1)(0) == 7);
  CHECK(net.bias(1)(2) == 12);
  CHECK(std::get<BatchNorm<Dynamic>>(net.layer(1)).running_mean()(0) == 13);
  CHECK(std::get<BatchNorm<Dynamic>>(net.layer(1)).running_variance()(2) == 18);
  CHECK(std::get<BatchNorm<Dynamic>>(net.layer(1)).epsilon() == 1e-3);
  CHECK(net.bias(2)(1) == 23);
  CHECK(net.weights(4)(2) == 27);
  CHECK(net.bias(4)(0) == 28);

  const auto back = weight_arrays(net, WeightNames::keras);
  REQUIRE(back.size() == arrays.size());
  for (const auto& [name, array] : arrays) {
    CHECK(back.at(name).shape == array.shape);
    CHECK(back.at(name).values<double>() == array.values<double>());
  }
}

TEST_CASE("parameters that are not those of the layers are not written", "[npz]") {
  auto net = DynamicNetwork<double>(20).dense(20);
  for (const Index count : {1, 419, 421}) {
    net.parameters().resize(count);
    for (const WeightNames names : {WeightNames::keras, WeightNames::scikit_learn})
      CHECK_THROWS_MATCHES(
          weight_arrays(net, names), ShapeError,
          Message("parameters: expected 420 for the layers of the network, got " + std::to_string(count)));
  }
}

TEST_CASE("an .npz file of weights is written and read", "[npz]") {
  files::Folder folder;
  Network<float, Normalization<2>, Dense<2, 5, Sigmoid>, Dense<5, 4>> net(
      Normalization<2>(Eigen::RowVector2d(1, 2), Eigen::RowVector2d(3, 4), Eigen::RowVector2d(5, 6)), {}, {});
  net.initialize(3);
  for (const WeightNames names : {WeightNames::scikit_learn, WeightNames::keras}) {
    const std::string path = folder.path("w.npz");
    save_weights_npz(net, path, names);
    auto other = net;
    other.parameters().setConstant(1);
    load_weights_npz(other, path);
    CHECK(other.parameters() == net.parameters());
    // No parameters: they stay.
    CHECK(other.layer<0>().center()(1) == 2);
  }
  CHECK_THROWS_AS(load_weights_npz(net, folder.path("none.npz")), FileError);
  files::create(folder.path("bad.npz"), "no archive");
  CHECK_THROWS_AS(load_weights_npz(net, folder.path("bad.npz")), FormatError);
}

TEST_CASE("arrays that do not fit are all named, and the network stays", "[npz]") {
  Network<float, Dense<2, 3, Tanh>, Dense<3, 1>> net;
  net.initialize(1);
  CHECK(message_of(net, {{"coef_0", numbers({3, 2}, {1, 2, 3, 4, 5, 6})},
                         {"intercept_0", make_array<int>({3}, std::vector<int>{1, 2, 3})},
                         {"coef_1", numbers({3, 1}, {1, 2, 3})},
                         {"coef_2", numbers({1}, {1})}}) ==
        "a.npz: does not fit the network: layer 0 (dense), array 'coef_0': expected 2\u00d73, got 3\u00d72; "
        "layer 0 (dense), array 'intercept_0': expected f2, f4 or f8, got I32; "
        "layer 1 (dense), array 'intercept_1': expected 1, got no such array; "
        "array 'coef_2': expected no such array, got 1");
  const std::map<std::string, Array> good{{"coef_0", numbers({2, 3}, {1, 2, 3, 4, 5, 6})},
                                          {"intercept_0", numbers({3}, {1, 2, 3})},
                                          {"coef_1", numbers({3, 1}, {1, 2, 3})},
                                          {"intercept_1", numbers({1}, {1})}};
  auto bad = good;
  bad["coef_0"] = numbers({2, 3}, {1, 2, 3, 4, std::nan(""), 6});
  CHECK(message_of(net, bad) ==
        "a.npz, layer 0, array 'coef_0', element [1, 1]: expected a finite number of the network's scalar, "
        "got nan");
  CHECK(message_of(net, good) == "loaded");

  DynamicNetwork<float> statistics(1);
  statistics.batch_norm();
  auto arrays = weight_arrays(statistics, WeightNames::keras);
  arrays.at("arr_2") = make_array<double>({1}, std::vector<double>{1e60});            // moving_mean
  CHECK_THROWS_MATCHES(load_weight_arrays(statistics, arrays, "a.npz"), FormatError,  // infinite as a float
                       Message("a.npz, layer 0, array 'arr_2', element [0]: expected a finite number of the "
                               "network's scalar, got 1e+60"));

  DynamicNetwork<float> norm(2);
  norm.batch_norm();
  CHECK_THROWS_MATCHES(weight_arrays(norm, WeightNames::scikit_learn), OptionError,
                       Message("npz: expected dense layers, as scikit-learn has, got layer 0 (batch_norm)"));
  CHECK(message_of(norm, {{"arr_0", numbers({2}, {1, 1})},
                          {"arr_1", numbers({2}, {1, 1})},
                          {"arr_2", numbers({2}, {1, 1})},
                          {"arr_3", numbers({2}, {1, -1})}}) ==
        "a.npz, layer 0: BatchNorm: expected finite running means and variances \u2265 0, got 1 and -1 at "
        "column 1");
  CHECK_THROWS_AS(weight_arrays(make_network<long double>(Dense<1, 1>()), WeightNames::keras), OptionError);
}
