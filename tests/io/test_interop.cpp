// The Python recipes of docs/interop.md for weights, see support/recipes.hpp.

#include "lamina/io/weights_npz.hpp"
#include "support/recipes.hpp"

using namespace lamina;
using namespace recipes;

namespace {

// Some tens of roundings of terms of size 1 to 10.
constexpr double float_tolerance = 5e-5, double_tolerance = 1e-12;

DynamicNetwork<float> network(AnyActivation activation) {
  DynamicNetwork<float> net(4);
  net.dense(8, activation).batch_norm().dense(3).initialize(2);
  auto& norm = std::get<BatchNorm<Dynamic>>(net.layer(1));
  Eigen::RowVectorXd mean = Eigen::RowVectorXd::LinSpaced(8, -1, 1), variance = mean.array() + 2;
  norm.set_running_statistics(mean, variance);
  net.weights(1) *= 3;
  net.bias(1).setConstant(0.25f);
  return net;
}

using Sklearn = Network<double, Dense<4, 8, Tanh>, Dense<8, 3>>;

}  // namespace

TEST_CASE("recipe: from Lamina to PyTorch", "[interop]") {
  files::Folder folder;
  LAMINA_NEEDS_RECIPE(folder, "from Lamina to PyTorch");
  const auto net = network("leaky_relu");
  save(net, folder.path("model.safetensors"));
  const auto X = inputs(folder);
  run(folder, "from Lamina to PyTorch");
  check_outputs(folder, net, X, float_tolerance);
}

TEST_CASE("recipe: from PyTorch to Lamina", "[interop]") {
  files::Folder folder;
  LAMINA_NEEDS_RECIPE(folder, "from PyTorch to Lamina");
  const auto X = inputs(folder);
  run(folder, "from PyTorch to Lamina");
  auto net = network("leaky_relu");
  load(net, folder.path("model.safetensors"));
  check_outputs(folder, net, X, float_tolerance);
}

TEST_CASE("recipe: from Lamina to NumPy", "[interop]") {
  files::Folder folder;
  LAMINA_NEEDS_RECIPE(folder, "from Lamina to NumPy");
  const auto net = network("leaky_relu");
  save(net, folder.path("model.safetensors"));
  const auto X = inputs(folder);
  run(folder, "from Lamina to NumPy");
  check_outputs(folder, net, X, float_tolerance);
}

TEST_CASE("recipe: from scikit-learn to Lamina", "[interop]") {
  files::Folder folder;
  LAMINA_NEEDS_RECIPE(folder, "from scikit-learn to Lamina");
  const auto X = inputs(folder);
  run(folder, "from scikit-learn to Lamina");
  Sklearn net;
  load_weights_npz(net, folder.path("weights.npz"));
  check_outputs(folder, net, X.cast<double>().eval(), double_tolerance);
}

TEST_CASE("recipe: from Lamina to scikit-learn", "[interop]") {
  files::Folder folder;
  LAMINA_NEEDS_RECIPE(folder, "from Lamina to scikit-learn");
  const auto X = inputs(folder);
  Sklearn net;
  net.initialize(4);
  save_weights_npz(net, folder.path("weights.npz"), WeightNames::scikit_learn);
  run(folder, "from Lamina to scikit-learn");
  check_outputs(folder, net, X.cast<double>().eval(), double_tolerance);
}

TEST_CASE("recipe: from Keras to Lamina", "[interop]") {
  files::Folder folder;
  LAMINA_NEEDS_RECIPE(folder, "from Keras to Lamina");
  const auto X = inputs(folder);
  run(folder, "from Keras to Lamina");
  auto net = network("tanh");
  load_weights_npz(net, folder.path("weights.npz"));
  check_outputs(folder, net, X, float_tolerance);
}

TEST_CASE("recipe: from Lamina to Keras", "[interop]") {
  files::Folder folder;
  LAMINA_NEEDS_RECIPE(folder, "from Lamina to Keras");
  const auto X = inputs(folder);
  const auto net = network("tanh");
  save_weights_npz(net, folder.path("weights.npz"), WeightNames::keras);
  run(folder, "from Lamina to Keras");
  check_outputs(folder, net, X, float_tolerance);
}
