// The Python recipes of docs/interop.md for ONNX, see support/recipes.hpp.

#include "lamina/io/onnx.hpp"
#include "support/recipes.hpp"

using namespace lamina;
using namespace recipes;

// Some tens of roundings of terms of size 1 to 10.
constexpr double float_tolerance = 5e-5;

TEST_CASE("recipe: from Lamina to ONNX Runtime", "[interop]") {
  files::Folder folder;
  LAMINA_NEEDS_RECIPE(folder, "from Lamina to ONNX Runtime");
  DynamicNetwork<float> net(4);
  net.dense(8, "leaky_relu").batch_norm().dense(3).initialize(2);
  export_onnx(net, folder.path("model.onnx"));
  const auto X = inputs(folder);
  run(folder, "from Lamina to ONNX Runtime");
  check_outputs(folder, net, X, float_tolerance);
}

TEST_CASE("recipe: from PyTorch to Lamina by ONNX", "[interop]") {
  files::Folder folder;
  LAMINA_NEEDS_RECIPE(folder, "from PyTorch to Lamina by ONNX");
  const auto X = inputs(folder);
  run(folder, "from PyTorch to Lamina by ONNX");
  check_outputs(folder, import_onnx<float>(folder.path("model.onnx")).network, X, float_tolerance);
}

TEST_CASE("recipe: from scikit-learn to Lamina by ONNX", "[interop]") {
  files::Folder folder;
  LAMINA_NEEDS_RECIPE(folder, "from scikit-learn to Lamina by ONNX");
  const auto X = inputs(folder);
  run(folder, "from scikit-learn to Lamina by ONNX");
  check_outputs(folder, import_onnx<float>(folder.path("model.onnx")).network, X, float_tolerance);
}
