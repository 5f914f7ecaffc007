// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lamina/core/errors.hpp"
#include "lamina/core/types.hpp"
#include "lamina/data/csv_table.hpp"

namespace lamina {

/// What is made of a category that was not in the table an encoding was fitted to.
enum class UnknownCategory {
  error,  ///< DataError with its line and the known categories
  zeros,  ///< 0 in all of the column's one-hot features
};

/// What the target column is.
enum class TargetKind {
  automatic,  ///< numbers when all of its cells are numbers, else classes
  numbers,    ///< for regression
  classes,    ///< for classification, also when their names are numbers
};

/// How a table becomes X and Y, see FeatureEncoding::fit.
struct EncodingOptions {
  std::vector<CsvColumn> targets = {};   ///< of Y, or one column of classes; empty: there are features only
  std::vector<CsvColumn> features = {};  ///< of X, in this order; empty: all columns that are no target
  std::vector<CsvColumn> categorical =
      {};  ///< features that are categories although cells of them are numbers
  TargetKind target_kind = TargetKind::automatic;
  Missing missing =
      Missing::error;  ///< in features; a missing target is an error, or drops its row with drop_row
  UnknownCategory unknown = UnknownCategory::error;
  Index max_categories = 256;  ///< in a feature: a column with more is hardly one of categories

  /// @throws OptionError when max_categories is not positive.
  void check() const {
    if (max_categories < 1)
      detail::fail<OptionError>({"EncodingOptions: expected max_categories \u2265 1, got ", max_categories});
  }
};

/// A table as numbers. Rows are samples.
template <class Scalar = double, int Order = Eigen::ColMajor>
struct EncodedData {
  Eigen::Matrix<Scalar, Dynamic, Dynamic, Order> X;  ///< m×n
  Eigen::Matrix<Scalar, Dynamic, Dynamic, Order> Y;  ///< m×k when the targets are numbers
  std::vector<Index> labels;                         ///< m, from 0, when the target is a class
  std::vector<Index> rows;                           ///< of the table, that are in X: all but those dropped
};

/// One column of a table, as an encoding knows it.
struct EncodedColumn {
  std::string name;                                        ///< empty when the table had no names
  Index number = 0;                                        ///< of the column in the table, from 0
  bool categorical = false;                                ///< one-hot, or the classes of a target
  std::vector<std::string> categories;                     ///< in the order of their features or labels
  double fill = std::numeric_limits<double>::quiet_NaN();  ///< a missing number becomes
  std::string fill_category;                               ///< a missing category becomes

  /// Columns of X or Y it takes.
  Index width() const { return categorical ? static_cast<Index>(categories.size()) : 1; }
};

namespace detail {

/// Where a column's categories are in its list, for as many cells as there may be.
class CategoryIndex {
 public:
  explicit CategoryIndex(const EncodedColumn& column) {
    for (std::size_t i = 0; i < column.categories.size(); ++i)
      places_.emplace(column.categories[i], static_cast<Index>(i));
  }
  /// −1 when it is unknown.
  Index find(std::string_view category) const {
    const auto found = places_.find(category);
    return found == places_.end() ? -1 : found->second;
  }

 private:
  std::map<std::string_view, Index> places_;  // the first of equal ones
};

}  // namespace detail

/// How a table becomes X and Y, fitted to one table and used for others: which columns are numbers, which categories, and
/// what the categories are. Plain data, to be kept beside a model.
///
///     const CsvTable table = read_csv("train.csv");
///     const auto encoding = FeatureEncoding::fit(table, {.targets = {"price"}});
///     const auto train = encoding.encode<float>(table);                             // train.X, train.Y
///     const auto asked = encoding.encode_features<float>(read_csv("asked.csv"));    // asked.X
///
/// A column of numbers is one feature. A column of text is one-hot: a feature for each of its categories, which are sorted,
/// by their bytes, or as numbers when all are. A column that has both is refused, unless named in `categorical`: it is more
/// often a typing mistake than a category.
///
/// Columns are found by their names; when the table fitted to had none, by their numbers. A table without names that has
/// the features only, without the targets, is then taken to have them in the order of the file fitted to, whatever the
/// order of EncodingOptions::features.
struct FeatureEncoding {
  std::vector<EncodedColumn> features;
  std::vector<EncodedColumn> targets;
  Index table_columns = 0;  ///< of the table fitted to
  Missing missing = Missing::error;
  UnknownCategory unknown = UnknownCategory::error;

  /// Looks at a table, the training data only: categories and what missing values become are then free of the test data.
  /// @throws OptionError when there is no column of that name or number, two columns have the same name (or both an empty
  /// one), a column is chosen twice, none is left for features, or a feature has more than max_categories; FormatError, with
  /// line and column, when a cell is not a number although others of its column are, or is missing when that is an error;
  /// DataError when a column has no value.
  static FeatureEncoding fit(const CsvTable& table, const EncodingOptions& options = {}) {
    options.check();
    FeatureEncoding result;
    result.table_columns = table.columns();
    result.missing = options.missing;
    result.unknown = options.unknown;

    std::vector<Index> uses(static_cast<std::size_t>(table.columns()), 0);
    const auto use = [&](const std::vector<CsvColumn>& which, Index kind) {
      for (const Index j : table.column_numbers(which)) {
        Index& used = uses[static_cast<std::size_t>(j)];
        if (used != 0)
          detail::fail<OptionError>({table.source(), ", ", table.column_text(j), ": chosen twice"});
        used = kind;
      }
    };
    use(options.targets, target);
    use(options.features, feature);
    std::vector<Index> chosen = table.column_numbers(options.features);
    if (chosen.empty())
      for (Index j = 0; j < table.columns(); ++j)
        if (uses[static_cast<std::size_t>(j)] == 0) chosen.push_back(j);
    if (chosen.empty()) detail::fail<OptionError>({table.source(), ": no column is left for features"});
    const std::vector<Index> categorical = table.column_numbers(options.categorical);
    for (const Index j : categorical)
      if (std::find(chosen.begin(), chosen.end(), j) == chosen.end())
        detail::fail<OptionError>(
            {table.source(), ", ", table.column_text(j), ": expected a feature to be categorical, got ",
             uses[static_cast<std::size_t>(j)] == target ? "a target; see target_kind" : "an unused column"});

    std::vector<Index> read = chosen;
    const std::vector<Index> targets_read = table.column_numbers(options.targets);
    read.insert(read.end(), targets_read.begin(), targets_read.end());
    const std::vector<Index> rows = result.kept_rows(table, read);

    for (const Index j : chosen) {
      const bool by_option = std::find(categorical.begin(), categorical.end(), j) != categorical.end();
      EncodedColumn column = result.described(table, j, by_option || !is_numeric(table, j, rows), rows);
      if (column.width() > options.max_categories)
        detail::fail<OptionError>({table.source(), ", ", table.column_text(j), ": expected at most ",
                                   options.max_categories, " categories, got ", column.width(),
                                   "; leave the column out, or raise max_categories"});
      result.features.push_back(std::move(column));
    }
    for (const Index j : targets_read) {
      const bool classes = options.target_kind == TargetKind::classes ||
                           (options.target_kind == TargetKind::automatic && !is_numeric(table, j, rows));
      if (classes && targets_read.size() > 1)
        detail::fail<OptionError>({table.source(), ", ", table.column_text(j),
                                   ": expected numbers, for there are several targets, got classes"});
      for (const Index i : rows) {
        if (table.is_missing(i, j)) table.fail(i, j, "expected a target");
        if (options.target_kind == TargetKind::numbers) static_cast<void>(table.number(i, j));
      }
      result.targets.push_back(result.described(table, j, classes, rows));
    }
    return result;
  }

  /// Columns of X.
  Index inputs() const {
    Index n = 0;
    for (const EncodedColumn& column : features) n += column.width();
    return n;
  }
  /// Columns of the network's output that the targets ask for: columns of Y, or the number of classes.
  Index outputs() const {
    return classifies() ? targets.front().width() : static_cast<Index>(targets.size());
  }
  /// Whether the target is a class.
  bool classifies() const { return targets.size() == 1 && targets.front().categorical; }
  /// The names of the classes, in the order of their labels; empty when the targets are numbers.
  const std::vector<std::string>& classes() const {
    static const std::vector<std::string> none;
    return classifies() ? targets.front().categories : none;
  }

  /// The names of the columns of X: `age`, and `colour=blue` for a category. A column without a name is `x3`, from 1.
  std::vector<std::string> feature_names() const {
    std::vector<std::string> names;
    for (const EncodedColumn& column : features) {
      const std::string name = column.name.empty() ? detail::message({"x", column.number + 1}) : column.name;
      if (!column.categorical) names.push_back(name);
      if (column.categorical)
        for (const std::string& category : column.categories) names.push_back(name + "=" + category);
    }
    return names;
  }
  /// The names of the target columns. A column without a name is `y5`, from 1.
  std::vector<std::string> target_names() const {
    std::vector<std::string> names;
    for (const EncodedColumn& column : targets)
      names.push_back(column.name.empty() ? detail::message({"y", column.number + 1}) : column.name);
    return names;
  }

  /// X and the targets of a table.
  /// @throws DataError when a column is not there, a category or class is unknown, or no row is left; FormatError when a cell
  /// is not a number, or is missing when that is an error; OptionError when EncodedColumn::number is no column.
  template <class Scalar = double, int Order = Eigen::ColMajor>
  EncodedData<Scalar, Order> encode(const CsvTable& table) const {
    return encoded<Scalar, Order>(table, true);
  }
  /// X of a table, whether it has the targets or not. @throws as encode().
  template <class Scalar = double, int Order = Eigen::ColMajor>
  EncodedData<Scalar, Order> encode_features(const CsvTable& table) const {
    return encoded<Scalar, Order>(table, false);
  }

 private:
  static constexpr Index feature = 1, target = 2;

  std::vector<Index> kept_rows(const CsvTable& table, const std::vector<Index>& columns) const {
    std::vector<Index> rows = missing == Missing::drop_row ? table.complete_rows(columns) : table.all_rows();
    if (rows.empty())
      detail::fail<DataError>({table.source(), ": expected a row",
                               missing == Missing::drop_row ? " without a missing value" : "", ", got none"});
    return rows;
  }

  /// Whether a column is one of numbers. @throws FormatError when it has numbers and text.
  static bool is_numeric(const CsvTable& table, Index j, const std::vector<Index>& rows) {
    Index numbers = 0, text = 0, first_text = 0;
    for (const Index i : rows) {
      if (table.is_missing(i, j)) continue;
      double x = 0;
      const detail::NumberText kind = detail::read_cell(table.options(), table.cell(i, j), x);
      if (kind == detail::NumberText::too_large) static_cast<void>(table.number(i, j));  // which says so
      if (kind == detail::NumberText::number) {
        ++numbers;
      } else if (text++ == 0) {
        first_text = i;
      }
    }
    if (numbers > 0 && text > 0)
      table.fail(first_text, j,
                 detail::message({"expected a number, as in ", numbers, " of ", numbers + text,
                                  " rows (is it a missing word, or is the column categorical?)"}));
    if (numbers + text == 0)
      detail::fail<DataError>(
          {table.source(), ", ", table.column_text(j), ": expected a value, all are missing"});
    return numbers > 0;
  }

  EncodedColumn described(const CsvTable& table, Index j, bool categorical,
                          const std::vector<Index>& rows) const {
    EncodedColumn column;
    column.number = j;
    column.categorical = categorical;
    if (table.has_names()) {
      column.name = table.names()[static_cast<std::size_t>(j)];
      static_cast<void>(table.column(column.name));  // there are not two
    }
    if (!categorical) {
      if (missing == Missing::error)
        for (const Index i : rows)
          if (table.is_missing(i, j)) table.fail(i, j, "expected a number");
      column.fill = table.fill_of(j, missing);
      return column;
    }
    std::vector<std::string_view> cells;
    for (const Index i : rows) {
      if (!table.is_missing(i, j)) {
        cells.push_back(table.cell(i, j));
      } else if (missing == Missing::error) {
        table.fail(i, j, "expected a category");
      }
    }
    if (cells.empty())
      detail::fail<DataError>(
          {table.source(), ", ", table.column_text(j), ": expected a value, all are missing"});
    std::sort(cells.begin(), cells.end());
    std::size_t most = 0;
    for (std::size_t begin = 0, end = 0; begin < cells.size(); begin = end) {
      while (end < cells.size() && cells[end] == cells[begin]) ++end;
      column.categories.emplace_back(cells[begin]);
      if (end - begin > most) {
        most = end - begin;
        column.fill_category = column.categories.back();
      }
    }
    sort_as_numbers(table.options(), column.categories);
    return column;
  }

  /// 9 before 10, when all are numbers.
  static void sort_as_numbers(const CsvOptions& options, std::vector<std::string>& categories) {
    std::vector<std::pair<double, std::string>> numbers;
    for (const std::string& category : categories) {
      double x = 0;
      if (detail::read_cell(options, category, x) != detail::NumberText::number) return;
      numbers.emplace_back(x, category);
    }
    std::sort(numbers.begin(), numbers.end());
    for (std::size_t i = 0; i < numbers.size(); ++i) categories[i] = numbers[i].second;
  }

  /// Where the columns are in a table.
  std::vector<Index> located(const CsvTable& table, const std::vector<EncodedColumn>& columns) const {
    const auto named = [](const EncodedColumn& column) { return !column.name.empty(); };
    const bool by_name = std::any_of(features.begin(), features.end(), named) ||
                         std::any_of(targets.begin(), targets.end(), named);
    std::vector<Index> result;
    if (by_name) {
      if (!table.has_names())
        detail::fail<DataError>({table.source(), ": expected a header, as in the table fitted to"});
      std::vector<std::string> absent;
      for (const EncodedColumn& column : columns) {
        const auto& names = table.names();
        if (std::find(names.begin(), names.end(), column.name) == names.end()) {
          absent.push_back(column.name);
        } else {
          result.push_back(table.column(column.name));
        }
      }
      if (!absent.empty())
        detail::fail<DataError>({table.source(), ": no column ", detail::list_of(absent), "; there are ",
                                 detail::list_of(table.names())});
      return result;
    }
    const bool whole = table.columns() == table_columns;
    const auto count = static_cast<Index>(features.size());
    if (!whole && (table.columns() != count || &columns == &targets))
      detail::fail<DataError>(
          {table.source(), ": expected ", table_columns, " columns as in the table fitted to",
           &columns == &targets ? "" : detail::message({", or the ", count, " of the features"}), ", got ",
           table.columns()});
    for (const EncodedColumn& column : columns) {
      if (column.number < 0 || column.number >= table_columns)
        detail::fail<OptionError>(
            {"FeatureEncoding: expected a column from 0 to ", table_columns - 1, ", got ", column.number});
      const auto before = std::count_if(features.begin(), features.end(), [&](const EncodedColumn& other) {
        return other.number < column.number;
      });
      result.push_back(whole ? column.number : static_cast<Index>(before));
    }
    return result;
  }

  template <class Scalar, int Order>
  EncodedData<Scalar, Order> encoded(const CsvTable& table, bool with_targets) const {
    const std::vector<Index> x = located(table, features);
    const std::vector<Index> y = with_targets ? located(table, targets) : std::vector<Index>();
    std::vector<Index> read = x;
    read.insert(read.end(), y.begin(), y.end());

    EncodedData<Scalar, Order> data;
    data.rows = kept_rows(table, read);
    const auto m = static_cast<Index>(data.rows.size());
    data.X.setZero(m, inputs());
    Index first = 0;
    for (std::size_t c = 0; c < features.size(); ++c) {
      const detail::CategoryIndex categories(features[c]);
      for (Index r = 0; r < m; ++r) {
        const Index i = data.rows[static_cast<std::size_t>(r)];
        if (features[c].categorical) {
          const Index category = category_of(features[c], categories, table, i, x[c]);
          if (category >= 0) data.X(r, first + category) = Scalar(1);
          if (category == not_a_category)
            data.X.row(r)
                .segment(first, features[c].width())
                .setConstant(table.filled<Scalar>(std::numeric_limits<double>::quiet_NaN(), i, x[c]));
        } else {
          data.X(r, first) = number_of<Scalar>(features[c], table, i, x[c]);
        }
      }
      first += features[c].width();
    }
    if (!with_targets) return data;
    if (classifies()) {
      const detail::CategoryIndex classes(targets[0]);
      for (const Index i : data.rows) {
        if (table.is_missing(i, y[0])) table.fail(i, y[0], "expected a class");
        const Index label = classes.find(table.cell(i, y[0]));
        if (label < 0) fail_unknown("class", targets[0], table, i, y[0]);
        data.labels.push_back(label);
      }
      return data;
    }
    data.Y.resize(m, static_cast<Index>(targets.size()));
    for (std::size_t c = 0; c < targets.size(); ++c)
      for (Index r = 0; r < m; ++r) {
        const Index i = data.rows[static_cast<std::size_t>(r)];
        if (table.is_missing(i, y[c])) table.fail(i, y[c], "expected a target");
        data.Y(r, static_cast<Index>(c)) = table.number<Scalar>(i, y[c]);
      }
    return data;
  }

  static constexpr Index not_a_category = -2;

  Index category_of(const EncodedColumn& column, const detail::CategoryIndex& categories,
                    const CsvTable& table, Index i, Index j) const {
    const bool absent = table.is_missing(i, j);
    if (absent && missing == Missing::error) table.fail(i, j, "expected a category");
    if (absent && missing == Missing::nan) return not_a_category;
    const Index category =
        categories.find(absent ? std::string_view(column.fill_category) : table.cell(i, j));
    if (category < 0 && unknown == UnknownCategory::error) fail_unknown("category", column, table, i, j);
    return category;
  }

  template <class Scalar>
  Scalar number_of(const EncodedColumn& column, const CsvTable& table, Index i, Index j) const {
    const bool absent = table.is_missing(i, j);
    if (absent && missing == Missing::error) table.fail(i, j, "expected a number");
    return absent ? table.filled<Scalar>(column.fill, i, j) : table.number<Scalar>(i, j);
  }

  [[noreturn]] LAMINA_COLD static void fail_unknown(std::string_view what, const EncodedColumn& column,
                                                    const CsvTable& table, Index i, Index j) {
    detail::fail<DataError>({table.place(i, j), ": unknown ", what, " ", detail::excerpt(table.cell(i, j)),
                             "; known are ", detail::list_of(column.categories)});
  }
};

}  // namespace lamina
