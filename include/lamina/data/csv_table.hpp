// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lamina/core/errors.hpp"
#include "lamina/core/types.hpp"
#include "lamina/data/mean.hpp"
#include "lamina/data/number_text.hpp"

namespace lamina {

/// A column of a table by its name, or by its number from 0; negative numbers count from the end, −1 is the last.
class CsvColumn {
 public:
  // NOLINTBEGIN(google-explicit-constructor)
  CsvColumn(const char* name) : name_(name), by_name_(true) {}
  CsvColumn(std::string name) : name_(std::move(name)), by_name_(true) {}
  template <std::integral Number>
  CsvColumn(Number number) : number_(static_cast<Index>(number)) {
    if (!std::in_range<Index>(+number))  // + makes a number of bool and of characters
      detail::fail<OptionError>({"CsvColumn: expected a number of a column, got ", std::to_string(number)});
  }
  // NOLINTEND(google-explicit-constructor)

  bool by_name() const { return by_name_; }
  const std::string& name() const { return name_; }
  Index number() const { return number_; }

 private:
  std::string name_;
  Index number_ = 0;
  bool by_name_ = false;
};

/// Whether the first line of a CSV file has the names of its columns.
enum class CsvHeader {
  no,
  yes,
  automatic,  ///< it has when none of its cells is a number or a missing word, and not all are empty
};

/// What is made of a missing value.
enum class Missing {
  error,     ///< FormatError, with its line and column
  nan,       ///< NaN
  drop_row,  ///< the row is left out
  mean,      ///< the mean of the column's other values; of a categorical column the most frequent category
  median,    ///< their median, for an even number of values the mean of the middle two; categorical as mean
};

namespace detail {

inline bool is_one_of(std::string_view cell, const std::vector<std::string>& words) {
  return std::any_of(words.begin(), words.end(),
                     [cell](const std::string& word) { return equal_without_case(cell, word); });
}

}  // namespace detail

/// What a CSV file looks like. Plain data: it can be kept beside a model, so that later files are read alike.
struct CsvOptions {
  static constexpr char detect = '\0';  ///< as delimiter: find out

  /// What separates cells. A blank stands for any run of blanks and tabs. `detect`: the first of tab, ; | and , that is in
  /// every line of the beginning of the file equally often.
  char delimiter = ',';
  CsvHeader header = CsvHeader::automatic;
  char comment = '\0';    ///< a line that begins with it is skipped; '\0': there are no comments
  bool trim = true;       ///< blanks and tabs around a cell that is not quoted are no part of it
  char decimal = '.';     ///< the decimal point, or ','
  bool infinity = false;  ///< inf and infinity, with any sign and case, are numbers; else they are text

  /// Cells that stand for a missing value, compared letter by letter.
  std::vector<std::string> missing_words = {"", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "?"};
  /// Cells that are the number 1, and the number 0, whatever number they look like; compared without case.
  std::vector<std::string> true_words = {}, false_words = {};

  /// The columns to keep, in this order; empty: all.
  std::vector<CsvColumn> columns = {};

  /// @throws OptionError when the characters are not different, or could be part of a number; when a word is both in
  /// true_words and in false_words.
  void check() const {
    const auto part_of_numbers = [](char c) {
      return detail::is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' || c == '-';
    };
    const auto ends_lines = [](char c) { return c == '\n' || c == '\r' || c == '"'; };
    if (decimal != '.' && decimal != ',')
      detail::fail<OptionError>({"CsvOptions: expected a decimal of . or a comma, got ", quoted(decimal)});
    if (delimiter == decimal || delimiter == '.' || part_of_numbers(delimiter) || ends_lines(delimiter))
      detail::fail<OptionError>(
          {"CsvOptions: expected a delimiter that is no part of numbers, quotes or line ends, got ",
           quoted(delimiter), " with decimal ", quoted(decimal)});
    if (comment != '\0' && (comment == delimiter || comment == '.' || comment == decimal ||
                            part_of_numbers(comment) || ends_lines(comment)))
      detail::fail<OptionError>(
          {"CsvOptions: expected a comment character that is no part of numbers, quotes, line ends and not "
           "the "
           "delimiter, got ",
           quoted(comment)});
    for (const std::string& word : true_words)
      if (detail::is_one_of(word, false_words))
        detail::fail<OptionError>({"CsvOptions: expected a word in true_words or in false_words, got ",
                                   detail::excerpt(word), " in both"});
  }

 private:
  static std::string quoted(char c) { return detail::excerpt(std::string_view(&c, 1)); }
};

namespace detail {

inline bool is_missing(const CsvOptions& options, std::string_view cell) {
  return std::find(options.missing_words.begin(), options.missing_words.end(), cell) !=
         options.missing_words.end();
}

/// The number a cell is, that is not missing. Infinity is too large for an integer.
template <class Scalar>
NumberText read_cell(const CsvOptions& options, std::string_view cell, Scalar& x) {
  cell = without_blanks(cell);
  const bool yes = is_one_of(cell, options.true_words);
  if (yes || is_one_of(cell, options.false_words)) {
    x = yes ? 1 : 0;
    return NumberText::number;
  }
  const NumberText kind = parse_number(cell, x, options.decimal);
  if (kind != NumberText::other || !options.infinity) return kind;
  const bool negative = !cell.empty() && cell.front() == '-';
  if (!cell.empty() && (cell.front() == '-' || cell.front() == '+')) cell.remove_prefix(1);
  if (!equal_without_case(cell, "inf") && !equal_without_case(cell, "infinity")) return NumberText::other;
  if (std::integral<Scalar>) return NumberText::too_large;
  x = negative ? -std::numeric_limits<Scalar>::infinity() : std::numeric_limits<Scalar>::infinity();
  return NumberText::number;
}

/// The mean, or the median, of at least one number.
inline double center_of(std::vector<double>& values, Missing missing) {
  if (missing == Missing::mean) return mean_of(values);
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 != 0) return *middle;
  return *std::max_element(values.begin(), middle) / 2 + *middle / 2;
}

/// "a", "b", "c", … for a message.
inline std::string list_of(const std::vector<std::string>& words) {
  constexpr std::size_t most = 12;
  std::string list;
  for (std::size_t i = 0; i < words.size() && i < most; ++i) list += (i == 0 ? "" : ", ") + excerpt(words[i]);
  return words.size() > most ? list + ", \u2026" : list;
}

}  // namespace detail

/// The cells of a CSV file as text, with the names of its columns, made by read_csv and CsvReader. Rows are samples.
///
/// Its memory is in proportion to the file's: a copy of the text, and 8 bytes for each cell and each row.
class CsvTable {
 public:
  CsvTable() = default;

  Index rows() const { return static_cast<Index>(lines_.size()); }
  Index columns() const { return static_cast<Index>(numbers_.size()); }
  /// The names of the columns; empty when the file has none.
  const std::vector<std::string>& names() const { return names_; }
  bool has_names() const { return !names_.empty(); }
  /// The file's name, as messages give it.
  const std::string& source() const { return source_; }
  const CsvOptions& options() const { return options_; }

  /// The text of a cell: what is between the delimiters, or the quotes. Valid as long as the table.
  /// @throws ShapeError when there is no such cell; all that is told of one does.
  std::string_view cell(Index i, Index j) const {
    const std::size_t k = cell_number(i, j), begin = k == 0 ? 0 : ends_[k - 1];
    return std::string_view(text_).substr(begin, ends_[k] - begin);
  }
  bool is_missing(Index i, Index j) const { return detail::is_missing(options_, cell(i, j)); }
  bool is_number(Index i, Index j) const {
    double x = 0;
    return !is_missing(i, j) && detail::read_cell(options_, cell(i, j), x) == detail::NumberText::number;
  }

  /// The number in a cell, correctly rounded to Scalar; NaN when it is missing.
  /// @throws FormatError with line and column when the cell is not a number, or is beyond the largest of the type; for an
  /// integer type also when it is missing, or not written as an integer.
  template <class Scalar = double>
  Scalar number(Index i, Index j) const {
    constexpr const char* expected = std::integral<Scalar> ? "expected an integer" : "expected a number";
    Scalar x = std::numeric_limits<Scalar>::quiet_NaN();
    if (is_missing(i, j)) {
      if (std::integral<Scalar>) fail(i, j, expected);
      return x;
    }
    const auto kind = detail::read_cell(options_, cell(i, j), x);
    if (kind == detail::NumberText::other) fail(i, j, expected);
    if (kind == detail::NumberText::too_large) {
      constexpr Scalar most = std::numeric_limits<Scalar>::max();
      fail(i, j,
           detail::message(
               {expected, " below ", std::integral<Scalar> ? std::to_string(most) : detail::number(most)}));
    }
    return x;
  }

  /// The physical line in the file, from 1, on which row i, or its cell in column j, begins.
  std::size_t line(Index i, Index j = 0) const {
    const std::size_t k = cell_number(i, j);
    const auto later = std::lower_bound(later_.begin(), later_.end(), std::pair(k, std::size_t{0}));
    return lines_[static_cast<std::size_t>(i)] +
           (later != later_.end() && later->first == k ? later->second : 0);
  }
  /// `file.csv, line 3, column 2 "age"`: line and column from 1.
  std::string place(Index i, Index j) const {
    return detail::message({source_, ", line ", line(i, j), ", ", column_text(j)});
  }
  /// `column 2 "age"`: from 1, as it is in the file.
  /// @throws ShapeError when there is no column j.
  std::string column_text(Index j) const {
    if (j < 0 || j >= columns())
      detail::fail<ShapeError>({source_, ": expected a column from 0 to ", columns() - 1, ", got ", j});
    const auto column = static_cast<std::size_t>(j);
    const std::string text = detail::message({"column ", numbers_[column] + 1});
    return names_.empty() ? text : text + " " + detail::excerpt(names_[column]);
  }

  /// The number of a column.
  /// @throws OptionError when there is no such column, or more than one of that name.
  Index column(const CsvColumn& which) const { return find_column(which, names_, columns(), source_); }
  std::vector<Index> column_numbers(const std::vector<CsvColumn>& which) const {
    std::vector<Index> result;
    result.reserve(which.size());
    for (const CsvColumn& c : which) result.push_back(column(c));
    return result;
  }

  /// The rows without a missing value in any of these columns.
  std::vector<Index> complete_rows(const std::vector<CsvColumn>& which) const {
    return complete_rows(column_numbers(which));
  }

  /// All columns as numbers, m×n.
  /// @throws FormatError at the first cell that is not a number, or is missing when that is an error; DataError when a
  /// column has no value to fill in from, no row is left, or Scalar is an integer type and what a missing value becomes is
  /// no such integer.
  template <class Scalar = double, int Order = Eigen::ColMajor>
  Eigen::Matrix<Scalar, Dynamic, Dynamic, Order> matrix(Missing missing = Missing::error) const {
    std::vector<Index> all(static_cast<std::size_t>(columns()));
    for (std::size_t j = 0; j < all.size(); ++j) all[j] = static_cast<Index>(j);
    return numbers_of<Scalar, Order>(all, missing);
  }
  /// Some columns as numbers, in this order. @throws as matrix() and column().
  template <class Scalar = double, int Order = Eigen::ColMajor>
  Eigen::Matrix<Scalar, Dynamic, Dynamic, Order> matrix(const std::vector<CsvColumn>& which,
                                                        Missing missing = Missing::error) const {
    return numbers_of<Scalar, Order>(column_numbers(which), missing);
  }

  /// @throws FormatError: the place of a cell, what was expected there, and what came.
  [[noreturn]] LAMINA_COLD void fail(Index i, Index j, std::string_view expected) const {
    detail::fail<FormatError>({place(i, j), ": ", expected, ", got ", detail::excerpt(cell(i, j)),
                               is_missing(i, j) ? ", a missing value" : ""});
  }

 private:
  friend class CsvReader;
  friend struct FeatureEncoding;

  std::size_t cell_number(Index i, Index j) const {
    if (i < 0 || i >= rows() || j < 0 || j >= columns())
      detail::fail<ShapeError>(
          {source_, ": expected a cell of ", rows(), "\u00d7", columns(), ", got row ", i, ", column ", j});
    return static_cast<std::size_t>(i) * numbers_.size() + static_cast<std::size_t>(j);
  }

  static Index find_column(const CsvColumn& which, const std::vector<std::string>& names, Index columns,
                           const std::string& source) {
    if (!which.by_name()) {
      const Index j = which.number() < 0 ? which.number() + columns : which.number();
      if (j < 0 || j >= columns)
        detail::fail<OptionError>(
            {source, ": expected a column from ", -columns, " to ", columns - 1, ", got ", which.number()});
      return j;
    }
    const auto found = std::find(names.begin(), names.end(), which.name());
    if (found == names.end())
      detail::fail<OptionError>(
          {source, ": no column ", detail::excerpt(which.name()),
           names.empty() ? "; the file has no names" : "; there are " + detail::list_of(names)});
    const auto again = std::find(found + 1, names.end(), which.name());
    if (again != names.end())
      detail::fail<OptionError>({source, ": columns ", found - names.begin() + 1, " and ",
                                 again - names.begin() + 1, " have the same name ",
                                 detail::excerpt(which.name()), "; choose by number"});
    return static_cast<Index>(found - names.begin());
  }

  std::vector<Index> complete_rows(const std::vector<Index>& which) const {
    std::vector<Index> result;
    for (Index i = 0; i < rows(); ++i)
      if (std::none_of(which.begin(), which.end(), [&](Index j) { return is_missing(i, j); }))
        result.push_back(i);
    return result;
  }

  std::vector<Index> all_rows() const {
    std::vector<Index> result(static_cast<std::size_t>(rows()));
    for (std::size_t i = 0; i < result.size(); ++i) result[i] = static_cast<Index>(i);
    return result;
  }

  /// What a missing value of a column of numbers becomes.
  double fill_of(Index j, Missing missing) const {
    if (missing != Missing::mean && missing != Missing::median)
      return std::numeric_limits<double>::quiet_NaN();
    std::vector<double> values;
    for (Index i = 0; i < rows(); ++i)
      if (!is_missing(i, j)) values.push_back(number<double>(i, j));
    if (values.empty())
      detail::fail<DataError>({source_, ", ", column_text(j), ": expected a value, all are missing"});
    return detail::center_of(values, missing);
  }

  /// The fill as a Scalar, for a missing value in this place.
  template <class Scalar>
  Scalar filled(double fill, Index i, Index j) const {
    if constexpr (std::integral<Scalar>) {
      using Limits = std::numeric_limits<Scalar>;
      if (!(std::trunc(fill) == fill && fill >= static_cast<double>(Limits::min()) &&
            fill < std::ldexp(1.0, Limits::digits)))
        detail::fail<DataError>({place(i, j), ": expected an integer for the missing value, got ", fill});
    }
    return static_cast<Scalar>(fill);
  }

  template <class Scalar, int Order>
  Eigen::Matrix<Scalar, Dynamic, Dynamic, Order> numbers_of(const std::vector<Index>& which,
                                                            Missing missing) const {
    const std::vector<Index> kept = missing == Missing::drop_row ? complete_rows(which) : all_rows();
    if (kept.empty())
      detail::fail<DataError>({source_, ": expected a row without a missing value, got none"});
    std::vector<double> fills;
    fills.reserve(which.size());
    for (const Index j : which) fills.push_back(fill_of(j, missing));
    Eigen::Matrix<Scalar, Dynamic, Dynamic, Order> X(static_cast<Index>(kept.size()),
                                                     static_cast<Index>(which.size()));
    for (std::size_t r = 0; r < kept.size(); ++r)
      for (std::size_t c = 0; c < which.size(); ++c) {
        const Index i = kept[r], j = which[c];
        const bool absent = is_missing(i, j);
        if (absent && missing == Missing::error) fail(i, j, "expected a number");
        X(static_cast<Index>(r), static_cast<Index>(c)) =
            absent ? filled<Scalar>(fills[c], i, j) : number<Scalar>(i, j);
      }
    return X;
  }

  std::string source_;
  CsvOptions options_;
  std::vector<std::string> names_;
  std::vector<Index> numbers_;                              // of the columns in the file
  std::string text_;                                        // of all cells, row by row
  std::vector<std::size_t> ends_;                           // of the cells in text_
  std::vector<std::size_t> lines_;                          // on which the rows begin
  std::vector<std::pair<std::size_t, std::size_t>> later_;  // cells that begin so many lines below their row
};

}  // namespace lamina
