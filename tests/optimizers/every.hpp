#pragma once

/// \file
/// Every optimiser, with all of its options on.

#include "lamina/optimizers.hpp"

/// The types, for TEMPLATE_TEST_CASE.
#define EVERY_OPTIMIZER                                                                                     \
  lamina::GradientDescent, lamina::Adagrad, lamina::RMSprop, lamina::Adadelta, lamina::Adam, lamina::AdamW, \
      lamina::Adamax, lamina::NAdam, lamina::RAdam, lamina::Rprop, lamina::Lion

namespace every {

using Ranges = std::vector<lamina::ParameterRange>;

/// As many states and branches as there are, and decay of parameters 3 … 19 and 41 … 69.
template <class Optimizer>
Optimizer busy() {
  Optimizer o;
  o.learning_rate = 0.01;
  if constexpr (requires { o.momentum; }) o.momentum = 0.7;
  if constexpr (requires { o.dampening; }) o.dampening = 0.25;
  if constexpr (requires { o.centered; }) o.centered = true;
  if constexpr (requires { o.amsgrad; }) o.amsgrad = true;
  if constexpr (requires { o.lr_decay; }) o.lr_decay = 0.1;
  if constexpr (requires { o.initial_accumulator_value; }) o.initial_accumulator_value = 0.5;
  if constexpr (requires { o.beta2; }) o.beta2 = 0.9;  // RAdam's variance is known after some steps
  if constexpr (requires { o.weight_decay; }) {
    o.weight_decay = 0.1;
    o.decay = Ranges{{.first = 41, .count = 29, .rows = 29}, {.first = 3, .count = 17, .rows = 17}};
  }
  return o;
}

}  // namespace every
