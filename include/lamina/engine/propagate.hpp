// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <optional>
#include <type_traits>
#include <utility>

#include "lamina/core/concepts.hpp"
#include "lamina/core/function_ref.hpp"
#include "lamina/core/parallel.hpp"
#include "lamina/core/product.hpp"
#include "lamina/core/validate.hpp"
#include "lamina/core/views.hpp"
#include "lamina/engine/workspace.hpp"

/// @file
/// How a batch is executed. It is walked in tiles of rows; each tile goes forward through all layers, through the loss,
/// and backward through all layers, adding to dF/dθ, before the next tile is touched. Everything a tile needs stays in
/// the cache, and the memory does not depend on the number of samples. The division by the number of samples (or the
/// sum of their weights) happens here, once, at the end.

namespace lamina::engine {

/// tile = rows [begin, begin + tile.rows()) of the batch's X or Y, read along the memory; a thread's share of it. Rows
/// that lie in one piece are copied to `transposed` first, when that is not null, so that it holds the transpose of the
/// tile; returns whether.
template <class Scalar>
bool read(const Batch<Scalar>& batch, const MatrixView<Scalar>& from, Index begin, Tile<Scalar>& tile,
          const Team& team = {}, const detail::Panels<Scalar>* transposed = nullptr) {
  Scalar* const to = tile.data();
  const Index stride = tile.outerStride();
  if (stride == 1) {  // one sample, its numbers side by side
    const detail::Share mine(tile.cols(), 1, team);
    const Scalar* row = from.data + batch.row(begin) * from.row_stride;
    if (from.column_stride == 1) {
      simd::copy(row + mine.begin, mine.size(), to + mine.begin);
    } else {
      for (Index j = mine.begin; j < mine.end; ++j) to[j] = row[j * from.column_stride];
    }
    return false;
  }
  if (from.row_stride <= from.column_stride) {
    const detail::Share mine(tile.cols(), 1, team);
    for (Index j = mine.begin; j < mine.end; ++j) {
      const Scalar* column = from.data + j * from.column_stride;
      if (!batch.indices && from.row_stride == 1) {
        const Scalar* const first = column + batch.first + begin;
        simd::prefetch(first + std::min(simd::runs_ahead, mine.end - 1 - j) * from.column_stride,
                       tile.rows());
        simd::copy(first, tile.rows(), to + j * stride);
      } else {
        for (Index i = 0; i < tile.rows(); ++i)
          to[i + j * stride] = column[batch.row(begin + i) * from.row_stride];
      }
    }
    return false;
  }
  const detail::Share mine(tile.rows(), detail::granule, team);  // whole registers
  if (transposed && from.column_stride == 1) {
    const Index width = transposed->width();
    for (Index i = mine.begin; i < mine.end; ++i) {
      const Scalar* const row = from.data + batch.row(begin + i) * from.row_stride;
      for (Index j = 0; j < tile.cols(); j += width)
        simd::copy(row + j, std::min(width, tile.cols() - j), transposed->from(j).at(0, i));
    }
    for (Index j = 0; j < tile.cols(); j += width) {
      const auto panel = transposed->from(j);
      detail::transpose<Scalar>({panel.at(0, mine.begin), 1, panel.column_stride},
                                {to + mine.begin + j * stride, 1, stride}, std::min(width, tile.cols() - j),
                                {0, mine.size()});
    }
    return true;
  }
  for (Index i = mine.begin; i < mine.end; ++i) {
    const Scalar* row = from.data + batch.row(begin + i) * from.row_stride;
    for (Index j = 0; j < tile.cols(); ++j) to[i + j * stride] = row[j * from.column_stride];
  }
  return false;
}

/// Y of a tile: the numbers of the data set, or its labels as one-hot rows (as one column of 0 and 1 for two classes
/// and one output).
template <class Scalar>
void read_targets(const Batch<Scalar>& batch, const AnyLoss<Scalar>& loss, Index begin, Tile<Scalar>& Y) {
  if (!batch.data.has_labels()) {
    read(batch, batch.data.Y, begin, Y);
    return;
  }
  const bool one_hot = loss.classes(Y.cols()) <= Y.cols();
  if (one_hot)
    for (Index j = 0; j < Y.cols(); ++j) std::fill_n(&Y(0, j), Y.rows(), Scalar(0));
  for (Index i = 0; i < Y.rows(); ++i) {
    const Index label = batch.data.labels[batch.row(begin + i)];
    if (one_hot) {
      Y(i, label) = Scalar(1);
    } else {
      Y(i, 0) = static_cast<Scalar>(label);
    }
  }
}

/// A[0] = rows [begin, begin + t) of X; a thread's share of it. Returns whether Xᵀ is in the memory too.
template <class Scalar>
bool read_inputs(Memory<Scalar>& memory, const Batch<Scalar>& batch, Index begin, Index t,
                 const Team& team = {}) {
  auto X = memory.input(0, t);
  const auto transposed = memory.transposed(t, X.cols());
  return read(batch, batch.data.X, begin, X, team, &transposed);
}

/// A layer's share of θ.
template <class Scalar>
ConstSpan<Scalar> parameters_of(const Slot<Scalar>& slot, const Scalar* theta) {
  return ConstSpan<Scalar>(theta + slot.parameters, slot.parameter_count);
}

/// A[l] = layer l of A[l − 1], for all layers; A[0] = X is in the memory. Called by all threads of pass.team.
template <class Scalar>
void forward(Memory<Scalar>& memory, const Scalar* theta, Index t, Pass pass) {
  const Team team = pass.team;
  const auto slots = memory.slots();
  for (std::size_t l = 0; l < slots.size(); ++l) {
    const Slot<Scalar>& slot = slots[l];
    if (slot.call->shared || team.first()) {
      auto A = memory.output(l, t);
      auto cache = memory.cache(l);
      pass.layer = static_cast<std::uint32_t>(l);
      pass.team = slot.call->shared ? team : Team();
      slot.call->forward(slot.layer, parameters_of(slot, theta), detail::constant(memory.input(l, t)), A,
                         cache, pass);
    }
    team.wait();
  }
}

/// For the tiles of a workspace.
template <class Scalar>
Pass for_tiles(const Memory<Scalar>& memory, Pass pass, const Team& team = {}) {
  pass.team = team;
  pass.padded = memory.padded();
  return pass;
}

/// How many threads it pays to have work on a tile of so many rows: below a million multiplications a thread takes
/// longer to be woken than to do its share.
inline int useful_threads(const Footprint& footprint, Index rows, int threads) {
  const double work = static_cast<double>(footprint.parameters) * static_cast<double>(rows);
  return std::max(1, static_cast<int>(std::min<double>(threads, work / 1e6)));
}

/// f(memory, team, chunk, first, last) for the chunks of a batch: rows [first, last) are chunk number `chunk`. When θ
/// is small, several threads take chunks in turn, each alone with a memory of its own; else there is one chunk, and
/// all threads of a team call f. What is a chunk does not depend on the number of threads. Returns how many there are.
template <class Scalar, class F>
Index for_each_chunk(Memory<Scalar>& memory, Index batch, F&& f) {
  const Index rows = memory.rows(), tiles = (batch + rows - 1) / rows;
  if (tiles <= 1 || !memory.small()) {
    detail::parallel(useful_threads(memory.footprint(), std::min(batch, rows), memory.thread_count()),
                     [&](const Team& team) { f(memory, team, Index{0}, Index{0}, batch); });
    return 1;
  }
  const Index count = chunks(batch, rows);
  detail::parallel(static_cast<int>(std::min<Index>(memory.thread_count(), count)), [&](const Team& team) {
    const detail::Share mine(count, 1, team);
    for (Index chunk = mine.begin; chunk < mine.end; ++chunk)
      f(memory.of_thread(team.rank()), Team(), chunk, tiles * chunk / count * rows,
        std::min(batch, tiles * (chunk + 1) / count * rows));
  });
  return count;
}

/// Of several threads: the largest magnitudes in the input and the output gradient of a layer.
struct Maxima {
  std::atomic<double> input{0}, gradient{0};

  static void raise(std::atomic<double>& most, double x) {
    double before = most.load(std::memory_order_relaxed);
    while (!(x <= before) && before == before && !most.compare_exchange_weak(before, x)) {
    }
  }
  /// A bound of what each sample adds to a derivative, of a weight or a bias, whose input is 1; the two begin anew.
  double take() {
    const double of_input = input.exchange(0);
    return (of_input < 1 ? 1 : of_input) * gradient.exchange(0);
  }
};

/// What the threads that work on a tile tell each other.
struct SharedByTeam {
  Maxima maxima[2];  ///< of layers with even and with odd numbers
  double bound = 0;  ///< of all derivatives; the first thread's
  bool stepping = false;
};

/// The largest magnitude in a thread's share of a tile.
template <class Scalar>
double largest_magnitude(Tile<Scalar> A, const Team& team) {
  const detail::Block<Scalar> mine(A.rows(), A.cols(), team);
  if (mine.empty()) return 0;
  return static_cast<double>(
      detail::largest_magnitude(detail::constant(detail::part(A, mine.rows, mine.columns))));
}

/// Takes the gradient part by part, as it is computed: an optimiser, see train_step. One type for all of them, so that
/// the engine is compiled once for a network and a loss.
template <class Scalar>
struct Step {
  void* self;
  /// Whether it will, given a bound of all derivatives.
  bool (*begin)(void* self, double bound);
  /// The gradient of `count` parameters from `first` on; called by several threads.
  void (*update)(void* self, Index first, Index count, const Scalar* gradient);
};

/// How a tile is passed through.
struct TilePass {
  Pass pass;
  bool add = false;             ///< to the gradient that is there, else it is written
  bool input_gradient = false;  ///< dX is wanted
  bool X_transposed = false;    ///< the workspace's `transposed` holds Xᵀ
};

/// dF/dθ = … or += …, and dA[l − 1] from dA[l], from the last layer down to the first that has parameters; down to layer
/// 0, dX included, when wanted. dA[L] is in the memory. First dZ and dA of all layers; then, when `step` agrees to a
/// bound of all derivatives, the gradients of the parameters, which it is given part by part. Called by all threads of
/// tile.pass.team; shared.stepping says whether `step` has taken the gradient.
template <class Scalar>
void backward(Memory<Scalar>& memory, const Scalar* theta, Index t, TilePass tile, const Step<Scalar>* step,
              SharedByTeam& shared) {
  const Team& team = tile.pass.team;
  const auto slots = memory.slots();
  std::size_t lowest = 0;
  while (!tile.input_gradient && lowest < slots.size() && slots[lowest].parameter_count == 0) ++lowest;
  const auto bounded = [&](double x) { shared.bound = x > shared.bound || !(x - x == 0) ? x : shared.bound; };

  for (std::size_t l = slots.size(); l-- > lowest;) {
    const Slot<Scalar>& slot = slots[l];
    auto A0 = memory.input(l, t), A = memory.output(l, t), dA = memory.output_gradient(l, t);
    std::optional<Tile<Scalar>> dA0;
    if (l > lowest || tile.input_gradient) dA0.emplace(memory.input_gradient(l, t));
    Tile<Scalar>* const wanted = dA0 ? &*dA0 : nullptr;
    auto cache = memory.cache(l);
    Pass pass = tile.pass;
    pass.layer = static_cast<std::uint32_t>(l);
    Maxima& maxima = shared.maxima[l % 2];
    if (slot.call->backward_inputs) {
      slot.call->backward_inputs(slot.layer, parameters_of(slot, theta), detail::constant(A0), A, cache, dA,
                                 wanted, pass);
      if (step) {
        Maxima::raise(maxima.input, largest_magnitude(A0, team));
        Maxima::raise(maxima.gradient, largest_magnitude(dA, team));
      }
    } else if (slot.call->shared || team.first()) {
      auto dtheta = memory.gradient_of(l);
      if (!slot.call->shared) pass.team = Team();
      if (!tile.add && dtheta.size() > 0) {
        if (team.first()) std::fill_n(dtheta.data(), dtheta.size(), Scalar(0));
        pass.team.wait();
      }
      slot.call->backward(slot.layer, parameters_of(slot, theta), detail::constant(A0), A, cache, dA, dtheta,
                          wanted, pass);
      if (step && dtheta.size() > 0) {
        pass.team.wait();
        if (team.first())
          bounded(static_cast<double>(detail::largest_magnitude(
              detail::tile(std::as_const(dtheta).data(), dtheta.size(), Index{1}))));
      }
    }
    team.wait();
    if (step && slot.call->backward_inputs && team.first()) bounded(maxima.take() * static_cast<double>(t));
  }

  if (step) {
    if (team.first()) shared.stepping = step->begin(step->self, shared.bound);
    team.wait();
  }
  const GradientUse use = shared.stepping ? GradientUse::hand_over
                          : tile.add      ? GradientUse::add
                                          : GradientUse::write;
  for (std::size_t l = lowest; l < slots.size(); ++l) {
    const Slot<Scalar>& slot = slots[l];
    auto dtheta = memory.gradient_of(l);
    const auto done = [&](Index first, Index count, const Scalar* derivatives) {
      if (shared.stepping) step->update(step->self, slot.parameters + first, count, derivatives);
    };
    if (slot.call->backward_parameters) {
      auto A0 = memory.input(l, t);
      const auto dZ = detail::constant(memory.output_gradient(l, t));
      const bool transposing =
          memory.padded() && detail::worth_transposing<Scalar>(slot.inputs, slot.outputs, t);
      const auto A0t = memory.transposed(transposing ? t : 0, slot.inputs);
      if (transposing && !(l == 0 && tile.X_transposed)) {
        if (l > lowest) team.wait();  // nobody needs what was there any more
        detail::transpose(detail::operand(detail::constant(A0)), A0t,
                          detail::Share(slot.inputs, A0t.width(), team));
        team.wait();
      }
      slot.call->backward_parameters(slot.layer, detail::constant(A0), transposing ? A0t.data : nullptr, dZ,
                                     dtheta, use, tile.pass, done);
    } else if (team.first()) {
      done(Index{0}, slot.parameter_count, dtheta.data());
    }
  }
}

/// A[L], in the memory, for a batch that is one tile.
template <class Scalar>
void predict_tile(Memory<Scalar>& memory, const Scalar* theta, const Batch<Scalar>& batch) {
  detail::parallel(useful_threads(memory.footprint(), batch.count, memory.thread_count()),
                   [&](const Team& team) {
                     read_inputs(memory, batch, 0, batch.count, team);
                     team.wait();
                     forward(memory, theta, batch.count, for_tiles(memory, Pass{}, team));
                   });
}

/// Â = the network's output for every row of the batch: `write(begin, Â)` for the rows from `begin` on, by several threads
/// perhaps.
template <class Scalar>
void predict(Memory<Scalar>& memory, const Scalar* theta, const Batch<Scalar>& batch,
             FunctionRef<void(Index, const Tile<Scalar>&)> write) {
  for_each_chunk(memory, batch.count,
                 [&](Memory<Scalar>& own, const Team& team, Index, Index first, Index last) {
                   for (Index begin = first; begin < last; begin += own.rows()) {
                     const Index t = std::min(own.rows(), last - begin);
                     read_inputs(own, batch, begin, t, team);
                     team.wait();
                     forward(own, theta, t, for_tiles(own, Pass{}, team));
                     if (team.first()) write(begin, own.last_output(t));
                     team.wait();
                   }
                 });
}

/// What a pass over a batch is to compute besides F.
template <class Scalar>
struct Wanted {
  bool gradient = false;               ///< dF/dθ, into the workspace
  Scalar* input_gradient = nullptr;    ///< dF/dX, m×inputs and column-major, to there
  const Step<Scalar>* step = nullptr;  ///< takes dF/dθ part by part, if the batch is one tile
};

/// What has been computed.
template <class Scalar>
struct Evaluation {
  Scalar F = 0;
  Scalar divisor = 0;    ///< of the sum of the samples' losses: their number, or their weights' sum
  bool stepped = false;  ///< the step has taken the gradient
};

/// F = Σᵢ sᵢ·Fᵢ / Σᵢ sᵢ·wᵢ over the rows of a batch, with the sample weights sᵢ (1 without) and the loss's own wᵢ (1 for
/// most), and its derivatives as wanted. A batch whose weights sum to 0 has F = 0 and no gradient.
template <class Scalar>
Evaluation<Scalar> evaluate(Memory<Scalar>& memory, const Scalar* theta, const Batch<Scalar>& batch,
                            const AnyLoss<Scalar>& loss, const Pass& pass, const Wanted<Scalar>& wanted) {
  using Own = Memory<Scalar>;
  const Index rows = memory.rows();
  const std::size_t last_layer = memory.slots().size() - 1;
  const Index outputs = memory.footprint().outputs, target_columns = loss.target_columns(outputs);
  const bool derivatives = wanted.gradient || wanted.input_gradient;
  const bool one_tile = batch.count <= rows;
  const auto& weights = batch.data.weights;

  struct Sums {
    Sum<Scalar> value = 0, divisor = 0;
  };
  // F and dF/dA[L] of a tile: its share of the sums, and, divided by the divisor if it is the only one, of the gradient.
  const auto run_loss = [&](Own& own, Index begin, Index t) {
    Sums sums;
    const auto A = detail::constant(own.last_output(t)), Y = detail::constant(own.targets(t, target_columns));
    if (!weights.read) {
      sums.value = loss.value(A, Y);
      if (loss.weighs()) {
        for (Index i = 0; i < t; ++i) sums.divisor += loss.weight(detail::row(Y, i));
      } else {
        sums.divisor = static_cast<Sum<Scalar>>(t);
      }
    } else {
      for (Index i = 0; i < t; ++i) {
        const auto s = static_cast<Sum<Scalar>>(weights[batch.row(begin + i)]);
        if (s == 0) continue;
        sums.value += s * loss.value(detail::row(A, i), detail::row(Y, i));
        sums.divisor += s * loss.weight(detail::row(Y, i));
      }
    }
    if (!derivatives || (one_tile && static_cast<Scalar>(sums.divisor) == 0)) return sums;

    auto dA = own.output_gradient(last_layer, t);
    loss.gradient(A, Y, dA);
    if (weights.read) {
      for (Index i = 0; i < t; ++i) {
        const auto s = static_cast<Scalar>(weights[batch.row(begin + i)]);
        for (Index j = 0; j < outputs; ++j) dA(i, j) = s == 0 ? Scalar(0) : s * dA(i, j);
      }
    }
    if (one_tile)
      for (Index j = 0; j < outputs; ++j) simd::divide(&dA(0, j), t, static_cast<Scalar>(sums.divisor));
    return sums;
  };
  // One tile, by all threads of a team; `sums` and `shared` are theirs together.
  const auto run_tile = [&](Own& own, Index begin, Index t, TilePass tile, Sums& sums, SharedByTeam& shared) {
    const Team& team = tile.pass.team;
    tile.X_transposed = read_inputs(own, batch, begin, t, team);
    if (team.first()) {
      auto Y = own.targets(t, target_columns);
      read_targets(batch, loss, begin, Y);
      // Room for dX is made by one thread.
      if (wanted.input_gradient) own.input_gradient(0, t);
    }
    team.wait();
    tile.pass.first_row = begin;
    forward(own, theta, t, tile.pass);
    if (team.first()) sums = run_loss(own, begin, t);
    team.wait();
    if (!derivatives || (one_tile && static_cast<Scalar>(sums.divisor) == 0)) return;
    // A small gradient of several samples is in the cache anyway; it is looked at, and taken, when it is whole.
    const bool by_parts =
        one_tile && (!own.small() || !own.padded()) && std::isfinite(sums.value / sums.divisor);
    backward(own, theta, t, tile, by_parts ? wanted.step : nullptr, shared);
    if (wanted.input_gradient && team.first()) {
      const auto dX = own.input_gradient(0, t);
      simd::copy(dX.data(), dX.outerStride(), t, dX.cols(), wanted.input_gradient + begin, batch.count);
    }
    team.wait();
  };

  struct OfChunk {
    Sums total, of_tile;
    SharedByTeam shared;
  };
  OfChunk of_chunk[most_chunks];
  const bool keeping = derivatives && memory.small() && !one_tile;
  const Index chunks = for_each_chunk(memory, batch.count,
                                      [&](Own& own, const Team& team, Index chunk, Index first, Index last) {
                                        OfChunk& mine = of_chunk[chunk];
                                        for (Index begin = first; begin < last; begin += rows) {
                                          run_tile(own, begin, std::min(rows, last - begin),
                                                   {.pass = for_tiles(own, pass, team),
                                                    .add = begin > first,
                                                    .input_gradient = wanted.input_gradient != nullptr},
                                                   mine.of_tile, mine.shared);
                                          if (!team.first()) continue;
                                          mine.total.value += mine.of_tile.value;
                                          mine.total.divisor += mine.of_tile.divisor;
                                        }
                                        if (keeping) memory.keep_gradient(chunk, own);
                                      });
  Sums total;
  for (Index chunk = 0; chunk < chunks; ++chunk) {
    total.value += of_chunk[chunk].total.value;
    total.divisor += of_chunk[chunk].total.divisor;
  }
  if (keeping) memory.sum_gradients(chunks);

  const auto divisor = static_cast<Scalar>(total.divisor);
  const Index parameters = memory.footprint().parameters,
              of_inputs = wanted.input_gradient ? batch.count * memory.footprint().inputs : 0;
  Scalar* const dtheta = memory.whole_gradient().data();
  if (divisor == 0) {
    if (derivatives) std::fill_n(dtheta, parameters, Scalar(0));
    std::fill_n(wanted.input_gradient, of_inputs, Scalar(0));
    return {};
  }
  if (derivatives && !one_tile) {
    simd::divide(dtheta, parameters, divisor);
    simd::divide(wanted.input_gradient, of_inputs, divisor);
  }
  return {static_cast<Scalar>(total.value / total.divisor), divisor, of_chunk[0].shared.stepping};
}

}  // namespace lamina::engine
