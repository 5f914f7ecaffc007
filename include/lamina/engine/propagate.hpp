// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <algorithm>
#include <type_traits>

#include "lamina/core/concepts.hpp"
#include "lamina/core/views.hpp"
#include "lamina/engine/workspace.hpp"

/// @file
/// How a batch is executed. It is walked in tiles of rows; each tile goes forward through all layers, through the loss,
/// and backward through all layers, adding to dF/dθ, before the next tile is touched. Everything a tile needs stays in
/// the cache, and the memory does not depend on the number of samples. The division by the number of samples (or the
/// sum of their weights) happens here, once, at the end.

namespace lamina::engine {

/// Sums over tiles are kept at least in double.
template <class Scalar>
using Sum = std::conditional_t<(sizeof(Scalar) < sizeof(double)), double, Scalar>;

/// tile = rows [begin, begin + tile.rows()) of the batch's X or Y, read along the memory
template <class Scalar>
void read(const Batch<Scalar>& batch, const MatrixView<Scalar>& from, Index begin, Tile<Scalar>& tile) {
  Scalar* const to = tile.data();
  const Index stride = tile.outerStride();
  if (!batch.indices && from.row_stride <= from.column_stride) {
    for (Index j = 0; j < tile.cols(); ++j) {
      const Scalar* column = from.data + batch.row(begin) * from.row_stride + j * from.column_stride;
      for (Index i = 0; i < tile.rows(); ++i) to[i + j * stride] = column[i * from.row_stride];
    }
  } else {
    for (Index i = 0; i < tile.rows(); ++i) {
      const Scalar* row = from.data + batch.row(begin + i) * from.row_stride;
      for (Index j = 0; j < tile.cols(); ++j) to[i + j * stride] = row[j * from.column_stride];
    }
  }
}

/// Y of a tile: the numbers of the data set, or its labels as one-hot rows (as one column of 0 and 1 for two classes
/// and one output).
template <class Scalar, class Loss>
void read_targets(const Batch<Scalar>& batch, const Loss&, Index begin, Tile<Scalar>& Y) {
  if (!batch.data.has_labels()) {
    read(batch, batch.data.Y, begin, Y);
    return;
  }
  if constexpr (requires { Loss::classes(Index{1}); }) {
    const bool one_hot = Loss::classes(Y.cols()) <= Y.cols();
    if (one_hot) Y.setZero();
    for (Index i = 0; i < Y.rows(); ++i) {
      const Index label = batch.data.labels[batch.row(begin + i)];
      if (one_hot) {
        Y(i, label) = Scalar(1);
      } else {
        Y(i, 0) = static_cast<Scalar>(label);
      }
    }
  }
}

/// A[l] = layer l of A[l − 1], for all layers; A[0] = X is in the workspace.
template <class Scalar, class Layers>
void forward(const Layers& layers, const Scalar* theta, Workspace<Scalar, Layers>& workspace, Index t,
             Pass pass) {
  layers.for_each([&](const auto& layer, std::size_t l) {
    const Slot& slot = workspace.slot(l);
    const auto A0 = detail::constant(workspace.input(l, t, layer.inputs()));
    auto A = workspace.output(l, t, layer.outputs());
    auto cache = workspace.cache(l);
    const ConstSpan<Scalar> theta_l(theta + slot.parameters, slot.parameter_count);
    pass.layer = static_cast<std::uint32_t>(l);
    layer.forward(theta_l, A0, A, cache, pass);
  });
}

/// dF/dθ += …, and dA[l − 1] from dA[l], from the last layer down to the first that has parameters; down to layer 0, dX
/// included, when `input_gradient` says so. dA[L] is in the workspace.
template <class Scalar, class Layers>
void backward(const Layers& layers, const Scalar* theta, Workspace<Scalar, Layers>& workspace, Index t,
              Pass pass, bool input_gradient) {
  std::size_t lowest = 0;
  while (!input_gradient && lowest < layers.size() && workspace.slot(lowest).parameter_count == 0) ++lowest;
  layers.for_each_reversed([&](const auto& layer, std::size_t l) {
    if (l < lowest) return;
    const Slot& slot = workspace.slot(l);
    const auto A0 = detail::constant(workspace.input(l, t, layer.inputs()));
    auto A = workspace.output(l, t, layer.outputs());
    auto dA = workspace.output_gradient(l, t, layer.outputs());
    auto dA0 = workspace.input_gradient(l, t, layer.inputs());
    auto cache = workspace.cache(l);
    const ConstSpan<Scalar> theta_l(theta + slot.parameters, slot.parameter_count);
    Span<Scalar> dtheta(workspace.gradient.data() + slot.parameters, slot.parameter_count);
    pass.layer = static_cast<std::uint32_t>(l);
    layer.backward(theta_l, A0, A, cache, dA, dtheta, l > lowest || input_gradient ? &dA0 : nullptr, pass);
  });
}

/// f(begin, t) for the tiles of a batch.
template <class F>
void for_each_tile(Index batch, Index rows, F&& f) {
  for (Index begin = 0; begin < batch; begin += rows) f(begin, std::min(rows, batch - begin));
}

/// Â = the network's output for every row of the batch.
template <class Scalar, class Layers, class Output>
void predict(const Layers& layers, const Scalar* theta, const Batch<Scalar>& batch,
             Workspace<Scalar, Layers>& workspace, Output& output) {
  const Index rows = workspace.prepare(layers, batch.count, Mode::evaluation);
  for_each_tile(batch.count, rows, [&](Index begin, Index t) {
    auto X = workspace.input(0, t, layers.inputs());
    read(batch, batch.data.X, begin, X);
    forward(layers, theta, workspace, t, Pass{});
    output.middleRows(begin, t) = workspace.output(layers.size() - 1, t, layers.outputs());
  });
}

/// What a pass over a batch is to compute besides F.
struct Wanted {
  bool gradient = false;        ///< dF/dθ, into the workspace
  bool input_gradient = false;  ///< dF/dX, into the sink
};

/// F = Σᵢ sᵢ·Fᵢ / Σᵢ sᵢ·wᵢ over the rows of a batch, with the sample weights sᵢ (1 without) and the loss's own wᵢ (1 for
/// most), and its derivatives as wanted. A batch whose weights sum to 0 has F = 0 and no gradient.
/// @param input_gradient  receives (begin, dX of the tile) for every tile when wanted; not yet divided
/// @return F and the divisor
template <class Scalar, class Layers, class Loss, class Sink>
std::pair<Scalar, Scalar> evaluate(const Layers& layers, const Scalar* theta, const Batch<Scalar>& batch,
                                   const Loss& loss, Workspace<Scalar, Layers>& workspace, Pass pass,
                                   Wanted wanted, Sink&& input_gradient) {
  const Index rows = workspace.prepare(layers, batch.count, pass.mode);
  const Index outputs = layers.outputs();
  const std::size_t last = layers.size() - 1;
  const bool derivatives = wanted.gradient || wanted.input_gradient;
  const auto& weights = batch.data.weights;
  if (derivatives) workspace.gradient.setZero();

  Sum<Scalar> value = 0, divisor = 0;
  for_each_tile(batch.count, rows, [&](Index begin, Index t) {
    auto X = workspace.input(0, t, layers.inputs());
    auto Y_ = workspace.targets(t, detail::target_columns(loss, outputs));
    read(batch, batch.data.X, begin, X);
    read_targets(batch, loss, begin, Y_);
    pass.first_row = begin;
    forward(layers, theta, workspace, t, pass);

    const auto A = detail::constant(workspace.output(last, t, outputs));
    const auto Y = detail::constant(Y_);
    const auto share = [&](Index i) -> Sum<Scalar> {
      if constexpr (requires { loss.weight(detail::row(Y, i)); }) {
        return static_cast<Sum<Scalar>>(loss.weight(detail::row(Y, i)));
      } else {
        return 1;
      }
    };
    if (!weights.read) {
      value += static_cast<Sum<Scalar>>(loss.value(A, Y));
      if constexpr (requires { loss.weight(detail::row(Y, 0)); }) {
        for (Index i = 0; i < t; ++i) divisor += share(i);
      } else {
        divisor += static_cast<Sum<Scalar>>(t);
      }
    } else {
      for (Index i = 0; i < t; ++i) {
        const auto s = static_cast<Sum<Scalar>>(weights[batch.row(begin + i)]);
        if (s == 0) continue;
        value += s * static_cast<Sum<Scalar>>(loss.value(detail::row(A, i), detail::row(Y, i)));
        divisor += s * share(i);
      }
    }
    if (!derivatives) return;

    auto dA = workspace.output_gradient(last, t, outputs);
    loss.gradient(A, Y, dA);
    if (weights.read) {
      for (Index i = 0; i < t; ++i) {
        const auto s = static_cast<Scalar>(weights[batch.row(begin + i)]);
        for (Index j = 0; j < outputs; ++j) dA(i, j) = s == 0 ? Scalar(0) : s * dA(i, j);
      }
    }
    backward(layers, theta, workspace, t, pass, wanted.input_gradient);
    if (wanted.input_gradient) input_gradient(begin, workspace.input_gradient(0, t, layers.inputs()));
  });

  if (divisor == 0) {
    if (derivatives) workspace.gradient.setZero();
    return {Scalar(0), Scalar(0)};
  }
  if (derivatives) workspace.gradient /= static_cast<Scalar>(divisor);
  return {static_cast<Scalar>(value / divisor), static_cast<Scalar>(divisor)};
}

}  // namespace lamina::engine
