// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

/// @file
/// All metrics. The network's answer comes first and the truth second; see metrics/arguments.hpp.

#include "lamina/training/metrics/classification.hpp"
#include "lamina/training/metrics/confusion_matrix.hpp"
#include "lamina/training/metrics/probabilities.hpp"
#include "lamina/training/metrics/ranking.hpp"
#include "lamina/training/metrics/regression.hpp"
