// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include "lamina/data/cross_validation.hpp"
#include "lamina/data/csv.hpp"
#include "lamina/data/csv_table.hpp"
#include "lamina/data/feature_encoding.hpp"
#include "lamina/data/scaling.hpp"
#include "lamina/data/split.hpp"
