#pragma once

/// \file What the fuzz targets have in common.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "lamina/core/bytes.hpp"
#include "lamina/core/errors.hpp"
#include "lamina/data/array.hpp"

namespace fuzz {

/// Bytes that compressed data may unpack to here.
inline constexpr std::size_t limit = std::size_t{1} << 20;

inline lamina::ByteSpan bytes(const std::uint8_t* data, std::size_t size) {
  return std::as_bytes(std::span(data, size));
}

/// Stops at what must hold and does not.
inline void require(bool holds) {
  if (!holds) std::abort();
}

inline bool same(const lamina::Array& a, const lamina::Array& b) {
  return a.type == b.type && a.shape == b.shape && a.bytes == b.bytes;
}

/// Every way to use an array: nothing but a typed error may come of it.
inline void use(const lamina::Array& array) {
  try {
    const auto M = array.matrix<float>();
    require(static_cast<std::size_t>(M.size()) == array.size());
    require(array.values<double>().size() == array.size());
    static_cast<void>(array.values<std::int16_t>());
  } catch (const lamina::DataError&) {
  } catch (const lamina::ShapeError&) {
  }
}

}  // namespace fuzz
