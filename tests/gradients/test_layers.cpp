// Backpropagation through every activation and every kind of layer, against finite differences.

#include "gradients/kinks.hpp"
#include "lamina/check_gradients.hpp"
#include "lamina/dynamic_network.hpp"
#include "lamina/losses/mean_squared_error.hpp"

namespace test_layers {

namespace {

using namespace gradients;
using lamina::DynamicNetwork;
using lamina::Mode;
using lamina::Normalization;

constexpr Index inputs = 3, width = 4, outputs = 2, rows = 5;

Normalization<Eigen::Dynamic> scaling() {
  return {Eigen::RowVector4d(0.5, -1, 0, 2), Eigen::RowVector4d(2, 0.5, -1, 1),
          Eigen::RowVector4d(0, 1, -1, 0.25)};
}

void check(const DynamicNetwork<double>& net, const MatrixXd& X) {
  lamina::Random random(99);
  MatrixXd Y(X.rows(), net.outputs());
  draw(Y, 1, random);
  for (const Mode mode : {Mode::training, Mode::evaluation}) {
    const auto result =
        lamina::check_gradients(net, X, Y, lamina::MeanSquaredError{}, {.mode = mode, .seed = 3});
    CAPTURE(mode == Mode::training, result.where, result.analytic, result.numeric, result.largest_error);
    CHECK(result.passed());
  }
}

}  // namespace

TEST_CASE("gradients: every activation in every kind of layer") {
  const auto list = activations();
  REQUIRE(list.size() == 19 + 4);
  for (const AnyActivation& g : list) {
    CAPTURE(g.name());
    const auto first = [&] { return DynamicNetwork<double>(inputs).dense(width, g); };

    std::vector<DynamicNetwork<double>> nets;
    nets.push_back(first().dense(outputs));
    nets.push_back(DynamicNetwork<double>(inputs).dense(width).activation(g).dense(outputs));
    nets.push_back(first().dropout(0.4).dense(outputs));
    nets.push_back(first().batch_norm().dense(outputs));
    nets.push_back(first().layer_norm().dense(outputs));
    nets.push_back(first().normalization(scaling()).dense(outputs));
    nets.push_back(first().softmax().dense(outputs));
    nets.push_back(first());  // as the last layer
    for (std::size_t i = 0; i < nets.size(); ++i) {
      CAPTURE(i);
      const MatrixXd X = draw_away_from_kinks(nets[i], g, rows);
      check(nets[i], X);
    }
  }
}

TEST_CASE("gradients: every activation behind another, and without a bias") {
  for (const AnyActivation& g : activations()) {
    CAPTURE(g.name());
    DynamicNetwork<double> net = DynamicNetwork<double>(inputs).dense(width, g).dense(outputs, g, false);
    for (std::uint64_t seed = 1;; ++seed) {
      REQUIRE(seed < 20000);
      lamina::Random random(seed);
      MatrixXd X(rows, inputs);
      draw(X, 4, random);
      draw(net.parameters(), 1, random);
      const MatrixXd Z1 = preactivation(net, 0, X);
      MatrixXd A1(rows, width);
      lamina::apply(g, Z1, A1);
      if (distance_to_kinks(g, Z1) < 0.03 || distance_to_kinks(g, A1 * net.weights(1)) < 0.03) continue;
      check(net, X);
      break;
    }
  }
}

TEST_CASE("gradients: every kind of layer in every place") {
  const auto add = [](DynamicNetwork<double>& net, int kind) {
    switch (kind) {
      case 0:
        net.dense(width, "tanh");
        break;
      case 1:
        net.dense(width, "gelu", false);
        break;
      case 2:
        net.activation("silu");
        break;
      case 3:
        net.dropout(0.3);
        break;
      case 4:
        net.batch_norm(0.2, 1e-3);
        break;
      case 5:
        net.layer_norm(1e-3);
        break;
      case 6:
        net.normalization(scaling());
        break;
      default:
        net.softmax();
        break;
    }
  };
  constexpr int kinds = 8;
  for (int a = 0; a < kinds; ++a)
    for (int b = 0; b < kinds; ++b) {
      CAPTURE(a, b);
      // a first and b last, with or without parameters below and above them
      DynamicNetwork<double> net(width);
      add(net, a);
      net.dense(width, "tanh");
      add(net, b);
      lamina::Random random(7);
      MatrixXd X(rows, width);
      draw(X, 2, random);
      draw(net.parameters(), 1, random);
      check(net, X);
    }
}

// Running statistics that are not 0 and 1, an epsilon that counts, and the batch of one row, which is defined.
TEST_CASE("gradients: batch normalisation") {
  DynamicNetwork<double> net =
      DynamicNetwork<double>(inputs).dense(width, "tanh").batch_norm(0.3, 0.05).dense(outputs, "tanh");
  lamina::Random random(1);
  draw(net.parameters(), 1, random);
  MatrixXd X(rows, inputs), Y(rows, outputs);
  draw(X, 2, random);
  draw(Y, 1, random);
  auto workspace = net.workspace();
  for (int pass = 0; pass < 5; ++pass) net.loss_and_gradient(X, Y, lamina::MeanSquaredError{}, workspace);
  check(net, X);
  check(net, X.topRows(2));
  check(net, X.topRows(1));
}

}  // namespace test_layers
