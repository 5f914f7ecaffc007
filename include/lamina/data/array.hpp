// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <Eigen/Core>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lamina/core/bytes.hpp"
#include "lamina/core/errors.hpp"
#include "lamina/core/half.hpp"
#include "lamina/core/types.hpp"

namespace lamina {

/// The type of the numbers in a file. Floating point: 16 bits (IEEE binary16, and bfloat16), 32 and 64.
enum class ElementType : unsigned char { boolean, u8, i8, u16, i16, u32, i32, u64, i64, f16, bf16, f32, f64 };

/// Bytes that a number of this type takes.
constexpr std::size_t size_of(ElementType type) {
  switch (type) {
    case ElementType::boolean:
    case ElementType::u8:
    case ElementType::i8:
      return 1;
    case ElementType::u16:
    case ElementType::i16:
    case ElementType::f16:
    case ElementType::bf16:
      return 2;
    case ElementType::u32:
    case ElementType::i32:
    case ElementType::f32:
      return 4;
    case ElementType::u64:
    case ElementType::i64:
    case ElementType::f64:
      break;
  }
  return 8;
}

/// Its name as safetensors writes it: "F32".
constexpr std::string_view name_of(ElementType type) {
  constexpr std::string_view names[] = {"BOOL", "U8",  "I8",  "U16",  "I16", "U32", "I32",
                                        "U64",  "I64", "F16", "BF16", "F32", "F64"};
  return names[static_cast<std::size_t>(type)];
}

/// Whether numbers of this type are floating-point.
constexpr bool is_floating(ElementType type) {
  return type == ElementType::f16 || type == ElementType::bf16 || type == ElementType::f32 ||
         type == ElementType::f64;
}

namespace detail {

/// The element type that holds a T as it is.
template <class T>
constexpr ElementType element_type() {
  static_assert(std::integral<T> || std::same_as<T, float> || std::same_as<T, double>,
                "expected an integer type, bool, float or double");
  if constexpr (std::same_as<T, bool>) return ElementType::boolean;
  if constexpr (std::same_as<T, float>) return ElementType::f32;
  if constexpr (std::same_as<T, double>) return ElementType::f64;
  constexpr bool sign = std::signed_integral<T>;
  if constexpr (sizeof(T) == 1) return sign ? ElementType::i8 : ElementType::u8;
  if constexpr (sizeof(T) == 2) return sign ? ElementType::i16 : ElementType::u16;
  if constexpr (sizeof(T) == 4) return sign ? ElementType::i32 : ElementType::u32;
  return sign ? ElementType::i64 : ElementType::u64;
}

/// x as a Scalar: rounded to the nearest when that is a floating-point type, exact when it is an integer type.
template <class Scalar, class T>
Scalar element_as(T x, std::size_t i, std::string_view where) {
  if constexpr (std::floating_point<Scalar>) {
    return static_cast<Scalar>(x);
  } else if constexpr (std::integral<T>) {
    if (!std::in_range<Scalar>(x))
      fail<DataError>({where, ", element ", i, ": expected an integer from ",
                       std::numeric_limits<Scalar>::min(), " to ",
                       std::to_string(std::numeric_limits<Scalar>::max()), ", got ", std::to_string(x)});
    return static_cast<Scalar>(x);
  } else {
    constexpr T end = static_cast<T>(std::uint64_t{1} << (std::numeric_limits<Scalar>::digits - 1)) * 2;
    constexpr T begin = std::unsigned_integral<Scalar> ? T(0) : -end;
    if (!(x >= begin && x < end) || static_cast<T>(static_cast<Scalar>(x)) != x)
      fail<DataError>({where, ", element ", i, ": expected an integer from ",
                       std::numeric_limits<Scalar>::min(), " to ",
                       std::to_string(std::numeric_limits<Scalar>::max()), ", got ", x});
    return static_cast<Scalar>(x);
  }
}

/// Every element as a Scalar, in the order of the bytes.
template <class Scalar>
void convert_elements(ElementType type, ByteSpan bytes, std::endian order, Scalar* to,
                      std::string_view where) {
  const std::size_t count = bytes.size() / size_of(type);
  const std::byte* const from = bytes.data();
  const auto each = [&]<class T>(T) {
    for (std::size_t i = 0; i < count; ++i)
      to[i] = element_as<Scalar>(load_number<T>(from + i * sizeof(T), order), i, where);
  };
  const auto each_16 = [&](auto widen) {
    for (std::size_t i = 0; i < count; ++i)
      to[i] = element_as<Scalar>(widen(load_number<std::uint16_t>(from + 2 * i, order)), i, where);
  };
  switch (type) {
    case ElementType::boolean:
      for (std::size_t i = 0; i < count; ++i) to[i] = static_cast<Scalar>(from[i] != std::byte{0});
      return;
    case ElementType::u8:
      return each(std::uint8_t{});
    case ElementType::i8:
      return each(std::int8_t{});
    case ElementType::u16:
      return each(std::uint16_t{});
    case ElementType::i16:
      return each(std::int16_t{});
    case ElementType::u32:
      return each(std::uint32_t{});
    case ElementType::i32:
      return each(std::int32_t{});
    case ElementType::u64:
      return each(std::uint64_t{});
    case ElementType::i64:
      return each(std::int64_t{});
    case ElementType::f16:
      return each_16(float_from_half);
    case ElementType::bf16:
      return each_16(float_from_bfloat16);
    case ElementType::f32:
      return each(float{});
    case ElementType::f64:
      return each(double{});
  }
}

/// Rows and columns of an array as a matrix: rank 0 is 1×1, rank 1 a column, and of higher ranks the first extent is that
/// of the rows (samples) and the others follow each other in a row.
/// @throws ShapeError when they are beyond the range of Index.
inline std::pair<Index, Index> matrix_extents(std::span<const std::size_t> shape, std::string_view where) {
  std::uint64_t rows = shape.empty() ? 1 : shape[0], columns = 1;
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<Index>::max());
  if (!multiply(shape.subspan(shape.empty() ? 0 : 1), 1, columns) || columns > most || rows > most)
    fail<ShapeError>({where, ": expected extents of a matrix, got ", shape_text(shape)});
  return {static_cast<Index>(rows), static_cast<Index>(columns)};
}

/// A matrix that lies in memory as files hold arrays: row by row.
template <class Scalar>
using RowMatrix = Eigen::Matrix<Scalar, Dynamic, Dynamic, Eigen::RowMajor>;

/// @throws ShapeError when there are not as many bytes as the shape asks for.
inline void check_bytes(ElementType type, std::span<const std::size_t> shape, std::size_t bytes,
                        std::string_view where) {
  std::uint64_t expected = 0;
  if (!multiply(shape, size_of(type), expected) || expected != bytes)
    fail<ShapeError>(
        {where, ": expected the bytes of ", shape_text(shape), " ", name_of(type), ", got ", bytes});
}

/// @throws ShapeError as check_bytes
template <class Scalar>
RowMatrix<Scalar> elements_as_matrix(ElementType type, std::span<const std::size_t> shape, ByteSpan bytes,
                                     std::endian order, std::string_view where) {
  check_bytes(type, shape, bytes.size(), where);
  const auto [rows, columns] = matrix_extents(shape, where);
  RowMatrix<Scalar> M(rows, columns);
  convert_elements(type, bytes, order, M.data(), where);
  return M;
}

/// Swaps the bytes of every element.
inline void swap_elements(std::span<std::byte> bytes, std::size_t size) {
  for (std::size_t i = 0; size > 1 && i < bytes.size(); i += size)
    for (std::size_t j = 0; j < size / 2; ++j) std::swap(bytes[i + j], bytes[i + size - 1 - j]);
}

}  // namespace detail

/// Numbers of one type in a rectangle of any rank, as a file holds them.
struct Array {
  ElementType type = ElementType::f64;
  std::vector<std::size_t> shape;  ///< extents, the outermost first; none: a single number
  std::vector<std::byte>
      bytes;  ///< the numbers, the last index running fastest, in the byte order of this machine

  std::size_t rank() const { return shape.size(); }
  std::size_t size() const { return bytes.size() / size_of(type); }

  /// All numbers, the last index running fastest. A floating-point Scalar takes every type, rounding to the nearest; an
  /// integer Scalar takes integers only.
  /// @param where  for messages: the name of the array
  /// @throws DataError when a number is not an integer that Scalar can hold.
  template <class Scalar>
  std::vector<Scalar> values(std::string_view where = "array") const {
    std::vector<Scalar> to(size());
    detail::convert_elements(type, bytes, std::endian::native, to.data(), where);
    return to;
  }

  /// The numbers as a matrix, row by row: rank 0 is 1×1, rank 1 a column, rank 2 itself; of higher ranks the first extent
  /// is the number of rows (samples).
  /// @throws DataError as values(); ShapeError when there are not as many bytes as the shape asks for.
  template <class Scalar>
  Eigen::Matrix<Scalar, Dynamic, Dynamic, Eigen::RowMajor> matrix(std::string_view where = "array") const {
    return detail::elements_as_matrix<Scalar>(type, shape, bytes, std::endian::native, where);
  }

  /// The same numbers in another floating-point type, rounded once, to the nearest, ties to even; beyond its largest number
  /// they become infinite.
  /// @throws OptionError when the type of these numbers, or the one asked for, is not floating-point.
  Array rounded_to(ElementType other) const {
    if (!is_floating(type) || !is_floating(other))
      detail::fail<OptionError>(
          {"rounding: expected floating-point types, got ", name_of(type), " and ", name_of(other)});
    Array rounded{other, shape, {}};
    rounded.bytes.reserve(size() * size_of(other));
    for (const double x : values<double>()) {
      constexpr auto order = std::endian::native;
      if (other == ElementType::f16) detail::append_number(rounded.bytes, half_from(x), order);
      if (other == ElementType::bf16) detail::append_number(rounded.bytes, bfloat16_from(x), order);
      if (other == ElementType::f32) detail::append_number(rounded.bytes, static_cast<float>(x), order);
      if (other == ElementType::f64) detail::append_number(rounded.bytes, x, order);
    }
    return rounded;
  }
};

/// An array of any rank from values in memory, the last index running fastest.
/// @throws ShapeError when their number is not the product of the extents.
template <class T>
Array make_array(std::vector<std::size_t> shape, std::span<const T> values) {
  std::uint64_t size = 0;
  if (!detail::multiply(shape, 1, size) || size != values.size())
    detail::fail<ShapeError>(
        {"array: expected the values of ", detail::shape_text(shape), ", got ", values.size()});
  const ByteSpan bytes = std::as_bytes(values);
  return {detail::element_type<T>(), std::move(shape), {bytes.begin(), bytes.end()}};
}
template <class T>
Array make_array(std::vector<std::size_t> shape, const std::vector<T>& values) {
  return make_array<T>(std::move(shape), std::span<const T>(values));
}

/// An array of a matrix (rank 2) or of a column or row by its type (rank 1), in the type of its scalar.
template <class Derived>
Array make_array(const Eigen::DenseBase<Derived>& M) {
  using Scalar = typename Derived::Scalar;
  const detail::RowMatrix<Scalar> rows = M.derived().matrix();
  std::vector<std::size_t> shape;
  if (!Derived::IsVectorAtCompileTime) shape.push_back(static_cast<std::size_t>(M.rows()));
  shape.push_back(static_cast<std::size_t>(Derived::IsVectorAtCompileTime ? M.size() : M.cols()));
  return make_array<Scalar>(std::move(shape),
                            std::span<const Scalar>(rows.data(), static_cast<std::size_t>(rows.size())));
}

}  // namespace lamina
