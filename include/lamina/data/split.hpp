// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "lamina/core/errors.hpp"
#include "lamina/core/random.hpp"
#include "lamina/core/types.hpp"
#include "lamina/core/views.hpp"

/// @file
/// Data sets cut into parts, as row numbers. Every row is in exactly one part. The same seed gives the same parts on every
/// platform. *Stratified* parts have each class in the proportion of the whole, as exactly as whole samples allow: the
/// functions that take labels make such parts. A class may be any integer.

namespace lamina {

/// Row numbers for fitting and for testing.
struct TrainTest {
  std::vector<Index> train, test;
};

/// Row numbers for fitting, for choosing, and for testing.
struct TrainValidationTest {
  std::vector<Index> train, validation, test;
};

/// How much of a data set: a fraction (0.25), rounded to whole samples, or a number of samples (100).
class Share {
 public:
  template <std::floating_point Fraction>
  Share(Fraction fraction)  // NOLINT(google-explicit-constructor)
      : fraction_(static_cast<double>(fraction)), is_fraction_(true) {}
  template <std::integral Count>
  Share(Count count) : count_(static_cast<Index>(count)) {}  // NOLINT(google-explicit-constructor)

  /// The number of samples out of m, at least one.
  /// @throws OptionError when the fraction is not in (0, 1), or the number not in [1, m).
  Index of(Index m, const char* name) const {
    if (is_fraction_ && !(fraction_ > 0 && fraction_ < 1))
      detail::fail<OptionError>({name, ": expected a fraction in (0, 1), got ", fraction_});
    if (!is_fraction_ && (count_ < 1 || count_ >= m))
      detail::fail<OptionError>({name, ": expected from 1 to ", m - 1, " of ", m, " samples, got ", count_});
    if (!is_fraction_) return count_;
    const auto rounded = static_cast<Index>(std::llround(fraction_ * static_cast<double>(m)));
    return std::clamp<Index>(rounded, 1, std::max<Index>(m - 1, 1));
  }

 private:
  double fraction_ = 0;
  Index count_ = 0;
  bool is_fraction_ = false;
};

struct SplitOptions {
  Share test = 0.25;
  std::uint64_t seed = 0;
  /// In random order. Else in the order of the data: the test samples are the last ones, of each class when stratified.
  bool shuffle = true;
};

struct ThreeWaySplitOptions {
  Share validation = 0.15;
  Share test = 0.15;
  std::uint64_t seed = 0;
  bool shuffle = true;  ///< as in SplitOptions; the validation samples come before the test samples
};

struct FoldOptions {
  std::uint64_t seed = 0;
  bool shuffle = true;  ///< else fold f is the f-th run of consecutive rows, of each class when stratified
};

namespace detail {

LAMINA_COLD inline std::vector<Index> counted(Index m) {
  std::vector<Index> rows(static_cast<std::size_t>(m));
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<Index>(i);
  return rows;
}

LAMINA_COLD inline void check_samples(Index m, Index parts, const char* what) {
  if (m < parts)
    fail<DataError>({what, ": expected at least ", parts, " samples, one for each part, got ", m});
}

/// The rows of each class, in the order of the classes.
template <Labels L>
std::vector<std::vector<Index>> rows_by_class(const L& labels, Index least, const char* what) {
  using Class = typename element<L>::type;
  decltype(auto) values = [&]() -> decltype(auto) {
    if constexpr (EigenDense<L>) {
      return in_memory(labels);
    } else {
      return (labels);
    }
  }();
  const auto y = vector_view<Class>(values, "labels");
  std::map<Class, std::vector<Index>> classes;
  for (Index i = 0; i < y.size; ++i) classes[y[i]].push_back(i);
  if (classes.empty()) fail<DataError>({what, ": expected labels, got none"});
  std::vector<std::vector<Index>> result;
  for (auto& [label, rows] : classes) {
    if (static_cast<Index>(rows.size()) < least)
      fail<DataError>({what, ": expected at least ", least, " samples of each class, one for each part, got ",
                       rows.size(), " of class ", label});
    result.push_back(std::move(rows));
  }
  return result;
}

/// How many of `count` samples come from each class: its proportion rounded down or up, so that they are `count` together
/// (largest remainders first; of equal ones the earlier class).
LAMINA_COLD inline std::vector<Index> shares(const std::vector<std::vector<Index>>& classes, Index count) {
  Index m = 0, left = count;
  for (const auto& rows : classes) m += static_cast<Index>(rows.size());
  std::vector<Index> result;
  std::vector<std::pair<double, std::size_t>> remainders;
  for (std::size_t c = 0; c < classes.size(); ++c) {
    const double exact =
        static_cast<double>(classes[c].size()) * static_cast<double>(count) / static_cast<double>(m);
    result.push_back(static_cast<Index>(exact));
    left -= result.back();
    remainders.emplace_back(exact - std::floor(exact), c);
  }
  std::stable_sort(remainders.begin(), remainders.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  for (std::size_t r = 0; r < remainders.size() && left > 0; ++r, --left) ++result[remainders[r].second];
  return result;
}

/// Takes so many rows off the ends of the classes, in proportion.
LAMINA_COLD inline std::vector<Index> take_in_proportion(std::vector<std::vector<Index>>& classes,
                                                         Index count) {
  const std::vector<Index> number = shares(classes, count);
  std::vector<Index> taken;
  for (std::size_t c = 0; c < classes.size(); ++c) {
    const auto first = classes[c].end() - number[c];
    taken.insert(taken.end(), first, classes[c].end());
    classes[c].erase(first, classes[c].end());
  }
  return taken;
}

LAMINA_COLD inline std::vector<Index> joined(const std::vector<std::vector<Index>>& classes) {
  std::vector<Index> rows;
  for (const auto& part : classes) rows.insert(rows.end(), part.begin(), part.end());
  return rows;
}

/// Random order, or the data's.
LAMINA_COLD inline void arrange(std::vector<Index>& rows, bool shuffle, Random& random) {
  if (shuffle) {
    random.shuffle(rows);
  } else {
    std::sort(rows.begin(), rows.end());
  }
}

/// Cuts classes (or all rows, as one class) into train, validation and test.
LAMINA_COLD inline TrainValidationTest cut(std::vector<std::vector<Index>> classes, Index validation,
                                           Index test, std::uint64_t seed, bool shuffle) {
  Random random(seed);
  for (auto& rows : classes) arrange(rows, shuffle, random);
  TrainValidationTest parts;
  parts.test = take_in_proportion(classes, test);
  if (validation > 0) parts.validation = take_in_proportion(classes, validation);
  parts.train = joined(classes);
  if (classes.size() > 1)
    for (std::vector<Index>* part : {&parts.train, &parts.validation, &parts.test})
      arrange(*part, shuffle, random);
  return parts;
}

inline TrainTest cut(std::vector<std::vector<Index>> classes, Index m, const SplitOptions& options) {
  auto parts = cut(std::move(classes), 0, options.test.of(m, "test"), options.seed, options.shuffle);
  return {std::move(parts.train), std::move(parts.test)};
}

LAMINA_COLD inline TrainValidationTest cut(std::vector<std::vector<Index>> classes, Index m,
                                           const ThreeWaySplitOptions& options) {
  const Index test = options.test.of(m, "test"), validation = options.validation.of(m, "validation");
  if (test + validation >= m)
    fail<OptionError>({"train_validation_test_split: expected a sample left to train on, got ", validation,
                       " for validation and ", test, " for testing, of ", m});
  return cut(std::move(classes), validation, test, options.seed, options.shuffle);
}

/// Fold f has the rows that `fold` says are in it, for testing; the others are for training.
inline std::vector<TrainTest> folds_of(const std::vector<Index>& order, const std::vector<Index>& fold,
                                       Index k) {
  std::vector<TrainTest> folds(static_cast<std::size_t>(k));
  for (std::size_t p = 0; p < order.size(); ++p)
    for (Index f = 0; f < k; ++f) {
      TrainTest& parts = folds[static_cast<std::size_t>(f)];
      (fold[p] == f ? parts.test : parts.train).push_back(order[p]);
    }
  return folds;
}

inline void check_folds(Index m, Index k, const char* what) {
  if (k < 2 || k > m)
    fail<OptionError>({what, ": expected from 2 to ", m, " folds of ", m, " samples, got ", k});
}

template <class L>
Index label_count(const L& labels) {
  return static_cast<Index>(std::size(labels));
}

}  // namespace detail

/// m samples in two parts.
/// @throws OptionError when the share is out of range; DataError when m < 2.
template <std::integral Count>
TrainTest train_test_split(Count m, const SplitOptions& options = {}) {
  detail::check_samples(static_cast<Index>(m), 2, "train_test_split");
  return detail::cut({detail::counted(static_cast<Index>(m))}, static_cast<Index>(m), options);
}
/// Stratified: each class has its proportion of the test samples, rounded down or up. One sample has one label.
/// @throws as above; DataError when a class has fewer than 2 samples.
template <Labels L>
TrainTest train_test_split(const L& labels, const SplitOptions& options = {}) {
  auto classes = detail::rows_by_class(labels, 2, "train_test_split");
  return detail::cut(std::move(classes), detail::label_count(labels), options);
}

/// m samples in three parts.
/// @throws OptionError when a share is out of range, or nothing is left to train on; DataError when m < 3.
template <std::integral Count>
TrainValidationTest train_validation_test_split(Count m, const ThreeWaySplitOptions& options = {}) {
  detail::check_samples(static_cast<Index>(m), 3, "train_validation_test_split");
  return detail::cut({detail::counted(static_cast<Index>(m))}, static_cast<Index>(m), options);
}
/// Stratified: each class has its proportion of the test samples, and what is then left of it its proportion of the
/// validation samples, rounded down or up.
/// @throws as above; DataError when a class has fewer than 3 samples.
template <Labels L>
TrainValidationTest train_validation_test_split(const L& labels, const ThreeWaySplitOptions& options = {}) {
  auto classes = detail::rows_by_class(labels, 3, "train_validation_test_split");
  return detail::cut(std::move(classes), detail::label_count(labels), options);
}

/// k folds: each sample is in `test` of one fold and in `train` of the others. Folds differ by one sample at most, the first
/// are the larger ones.
/// @throws OptionError when k is not from 2 to m.
inline std::vector<TrainTest> k_fold(Index m, Index k, const FoldOptions& options = {}) {
  detail::check_folds(m, k, "k_fold");
  std::vector<Index> order = detail::counted(m), fold;
  Random random(options.seed);
  if (options.shuffle) random.shuffle(order);
  for (Index f = 0; f < k; ++f)
    fold.insert(fold.end(), static_cast<std::size_t>(m / k + (f < m % k ? 1 : 0)), f);
  return detail::folds_of(order, fold, k);
}

/// Stratified: two folds differ by one sample of a class at most, and by one sample altogether.
/// @throws OptionError when k is not from 2 to m; DataError when a class has fewer than k samples.
template <Labels L>
std::vector<TrainTest> stratified_k_fold(const L& labels, Index k, const FoldOptions& options = {}) {
  const Index m = detail::label_count(labels);
  detail::check_folds(m, k, "stratified_k_fold");
  auto classes = detail::rows_by_class(labels, k, "stratified_k_fold");
  Random random(options.seed);
  // The larger shares of one class end where those of the next begin.
  std::vector<Index> fold_of_row(static_cast<std::size_t>(m));
  Index dealt = 0;
  for (auto& rows : classes) {
    detail::arrange(rows, options.shuffle, random);
    const auto size = static_cast<Index>(rows.size());
    std::size_t at = 0;
    for (Index f = 0; f < k; ++f) {
      const Index share = size / k + ((f - dealt % k + k) % k < size % k ? 1 : 0);
      for (Index n = 0; n < share; ++n) fold_of_row[static_cast<std::size_t>(rows[at++])] = f;
    }
    dealt += size;
  }
  std::vector<Index> order = detail::counted(m), fold;
  if (options.shuffle) random.shuffle(order);
  for (const Index i : order) fold.push_back(fold_of_row[static_cast<std::size_t>(i)]);
  return detail::folds_of(order, fold, k);
}

/// The rows of X that are named, in this order; an element each when X is a vector, column or row.
/// @throws OptionError when there is no such row.
template <EigenDense DX>
auto take_rows(const DX& X, const std::vector<Index>& rows) {
  constexpr bool row_vector =
      static_cast<int>(DX::RowsAtCompileTime) == 1 && static_cast<int>(DX::ColsAtCompileTime) != 1;
  constexpr int order = static_cast<int>(DX::ColsAtCompileTime) == 1 ? Eigen::ColMajor
                        : DX::IsRowMajor                             ? Eigen::RowMajor
                                                                     : Eigen::ColMajor;
  const Index m = row_vector ? X.cols() : X.rows(), count = static_cast<Index>(rows.size());
  decltype(auto) data = in_memory(X);
  Eigen::Matrix<typename DX::Scalar, row_vector ? 1 : Dynamic, row_vector ? Dynamic : DX::ColsAtCompileTime,
                order>
      result(row_vector ? 1 : count, row_vector ? count : X.cols());
  for (Index r = 0; r < count; ++r) {
    const Index i = rows[static_cast<std::size_t>(r)];
    if (i < 0 || i >= m)
      detail::fail<OptionError>({"take_rows: expected rows from 0 to ", m - 1, ", got ", i});
    if constexpr (row_vector) {
      result(r) = data(i);
    } else {
      result.row(r) = data.row(i);
    }
  }
  return result;
}
template <NumberRange Range>
auto take_rows(const Range& values, const std::vector<Index>& rows) {
  std::vector<typename detail::element<Range>::type> result;
  result.reserve(rows.size());
  for (const Index i : rows) {
    if (i < 0 || i >= static_cast<Index>(std::size(values)))
      detail::fail<OptionError>(
          {"take_rows: expected rows from 0 to ", static_cast<Index>(std::size(values)) - 1, ", got ", i});
    result.push_back(std::data(values)[i]);
  }
  return result;
}

}  // namespace lamina
