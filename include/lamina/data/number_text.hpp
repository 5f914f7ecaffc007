// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>

namespace lamina::detail {

/// What became of a text that should be a number.
enum class NumberText {
  number,     ///< it is one
  other,      ///< it is not one
  too_large,  ///< it is one, but beyond the largest of the type
};

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
inline bool is_blank(char c) { return c == ' ' || c == '\t'; }

inline std::string_view without_blanks(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

/// Whether two texts are equal but for the case of the letters a to z.
inline bool equal_without_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [lower](char x, char y) { return lower(x) == lower(y); });
}

/// Where the parts of a decimal number are, and the power of ten of its first digit that is not 0.
struct NumberShape {
  bool valid = false;
  bool zero = true;       ///< no digit but 0
  long long leading = 0;  ///< 12.5: 1, 0.05: −2
};

/// [+-] digits [point digits] [(e|E) [+-] digits], with a digit before or after the point.
inline NumberShape number_shape(std::string_view text, char point) {
  NumberShape shape;
  std::size_t at = !text.empty() && (text[0] == '+' || text[0] == '-') ? 1 : 0;
  long long before = 0, after = 0, digits = 0;
  for (; at < text.size() && is_digit(text[at]); ++at, ++digits) {
    if (text[at] != '0') shape.zero = false;
    if (!shape.zero) ++before;
  }
  if (at < text.size() && text[at] == point)
    for (++at; at < text.size() && is_digit(text[at]); ++at, ++digits) {
      if (shape.zero && text[at] == '0') ++after;
      if (text[at] != '0') shape.zero = false;
    }
  if (digits == 0) return shape;
  long long exponent = 0;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    const bool signed_exponent = ++at < text.size() && (text[at] == '+' || text[at] == '-');
    const bool negative = signed_exponent && text[at] == '-';
    if (signed_exponent) ++at;
    if (at == text.size()) return shape;
    constexpr long long far = 1'000'000'000'000'000;  // beyond every type, and far from overflow
    for (; at < text.size() && is_digit(text[at]); ++at)
      exponent = std::min(far, 10 * exponent + (text[at] - '0'));
    if (negative) exponent = -exponent;
  }
  shape.valid = at == text.size();
  shape.leading = exponent + (before > 0 ? before - 1 : -after - 1);
  return shape;
}

/// The number that a text is, correctly rounded, whatever the locale; `x` is written only when it is one. Decimal digits
/// with an optional sign, point and exponent: no hexadecimal, no infinity, no NaN, nothing before or behind. What is
/// smaller than the smallest denormal becomes 0.
template <class Scalar>
NumberText parse_number(std::string_view text, Scalar& x, char point = '.') {
  const NumberShape shape = number_shape(text, point);
  if (!shape.valid) return NumberText::other;
  if (text.front() == '+') text.remove_prefix(1);  // which std::from_chars does not take
  std::string with_point;
  if (point != '.') {
    with_point = text;
    std::replace(with_point.begin(), with_point.end(), point, '.');
    text = with_point;
  }
  Scalar value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) {
    if (shape.leading > 0) return NumberText::too_large;
    value = text.front() == '-' ? -Scalar(0) : Scalar(0);
  } else if (error != std::errc() || end != text.data() + text.size()) {
    return NumberText::other;
  }
  if (!std::isfinite(value)) return NumberText::too_large;
  x = value;
  return NumberText::number;
}

/// Appends the shortest text that reads back as the same number; nan, whatever its sign, inf and -inf for what is none.
template <class Number>
void append_number(std::string& text, Number x) {
  if constexpr (std::floating_point<Number>)
    if (std::isnan(x)) x = std::abs(x);
  char digits[128];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, x);
  text.append(digits, end);
}

/// A text for a message: quoted, at most 40 bytes of it, what cannot be printed as \xNN.
inline std::string excerpt(std::string_view text) {
  constexpr std::size_t most = 40;
  std::size_t length = std::min(text.size(), most);
  while (length < text.size() && length > most - 4 &&
         (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80)
    --length;  // not within a UTF-8 character
  std::string result = "\"";
  for (const char c : text.substr(0, length)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) {
      constexpr const char* hexadecimal = "0123456789abcdef";
      result += "\\x";
      result += hexadecimal[byte >> 4];
      result += hexadecimal[byte & 15];
    } else {
      result += c;
    }
  }
  return result + (length < text.size() ? "\u2026\"" : "\"");
}

}  // namespace lamina::detail
