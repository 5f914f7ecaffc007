// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "lamina/core/atomic_file.hpp"
#include "lamina/core/bytes.hpp"
#include "lamina/training/fit.hpp"
#include "lamina/training/state_archive.hpp"

namespace lamina {

namespace detail {

inline constexpr std::string_view checkpoint_magic = "LaminaCP";
inline constexpr std::uint32_t checkpoint_version = 3;

/// 64 bits that change with any byte: FNV-1a (Fowler, Noll and Vo), over 8 bytes at a time.
inline std::uint64_t checksum(ByteSpan bytes) {
  constexpr std::uint64_t prime = 0x100000001b3;
  std::uint64_t hash = 0xcbf29ce484222325 ^ bytes.size();
  std::size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    hash = (hash ^ load_number<std::uint64_t>(bytes.data() + i, std::endian::little)) * prime;
    hash ^= hash >> 32;
  }
  for (; i < bytes.size(); ++i) hash = (hash ^ std::to_integer<std::uint64_t>(bytes[i])) * prime;
  return hash;
}

/// The state in its envelope: magic, version, length, state, checksum.
inline std::vector<std::byte> sealed(ByteSpan state) {
  std::vector<std::byte> file;
  file.reserve(state.size() + 28);
  append_text(file, checkpoint_magic);
  append_number(file, checkpoint_version, std::endian::little);
  append_number(file, static_cast<std::uint64_t>(state.size()), std::endian::little);
  append_bytes(file, state);
  append_number(file, checksum(state), std::endian::little);
  return file;
}
/// @throws FormatError when it is not a whole checkpoint.
inline ByteSpan unsealed(ByteSpan file, const std::string& source) {
  ByteReader reader(file, source);
  const std::string_view magic = as_text(reader.take(checkpoint_magic.size(), "the mark of a checkpoint"));
  if (magic != checkpoint_magic)
    reader.fail_at(0, "the mark of a checkpoint", checkpoint_magic, "other bytes");
  const auto version = reader.little_endian<std::uint32_t>("format version");
  if (version != checkpoint_version)
    reader.fail_at(8, "format version", std::to_string(checkpoint_version), std::to_string(version));
  const ByteSpan state =
      reader.take(reader.little_endian<std::uint64_t>("length"), "the state of the training");
  const auto sum = reader.little_endian<std::uint64_t>("checksum");
  reader.expect_end("the checksum");
  if (sum != checksum(state))
    reader.fail_at(reader.position() - 8, "checksum", "that of the bytes before it",
                   "another: the file is damaged");
  return state;
}

}  // namespace detail

/// A callback for fit that writes everything a training needs to go on to a file, and lets the next fit with the same
/// file go on there, bit for bit as if nothing had been in between:
///
///     fit(net, X, Y, loss, adam, FitOptions{.epochs = 100}, Checkpoint{.path = "run.checkpoint"});
///
/// It holds the parameters and running statistics, the optimiser's state, the schedule's, the random numbers', epoch and
/// batch, the history, and what other callbacks remember (EarlyStopping). Options, data and callbacks must be the same
/// when the training goes on; what can be told apart is (extents, activations, number of samples, batch size, seed, …), the data
/// themselves are not. Only `epochs` may be another. A file is replaced as a whole or not at all, and one that is not
/// whole is refused. A training that had come to its end, or that EarlyStopping has ended, stays there: fit returns at
/// once; one that FitState::stop has ended goes on.
struct Checkpoint {
  static constexpr bool sees_context = true;

  std::string path;
  Index every_epochs = 1;   ///< ≥ 1: written after so many epochs, and after the last
  Index every_batches = 0;  ///< and within an epoch after so many steps of the optimiser; 0: not
  bool resume_from = true;  ///< whether to go on from a file that is there; else it is overwritten

  /// @throws OptionError when an option is outside its domain.
  void check() const {
    if (path.empty()) detail::fail<OptionError>({"Checkpoint: expected a path, got none"});
    if (every_epochs < 1)
      detail::fail<OptionError>({"Checkpoint: expected every_epochs of at least 1, got ", every_epochs});
    if (every_batches < 0)
      detail::fail<OptionError>({"Checkpoint: expected every_batches of at least 0, got ", every_batches});
  }

  void begin(auto&) const { check(); }
  /// @throws FormatError when the file is damaged or of another training, FileError when it cannot be read; nothing has
  ///         changed then.
  void resume(auto& context) const {
    if (!resume_from || !exists()) return;
    const std::vector<std::byte> file = read_file(path);
    detail::StateReader archive(ByteReader(detail::unsealed(file, path), path + " (state)"));

    // Everything is read into copies first.
    auto network = context.network;
    auto optimizer = context.optimizer;
    History history;
    FitState state = context.state;
    LearningRateSchedule schedule = context.schedule;
    auto callbacks =
        std::apply([](auto&... callback) { return std::make_tuple(copy_of<decltype(network)>(callback)...); },
                   context.callbacks);
    Position position;
    transfer(archive, context, network, optimizer, history, state, schedule, position,
             [&](auto&& f) { std::apply([&](auto&... copy) { (f(copy), ...); }, callbacks); });
    archive.bytes().expect_end("the state of the training");

    context.batches.resume(position.random, state.epoch, position.in_epoch, state.batch);
    context.network = std::move(network);
    context.optimizer = std::move(optimizer);
    state.history = context.state.history;
    context.history = std::move(history);
    context.state = state;
    context.schedule = std::move(schedule);
    context.steps = position.steps;
    context.sum = position.sum;
    context.in_epoch = position.in_epoch;
    context.workspace.passes = position.passes;
    [&]<std::size_t... k>(std::index_sequence<k...>) {
      (put_back(std::get<k>(context.callbacks), std::get<k>(callbacks)), ...);
    }
    (std::make_index_sequence<std::tuple_size_v<decltype(callbacks)>>());
  }
  void after_batch(auto& context) const {
    if (every_batches > 0 && context.steps % every_batches == 0) write(context, true);
  }
  void finish_epoch(auto& context) const {
    const Index done = context.state.epoch + 1;
    if (done % every_epochs == 0 || done >= context.state.epochs || context.state.stopped())
      write(context, false);
  }

 private:
  struct Position {
    Random::State random;
    Index steps = 0;
    double sum = 0;
    std::uint64_t passes = 0;
    bool in_epoch = false;
  };

  bool exists() const {
    detail::check_path(path);
    if (std::FILE* file = std::fopen(path.c_str(), "rb")) {
      static_cast<void>(std::fclose(file));
      return true;
    }
    if (errno != ENOENT) detail::fail<FileError>({path, ": ", detail::system_error_text(errno)});
    return false;
  }

  /// A callback that remembers something, as a copy of it; of others nothing.
  template <class Network, class Callback>
  static auto copy_of(Callback& callback) {
    if constexpr (requires(detail::StateWriter & archive, const Network& network) {
                    requires detail::SeesContext<Callback>;
                    callback.persist(archive, network);
                  }) {
      return std::optional<Callback>(callback);
    } else {
      return std::nullopt;
    }
  }
  template <class Callback, class Copy>
  static void put_back(Callback& callback, Copy& copy) {
    if constexpr (std::is_same_v<Copy, std::optional<Callback>>) callback = std::move(*copy);
  }

  void write(auto& context, bool in_epoch) const {
    detail::StateWriter archive;
    FitState state = context.state;  // of what comes next
    History history = context.history;
    if (history.stop_reason != StopReason::early_stopping) {  // who was asked to stop may go on later
      state.go_on();
      history.stop_reason = StopReason::completed;
    }
    if (in_epoch) {
      ++state.batch;
    } else {
      ++state.epoch;
      state.batch = 0;
    }
    Position position{context.batches.state(in_epoch), context.steps, context.sum, context.workspace.passes,
                      in_epoch};
    transfer(archive, context, context.network, context.optimizer, history, state, context.schedule, position,
             [&](auto&& f) { context.for_each_callback(f); });
    write_file_atomically(path, ByteSpan(detail::sealed(archive.bytes())));
  }

  /// All of it, to or from an archive. First what must be the same.
  template <class Archive, class Context, class Network, class Optimizer>
  static void transfer(Archive& archive, const Context& context, Network& network, Optimizer& optimizer,
                       History& history, FitState& state, LearningRateSchedule& schedule, Position& position,
                       auto&& for_each_callback) {
    const FitOptions& options = context.options;
    archive.same("number of samples", static_cast<std::int64_t>(context.batches.known_samples()));
    archive.same("batch_size", static_cast<std::int64_t>(options.batch_size));
    archive.same("accumulate", static_cast<std::int64_t>(options.accumulate));
    archive.same("seed", options.seed);
    archive.same("shuffle", static_cast<std::uint8_t>(options.shuffle));
    archive.text("loss", std::string(detail::name_of<std::remove_cvref_t<decltype(context.loss)>>()));
    archive.text("optimiser", std::string(detail::name_of<Optimizer>()));
    detail::persist(archive, network);
    detail::persist_optimizer(archive, optimizer);
    history.persist(archive);
    state.persist(archive);
    archive.number("steps", position.steps);
    archive.number("sum of losses", position.sum);
    archive.number("training passes", position.passes);
    archive.number("whether the epoch has begun", position.in_epoch);
    detail::persist(archive, position.random);
    std::vector<double> of_schedule = schedule.state();
    archive.vector("schedule", of_schedule);
    if constexpr (detail::reading<Archive>) {
      detail::accepted(archive, "schedule", [&] { schedule.set_state(of_schedule); });
      using Scalar = typename Network::Scalar;
      if constexpr (ElementwiseOptimizer<Optimizer, Scalar>)
        detail::accepted(archive, "optimiser", [trial = optimizer, &network]() mutable {
          trial.template begin<Scalar>(network.parameter_count());
        });
      const Index batches = context.batches.known_batches();
      if (position.in_epoch && batches >= 0 && state.batch >= batches)
        archive.bytes().fail("batch", "one of " + std::to_string(batches), std::to_string(state.batch));
      detail::check_count(archive, "epoch", state.epoch);
      detail::check_count(archive, "batch", state.batch);
      detail::check_count(archive, "samples", state.samples);
      detail::check_count(archive, "steps", position.steps);
      if (static_cast<std::uint8_t>(history.stop_reason) > static_cast<std::uint8_t>(StopReason::cancelled))
        archive.bytes().fail("reason to stop", "one that is known",
                             std::to_string(static_cast<int>(history.stop_reason)));
    }
    for_each_callback([&](auto& callback) {
      if constexpr (requires { callback->persist(archive, network); }) {
        callback->persist(archive, network);
      } else if constexpr (requires { callback.persist(archive, network); }) {
        callback.persist(archive, network);
      }
    });
    archive.text("end of the state", "end");
  }
};

}  // namespace lamina
