// The Python recipes of docs/interop.md, run where the packages they import are: LAMINA_PYTHON (python3) names the
// interpreter. A recipe whose packages are missing is skipped, and says so on stderr.

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <sstream>

#include "lamina/io/weights_npz.hpp"
#include "support/files.hpp"

using namespace lamina;

namespace {

namespace fs = std::filesystem;

std::string python() {
  const char* name = std::getenv("LAMINA_PYTHON");
  return name ? name : "python3";
}

/// The block of the page whose first line is this comment.
std::string recipe(const std::string& title) {
  const fs::path page = fs::path(__FILE__).parent_path().parent_path().parent_path() / "docs" / "interop.md";
  const std::string text = files::contents(page.string());
  const std::size_t begin = text.find("```python\n# recipe: " + title + "\n");
  REQUIRE(begin != std::string::npos);
  const std::size_t first = text.find('\n', begin) + 1;
  return text.substr(first, text.find("\n```", first) + 1 - first);
}

bool runs(const files::Folder& folder, const std::string& script, const char* output) {
  files::create(folder.path("recipe.py"), script);
  const std::string command =
      "cd '" + folder.path() + "' && " + python() + " recipe.py > " + output + " 2>&1";
  return std::system(command.c_str()) == 0;
}

/// Whether the recipe's imports succeed.
bool available(const files::Folder& folder, const std::string& title) {
  std::istringstream lines(recipe(title));
  std::string imports;
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("import ") || line.starts_with("from ")) imports += line + "\n";
  REQUIRE_FALSE(imports.empty());
  if (runs(folder, imports, "imports.txt")) return true;
  std::cerr << "\n*** The recipe \"" << title << "\" of docs/interop.md is NOT tested: " << python()
            << " lacks what it imports. ***\n\n";
  return false;
}

#define LAMINA_NEEDS_RECIPE(folder, title)                                                     \
  do {                                                                                         \
    if (!available(folder, title)) LAMINA_SKIP("Python packages are missing: nothing tested"); \
  } while (false)

void run(const files::Folder& folder, const std::string& title) {
  const bool succeeded = runs(folder, recipe(title), "output.txt");
  INFO(files::contents(folder.path("output.txt")));
  REQUIRE(succeeded);
}

Eigen::MatrixXf inputs(const files::Folder& folder) {
  Eigen::MatrixXf X(20, 4);
  Random random(5);
  for (Index i = 0; i < X.size(); ++i) X.data()[i] = static_cast<float>(random.normal());
  write_npy(folder.path("X.npy"), X);
  return X;
}

template <class Net, class X>
void check_outputs(const files::Folder& folder, const Net& net, const X& inputs, double tolerance) {
  const Eigen::MatrixXd Y = read_npy_matrix<double>(folder.path("Y.npy"));
  const Eigen::MatrixXd A = net.predict(inputs).template cast<double>();
  REQUIRE(Y.rows() == A.rows());
  REQUIRE(Y.cols() == A.cols());
  CHECK(Y.cwiseAbs().maxCoeff() > 0.1);
  CHECK((Y - A).cwiseAbs().maxCoeff() <= tolerance);
}

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
