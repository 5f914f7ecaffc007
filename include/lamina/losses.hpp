// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

/// @file
/// All losses.

#include "lamina/losses/binary_cross_entropy.hpp"
#include "lamina/losses/gaussian_nll.hpp"
#include "lamina/losses/huber.hpp"
#include "lamina/losses/log_cosh.hpp"
#include "lamina/losses/mean_absolute_error.hpp"
#include "lamina/losses/mean_squared_error.hpp"
#include "lamina/losses/poisson_nll.hpp"
#include "lamina/losses/quantile.hpp"
#include "lamina/losses/softmax_cross_entropy.hpp"
