#pragma once

/// \file Reference cases in JSON, from the folder that the environment variable LAMINA_ORACLE_DIR names.
/// Without it the tests that need them say so, once on stderr and in each test case, and are left.

#include <Eigen/Core>
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/catch.hpp"

/// Leaves the test case when there are no reference cases.
#define LAMINA_NEEDS_ORACLE()                                                              \
  do {                                                                                     \
    if (!oracle::available()) LAMINA_SKIP("LAMINA_ORACLE_DIR is not set: nothing tested"); \
  } while (false)

namespace oracle {

using nlohmann::json;

/// The folder of the reference cases, or an empty path.
inline std::filesystem::path directory() {
  const char* path = std::getenv("LAMINA_ORACLE_DIR");
  return path ? path : "";
}

inline bool available() {
  static const bool found = [] {
    if (!directory().empty()) return true;
    std::cerr << "\n*** LAMINA_ORACLE_DIR is not set: the reference cases are NOT tested. ***\n\n";
    return false;
  }();
  return found;
}

/// The cases of a group (a folder) whose names start with `prefix`, sorted; never none.
inline std::vector<std::string> names(const std::string& group, const std::string& prefix = "") {
  std::vector<std::string> list;
  for (const auto& entry : std::filesystem::directory_iterator(directory() / group))
    if (const std::string name = entry.path().stem().string();
        entry.path().extension() == ".json" && name.compare(0, prefix.size(), prefix) == 0)
      list.push_back(name);
  if (list.empty()) throw std::runtime_error("no reference case " + group + "/" + prefix + "*");
  std::sort(list.begin(), list.end());
  return list;
}

inline json load(const std::string& group, const std::string& name) {
  const auto path = directory() / group / (name + ".json");
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path.string());
  return json::parse(file);
}

/// A number, or one of the strings "nan", "inf", "-inf".
inline double number(const json& value) {
  if (value.is_number()) return value.get<double>();
  const auto text = value.get<std::string>();
  constexpr double inf = std::numeric_limits<double>::infinity();
  if (text == "nan") return std::numeric_limits<double>::quiet_NaN();
  if (text == "inf") return inf;
  if (text == "-inf") return -inf;
  throw std::runtime_error("not a number: " + text);
}

/// An array of numbers as a column vector.
template <class Scalar = double>
Eigen::Matrix<Scalar, Eigen::Dynamic, 1> vector(const json& values) {
  Eigen::Matrix<Scalar, Eigen::Dynamic, 1> v(static_cast<Eigen::Index>(values.size()));
  for (Eigen::Index i = 0; i < v.size(); ++i)
    v(i) = static_cast<Scalar>(number(values[static_cast<std::size_t>(i)]));
  return v;
}

/// An array of rows as a matrix; an array of numbers as one row.
template <class Scalar = double>
Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic> matrix(const json& rows) {
  if (rows.empty()) return {};
  if (!rows[0].is_array()) return vector<Scalar>(rows).transpose();
  Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic> M(static_cast<Eigen::Index>(rows.size()),
                                                          static_cast<Eigen::Index>(rows[0].size()));
  for (Eigen::Index i = 0; i < M.rows(); ++i)
    M.row(i) = vector<Scalar>(rows.at(static_cast<std::size_t>(i))).transpose();
  return M;
}

/// An array of integers.
inline std::vector<Eigen::Index> labels(const json& values) {
  return values.get<std::vector<Eigen::Index>>();
}

}  // namespace oracle
