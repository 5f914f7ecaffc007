// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <algorithm>
#include <cstddef>

#include "lamina/core/concepts.hpp"
#include "lamina/core/product.hpp"
#include "lamina/engine/operations.hpp"
#include "lamina/layers/sequence.hpp"

/// @file
/// Where everything lies: each layer's share of θ, and the places of a tile's matrices in the workspace.

namespace lamina {

/// A layer as the engine sees it, and where its numbers are.
template <class Scalar>
struct Slot {
  const void* layer = nullptr;
  const engine::LayerOperations<Scalar>* call = nullptr;
  Index inputs = 0;      ///< columns of A0
  Index outputs = 0;     ///< columns of A
  Index parameters = 0;  ///< offset in θ
  Index parameter_count = 0;
  Index output = 0;    ///< offset of A in the workspace
  Index gradient = 0;  ///< offset of dA in the workspace
  Index cache = 0;     ///< offset of the layer's cache in the workspace
  Index cache_size = 0;
};

namespace detail {

constexpr Index round_up(Index n, Index multiple) { return (n + multiple - 1) / multiple * multiple; }

/// Rows and offsets are multiples of this many Scalars, so that columns start on cache lines.
inline constexpr Index granule = 16;

/// The distance of columns of so many Scalars: whole granules, and for long columns an odd number of them, so that
/// parts of neighbouring columns do not meet in the same places of the cache.
constexpr Index column_stride(Index size) {
  const Index granules = (size + granule - 1) / granule;
  return (granules >= 8 ? granules | 1 : granules) * granule;
}

}  // namespace detail

/// Sums and maxima over a network's layers that decide the size of a tile. All are Scalars.
struct Footprint {
  Index parameters = 0;
  Index row = 0;     ///< of one row: outputs, their gradients and caches of all layers
  Index fixed = 0;   ///< of the caches, whatever the number of rows
  Index widest = 0;  ///< largest number of columns
  Index inputs = 0;
  Index outputs = 0;
  Index transposed = 0;  ///< largest product of a layer's inputs, as Aᵀ has them in memory, and outputs

  template <class L>
  constexpr void add(Index layer_inputs, Index layer_outputs) {
    const Index one = L::cache_size(1, layer_inputs, layer_outputs),
                two = L::cache_size(2, layer_inputs, layer_outputs);
    if (inputs == 0) inputs = layer_inputs;
    outputs = layer_outputs;
    parameters += L::parameter_count(layer_inputs, layer_outputs);
    row += 2 * layer_outputs + (two - one);
    fixed += one - (two - one);
    widest = std::max({widest, layer_inputs, layer_outputs});
    transposed = std::max(transposed, detail::column_stride(layer_inputs) * layer_outputs);
  }
};

namespace detail {

/// Whether θ fits the second-level cache beside a tile: then tiles are small and threads take tiles; else they share the
/// products of one tile.
constexpr bool small(const Footprint& footprint, std::size_t scalar_size) {
  return footprint.parameters * static_cast<Index>(scalar_size) <= 256 * 1024;
}

/// Scalars of the input of one layer with its features side by side: X's of all rows, others' of few.
template <class Scalar>
constexpr Index transposed_size(const Footprint& footprint, Index rows) {
  constexpr Index lanes = simd::lanes<simd::Register<Scalar>>;
  return std::min(
      column_stride(footprint.widest) * rows,
      std::max(column_stride(footprint.inputs) * rows, too_many_to_transpose(footprint.transposed, lanes)));
}

/// Scalars of what a tile of so many rows needs beside the caches' fixed parts: that, X, Y, and what all layers have.
template <class Scalar>
constexpr Index tile_size(const Footprint& footprint, Index rows) {
  return rows * (footprint.row + footprint.inputs + footprint.outputs) +
         transposed_size<Scalar>(footprint, rows);
}

/// The most rows of a tile. While θ fits the second-level cache, as many as keep a tile there too; beyond, enough that the
/// time of a product outweighs the time of fetching its weights. A tile that stays below 128 KiB also lets the
/// workspace of fixed shapes live without the heap: Eigen refuses larger objects there.
template <class Scalar>
constexpr Index tile_rows(const Footprint& footprint) {
  constexpr Index cached_tile = 122 * 1024 / static_cast<Index>(sizeof(Scalar)), least = 48, most = 240;
  if (!small(footprint, sizeof(Scalar))) return 256;
  Index rows = most;
  while (rows > least && tile_size<Scalar>(footprint, column_stride(rows)) > cached_tile) rows -= granule;
  return rows;
}

/// The rows of the tiles of a batch: as few tiles as `most` allows, of about the same rows each, in whole granules.
constexpr Index even_rows(Index batch, Index most) {
  const Index tiles = (batch + most - 1) / most;
  return tiles <= 1 ? most : std::min(most, round_up((batch + tiles - 1) / tiles, granule));
}

/// Scalars of workspace for tiles of so many rows; each of its 3·layers + 3 parts is rounded up to a granule.
template <class Scalar>
constexpr Index memory_size(const Footprint& footprint, Index rows, std::size_t layers) {
  return tile_size<Scalar>(footprint, column_stride(rows)) + round_up(footprint.fixed, granule) +
         static_cast<Index>(3 * layers + 3) * granule;
}

template <class... L>
constexpr Footprint footprint_of_types() {
  Footprint footprint;
  (footprint.add<L>(L::Inputs, L::Outputs), ...);
  return footprint;
}

/// The footprint, as a constant, of a network of fixed shapes.
template <class Layers>
struct static_footprint;
template <class... L>
struct static_footprint<Sequence<L...>> {
  static constexpr Footprint value = footprint_of_types<L...>();
};

/// The footprint of any network.
template <class Layers>
constexpr Footprint footprint_of(const Layers& layers) {
  if constexpr (Layers::fixed) {
    return static_footprint<Layers>::value;
  } else {
    Footprint footprint;
    footprint.inputs = layers.inputs();
    footprint.outputs = footprint.widest = layers.inputs();
    layers.for_each([&](const auto& layer, std::size_t) {
      footprint.template add<std::remove_cvref_t<decltype(layer)>>(layer.inputs(), layer.outputs());
    });
    return footprint;
  }
}

}  // namespace detail
}  // namespace lamina
