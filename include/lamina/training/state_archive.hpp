// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "lamina/activations/apply.hpp"
#include "lamina/core/bytes.hpp"
#include "lamina/core/random.hpp"
#include "lamina/network.hpp"

/// @file
/// The state of a training as bytes, and back, bit for bit. What is written and what is read is said once: `persist`
/// functions take either archive.

namespace lamina::detail {

/// Puts numbers at the end of bytes, little-endian.
class StateWriter {
 public:
  static constexpr bool reads = false;

  template <class T>
  void number(std::string_view, T& x) {
    append_number(bytes_, stored(x), std::endian::little);
  }
  /// Something that must be the same when it is read.
  template <class T>
  void same(std::string_view what, T x) {
    number(what, x);
  }
  void text(std::string_view what, const std::string& x) {
    same(what, static_cast<std::uint64_t>(x.size()));
    append_text(bytes_, x);
  }
  template <class T>
  void numbers(std::string_view, T* x, Index count) {
    append_bytes(bytes_, std::as_bytes(std::span<const T>(x, static_cast<std::size_t>(count))));
  }
  template <class T>
  void vector(std::string_view what, std::vector<T>& x) {
    same(what, static_cast<std::uint64_t>(x.size()));
    numbers(what, x.data(), static_cast<Index>(x.size()));
  }
  std::vector<std::byte>& bytes() { return bytes_; }

 private:
  template <class T>
  static auto stored(T x) {
    if constexpr (std::is_same_v<T, bool>) {
      return static_cast<std::uint8_t>(x);
    } else {
      return x;
    }
  }

  std::vector<std::byte> bytes_;
};

/// Takes them from bytes. Every length is checked against what is left before anything is made of it.
class StateReader {
 public:
  static constexpr bool reads = true;

  explicit StateReader(ByteReader from) : from_(std::move(from)) {}

  template <class T>
  void number(std::string_view what, T& x) {
    if constexpr (std::is_same_v<T, bool>) {
      const auto byte = from_.little_endian<std::uint8_t>(what);
      if (byte > 1) from_.fail_at(from_.position() - 1, what, "0 or 1", std::to_string(byte));
      x = byte == 1;
    } else {
      x = from_.little_endian<T>(what);
    }
  }
  /// @throws FormatError when it is another.
  template <class T>
  void same(std::string_view what, T want) {
    const std::size_t at = from_.position();
    T got{};
    number(what, got);
    if (got != want) from_.fail_at(at, what, detail::number(want), detail::number(got));
  }
  void text(std::string_view what, const std::string& want) {
    const std::size_t at = from_.position();
    const std::string_view got = as_text(from_.take(from_.little_endian<std::uint64_t>(what), what));
    if (got != want) from_.fail_at(at, what, '"' + want + '"', '"' + std::string(got) + '"');
  }
  template <class T>
  void numbers(std::string_view what, T* x, Index count) {
    const ByteSpan bytes = from_.take(static_cast<std::uint64_t>(count) * sizeof(T), what);
    if (!bytes.empty()) std::memcpy(x, bytes.data(), bytes.size());
  }
  template <class T>
  void vector(std::string_view what, std::vector<T>& x) {
    const auto count = from_.little_endian<std::uint64_t>(what);
    if (count > from_.remaining() / sizeof(T))
      from_.fail(what, "at most " + std::to_string(from_.remaining() / sizeof(T)) + " numbers",
                 std::to_string(count));
    x.resize(static_cast<std::size_t>(count));
    numbers(what, x.data(), static_cast<Index>(count));
  }
  ByteReader& bytes() { return from_; }

 private:
  ByteReader from_;
};

/// Whether an archive is read from.
template <class Archive>
inline constexpr bool reading = Archive::reads;

/// Of what has been read, a number that training counts on.
/// @throws FormatError when it is less than `least`, or so large that it cannot have been counted
void check_count(auto& archive, const char* what, Index count, Index least = 0) {
  constexpr Index most = Index{1} << 53;
  if (count < least || count > most)
    archive.bytes().fail(what, "a number from " + std::to_string(least) + " to 2^53", std::to_string(count));
}

/// θ and the running statistics of a network whose layers are the same.
template <class Archive, class Scalar, class... L>
void persist(Archive& archive, Network<Scalar, L...>& network) {
  archive.same("size of a parameter", static_cast<std::uint32_t>(sizeof(Scalar)));
  archive.same("number of layers", static_cast<std::uint64_t>(network.size()));
  archive.same("number of parameters", static_cast<std::int64_t>(network.parameter_count()));
  archive.numbers("parameters", network.parameters().data(), network.parameter_count());
  network.for_each_layer([&](auto& layer, std::size_t) {
    using Kind = std::remove_cvref_t<decltype(layer)>;
    archive.text("kind of layer", std::string(name_of<Kind>()));
    if constexpr (requires { layer.activation(); })
      archive.text("activation of a layer", std::string(activation_name(layer.activation())));
    archive.same("inputs of a layer", static_cast<std::int64_t>(layer.inputs()));
    archive.same("outputs of a layer", static_cast<std::int64_t>(layer.outputs()));
    if constexpr (requires { layer.persist(archive); }) layer.persist(archive);
  });
}

/// f(), which takes what was read; what it throws is the archive's fault.
/// @throws FormatError
template <class F>
void accepted(StateReader& archive, std::string_view what, F&& f) {
  try {
    f();
  } catch (const Error& error) {
    archive.bytes().fail(what, "a state of this training", error.what());
  }
}

/// All that an optimiser remembers.
template <class Archive, class Optimizer>
void persist_optimizer(Archive& archive, Optimizer& optimizer) {
  if constexpr (requires { optimizer.state.restore(0, Index{}, Index{}, nullptr, std::int64_t{}, 0.0); }) {
    auto& state = optimizer.state;
    std::int64_t steps = state.steps, rows = state.rows(), columns = state.columns();
    std::int32_t kind = state.scalar_kind();
    double extra = state.extra;
    archive.number("optimiser, steps", steps);
    archive.number("optimiser, kind of number", kind);
    archive.number("optimiser, parameters", rows);
    archive.number("optimiser, arrays", columns);
    archive.number("optimiser, extra number", extra);
    if constexpr (reading<Archive>) {
      std::uint64_t size = 0;
      const bool fits =
          rows >= 0 && columns >= 0 && kind >= 0 && kind <= 16 &&
          multiply(static_cast<std::uint64_t>(rows), static_cast<std::uint64_t>(columns), size) &&
          multiply(size, static_cast<std::uint64_t>(kind), size);
      const ByteSpan bytes = archive.bytes().take(fits ? size : ~std::uint64_t{0}, "optimiser, arrays");
      accepted(archive, "optimiser", [&] { state.restore(kind, rows, columns, bytes.data(), steps, extra); });
    } else if (rows * columns > 0) {
      archive.numbers("optimiser, arrays", static_cast<const std::byte*>(state.data()),
                      rows * columns * kind);
    }
  } else if constexpr (requires { optimizer.persist(archive); }) {
    optimizer.persist(archive);  // a user's own
  }
}

template <class Archive>
void persist(Archive& archive, Random::State& state) {
  archive.number("random generator, seed", state.seed);
  archive.number("random generator, stream", state.stream);
  archive.number("random generator, position", state.position);
}

}  // namespace lamina::detail
