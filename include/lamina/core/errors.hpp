// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <concepts>
#include <cstdio>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>

namespace lamina {

/// The base of everything Lamina throws. The message names the argument, what was expected, what came, and where.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Rows, columns or extents that do not fit together.
class ShapeError : public Error {
 public:
  using Error::Error;
};

/// Values that cannot be used: not finite, a label out of range, a negative weight, no data at all.
class DataError : public Error {
 public:
  using Error::Error;
};

/// An option (hyper-parameter, name, size) outside its domain.
class OptionError : public Error {
 public:
  using Error::Error;
};

/// Training produced a value that is not finite.
class NonFiniteError : public Error {
 public:
  using Error::Error;
};

/// A file, or bytes in memory, that is not what its format says: names the file, the place (byte offset, line and column, or
/// field), what was expected and what came.
class FormatError : public Error {
 public:
  using Error::Error;
};

/// A file that cannot be opened, read or written.
class FileError : public Error {
 public:
  using Error::Error;
};

#if defined(__GNUC__)
#define LAMINA_COLD [[gnu::cold, gnu::noinline]]
#else
#define LAMINA_COLD
#endif

namespace detail {

/// A number that a message can have in it.
template <class T>
concept Arithmetic = std::integral<T> || std::floating_point<T>;

/// A part of a message: text, or a number written with at most six digits and without a locale.
class Piece {
 public:
  Piece(const char* text) : text_(text) {}         // NOLINT(google-explicit-constructor)
  Piece(std::string_view text) : text_(text) {}    // NOLINT(google-explicit-constructor)
  Piece(const std::string& text) : text_(text) {}  // NOLINT(google-explicit-constructor)
  template <Arithmetic Number>
  Piece(Number x)  // NOLINT(google-explicit-constructor)
      : kind_(std::signed_integral<Number> ? Kind::integer
              : std::integral<Number>      ? Kind::natural
                                           : Kind::real) {
    if constexpr (std::integral<Number>) {
      integer_ = static_cast<long long>(x);
    } else {
      real_ = static_cast<long double>(x);
    }
  }

  LAMINA_COLD void append_to(std::string& message) const {
    if (kind_ == Kind::text) {
      message += text_;
      return;
    }
    char digits[64];
    if (kind_ == Kind::integer) {
      std::snprintf(digits, sizeof digits, "%lld", integer_);
    } else if (kind_ == Kind::natural) {
      std::snprintf(digits, sizeof digits, "%llu", static_cast<unsigned long long>(integer_));
    } else if (real_ != real_) {
      std::snprintf(digits, sizeof digits, "nan");
    } else {
      std::snprintf(digits, sizeof digits, "%.6Lg", real_);
    }
    for (char* c = digits; *c != '\0'; ++c)
      if (*c == ',') *c = '.';
    message += digits;
  }

 private:
  enum class Kind { text, integer, natural, real };
  Kind kind_ = Kind::text;
  union {
    std::string_view text_;
    long long integer_;  // a natural number by its bits
    long double real_;
  };
};

/// The pieces, one after another.
LAMINA_COLD inline std::string message(std::initializer_list<Piece> pieces) {
  std::string text;
  for (const Piece& piece : pieces) piece.append_to(text);
  return text;
}

/// Throws an E whose message is the pieces, one after another.
template <class E>
[[noreturn]] LAMINA_COLD void fail(std::initializer_list<Piece> pieces) {
  throw E(message(pieces));
}

/// A number for a message.
template <class Number>
std::string number(Number x) {
  return message({x});
}

}  // namespace detail
}  // namespace lamina
