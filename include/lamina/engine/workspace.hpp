// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "lamina/core/parallel.hpp"
#include "lamina/engine/plan.hpp"
#include "lamina/engine/storage.hpp"

namespace lamina {

namespace detail {

/// Extents known at compile time, for the members of a Workspace and a Network.
template <class Scalar, class Layers>
struct extents {
  static constexpr Index parameters = Dynamic, rows = Dynamic, memory = Dynamic;
};
template <class Scalar, class Layers>
requires(Layers::fixed) struct extents<Scalar, Layers> {
  static constexpr Footprint footprint = static_footprint<Layers>::value;
  static constexpr Index parameters = footprint.parameters;
  static constexpr Index rows = tile_rows(footprint, sizeof(Scalar));
  static constexpr Index memory =
      Layers::whole_batch() ? Dynamic : memory_size(footprint, rows, Layers::size());
};

}  // namespace detail

/// The memory a network works in: the gradient, and the matrices of one tile. Made by Network::workspace().
///
/// A workspace belongs to one thread at a time. For fixed shapes it has no heap (but see below); for run-time shapes it
/// grows at the first pass, or at a larger one, and then stays. Layers that need a whole batch at once (BatchNorm) make
/// it as large as the batch, on the heap.
template <class Scalar, class Layers>
class Workspace {
  using Extents = detail::extents<Scalar, Layers>;

 public:
  /// dF/dθ of the last Network::loss_and_gradient, in θ's shape.
  Storage<Scalar, Extents::parameters> gradient;
  /// Room for another θ: the gradient of one chunk of a batch, or θ before a train_step.
  Storage<Scalar, Extents::parameters> spare;
  /// What dropout draws its masks from, together with `passes`.
  std::uint64_t seed = 0;
  /// Training passes so far.
  std::uint64_t passes = 0;
  /// How many threads may work on a batch, with OpenMP; 0: as many as it offers. The results are the same for any number.
  int threads = 1;

  explicit Workspace(const Layers& layers)
      : footprint_(detail::footprint_of(layers)),
        most_rows_(detail::tile_rows(footprint_, sizeof(Scalar))),
        slots_(Layers::template per_layer<Slot>(layers.size())) {
    gradient.setZero(footprint_.parameters);
    if (small()) spare.setZero(footprint_.parameters);
    Index offset = 0;
    layers.for_each([&](const auto& layer, std::size_t l) {
      using L = std::remove_cvref_t<decltype(layer)>;
      slots_[l].outputs = layer.outputs();
      slots_[l].parameters = offset;
      slots_[l].parameter_count = L::parameter_count(layer.inputs(), layer.outputs());
      offset += slots_[l].parameter_count;
    });
    if constexpr (is_inline<Scalar, Extents::memory>) lay_out(layers, detail::column_stride(most_rows_));
  }

  /// @name For the engine
  /// @{

  /// Makes room for a batch of so many rows and returns the rows of its tiles. The division into tiles depends on the
  /// network, the batch and the mode alone, not on what the workspace was used for before.
  /// @throws ShapeError when the workspace was made for a network of other extents.
  Index prepare(const Layers& layers, Index batch, Mode mode) {
    if constexpr (!Layers::fixed) check(layers);
    const Index rows = mode == Mode::training && layers.whole_batch() ? batch : most_rows_;
    stride_ = detail::column_stride(std::min(batch, rows));
    if (stride_ > capacity_) lay_out(layers, stride_);
    return rows;
  }
  /// Whether threads take chunks of tiles (else they share the products of one tile).
  bool small() const { return detail::small(footprint_, sizeof(Scalar)); }

  const Footprint& footprint() const { return footprint_; }
  int thread_count() const { return threads < 1 ? available_threads() : threads; }
  const Slot& slot(std::size_t l) const { return slots_[l]; }
  /// A[l − 1], the input of layer l; X for l = 0.
  Tile<Scalar> input(std::size_t l, Index t, Index columns) {
    return tile(l == 0 ? 0 : slots_[l - 1].output, t, columns);
  }
  /// A[l]
  Tile<Scalar> output(std::size_t l, Index t, Index columns) { return tile(slots_[l].output, t, columns); }
  /// dA[l]
  Tile<Scalar> output_gradient(std::size_t l, Index t, Index columns) {
    return tile(slots_[l].gradient, t, columns);
  }
  /// dA[l − 1]; dX for l = 0.
  Tile<Scalar> input_gradient(std::size_t l, Index t, Index columns) {
    if (l > 0) return output_gradient(l - 1, t, columns);
    if (dX_.size() < stride_ * columns) dX_.resize(stride_ * columns);
    return {dX_.data(), t, columns, Eigen::OuterStride<>(stride_)};
  }
  /// Room for the input of a layer with a sample's features side by side, columns×t.
  Tile<Scalar> transposed(Index t, Index columns) {
    return {memory_.data() + transposed_, columns, t, Eigen::OuterStride<>(detail::column_stride(columns))};
  }
  /// Y
  Tile<Scalar> targets(Index t, Index columns) { return tile(targets_, t, columns); }
  Span<Scalar> cache(std::size_t l) {
    return Span<Scalar>(memory_.data() + slots_[l].cache, slots_[l].cache_size);
  }

  /// Workspaces of `count` more threads, and room for the gradients of `chunks` chunks.
  std::vector<Workspace>& team(const Layers& layers, std::size_t count, Index chunks) {
    while (team_.size() < count) team_.emplace_back(layers);
    if (thread_count() > 1 && chunk_gradients_.cols() < chunks)
      chunk_gradients_.resize(footprint_.parameters, chunks);
    return team_;
  }
  /// The gradients of all chunks are summed in the order of the chunks: as they come from one thread, which has them in
  /// this order, or at the end.
  template <class Gradient>
  void keep_gradient(Index chunk, const Gradient& of_chunk) {
    if (thread_count() > 1) {
      chunk_gradients_.col(chunk) = of_chunk;
    } else if (chunk == 0) {
      spare = of_chunk;
    } else {
      spare += of_chunk;
    }
  }
  void sum_gradients(Index chunks) {
    if (thread_count() > 1) {
      gradient = chunk_gradients_.col(0);
      for (Index chunk = 1; chunk < chunks; ++chunk) gradient += chunk_gradients_.col(chunk);
    } else {
      gradient = spare;
    }
  }

  /// Room for m rows of predictions when they are more than one tile.
  Tile<Scalar> predictions(Index m, Index columns) {
    if (predictions_.rows() < m) predictions_.resize(m, columns);
    return {predictions_.data(), m, columns, Eigen::OuterStride<>(predictions_.rows())};
  }
  /// @}

 private:
  Tile<Scalar> tile(Index offset, Index t, Index columns) {
    return {memory_.data() + offset, t, columns, Eigen::OuterStride<>(stride_)};
  }

  void check(const Layers& layers) const {
    bool same = layers.size() == slots_.size() && layers.inputs() == footprint_.inputs;
    layers.for_each([&](const auto& layer, std::size_t l) {
      using L = std::remove_cvref_t<decltype(layer)>;
      same = same && layer.outputs() == slots_[l].outputs &&
             L::parameter_count(layer.inputs(), layer.outputs()) == slots_[l].parameter_count;
    });
    if (!same)
      detail::fail<ShapeError>({"workspace: expected one of this network, got one made for ",
                                footprint_.inputs, " inputs, ", footprint_.outputs, " outputs, ",
                                slots_.size(), " layers and ", footprint_.parameters, " parameters"});
  }

  void lay_out(const Layers& layers, Index rows) {
    const Index size = detail::memory_size(footprint_, rows, layers.size());
    memory_.setZero(size);
    capacity_ = rows;
    Index offset = rows * footprint_.inputs;
    const auto take = [&](Index scalars) {
      return std::exchange(offset, offset + detail::round_up(scalars, detail::granule));
    };
    offset = detail::round_up(offset, detail::granule);
    layers.for_each([&](const auto& layer, std::size_t l) {
      using L = std::remove_cvref_t<decltype(layer)>;
      slots_[l].output = take(rows * layer.outputs());
      slots_[l].gradient = take(rows * layer.outputs());
      slots_[l].cache_size = L::cache_size(rows, layer.inputs(), layer.outputs());
      slots_[l].cache = take(slots_[l].cache_size);
    });
    targets_ = take(rows * footprint_.outputs);
    transposed_ = take(rows * detail::column_stride(footprint_.widest));
    eigen_assert(offset <= size);
  }

  Footprint footprint_;
  Index most_rows_;
  Index capacity_ = 0;
  Index stride_ = 0;
  Index targets_ = 0;
  Index transposed_ = 0;
  typename Layers::template PerLayer<Slot> slots_;
  Storage<Scalar, Extents::memory> memory_;
  Eigen::Matrix<Scalar, Dynamic, Dynamic> predictions_, chunk_gradients_;
  Eigen::Matrix<Scalar, Dynamic, 1> dX_;
  std::vector<Workspace> team_;
};

}  // namespace lamina
