// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <algorithm>
#include <cstdint>
#include <list>
#include <span>
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
  static constexpr Index rows = tile_rows<Scalar>(footprint);
  static constexpr Index memory =
      Layers::whole_batch() ? Dynamic : memory_size<Scalar>(footprint, rows, Layers::size());
};

}  // namespace detail

namespace engine {

inline constexpr Index most_chunks = 16;
/// How many chunks a batch of several tiles is cut into for threads that take a chunk each.
constexpr Index chunks(Index batch, Index rows) { return std::min((batch + rows - 1) / rows, most_chunks); }

/// A workspace as the engine sees it, whatever the network: its layers, and where everything is. Made ready by
/// Workspace::prepare() before each use.
template <class Scalar>
class Memory {
 public:
  /// What dropout draws its masks from, together with `passes`.
  std::uint64_t seed = 0;
  /// Training passes so far.
  std::uint64_t passes = 0;
  /// How many threads may work on a batch, with OpenMP; 0: as many as it offers. The results are the same for any number.
  int threads = 1;

  /// @name For the engine
  /// @{

  /// Whether threads take chunks of tiles (else they share the products of one tile).
  bool small() const { return detail::small(footprint_, sizeof(Scalar)); }
  const Footprint& footprint() const { return footprint_; }
  int thread_count() const { return threads < 1 ? available_threads() : threads; }
  /// The layers from the first to the last.
  std::span<const Slot<Scalar>> slots() const { return slots_; }
  /// The most rows of a tile.
  Index rows() const { return rows_; }
  /// Whether the columns of tiles have room for full registers. A batch of one sample has its numbers side by side instead, so
  /// that outputs fill registers.
  bool padded() const { return stride_ > 1; }

  /// A[l − 1], the input of layer l; X for l = 0.
  Tile<Scalar> input(std::size_t l, Index t) {
    return tile(l == 0 ? 0 : slots_[l - 1].output, t, slots_[l].inputs);
  }
  /// A[l]
  Tile<Scalar> output(std::size_t l, Index t) { return tile(slots_[l].output, t, slots_[l].outputs); }
  /// A[L]
  Tile<Scalar> last_output(Index t) { return output(slots_.size() - 1, t); }
  /// dA[l]
  Tile<Scalar> output_gradient(std::size_t l, Index t) {
    return tile(slots_[l].gradient, t, slots_[l].outputs);
  }
  /// dA[l − 1]; dX for l = 0.
  Tile<Scalar> input_gradient(std::size_t l, Index t) {
    if (l > 0) return output_gradient(l - 1, t);
    const Index columns = footprint_.inputs;
    if (dX_.size() < stride_ * columns) detail::make_size(dX_, stride_ * columns, 1);
    return {dX_.data(), t, columns, Eigen::OuterStride<>(stride_)};
  }
  /// Room for the transpose of a layer's input, columns×t.
  detail::Panels<Scalar> transposed(Index t, Index columns) {
    eigen_assert(t * detail::column_stride(columns) <= detail::transposed_size<Scalar>(footprint_, stride_));
    return {memory_ + transposed_, columns, t};
  }
  /// Y
  Tile<Scalar> targets(Index t, Index columns) { return tile(targets_, t, columns); }
  Span<Scalar> cache(std::size_t l) { return Span<Scalar>(memory_ + slots_[l].cache, slots_[l].cache_size); }
  /// dF/dθ, all of it and a layer's share
  Span<Scalar> whole_gradient() { return Span<Scalar>(gradient_, footprint_.parameters); }
  Span<Scalar> gradient_of(std::size_t l) {
    return Span<Scalar>(gradient_ + slots_[l].parameters, slots_[l].parameter_count);
  }

  /// The workspace of another thread, for a batch of several tiles when small().
  Memory& of_thread(int rank) { return rank == 0 ? *this : *others_[static_cast<std::size_t>(rank - 1)]; }
  /// The gradients of all chunks are summed in the order of the chunks: as they come from one thread, which has them in
  /// this order, or at the end.
  void keep_gradient(Index chunk, Memory& of_chunk) {
    const Index count = footprint_.parameters;
    Scalar* const kept = others_.empty() ? spare_ : gradient_of_chunk(chunk);
    if (!others_.empty() || chunk == 0) {
      std::copy_n(of_chunk.gradient_, count, kept);
    } else {
      simd::add(of_chunk.gradient_, count, kept);
    }
  }
  void sum_gradients(Index chunks) {
    const Index count = footprint_.parameters;
    std::copy_n(others_.empty() ? spare_ : gradient_of_chunk(0), count, gradient_);
    for (Index chunk = 1; !others_.empty() && chunk < chunks; ++chunk)
      simd::add(gradient_of_chunk(chunk), count, gradient_);
  }

  /// Room for m rows of predictions when they are more than one tile.
  Tile<Scalar> predictions(Index m) {
    if (predictions_.rows() < m) detail::make_size(predictions_, m, footprint_.outputs);
    return {predictions_.data(), m, footprint_.outputs, Eigen::OuterStride<>(predictions_.rows())};
  }
  /// @}

 protected:
  Memory() = default;
  ~Memory() = default;
  Memory(const Memory&) = default;
  Memory(Memory&&) noexcept = default;
  Memory& operator=(const Memory&) = default;
  Memory& operator=(Memory&&) noexcept = default;

  Tile<Scalar> tile(Index offset, Index t, Index columns) {
    return {memory_ + offset, t, columns, Eigen::OuterStride<>(stride_)};
  }
  Scalar* gradient_of_chunk(Index chunk) { return chunk_gradients_.data() + chunk * footprint_.parameters; }
  /// Gives everything its place in the memory, for tiles whose columns are so far apart.
  void lay_out(Index stride, std::span<Slot<Scalar>> slots) {
    Index offset = 0;
    const auto take = [&](Index scalars) {
      return std::exchange(offset, offset + detail::round_up(scalars, detail::granule));
    };
    take(stride * footprint_.inputs);
    for (Slot<Scalar>& slot : slots) {
      slot.output = take(stride * slot.outputs);
      slot.gradient = take(stride * slot.outputs);
      slot.cache_size = slot.call->cache_size(stride, slot.inputs, slot.outputs);
      slot.cache = take(slot.cache_size);
    }
    targets_ = take(stride * footprint_.outputs);
    transposed_ = take(detail::transposed_size<Scalar>(footprint_, stride));
    // The memory is reckoned from what one row and two rows keep.
    if (offset > detail::memory_size<Scalar>(footprint_, stride, slots.size()))
      detail::fail<ShapeError>({"cache_size: expected of each layer a + b\u00b7rows, for ", stride,
                                " rows as for 1 and 2, got more"});
  }

  Footprint footprint_;
  std::span<const Slot<Scalar>> slots_;
  Scalar *memory_ = nullptr, *gradient_ = nullptr, *spare_ = nullptr;
  Index rows_ = 0, stride_ = 0, targets_ = 0, transposed_ = 0;
  std::vector<Memory*> others_;  ///< of more threads, for batches of several tiles when small()
  Eigen::Matrix<Scalar, Dynamic, Dynamic> predictions_, chunk_gradients_;
  Eigen::Matrix<Scalar, Dynamic, 1> dX_;
};

}  // namespace engine

/// The memory a network works in: the gradient, and the matrices of one tile. Made by Network::workspace().
///
/// A workspace belongs to one thread at a time. For fixed shapes it has no heap (but see below); for run-time shapes it
/// grows at the first pass, or at a larger one, and then stays. Layers that need a whole batch at once (BatchNorm) make
/// it as large as the batch, on the heap.
template <class Scalar, class Layers>
class Workspace : public engine::Memory<Scalar> {
  using Extents = detail::extents<Scalar, Layers>;

 public:
  /// dF/dθ of the last Network::loss_and_gradient, in θ's shape. After a train_step only where the optimiser did not take
  /// the gradient part by part, as it was computed.
  Storage<Scalar, Extents::parameters> gradient;
  /// Room for another θ: the gradient of one chunk of a batch, or θ before a train_step.
  Storage<Scalar, Extents::parameters> spare;

  explicit Workspace(const Layers& layers)
      : own_slots_(Layers::template per_layer<Slot<Scalar>>(layers.size())) {
    this->footprint_ = detail::footprint_of(layers);
    detail::make_zero(gradient, this->footprint_.parameters);
    if (this->small()) detail::make_zero(spare, this->footprint_.parameters);
    Index offset = 0;
    layers.for_each([&](const auto& layer, std::size_t l) {
      Slot<Scalar>& slot = own_slots_[l];
      slot = of(layer);
      slot.parameters = offset;
      slot.parameter_count = slot.call->parameter_count(slot.inputs, slot.outputs);
      offset += slot.parameter_count;
    });
    most_rows_ = detail::tile_rows<Scalar>(this->footprint_);
    if constexpr (is_inline<Scalar, Extents::memory>) make_room(detail::column_stride(most_rows_));
  }

  /// For the engine: makes room for a batch of so many rows and returns the rows of its tiles. The division into tiles
  /// depends on the network, the batch and the mode alone, not on what the workspace was used for before.
  /// @throws ShapeError when the workspace was made for a network of other extents.
  Index prepare(const Layers& layers, Index batch, Mode mode) {
    bind(layers);
    restore();
    this->rows_ =
        mode == Mode::training && layers.whole_batch() ? batch : detail::even_rows(batch, most_rows_);
    const Index stride = detail::column_stride(std::min(batch, this->rows_));
    if (stride > capacity_) make_room(stride);
    this->stride_ = batch == 1 ? 1 : stride;
    this->slots_ = {own_slots_.data(), own_slots_.size()};
    this->memory_ = own_memory_.data();
    this->gradient_ = gradient.data();
    this->spare_ = spare.data();
    prepare_others(layers, batch, mode);
    return this->rows_;
  }
  /// Where layer l's numbers are.
  const Slot<Scalar>& slot(std::size_t l) const { return own_slots_[l]; }

 private:
  template <class L>
  static Slot<Scalar> of(const L& layer) {
    Slot<Scalar> slot;
    slot.layer = &layer;
    slot.call = &engine::layer_operations<Scalar, L>;
    slot.inputs = layer.inputs();
    slot.outputs = layer.outputs();
    return slot;
  }
  /// The layers are where they are now: the network may have been moved, or be another one of the same extents.
  void bind(const Layers& layers) {
    if constexpr (Layers::fixed) {
      layers.for_each([&](const auto& layer, std::size_t l) { own_slots_[l].layer = &layer; });
    } else {
      bool same = layers.size() == own_slots_.size() && layers.inputs() == this->footprint_.inputs;
      bool same_kinds = true;
      if (same)
        layers.for_each([&](const auto& layer, std::size_t l) {
          const Slot<Scalar>& slot = own_slots_[l];
          const Slot<Scalar> now = of(layer);
          same = same && now.inputs == slot.inputs && now.outputs == slot.outputs &&
                 now.call->parameter_count(now.inputs, now.outputs) == slot.parameter_count;
          same_kinds = same_kinds && now.call == slot.call;
        });
      if (!same) refuse();
      layers.for_each([&](const auto& layer, std::size_t l) {
        own_slots_[l].layer = &layer;
        own_slots_[l].call = of(layer).call;
      });
      if (!same_kinds) {  // which may keep more from forward to backward
        this->footprint_ = detail::footprint_of(layers);
        most_rows_ = detail::tile_rows<Scalar>(this->footprint_);
        capacity_ = 0;
      }
    }
  }
  /// What somebody has moved out of the workspace, or resized, is there again.
  void restore() {
    const Index parameters = this->footprint_.parameters;
    if (gradient.size() != parameters) detail::make_zero(gradient, parameters);
    if (this->small() && spare.size() != parameters) detail::make_zero(spare, parameters);
    if (own_memory_.size() == 0) capacity_ = 0;
  }
  [[noreturn]] LAMINA_COLD void refuse() const {
    const Footprint& of = this->footprint_;
    detail::fail<ShapeError>({"workspace: expected one of this network, got one made for ", of.inputs,
                              " inputs, ", of.outputs, " outputs, ", own_slots_.size(), " layers and ",
                              of.parameters, " parameters"});
  }
  void make_room(Index stride) {
    capacity_ = 0;
    detail::make_zero(own_memory_, detail::memory_size<Scalar>(this->footprint_, stride, own_slots_.size()));
    this->lay_out(stride, {own_slots_.data(), own_slots_.size()});
    capacity_ = stride;
  }
  /// Workspaces of more threads, and room for the gradients of the chunks, when threads take chunks of the batch.
  void prepare_others(const Layers& layers, Index batch, Mode mode) {
    this->others_.clear();
    if (batch <= this->rows_ || !this->small() || this->thread_count() == 1) return;
    const auto chunks = engine::chunks(batch, this->rows_);
    const auto count = static_cast<std::size_t>(std::min<Index>(this->thread_count(), chunks) - 1);
    while (team_.size() < count) team_.emplace_back(layers);
    for (Workspace& other : team_) {
      if (this->others_.size() == count) break;
      other.seed = this->seed;
      other.prepare(layers, batch, mode);
      this->others_.push_back(&other);
    }
    if (this->chunk_gradients_.cols() < chunks)
      detail::make_size(this->chunk_gradients_, this->footprint_.parameters, chunks);
  }

  Index most_rows_ = 0, capacity_ = 0;
  typename Layers::template PerLayer<Slot<Scalar>> own_slots_;
  Storage<Scalar, Extents::memory> own_memory_;
  std::list<Workspace> team_;  ///< of more threads
};

}  // namespace lamina
