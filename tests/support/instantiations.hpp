#pragma once

/// \file
/// What the tests of every network would compile again: products, passes over a batch, layers with run-time extents, the
/// commonest optimisers, what is looked for in the data. It is compiled once, in instantiations.cpp, with optimisation even
/// where the tests have none.

#include "lamina/lamina.hpp"

#define LAMINA_TEST_ENGINE(of, Scalar)                                                                     \
  of template void lamina::detail::multiply<Scalar>(const Product<Scalar>&);                               \
  of template void lamina::detail::multiply<Scalar>(const Product<Scalar>&, const Team&);                  \
  of template void lamina::detail::multiply<Scalar>(const TransposedProduct<Scalar>&, const Team&,         \
                                                    FunctionRef<void(Index, Index, const Scalar*)>);       \
  of template void lamina::detail::transpose<Scalar>(const Operand<const Scalar>&, const Operand<Scalar>&, \
                                                     Index, const Share&);                                 \
  of template void lamina::detail::sum_columns<Scalar>(const ConstTile<Scalar>&, const Share&, Scalar*,    \
                                                       bool, bool);                                        \
  of template bool lamina::engine::read<Scalar>(const Batch<Scalar>&, const MatrixView<Scalar>&, Index,    \
                                                Tile<Scalar>&, const Team&,                                \
                                                const lamina::detail::Panels<Scalar>*);                    \
  of template void lamina::engine::predict_tile<Scalar>(Memory<Scalar>&, const Scalar*,                    \
                                                        const Batch<Scalar>&);                             \
  of template void lamina::engine::predict<Scalar>(Memory<Scalar>&, const Scalar*, const Batch<Scalar>&,   \
                                                   FunctionRef<void(Index, const Tile<Scalar>&)>);         \
  of template lamina::engine::Evaluation<Scalar> lamina::engine::evaluate<Scalar>(                         \
      Memory<Scalar>&, const Scalar*, const Batch<Scalar>&, const AnyLoss<Scalar>&, const Pass&,           \
      const Wanted<Scalar>&);                                                                              \
  of template class lamina::Workspace<Scalar, lamina::Stack>;                                              \
  of template void lamina::detail::diagnose_inputs<Scalar>(const MatrixView<Scalar>&, const InputScaling&, \
                                                           std::vector<Warning>&);                         \
  of template void lamina::GradientDescent::update<Scalar>(Index, Index, Scalar*, const Scalar*);          \
  of template void lamina::GradientDescent::update<Scalar>(Index, Index, Scalar*, const Scalar*) const;    \
  of template void lamina::Adam::update<Scalar>(Index, Index, Scalar*, const Scalar*)

#define LAMINA_TEST_ACTIVATION(of, Scalar, G)                                                             \
  of template void lamina::apply(const G&, const ConstTile<Scalar>&, Tile<Scalar>&, bool);                \
  of template void lamina::apply_derivative(const G&, const ConstTile<Scalar>&, const ConstTile<Scalar>&, \
                                            Tile<Scalar>&, bool)

#define LAMINA_TEST_DENSE(of, Scalar, ...)                                                                  \
  of template void lamina::Dense<lamina::Dynamic, lamina::Dynamic, __VA_ARGS__>::forward<Scalar>(           \
      const ConstSpan<Scalar>&, const ConstTile<Scalar>&, Tile<Scalar>&, Span<Scalar>&, const Pass&) const; \
  of template void lamina::Dense<lamina::Dynamic, lamina::Dynamic, __VA_ARGS__>::backward_inputs<Scalar>(   \
      const ConstSpan<Scalar>&, const ConstTile<Scalar>&, Tile<Scalar>&, Span<Scalar>&, Tile<Scalar>&,      \
      Tile<Scalar>*, const Pass&) const;                                                                    \
  of template void                                                                                          \
  lamina::Dense<lamina::Dynamic, lamina::Dynamic, __VA_ARGS__>::backward_parameters<Scalar>(                \
      const ConstTile<Scalar>&, const Scalar*, const ConstTile<Scalar>&, Span<Scalar>&, GradientUse,        \
      const Pass&, FunctionRef<void(Index, Index, const Scalar*)>) const

#define LAMINA_TEST_LAYER(of, Scalar, ...)                                                                   \
  of template void __VA_ARGS__::forward<Scalar>(const ConstSpan<Scalar>&, const ConstTile<Scalar>&,          \
                                                Tile<Scalar>&, Span<Scalar>&, const Pass&) const;            \
  of template void __VA_ARGS__::backward<Scalar>(const ConstSpan<Scalar>&, const ConstTile<Scalar>&,         \
                                                 Tile<Scalar>&, Span<Scalar>&, Tile<Scalar>&, Span<Scalar>&, \
                                                 Tile<Scalar>*, const Pass&) const

#define LAMINA_TEST_LAYERS(of, Scalar)                                                     \
  LAMINA_TEST_ACTIVATION(of, Scalar, lamina::Sigmoid);                                     \
  LAMINA_TEST_ACTIVATION(of, Scalar, lamina::Tanh);                                        \
  LAMINA_TEST_ACTIVATION(of, Scalar, lamina::ReLU);                                        \
  LAMINA_TEST_ACTIVATION(of, Scalar, lamina::AnyActivation);                               \
  LAMINA_TEST_DENSE(of, Scalar, lamina::Identity, true);                                   \
  LAMINA_TEST_DENSE(of, Scalar, lamina::Sigmoid, true);                                    \
  LAMINA_TEST_DENSE(of, Scalar, lamina::Tanh, true);                                       \
  LAMINA_TEST_DENSE(of, Scalar, lamina::ReLU, true);                                       \
  LAMINA_TEST_DENSE(of, Scalar, lamina::AnyActivation, true);                              \
  LAMINA_TEST_DENSE(of, Scalar, lamina::AnyActivation, false);                             \
  LAMINA_TEST_LAYER(of, Scalar, lamina::Activate<lamina::Dynamic, lamina::AnyActivation>); \
  LAMINA_TEST_LAYER(of, Scalar, lamina::BatchNorm<lamina::Dynamic>);                       \
  LAMINA_TEST_LAYER(of, Scalar, lamina::Dropout<lamina::Dynamic>);                         \
  LAMINA_TEST_LAYER(of, Scalar, lamina::LayerNorm<lamina::Dynamic>);                       \
  LAMINA_TEST_LAYER(of, Scalar, lamina::Normalization<lamina::Dynamic>);                   \
  LAMINA_TEST_LAYER(of, Scalar, lamina::Softmax<lamina::Dynamic>)

#define LAMINA_TEST_INSTANTIATIONS(of) \
  LAMINA_TEST_ENGINE(of, float);       \
  LAMINA_TEST_ENGINE(of, double);      \
  LAMINA_TEST_LAYERS(of, float);       \
  LAMINA_TEST_LAYERS(of, double);      \
  of template class lamina::StackOf<lamina::AnyLayer>

LAMINA_TEST_INSTANTIATIONS(extern);
