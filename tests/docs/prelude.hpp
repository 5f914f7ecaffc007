#pragma once

/// \file
/// What stands before the fragments of README.md and docs/*.md: the library, and data to try it on.

#include <Eigen/Dense>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <lamina/data/idx.hpp>
#include <lamina/data/npy.hpp>
#include <lamina/io/c_header.hpp>
#include <lamina/io/model.hpp>
#include <lamina/io/safetensors.hpp>
#include <lamina/lamina.hpp>
#include <span>
#include <string>
#include <vector>

namespace lamina_snippets {

using namespace lamina;

inline const Eigen::VectorXf x = Eigen::VectorXf::LinSpaced(200, -3.0f, 3.0f);

/// X: 200×4, rows are samples: x, x², sin x, cos x.
inline const Eigen::MatrixXf X = (Eigen::MatrixXf(200, 4) << x, x.array().square().matrix(),
                                  x.array().sin().matrix(), x.array().cos().matrix())
                                     .finished();
/// Y: 200×1.
inline const Eigen::MatrixXf Y = (2.0f * x).array().sin().matrix();
/// One of three classes for each row of X.
inline const Eigen::VectorXi labels = ((x.array() + 3.0f) * 0.499f).cast<int>().matrix();

}  // namespace lamina_snippets
