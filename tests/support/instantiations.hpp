#pragma once

/// \file
/// What the tests of every network would compile again: products, passes over a batch, what is looked for in the data. It
/// is compiled once, in instantiations.cpp, with optimisation even where the tests have none.

#include "lamina/lamina.hpp"

#define LAMINA_TEST_INSTANTIATIONS(of, Scalar)                                                             \
  of template void lamina::detail::multiply<Scalar>(const Product<Scalar>&);                               \
  of template void lamina::detail::multiply<Scalar>(const Product<Scalar>&, const Team&);                  \
  of template void lamina::detail::multiply<Scalar>(const TransposedProduct<Scalar>&, const Team&,         \
                                                    FunctionRef<void(Index, Index, const Scalar*)>);       \
  of template void lamina::detail::transpose<Scalar>(const Operand<const Scalar>&, const Operand<Scalar>&, \
                                                     Index, const Share&);                                 \
  of template void lamina::detail::sum_columns<Scalar>(const ConstTile<Scalar>&, const Share&, Scalar*,    \
                                                       bool, bool);                                        \
  of template void lamina::engine::predict_tile<Scalar>(Memory<Scalar>&, const Scalar*,                    \
                                                        const Batch<Scalar>&);                             \
  of template void lamina::engine::predict<Scalar>(Memory<Scalar>&, const Scalar*, const Batch<Scalar>&,   \
                                                   FunctionRef<void(Index, const Tile<Scalar>&)>);         \
  of template lamina::engine::Evaluation<Scalar> lamina::engine::evaluate<Scalar>(                         \
      Memory<Scalar>&, const Scalar*, const Batch<Scalar>&, const AnyLoss<Scalar>&, const Pass&,           \
      const Wanted<Scalar>&);                                                                              \
  of template void lamina::detail::diagnose_inputs<Scalar>(const MatrixView<Scalar>&, const InputScaling&, \
                                                           std::vector<Warning>&)

LAMINA_TEST_INSTANTIATIONS(extern, float);
LAMINA_TEST_INSTANTIATIONS(extern, double);
