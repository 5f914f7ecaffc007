#pragma once

#include <cmath>
#include <lamina/lamina.hpp>

inline constexpr int classes = 3;

struct Samples {
  Eigen::MatrixXf X;       ///< m×2, within about ±1
  Eigen::VectorXi labels;  ///< m, which spiral
};

/// m noisy points on three spirals that wind around each other.
inline Samples spirals(lamina::Index m, std::uint64_t seed) {
  constexpr double pi = 3.14159265358979, turns = 1.2, noise = 0.03;
  lamina::Random random(seed);
  Samples samples{Eigen::MatrixXf(m, 2), Eigen::VectorXi(m)};
  for (lamina::Index i = 0; i < m; ++i) {
    const int label = static_cast<int>(i % classes);
    const double t = std::sqrt(random.uniform()), radius = 0.08 + 0.9 * t;
    const double angle = 2 * pi * (turns * t + static_cast<double>(label) / classes);
    const double x = radius * std::cos(angle) + noise * random.normal();
    const double y = radius * std::sin(angle) + noise * random.normal();
    samples.X.row(i) << static_cast<float>(x), static_cast<float>(y);
    samples.labels(i) = label;
  }
  return samples;
}
