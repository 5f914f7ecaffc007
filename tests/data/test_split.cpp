// Data sets cut into parts: every row once, classes in proportion, the same for the same seed.

#include <algorithm>
#include <array>
#include <map>
#include <numeric>

#include "lamina/core/random.hpp"
#include "lamina/data/cross_validation.hpp"
#include "lamina/data/split.hpp"
#include "support/catch.hpp"

namespace {

using namespace lamina;
using Catch::Matchers::ContainsSubstring;
using Rows = std::vector<Index>;

Rows counted(Index m) {
  Rows rows(static_cast<std::size_t>(m));
  std::iota(rows.begin(), rows.end(), Index{0});
  return rows;
}

void check_once(std::initializer_list<const Rows*> parts, Index m) {
  Rows all;
  for (const Rows* part : parts) all.insert(all.end(), part->begin(), part->end());
  std::sort(all.begin(), all.end());
  CHECK(all == counted(m));
}

std::map<int, Index> classes_of(const std::vector<int>& labels, const Rows& rows) {
  std::map<int, Index> count;
  for (const Index i : rows) ++count[labels[static_cast<std::size_t>(i)]];
  return count;
}

/// Each class of `whole` has `part` of `of` samples in proportion, but for less than one sample.
void check_proportion(std::map<int, Index> part, const std::map<int, Index>& whole, Index count, Index of) {
  for (const auto& [label, size] : whole) {
    const double exact = static_cast<double>(size) * static_cast<double>(count) / static_cast<double>(of);
    CAPTURE(label, size, part[label], exact);
    CHECK(std::abs(static_cast<double>(part[label]) - exact) < 1);
  }
}

/// Classes of quite different sizes, mixed.
std::vector<int> uneven(std::uint64_t seed) {
  Random random(seed);
  std::vector<int> labels;
  for (const int label : {7, -2, 40, 3})
    for (std::uint64_t n = 5 + random.below(label == 40 ? 200 : 20); n > 0; --n) labels.push_back(label);
  random.shuffle(labels);
  return labels;
}

}  // namespace

TEST_CASE("train and test", "[split]") {
  const auto parts = train_test_split(103, {.test = 0.2, .seed = 4});
  CHECK(parts.test.size() == 21);
  check_once({&parts.train, &parts.test}, 103);
  CHECK_FALSE(std::is_sorted(parts.train.begin(), parts.train.end()));
  CHECK(train_test_split(103, {.test = 0.2, .seed = 4}).train == parts.train);
  CHECK(train_test_split(103, {.test = 0.2, .seed = 5}).test != parts.test);
  CHECK(train_test_split(103, {.test = 10}).test.size() == 10);
  CHECK(train_test_split(3, {.test = 0.01}).test.size() == 1);
  CHECK(train_test_split(3, {.test = 0.99}).train.size() == 1);
  CHECK(train_test_split(std::size_t{8}).test.size() == 2);

  const auto in_order = train_test_split(5, {.test = 2, .shuffle = false});
  CHECK(in_order.train == Rows{0, 1, 2});
  CHECK(in_order.test == Rows{3, 4});
}

TEST_CASE("every row is as likely in the test part as any other", "[split]") {
  std::array<int, 10> count{};
  for (std::uint64_t seed = 0; seed < 2000; ++seed)
    for (const Index i : train_test_split(10, {.test = 3, .seed = seed}).test)
      ++count[static_cast<std::size_t>(i)];
  // Binomial, 2000 draws of 0.3: deviation 20.5; five of them.
  for (const int n : count) CHECK(std::abs(n - 600) < 103);
}

TEST_CASE("train, validation and test", "[split]") {
  const auto parts = train_validation_test_split(100, {.validation = 0.1, .test = 25, .seed = 1});
  CHECK(parts.validation.size() == 10);
  CHECK(parts.test.size() == 25);
  check_once({&parts.train, &parts.validation, &parts.test}, 100);
  const auto in_order = train_validation_test_split(6, {.validation = 1, .test = 2, .shuffle = false});
  CHECK(in_order.train == Rows{0, 1, 2});
  CHECK(in_order.validation == Rows{3});
  CHECK(in_order.test == Rows{4, 5});
}

TEST_CASE("stratified parts have each class in proportion", "[split]") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto labels = uneven(seed);
    const auto m = static_cast<Index>(labels.size());
    const auto whole = classes_of(labels, counted(m));
    for (const bool shuffle : {true, false}) {
      const auto two = train_test_split(labels, {.test = 0.3, .seed = seed, .shuffle = shuffle});
      check_once({&two.train, &two.test}, m);
      const auto count = static_cast<Index>(two.test.size());
      CHECK(count == std::lround(0.3 * static_cast<double>(m)));
      check_proportion(classes_of(labels, two.test), whole, count, m);
      check_proportion(classes_of(labels, two.train), whole, m - count, m);
      CHECK(std::is_sorted(two.train.begin(), two.train.end()) == !shuffle);

      const auto three = train_validation_test_split(
          labels, {.validation = 0.2, .test = 0.3, .seed = seed, .shuffle = shuffle});
      check_once({&three.train, &three.validation, &three.test}, m);
      CHECK(static_cast<Index>(three.test.size()) == count);
      check_proportion(classes_of(labels, three.test), whole, count, m);
      check_proportion(classes_of(labels, three.validation), classes_of(labels, two.train),
                       static_cast<Index>(three.validation.size()), m - count);
    }
  }
  const auto in_order = train_test_split(std::vector<int>{1, 0, 1, 0, 1, 0}, {.test = 2, .shuffle = false});
  CHECK(in_order.train == Rows{0, 1, 2, 3});
  CHECK(in_order.test == Rows{4, 5});
}

TEST_CASE("folds", "[split]") {
  const auto folds = k_fold(11, 3, {.seed = 2});
  REQUIRE(folds.size() == 3);
  CHECK(folds[0].test.size() == 4);
  CHECK(folds[2].test.size() == 3);
  check_once({&folds[0].test, &folds[1].test, &folds[2].test}, 11);
  for (const auto& fold : folds) check_once({&fold.train, &fold.test}, 11);
  CHECK(k_fold(11, 3, {.seed = 2})[1].train == folds[1].train);
  CHECK(k_fold(11, 3, {.seed = 3})[1].train != folds[1].train);
  const auto in_order = k_fold(5, 2, {.shuffle = false});
  CHECK(in_order[0].test == Rows{0, 1, 2});
  CHECK(in_order[0].train == Rows{3, 4});
  CHECK(k_fold(4, 4).size() == 4);
}

TEST_CASE("stratified folds", "[split]") {
  for (std::uint64_t seed = 0; seed < 20; ++seed)
    for (const Index k : {2, 3, 5}) {
      const auto labels = uneven(seed);
      const auto m = static_cast<Index>(labels.size());
      const auto whole = classes_of(labels, counted(m));
      const auto folds = stratified_k_fold(labels, k, {.seed = seed});
      REQUIRE(static_cast<Index>(folds.size()) == k);
      Rows tested;
      for (const auto& fold : folds) {
        check_once({&fold.train, &fold.test}, m);
        tested.insert(tested.end(), fold.test.begin(), fold.test.end());
        const auto size = static_cast<Index>(fold.test.size());
        CHECK((size == m / k || size == (m + k - 1) / k));
        for (auto [label, count] : classes_of(labels, fold.test))
          CHECK((count == whole.at(label) / k || count == (whole.at(label) + k - 1) / k));
      }
      check_once({&tested}, m);
    }
  const auto in_order =
      stratified_k_fold(Eigen::VectorXi(Eigen::VectorXi::LinSpaced(4, 0, 3) / 2), 2, {.shuffle = false});
  CHECK(in_order[0].test == Rows{0, 2});
  CHECK(in_order[1].test == Rows{1, 3});
}

TEST_CASE("parts that cannot be", "[split]") {
  CHECK_THROWS_AS(train_test_split(1), DataError);
  CHECK_THROWS_AS(train_test_split(-3), DataError);
  CHECK_THROWS_AS(train_validation_test_split(2), DataError);
  for (const double fraction : {0.0, 1.0, -0.5, 1.5, std::nan("")}) {
    CAPTURE(fraction);
    CHECK_THROWS_AS(train_test_split(10, {.test = fraction}), OptionError);
    CHECK_THROWS_WITH(train_validation_test_split(10, {.validation = fraction}),
                      ContainsSubstring("validation: expected a fraction in (0, 1)"));
  }
  for (const int count : {0, 10, 11, -1}) CHECK_THROWS_AS(train_test_split(10, {.test = count}), OptionError);
  CHECK_THROWS_WITH(train_validation_test_split(10, {.validation = 0.5, .test = 0.5}),
                    ContainsSubstring("left to train on, got 5 for validation and 5 for testing, of 10"));
  CHECK_THROWS_AS(k_fold(10, 1), OptionError);
  CHECK_THROWS_AS(k_fold(10, 11), OptionError);
  CHECK_THROWS_WITH(k_fold(10, 11), "k_fold: expected from 2 to 10 folds of 10 samples, got 11");

  const std::vector<int> rare = {0, 0, 0, 0, 5, 5};
  CHECK_THROWS_AS(stratified_k_fold(rare, 3), DataError);
  CHECK_THROWS_WITH(
      stratified_k_fold(rare, 3),
      ContainsSubstring("at least 3 samples of each class, one for each part, got 2 of class 5"));
  CHECK_NOTHROW(stratified_k_fold(rare, 2));
  CHECK_THROWS_AS(train_validation_test_split(rare), DataError);
  CHECK_THROWS_AS(train_test_split(std::vector<int>{0, 0, 1}), DataError);
  CHECK_THROWS_AS(train_test_split(std::vector<int>{}), DataError);
  CHECK_THROWS_AS(stratified_k_fold(rare, 7), OptionError);
  CHECK_THROWS_AS(train_test_split(Eigen::MatrixXi(Eigen::MatrixXi::Zero(2, 2))), ShapeError);
}

TEST_CASE("rows are taken in the order asked for", "[split]") {
  const Eigen::MatrixXd X = (Eigen::MatrixXd(3, 2) << 1, 2, 3, 4, 5, 6).finished();
  const Eigen::Matrix<float, Eigen::Dynamic, 2, Eigen::RowMajor> rows = X.cast<float>();
  const Rows which = {2, 0, 2};
  CHECK(take_rows(X, which) == (Eigen::MatrixXd(3, 2) << 5, 6, 1, 2, 5, 6).finished());
  CHECK(decltype(take_rows(rows, which))::IsRowMajor);
  CHECK(take_rows(rows, which)(1, 1) == 2);
  CHECK(take_rows(X.array() * 2.0, {1}) == Eigen::RowVector2d(6, 8));
  CHECK(take_rows(Eigen::Vector3i(7, 8, 9), which) == Eigen::Vector3i(9, 7, 9));
  CHECK(take_rows(Eigen::RowVector3i(7, 8, 9), which) == Eigen::RowVector3i(9, 7, 9));
  CHECK_THROWS_AS(take_rows(Eigen::RowVector3i(7, 8, 9), {3}), OptionError);
  CHECK(take_rows(Eigen::Matrix<int, 1, 1>(7), {0, 0}) == Eigen::Vector2i(7, 7));
  CHECK(take_rows(std::vector<int>{7, 8, 9}, which) == std::vector<int>{9, 7, 9});
  CHECK(take_rows(X, {}).rows() == 0);
  CHECK_THROWS_WITH(take_rows(X, {3}), "take_rows: expected rows from 0 to 2, got 3");
  CHECK_THROWS_AS(take_rows(X, {-1}), OptionError);
  CHECK_THROWS_AS(take_rows(std::vector<int>{1}, {1}), OptionError);
  CHECK_THROWS_AS(take_rows(std::vector<int>{1}, {-1}), OptionError);
  CHECK_THROWS_WITH(take_rows(std::vector<int>{}, {0}), "take_rows: expected rows from 0 to -1, got 0");
}

TEST_CASE("cross-validation collects the score of every fold", "[split]") {
  const auto folds = k_fold(10, 4, {.shuffle = false});
  Rows first;
  const auto result = cross_validate(folds, [&](const Rows& train, const Rows& test) {
    CHECK(train.size() + test.size() == 10);
    first.push_back(test.front());
    return static_cast<float>(test.front());
  });
  CHECK(first == Rows{0, 3, 6, 8});
  CHECK(result.scores == std::vector<double>{0, 3, 6, 8});
  CHECK(result.mean == 4.25);
  // Σ (sᵢ − 4.25)² = 18.0625 + 1.5625 + 3.0625 + 14.0625 = 36.75, over 3
  CHECK(result.standard_deviation == Catch::Approx(3.5).epsilon(1e-15));
  CHECK_THROWS_AS(cross_validate({folds[0]}, [](const Rows&, const Rows&) { return 0.0; }), OptionError);
  CHECK_THROWS_WITH(
      cross_validate(folds, [](const Rows&, const Rows& test) { return test[0] == 6 ? std::nan("") : 1.0; }),
      ContainsSubstring("got nan from fold 2"));

  for (const double score : {1.0, 0.1, 1.7e308})
    for (Index k = 2; k < 20; ++k) {
      const auto constant = cross_validate(k_fold(20, k), [&](const Rows&, const Rows&) { return score; });
      CHECK(constant.mean == score);
      CHECK(constant.standard_deviation == 0);
    }
}
