#pragma once

/// \file The Python recipes of docs/interop.md, run where the packages they import are: LAMINA_PYTHON (python3) names the
/// interpreter. A recipe whose packages are missing is skipped, and says so on stderr.

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <sstream>

#include "lamina/core/random.hpp"
#include "lamina/data/npy.hpp"
#include "support/files.hpp"

/// Leaves the test case when a recipe cannot be run.
#define LAMINA_NEEDS_RECIPE(folder, title)                                                              \
  do {                                                                                                  \
    if (!recipes::available(folder, title)) LAMINA_SKIP("Python packages are missing: nothing tested"); \
  } while (false)

namespace recipes {

using lamina::Index;

namespace fs = std::filesystem;

inline std::string python() {
  const char* name = std::getenv("LAMINA_PYTHON");
  return name ? name : "python3";
}

/// The block of the page whose first line is this comment.
inline std::string recipe(const std::string& title) {
  const fs::path page = fs::path(__FILE__).parent_path().parent_path().parent_path() / "docs" / "interop.md";
  const std::string text = files::contents(page.string());
  const std::size_t begin = text.find("```python\n# recipe: " + title + "\n");
  REQUIRE(begin != std::string::npos);
  const std::size_t first = text.find('\n', begin) + 1;
  return text.substr(first, text.find("\n```", first) + 1 - first);
}

inline bool runs(const files::Folder& folder, const std::string& script, const char* output) {
  files::create(folder.path("recipe.py"), script);
  const std::string command =
      "cd '" + folder.path() + "' && " + python() + " recipe.py > " + output + " 2>&1";
  return std::system(command.c_str()) == 0;
}

/// Whether the recipe's imports succeed.
inline bool available(const files::Folder& folder, const std::string& title) {
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

inline void run(const files::Folder& folder, const std::string& title) {
  const bool succeeded = runs(folder, recipe(title), "output.txt");
  INFO(files::contents(folder.path("output.txt")));
  REQUIRE(succeeded);
}

inline Eigen::MatrixXf inputs(const files::Folder& folder) {
  Eigen::MatrixXf X(20, 4);
  lamina::Random random(5);
  for (Index i = 0; i < X.size(); ++i) X.data()[i] = static_cast<float>(random.normal());
  lamina::write_npy(folder.path("X.npy"), X);
  return X;
}

template <class Net, class X>
void check_outputs(const files::Folder& folder, const Net& net, const X& inputs, double tolerance) {
  const Eigen::MatrixXd Y = lamina::read_npy_matrix<double>(folder.path("Y.npy"));
  const Eigen::MatrixXd A = net.predict(inputs).template cast<double>();
  REQUIRE(Y.rows() == A.rows());
  REQUIRE(Y.cols() == A.cols());
  CHECK(Y.cwiseAbs().maxCoeff() > 0.1);
  CHECK((Y - A).cwiseAbs().maxCoeff() <= tolerance);
}

}  // namespace recipes
