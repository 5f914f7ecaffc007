// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

/// @file
/// All learning-rate schedules.

#include "lamina/schedules/constant.hpp"
#include "lamina/schedules/cosine_annealing.hpp"
#include "lamina/schedules/cosine_warm_restarts.hpp"
#include "lamina/schedules/exponential_decay.hpp"
#include "lamina/schedules/inverse_time_decay.hpp"
#include "lamina/schedules/linear_warmup.hpp"
#include "lamina/schedules/multi_step_decay.hpp"
#include "lamina/schedules/one_cycle.hpp"
#include "lamina/schedules/polynomial_decay.hpp"
#include "lamina/schedules/reduce_on_plateau.hpp"
#include "lamina/schedules/schedule.hpp"
#include "lamina/schedules/step_decay.hpp"
#include "lamina/schedules/warmup.hpp"
