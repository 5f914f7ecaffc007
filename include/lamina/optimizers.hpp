// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

/// @file
/// All optimisers.

#include "lamina/optimizers/adadelta.hpp"
#include "lamina/optimizers/adagrad.hpp"
#include "lamina/optimizers/adam.hpp"
#include "lamina/optimizers/adamax.hpp"
#include "lamina/optimizers/adamw.hpp"
#include "lamina/optimizers/gradient_descent.hpp"
#include "lamina/optimizers/lion.hpp"
#include "lamina/optimizers/nadam.hpp"
#include "lamina/optimizers/radam.hpp"
#include "lamina/optimizers/rmsprop.hpp"
#include "lamina/optimizers/rprop.hpp"
