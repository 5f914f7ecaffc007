// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

/// @file
/// Everything that needs only Eigen and the standard library.

#include "lamina/activations.hpp"
#include "lamina/check_gradients.hpp"
#include "lamina/core/errors.hpp"
#include "lamina/core/random.hpp"
#include "lamina/core/types.hpp"
#include "lamina/core/views.hpp"
#include "lamina/data.hpp"
#include "lamina/dynamic_network.hpp"
#include "lamina/initializers.hpp"
#include "lamina/layers.hpp"
#include "lamina/losses.hpp"
#include "lamina/network.hpp"
#include "lamina/optimizers.hpp"
#include "lamina/schedules.hpp"
#include "lamina/training/checkpoint.hpp"
#include "lamina/training/early_stopping.hpp"
#include "lamina/training/fit.hpp"
#include "lamina/training/history.hpp"
#include "lamina/training/history_export.hpp"
#include "lamina/training/learning_rate_finder.hpp"
#include "lamina/training/metrics.hpp"
#include "lamina/training/monitor.hpp"
#include "lamina/training/progress.hpp"
#include "lamina/training/step.hpp"
#include "lamina/version.hpp"
