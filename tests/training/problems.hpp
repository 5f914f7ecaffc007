#pragma once

/// \file
/// Generated problems.

#include <Eigen/Core>
#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include "lamina/core/random.hpp"
#include "lamina/core/types.hpp"

namespace problems {

using lamina::Index;

template <class Scalar>
using Matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>;

/// m×n numbers in [−1, 1).
template <class Scalar = double>
Matrix<Scalar> uniform(Index m, Index n, std::uint64_t seed) {
  lamina::Random random(seed);
  Matrix<Scalar> X(m, n);
  for (Index j = 0; j < n; ++j)
    for (Index i = 0; i < m; ++i) X(i, j) = static_cast<Scalar>(random.uniform(-1, 1));
  return X;
}

/// y = sin 2x₁ + x₂/2 on a square. X: m×2, Y: m×1.
template <class Scalar = double>
struct Surface {
  Matrix<Scalar> X, Y;

  explicit Surface(Index m, std::uint64_t seed = 1) : X(uniform<Scalar>(m, 2, seed)) {
    Y = ((Scalar(2) * X.col(0).array()).sin() + X.col(1).array() / Scalar(2)).matrix();
  }
};

/// Points around the corners of a triangle, in turn. X: m×2, labels: 0, 1 or 2.
template <class Scalar = double>
struct Triangle {
  Matrix<Scalar> X;
  std::vector<int> labels;

  explicit Triangle(Index m, std::uint64_t seed = 1) : X(uniform<Scalar>(m, 2, seed)) {
    constexpr std::array<std::array<int, 2>, 3> corners = {{{-2, 0}, {2, 0}, {0, 3}}};
    for (Index i = 0; i < m; ++i) {
      labels.push_back(static_cast<int>(i % 3));
      for (Index j = 0; j < 2; ++j)
        X(i, j) += static_cast<Scalar>(corners[static_cast<std::size_t>(i % 3)][static_cast<std::size_t>(j)]);
    }
  }
};

}  // namespace problems
