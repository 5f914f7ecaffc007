// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

/// @file
/// All activations, and the one that is chosen at run time.

#include "lamina/activations/any_activation.hpp"
#include "lamina/activations/apply.hpp"
#include "lamina/activations/celu.hpp"
#include "lamina/activations/elu.hpp"
#include "lamina/activations/gelu.hpp"
#include "lamina/activations/gelu_tanh.hpp"
#include "lamina/activations/hard_sigmoid.hpp"
#include "lamina/activations/hard_swish.hpp"
#include "lamina/activations/hard_tanh.hpp"
#include "lamina/activations/identity.hpp"
#include "lamina/activations/leaky_relu.hpp"
#include "lamina/activations/log_sigmoid.hpp"
#include "lamina/activations/mish.hpp"
#include "lamina/activations/relu.hpp"
#include "lamina/activations/relu6.hpp"
#include "lamina/activations/selu.hpp"
#include "lamina/activations/sigmoid.hpp"
#include "lamina/activations/silu.hpp"
#include "lamina/activations/softplus.hpp"
#include "lamina/activations/softsign.hpp"
#include "lamina/activations/tanh.hpp"
