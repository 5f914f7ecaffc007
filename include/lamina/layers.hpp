// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include "lamina/layers/activate.hpp"
#include "lamina/layers/batch_norm.hpp"
#include "lamina/layers/dense.hpp"
#include "lamina/layers/dropout.hpp"
#include "lamina/layers/layer_norm.hpp"
#include "lamina/layers/normalization.hpp"
#include "lamina/layers/sequence.hpp"
#include "lamina/layers/softmax.hpp"
#include "lamina/layers/stack.hpp"
