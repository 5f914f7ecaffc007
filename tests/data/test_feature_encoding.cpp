// Tables as matrices: numbers, categories, targets and classes, fitted to one table and used for another.

#include <cmath>

#include "lamina/data/csv.hpp"
#include "lamina/data/feature_encoding.hpp"
#include "support/catch.hpp"

namespace {

using namespace lamina;
using Catch::Matchers::ContainsSubstring;
using Strings = std::vector<std::string>;

constexpr const char* houses =
    "area,colour,rooms,price\n"
    "100,red,3,1.5\n"
    "50,blue,2,0.75\n"
    "70,\"dark, green\",2,1\n"
    "90,blue,4,1.25\n";

FeatureEncoding fitted(const std::string& text, const EncodingOptions& options,
                       CsvHeader header = CsvHeader::automatic) {
  return FeatureEncoding::fit(parse_csv(text, {.header = header}, "train.csv"), options);
}

}  // namespace

TEST_CASE("numbers stay, text becomes one-hot in sorted order", "[encoding]") {
  const auto encoding = fitted(houses, {.targets = {"price"}});
  CHECK(encoding.feature_names() ==
        Strings{"area", "colour=blue", "colour=dark, green", "colour=red", "rooms"});
  CHECK(encoding.target_names() == Strings{"price"});
  CHECK(encoding.inputs() == 5);
  CHECK(encoding.outputs() == 1);
  CHECK_FALSE(encoding.classifies());
  CHECK(encoding.classes().empty());

  const auto data = encoding.encode<float, Eigen::RowMajor>(parse_csv(houses));
  CHECK(data.X == (Eigen::MatrixXf(4, 5) << 100, 0, 0, 1, 3,  //
                   50, 1, 0, 0, 2,                            //
                   70, 0, 1, 0, 2,                            //
                   90, 1, 0, 0, 4)
                      .finished());
  CHECK(data.Y == Eigen::Vector4f(1.5, 0.75, 1, 1.25));
  CHECK(data.labels.empty());
  CHECK(data.rows == std::vector<Index>{0, 1, 2, 3});
}

TEST_CASE("another table is encoded alike, with its columns in any order and without the target",
          "[encoding]") {
  const auto encoding = fitted(houses, {.targets = {"price"}});
  const auto asked = parse_csv("rooms,colour,more,area\n1,red,x,10\n", {}, "asked.csv");
  CHECK(encoding.encode_features(asked).X == (Eigen::RowVectorXd(5) << 10, 0, 0, 1, 1).finished());
  CHECK_THROWS_AS(encoding.encode(asked), DataError);
  CHECK_THROWS_WITH(encoding.encode(asked),
                    ContainsSubstring("asked.csv: no column \"price\"; there are \"rooms\""));
  CHECK_THROWS_WITH(encoding.encode_features(parse_csv("area,rooms,colours\n1,2,red\n")),
                    ContainsSubstring("no column \"colour\""));
  CHECK_THROWS_WITH(encoding.encode_features(parse_csv("a,b\n1,2\n")),
                    ContainsSubstring("no column \"area\", \"colour\", \"rooms\""));
  CHECK_THROWS_WITH(encoding.encode_features(parse_csv("1,2\n", {}, "asked.csv")),
                    ContainsSubstring("asked.csv: expected a header"));
  CHECK_THROWS_WITH(encoding.encode_features(parse_csv("area,rooms,colour\n1,two,red\n", {}, "asked.csv")),
                    "asked.csv, line 2, column 2 \"rooms\": expected a number, got \"two\"");
}

TEST_CASE("a category that was not there", "[encoding]") {
  const auto strict = fitted(houses, {.targets = {"price"}});
  const auto asked = parse_csv("area,rooms,colour\n1,2,red\n1,2,pink\n", {}, "asked.csv");
  CHECK_THROWS_AS(strict.encode_features(asked), DataError);
  CHECK_THROWS_WITH(strict.encode_features(asked),
                    "asked.csv, line 3, column 3 \"colour\": unknown category \"pink\"; known are \"blue\", "
                    "\"dark, green\", \"red\"");
  const auto lenient = fitted(houses, {.targets = {"price"}, .unknown = UnknownCategory::zeros});
  CHECK(lenient.encode_features(asked).X.row(1) == (Eigen::RowVectorXd(5) << 1, 0, 0, 0, 2).finished());
}

TEST_CASE("classes keep their names", "[encoding]") {
  const std::string text = "x,kind\n1,setosa\n2,virginica\n3,setosa\n4,\"iris, other\"\n";
  const auto encoding = fitted(text, {.targets = {-1}});
  CHECK(encoding.classifies());
  CHECK(encoding.classes() == Strings{"iris, other", "setosa", "virginica"});
  CHECK(encoding.outputs() == 3);
  const auto data = encoding.encode(parse_csv(text));
  CHECK(data.labels == std::vector<Index>{1, 2, 1, 0});
  CHECK(data.Y.size() == 0);
  CHECK_THROWS_WITH(encoding.encode(parse_csv("x,kind\n1,rose\n")),
                    ContainsSubstring("line 2, column 2 \"kind\": unknown class \"rose\""));
  CHECK_THROWS_WITH(encoding.encode(parse_csv("x,kind\n1,\n")), ContainsSubstring("expected a class"));
}

TEST_CASE("classes that are numbers are sorted as numbers", "[encoding]") {
  const std::string text = "x,digit\n1,10\n2,9\n3,-1\n4,9\n";
  CHECK_FALSE(fitted(text, {.targets = {"digit"}}).classifies());
  const auto encoding = fitted(text, {.targets = {"digit"}, .target_kind = TargetKind::classes});
  CHECK(encoding.classes() == Strings{"-1", "9", "10"});
  CHECK(encoding.encode(parse_csv(text)).labels == std::vector<Index>{2, 1, 0, 1});
  CHECK_THROWS_WITH(fitted("x,y\n1,a\n", {.targets = {"y"}, .target_kind = TargetKind::numbers}),
                    ContainsSubstring("line 2, column 2 \"y\": expected a number"));
}

TEST_CASE("columns that are chosen", "[encoding]") {
  const auto encoding =
      fitted(houses, {.targets = {"price", "area"}, .features = {"rooms"}, .categorical = {"rooms"}});
  CHECK(encoding.feature_names() == Strings{"rooms=2", "rooms=3", "rooms=4"});
  const auto data = encoding.encode(parse_csv(houses));
  CHECK(data.X.row(3) == Eigen::RowVector3d(0, 0, 1));
  CHECK(data.Y.row(3) == Eigen::RowVector2d(1.25, 90));

  CHECK_THROWS_WITH(fitted(houses, {.targets = {"prize"}}), ContainsSubstring("no column \"prize\""));
  CHECK_THROWS_WITH(fitted(houses, {.targets = {"price"}, .features = {"area", "price"}}),
                    ContainsSubstring("column 4 \"price\": chosen twice"));
  CHECK_THROWS_AS(fitted(houses, {.features = {"area", 0}}), OptionError);
  CHECK_THROWS_WITH(fitted(houses, {.targets = {"price"}, .categorical = {"price"}}),
                    ContainsSubstring("see target_kind"));
  CHECK_THROWS_WITH(fitted(houses, {.features = {"area"}, .categorical = {"rooms"}}),
                    ContainsSubstring("an unused column"));
  CHECK_THROWS_WITH(
      fitted(houses, {.targets = {"price", "colour"}}),
      ContainsSubstring("column 2 \"colour\": expected numbers, for there are several targets"));
  CHECK_THROWS_WITH(fitted("a\n1\n", {.targets = {"a"}}),
                    ContainsSubstring("no column is left for features"));
  CHECK_THROWS_WITH(fitted("a,a\n1,2\n", {}), ContainsSubstring("columns 1 and 2 have the same name"));
  CHECK_THROWS_WITH(fitted(",,c\n1,2,3\n", {}), ContainsSubstring("columns 1 and 2 have the same name"));
}

TEST_CASE("a table without names is read by position", "[encoding]") {
  const auto encoding = fitted("a,1.5,2\nb,2.5,3\n", {.targets = {1}});
  CHECK(encoding.feature_names() == Strings{"x1=a", "x1=b", "x3"});
  CHECK(encoding.target_names() == Strings{"y2"});
  CHECK(encoding.encode(parse_csv("b,7,9\n")).Y(0, 0) == 7);
  CHECK(encoding.encode_features(parse_csv("b,7,9\n")).X == Eigen::RowVector3d(0, 1, 9));
  CHECK(encoding.encode_features(parse_csv("b,9\n")).X == Eigen::RowVector3d(0, 1, 9));
  CHECK_THROWS_WITH(encoding.encode(parse_csv("b,9\n")), ContainsSubstring("expected 3 columns"));
  CHECK_THROWS_WITH(
      encoding.encode_features(parse_csv("b\n", {.header = CsvHeader::no})),
      ContainsSubstring("expected 3 columns as in the table fitted to, or the 2 of the features, got 1"));
}

TEST_CASE("a column without a name among others with one is found as such", "[encoding]") {
  const auto encoding = fitted(",y\n1,2\n3,4\n", {.targets = {"y"}});
  CHECK(encoding.encode(parse_csv("y,\n7,8\n")).X(0, 0) == 8);
  CHECK(encoding.encode(parse_csv("y,\n7,8\n")).Y(0, 0) == 7);
}

TEST_CASE("features in another order than in a file without names", "[encoding]") {
  const auto encoding = fitted("1,100,2,7\n3,200,4,8\n", {.targets = {1}, .features = {2, 0}});
  const Eigen::RowVector2d x(2, 1);
  CHECK(encoding.encode(parse_csv("1,100,2,7\n")).X == x);
  CHECK(encoding.encode_features(parse_csv("1,100,2,7\n")).X == x);
  CHECK(encoding.encode_features(parse_csv("1,2\n")).X == x);
}

TEST_CASE("an encoding with a column that is not there", "[encoding]") {
  for (const Index number : {-1, 3}) {
    auto encoding = fitted("a,1.5,2\nb,2.5,3\n", {.targets = {1}});
    encoding.features[1].number = number;
    CHECK_THROWS_AS(encoding.encode(parse_csv("b,7,9\n")), OptionError);
    CHECK_THROWS_WITH(encoding.encode_features(parse_csv("b,7,9\n")),
                      ContainsSubstring("expected a column from 0 to 2, got " + std::to_string(number)));
    encoding = fitted("a,1.5,2\nb,2.5,3\n", {.targets = {1}});
    encoding.targets[0].number = number;
    CHECK_THROWS_AS(encoding.encode(parse_csv("b,7,9\n")), OptionError);
  }
}

TEST_CASE("a column of numbers and text is refused", "[encoding]") {
  const std::string text = "a,y\n1,1\n2,2\n12abc,3\n4,4\n";
  CHECK_THROWS_AS(fitted(text, {.targets = {"y"}}), FormatError);
  CHECK_THROWS_WITH(
      fitted(text, {.targets = {"y"}}),
      ContainsSubstring("train.csv, line 4, column 1 \"a\": expected a number, as in 3 of 4 rows") &&
          ContainsSubstring("got \"12abc\""));
  CHECK(fitted(text, {.targets = {"y"}, .categorical = {"a"}}).inputs() == 4);
  CHECK_THROWS_WITH(fitted("a,y\n1,1\n1e400,2\n", {.targets = {"y"}}),
                    ContainsSubstring("line 3, column 1 \"a\": expected a number below"));
}

TEST_CASE("a column with too many categories is refused before it fills the memory", "[encoding]") {
  std::string text = "name,y\n";
  for (int i = 0; i < 300; ++i) text += "n" + std::to_string(i) + ",1\n";
  CHECK_THROWS_AS(fitted(text, {.targets = {"y"}}), OptionError);
  CHECK_THROWS_WITH(fitted(text, {.targets = {"y"}}),
                    ContainsSubstring("column 1 \"name\": expected at most 256 categories, got 300"));
  CHECK(fitted(text, {.targets = {"y"}, .max_categories = 300}).inputs() == 300);
  CHECK_THROWS_AS(fitted(text, {.max_categories = 0}), OptionError);
}

TEST_CASE("missing values when encoding", "[encoding]") {
  const std::string text = "a,c,y\n1,red,1\n,blue,2\n4,?,3\n10,blue,4\n";
  const auto table = parse_csv(text, {}, "train.csv");
  const auto encode = [&](Missing missing) {
    return FeatureEncoding::fit(table, {.targets = {"y"}, .missing = missing}).encode(table);
  };
  CHECK_THROWS_WITH(encode(Missing::error),
                    "train.csv, line 3, column 1 \"a\": expected a number, got \"\", a missing value");
  CHECK_THROWS_WITH(FeatureEncoding::fit(table, {.features = {"c"}}),
                    ContainsSubstring("line 4, column 2 \"c\": expected a category"));

  const auto dropped = encode(Missing::drop_row);
  CHECK(dropped.rows == std::vector<Index>{0, 3});
  CHECK(dropped.X == (Eigen::MatrixXd(2, 3) << 1, 0, 1, 10, 1, 0).finished());
  CHECK(dropped.Y == Eigen::Vector2d(1, 4));

  const auto nan = encode(Missing::nan);
  CHECK(std::isnan(nan.X(1, 0)));
  CHECK(nan.X.row(1).tail(2) == Eigen::RowVector2d(1, 0));
  CHECK(nan.X(2, 0) == 4);
  CHECK((std::isnan(nan.X(2, 1)) && std::isnan(nan.X(2, 2))));
  const auto integers = FeatureEncoding::fit(table, {.targets = {"y"}, .missing = Missing::nan});
  CHECK_THROWS_WITH(integers.encode<int>(table),
                    "train.csv, line 3, column 1 \"a\": expected an integer for the missing value, got nan");

  const auto mean = encode(Missing::mean), median = encode(Missing::median);
  CHECK(mean.X(1, 0) == 5);
  CHECK(median.X(1, 0) == 4);
  CHECK(mean.X.row(2).tail(2) == Eigen::RowVector2d(1, 0));  // blue, the most frequent

  SECTION("what is filled in comes from the table fitted to") {
    const auto encoding = FeatureEncoding::fit(table, {.targets = {"y"}, .missing = Missing::median});
    CHECK(encoding.encode_features(parse_csv("a,c\n100,red\n,\n")).X.row(1) == Eigen::RowVector3d(4, 1, 0));
  }
  SECTION("a missing target is never filled in") {
    const auto holes = parse_csv("a,y\n1,1\n2,\n", {}, "train.csv");
    for (const Missing missing : {Missing::error, Missing::nan, Missing::mean, Missing::median}) {
      const EncodingOptions options{.targets = {"y"}, .missing = missing};
      CHECK_THROWS_WITH(FeatureEncoding::fit(holes, options),
                        "train.csv, line 3, column 2 \"y\": expected a target, got \"\", a missing value");
      const auto encoding = FeatureEncoding::fit(parse_csv("a,y\n1,1\n"), options);
      CHECK_THROWS_AS(encoding.encode(holes), FormatError);
    }
    const auto encoding = FeatureEncoding::fit(holes, {.targets = {"y"}, .missing = Missing::drop_row});
    CHECK(encoding.encode(holes).rows == std::vector<Index>{0});
    CHECK(encoding.encode_features(holes).rows == std::vector<Index>{0, 1});  // there it is not read
  }
  SECTION("nothing but missing values") {
    for (const Missing missing : {Missing::nan, Missing::mean, Missing::drop_row})
      CHECK_THROWS_AS(fitted("a,y\n,1\n,2\n", {.targets = {"y"}, .missing = missing}), DataError);
  }
}

TEST_CASE("a larger file than memory is encoded piece by piece", "[encoding]") {
  const auto encoding = fitted(houses, {.targets = {"price"}});
  const auto whole = encoding.encode(parse_csv(houses));
  auto reader = CsvReader::of_text(houses);
  Index row = 0;
  for (auto part = reader.read(3); part.rows() > 0; part = reader.read(3)) {
    const auto data = encoding.encode(part);
    CHECK(data.X == whole.X.middleRows(row, part.rows()));
    CHECK(data.Y == whole.Y.middleRows(row, part.rows()));
    row += part.rows();
  }
  CHECK(row == 4);
}
