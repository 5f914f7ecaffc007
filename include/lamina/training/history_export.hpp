// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <charconv>
#include <cmath>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lamina/core/errors.hpp"
#include "lamina/core/write_stream.hpp"
#include "lamina/training/history.hpp"

namespace lamina {

/// A named series of numbers, such as the losses of a History: one for each epoch.
struct Column {
  std::string name;
  std::vector<double> values;
};

namespace detail {

/// The shortest digits that give the same double when they are read, without a locale.
inline void append_number(std::string& to, double x) {
  char digits[32];
  to.append(digits, std::to_chars(digits, digits + sizeof digits, x).ptr);
}

/// @throws ShapeError when the columns differ in length; OptionError when a name is empty or occurs twice.
inline void check_columns(const std::vector<Column>& columns) {
  for (std::size_t j = 0; j < columns.size(); ++j) {
    const auto& [name, values] = columns[j];
    if (name.empty()) fail<OptionError>({"column ", j, ": expected a name, got none"});
    for (std::size_t i = 0; i < j; ++i)
      if (columns[i].name == name)
        fail<OptionError>({"column ", j, ": the name ", name, " is that of column ", i, " too"});
    if (values.size() != columns[0].values.size())
      fail<ShapeError>({"column ", name, ": expected ", columns[0].values.size(), " numbers, as in column ",
                        columns[0].name, ", got ", values.size()});
  }
}

}  // namespace detail

/// Writes the columns as CSV, RFC 4180: their names, then a line for each number. Numbers are the shortest that give the
/// same double when they are read; NaN is an empty field, and infinity `inf`.
///
/// @throws ShapeError when the columns differ in length; OptionError when a name is empty or occurs twice; FileError when
///         the stream takes no more.
inline void write_csv(std::ostream& out, const std::vector<Column>& columns) {
  detail::check_columns(columns);
  std::string text;
  for (std::size_t j = 0; j < columns.size(); ++j) {
    const std::string& name = columns[j].name;
    if (j > 0) text += ',';
    if (name.find_first_of("\",\r\n") == std::string::npos) {
      text += name;
      continue;
    }
    text += '"';
    for (const char c : name) text.append(c == '"' ? 2 : 1, c);
    text += '"';
  }
  text += '\n';
  for (std::size_t i = 0; !columns.empty() && i < columns[0].values.size(); ++i) {
    // A line of one empty field would be an empty line: that field is written with its quotes.
    if (columns.size() == 1 && std::isnan(columns[0].values[i])) text += "\"\"";
    for (std::size_t j = 0; j < columns.size(); ++j) {
      if (j > 0) text += ',';
      if (!std::isnan(columns[j].values[i])) detail::append_number(text, columns[j].values[i]);
    }
    text += '\n';
  }
  detail::write_text(out, "write_csv", text);
}

/// Writes the columns as a JSON object (RFC 8259) of arrays, {"loss": [0.5, 0.25], …}. Numbers as in write_csv; NaN and
/// infinity, which JSON does not have, are null.
///
/// @throws as write_csv
inline void write_json(std::ostream& out, const std::vector<Column>& columns) {
  detail::check_columns(columns);
  std::string text = "{";
  for (std::size_t j = 0; j < columns.size(); ++j) {
    text += j > 0 ? ",\n \"" : "\n \"";
    for (const char c : columns[j].name) {
      if (c == '"' || c == '\\') {
        text += {'\\', c};
      } else if (static_cast<unsigned char>(c) < 0x20) {
        constexpr std::string_view hexadecimal = "0123456789abcdef";
        text += "\\u00";
        text += {hexadecimal[static_cast<unsigned char>(c) / 16],
                 hexadecimal[static_cast<unsigned char>(c) % 16]};
      } else {
        text += c;
      }
    }
    text += "\": [";
    for (std::size_t i = 0; i < columns[j].values.size(); ++i) {
      if (i > 0) text += ", ";
      if (std::isfinite(columns[j].values[i])) {
        detail::append_number(text, columns[j].values[i]);
      } else {
        text += "null";
      }
    }
    text += ']';
  }
  text += "\n}\n";
  detail::write_text(out, "write_json", text);
}

/// The columns of a History: epoch (from 0), loss, validation_loss, learning_rate, seconds, and the monitors'. One that is
/// empty is left out; one that is shorter than the losses ends with NaN.
/// @throws ShapeError when one has more numbers than there are epochs.
inline std::vector<Column> columns(const History& history) {
  const std::size_t epochs = history.loss.size();
  std::vector<Column> table{{"epoch", std::vector<double>(epochs)}};
  for (std::size_t i = 0; i < epochs; ++i) table[0].values[i] = static_cast<double>(i);
  const auto add = [&](const std::string& name, std::vector<double> values) {
    if (values.empty()) return;
    if (values.size() > epochs)
      detail::fail<ShapeError>({"column ", name, ": expected at most ", epochs,
                                " numbers, one for each epoch, got ", values.size()});
    values.resize(epochs, std::nan(""));
    table.push_back({name, std::move(values)});
  };
  add("loss", history.loss);
  add("validation_loss", history.validation_loss);
  add("learning_rate", history.learning_rate);
  add("seconds", history.seconds);
  for (const auto& [name, values] : history.metrics) add(name, values);
  return table;
}
inline void write_csv(std::ostream& out, const History& history) { write_csv(out, columns(history)); }
inline void write_json(std::ostream& out, const History& history) { write_json(out, columns(history)); }

}  // namespace lamina
