// CSV files: quoting, line ends, delimiters, headers, missing values, columns, positions in messages, and writing.

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <locale>
#include <sstream>

#include "lamina/core/random.hpp"
#include "lamina/data/csv.hpp"
#include "support/catch.hpp"
#include "support/full_stream.hpp"

namespace {

using namespace lamina;
using Catch::Matchers::ContainsSubstring;
using Strings = std::vector<std::string>;

Strings row(const CsvTable& table, Index i) {
  Strings cells;
  for (Index j = 0; j < table.columns(); ++j) cells.emplace_back(table.cell(i, j));
  return cells;
}

CsvOptions without_header() { return {.header = CsvHeader::no}; }

std::string file(const std::string& name) {
  const auto folder = std::filesystem::temp_directory_path() / "lamina_csv_tests";
  std::filesystem::create_directories(folder);
  return (folder / name).string();
}

}  // namespace

TEST_CASE("cells, quotes and line ends", "[csv]") {
  const auto table =
      parse_csv("a,\"b,c\",\"say \"\"hi\"\"\"\r\n\"two\nlines\",,\"\"\r\rx,y,z\n", without_header());
  REQUIRE(table.rows() == 3);
  CHECK(row(table, 0) == Strings{"a", "b,c", "say \"hi\""});
  CHECK(row(table, 1) == Strings{"two\nlines", "", ""});
  CHECK(row(table, 2) == Strings{"x", "y", "z"});
  CHECK(table.line(0) == 1);
  CHECK(table.line(1) == 2);
  CHECK(table.line(1, 1) == 3);  // behind the line end in the quotes
  CHECK(table.line(2) == 5);
}

TEST_CASE("blanks around a cell are no part of it", "[csv]") {
  const std::string text = " a ,\t\" b \" , c d \n";
  CHECK(row(parse_csv(text, without_header()), 0) == Strings{"a", " b ", "c d"});
  CsvOptions exact = without_header();
  exact.trim = false;
  CHECK(row(parse_csv(" a , b", exact), 0) == Strings{" a ", " b"});
  CHECK(parse_csv(" 1 , 2", exact).matrix()(0, 1) == 2);  // of a number they are never a part
  CHECK_THROWS_WITH(parse_csv(text, exact), ContainsSubstring("line 1, column 2"));
}

TEST_CASE("blank lines are no rows, a quoted empty cell is one", "[csv]") {
  CHECK(parse_csv("\n\n1\n\n  \n2\n\n", without_header()).rows() == 2);
  const auto table = parse_csv("1\n\"\"\n2", without_header());
  REQUIRE(table.rows() == 3);
  CHECK(table.is_missing(1, 0));
  CHECK(table.line(2) == 3);
}

TEST_CASE("malformed files name the line and the column", "[csv]") {
  struct Bad {
    std::string text, place;
  };
  using namespace std::string_literals;
  for (const Bad& bad : {Bad{"1,2\n3", "line 2: expected 2 cells as in line 1, got 1"},
                         Bad{"1,2\n3,4,5\n", "line 2: expected 2 cells as in line 1, got 3"},
                         Bad{"1\n\n\n\"2", "line 4, column 1: expected a closing quote"},
                         Bad{"1,\"2\n\n\n", "line 1, column 2: expected a closing quote"},
                         Bad{"1,\"2\"3", "line 1, column 2: expected the delimiter"},
                         Bad{"1\n2\"", "line 2, column 1: expected quotes around"},
                         Bad{"1,2\n3,\0"s, "line 2, column 2: expected text, got a NUL byte"},
                         Bad{"1,\"a\n\0\""s, "line 2, column 2: expected text, got a NUL byte"},
                         Bad{"\xFF\xFE\x31\0"s, "UTF-16"}, Bad{"\xFE\xFF\0\x31"s, "UTF-16"},
                         Bad{"", "no data"}, Bad{"\xEF\xBB\xBF", "no data"}, Bad{" \n", "no data"}}) {
    CAPTURE(bad.text);
    CHECK_THROWS_AS(parse_csv(bad.text, without_header(), "x.csv"), FormatError);
    CHECK_THROWS_WITH(parse_csv(bad.text, without_header(), "x.csv"),
                      ContainsSubstring("x.csv") && ContainsSubstring(bad.place));
  }
  CHECK_THROWS_WITH(parse_csv("a,b\n", {.header = CsvHeader::yes}), ContainsSubstring("a header only"));
  CHECK_THROWS_WITH(parse_csv("a,b\n1\n", {.header = CsvHeader::yes}), ContainsSubstring("line 2"));
}

TEST_CASE("what is no number names the line, the column and its name", "[csv]") {
  const auto table = parse_csv("age,\"height,\ncm\"\n3,100\n4,12abc\n,\x01\n", {}, "people.csv");
  CHECK_THROWS_AS(table.matrix(), FormatError);
  CHECK_THROWS_WITH(table.matrix(),
                    "people.csv, line 4, column 2 \"height,\\x0acm\": expected a number, got \"12abc\"");
  CHECK_THROWS_WITH(table.matrix({"age"}),
                    "people.csv, line 5, column 1 \"age\": expected a number, got \"\", a missing value");
  CHECK_THROWS_WITH(table.number(2, 1), ContainsSubstring("got \"\\x01\""));
  const auto without_names = parse_csv("1,2\n3," + std::string(1000, 'x'), without_header(), "x.csv");
  CHECK_THROWS_WITH(without_names.matrix(),
                    "x.csv, line 2, column 2: expected a number, got \"" + std::string(40, 'x') + "\u2026\"");
}

TEST_CASE("numbers", "[csv]") {
  const auto number = [](const std::string& text, CsvOptions options = without_header()) {
    return parse_csv(text + "\n", std::move(options)).number(0, 0);
  };
  CHECK(number("-1.5e-3") == -1.5e-3);
  CHECK(number("+.5") == 0.5);
  CHECK(number("1.") == 1);
  CHECK(std::signbit(number("-0")));
  CHECK(number("1e-99999999999999999999") == 0);
  CHECK(std::signbit(number("-1e-400")));
  CHECK(number("0e99999999999999999999") == 0);
  CHECK(number("2.2250738585072011e-308") == 2.2250738585072011e-308);
  CHECK(number(std::string(400, '0') + "1") == 1);
  CHECK(number("0." + std::string(400, '0') + "1e401") == 1);
  for (const char* text : {"+-1", "++1", "-", "+", ".", "e1", "1e", "1e+", "1.2.3", "0x1A", "1d3", "inf",
                           "-Infinity", "1 2", "1_000", "\u0661", "$1", "1,"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(number(std::string("\"") + text + "\""), FormatError);
  }
  CHECK_THROWS_WITH(number("1e400"),
                    ContainsSubstring("expected a number below 1.79769e+308, got \"1e400\""));
  CHECK_THROWS_AS(number("-1e99999999999999999999"), FormatError);
  CHECK_THROWS_WITH(parse_csv("1e39", without_header()).number<float>(0, 0),
                    ContainsSubstring("below 3.40282e+38"));

  // 1 + 2⁻²⁴ + 2⁻⁷⁰ lies above the middle between two floats, but the nearest double is that middle.
  const std::string near_middle = "1.000000059604644775390625000000000000000000001";
  CHECK(parse_csv(near_middle, without_header()).number<float>(0, 0) == std::nextafter(1.0f, 2.0f));

  CsvOptions german = {.delimiter = ';', .header = CsvHeader::no, .decimal = ','};
  CHECK(number("1,5", german) == 1.5);
  CHECK_THROWS_AS(number("1.5", german), FormatError);

  CsvOptions words = {
      .header = CsvHeader::no, .infinity = true, .true_words = {"yes"}, .false_words = {"no"}};
  CHECK(number("-Infinity", words) == -std::numeric_limits<double>::infinity());
  CHECK(number("+inf", words) == std::numeric_limits<double>::infinity());
  CHECK(number("YES", words) == 1);
  CHECK(number("no", words) == 0);
  CHECK_THROWS_AS(number("infinit", words), FormatError);
  CHECK_THROWS_AS(number("+-inf", words), FormatError);
  CsvOptions swapped = {.header = CsvHeader::no, .true_words = {"0", "1e400"}, .false_words = {"1"}};
  CHECK(number("0", swapped) == 1);
  CHECK(number("1E400", swapped) == 1);
  CHECK(number("1", swapped) == 0);
  CHECK(number("2", swapped) == 2);
}

TEST_CASE("integers are what is written, or an error", "[csv]") {
  const auto table = parse_csv("a,b\n1,3\n,4\n-2,3\n3,\n", {}, "x.csv");
  CHECK(table.number<int>(2, 0) == -2);
  CHECK(table.matrix<int>(Missing::drop_row) == (Eigen::Matrix2i() << 1, 3, -2, 3).finished());
  CHECK(table.matrix<int>({"b"}, Missing::median)(3, 0) == 3);
  CHECK_THROWS_WITH(table.number<int>(1, 0),
                    "x.csv, line 3, column 1 \"a\": expected an integer, got \"\", a missing value");
  CHECK_THROWS_WITH(table.number<unsigned>(2, 0), ContainsSubstring("expected an integer, got \"-2\""));
  CHECK_THROWS_AS(table.matrix<int>(Missing::nan), DataError);
  CHECK_THROWS_WITH(table.matrix<int>({"b"}, Missing::mean),
                    "x.csv, line 5, column 2 \"b\": expected an integer for the missing value, got 3.33333");
  CHECK(parse_csv("a,b\n-3,1\n,2\n").matrix<int>(Missing::mean)(1, 0) == -3);
  CHECK_THROWS_AS(parse_csv("a,b\n4294967296,1\n,2\n").matrix<int>(Missing::mean), FormatError);
  CHECK_THROWS_AS(parse_csv("1.5", without_header()).matrix<int>(), FormatError);
  CHECK_THROWS_WITH(parse_csv("inf", {.header = CsvHeader::no, .infinity = true}).matrix<int>(),
                    ContainsSubstring("expected an integer below 2147483647, got \"inf\""));
  CHECK_THROWS_WITH(parse_csv("18446744073709551616", without_header()).number<std::uint64_t>(0, 0),
                    ContainsSubstring("below 18446744073709551615"));
}

TEST_CASE("a header is found when no cell of the first line is a number", "[csv]") {
  CHECK(parse_csv("a,b\n1,2\n").names() == Strings{"a", "b"});
  CHECK(parse_csv(",b\n1,2\n").names() == Strings{"", "b"});
  CHECK_FALSE(parse_csv("a,1\n1,2\n").has_names());
  CHECK_FALSE(parse_csv("NA,x\n1,2\n").has_names());
  CHECK_FALSE(parse_csv(",\n1,2\n").has_names());
  CHECK_FALSE(parse_csv("a,b\n1,2\n", without_header()).has_names());
  const auto numbers = parse_csv("1,2\n3,4\n", {.header = CsvHeader::yes});
  CHECK(numbers.names() == Strings{"1", "2"});
  CHECK(numbers.rows() == 1);
}

TEST_CASE("the delimiter can be detected", "[csv]") {
  const auto detected = [](const std::string& text) {
    return CsvReader::of_text(text, {.delimiter = CsvOptions::detect}).delimiter();
  };
  CHECK(detected("a,b\n1,2\n") == ',');
  CHECK(detected("1,5;2,5\n3,5;4,5\n") == ';');
  CHECK(detected("a\tb c\n1,5\t2\n") == '\t');
  CHECK(detected("\"x;y;z\"|2\n1|2") == '|');
  CHECK(detected("\n\n1\n2\n") == ',');
  CHECK(detected("") == ',');
  CHECK(detected("a;b\n\n1;2") == ';');
  CHECK_THROWS_WITH(detected("a,b\n1,2,3\n"), ContainsSubstring("cannot tell the delimiter"));
  CsvOptions comments = {.delimiter = CsvOptions::detect, .comment = '#'};
  CHECK(CsvReader::of_text("#a,b,c\n1;2\n", comments).delimiter() == ';');
  CHECK(CsvReader::of_text("# 19\" screens\na;b\n1;2\n", comments).delimiter() == ';');
  CHECK(CsvReader::of_text("a|b\n# \"\n1|2\n#", comments).delimiter() == '|');
  CHECK(CsvReader::of_text("\"a\n#b\"|c\n1|2\n", comments).delimiter() == '|');
  CsvOptions german = {.delimiter = CsvOptions::detect, .decimal = ','};
  CHECK(CsvReader::of_text("1,5\n2,5\n", german).delimiter() == ';');

  for (const char comment : {';', ',', '|'}) {
    CsvOptions other = {.delimiter = CsvOptions::detect, .comment = comment};
    CAPTURE(comment);
    CHECK(CsvReader::of_text(std::string("a") + comment + "b\n1" + comment + "2\n", other).delimiter() ==
          (comment == ',' ? ';' : ','));
    CHECK(CsvReader::of_text(std::string("a") + comment + "\tb\n1" + comment + "\t2\n", other).delimiter() ==
          '\t');
  }
  CsvOptions neither = {.delimiter = CsvOptions::detect, .comment = ';', .decimal = ','};
  CHECK(CsvReader::of_text("1,5\n2,5\n", neither).delimiter() == '|');

  for (const std::string last : {"3;4", "3,4", "3;4\n", "3;4\n\x1A", "3;4\n  ", "\"3;4"}) {
    const std::string text = "a;b,c\n1;2,3\n" + last;
    const auto of_stream = [&] {
      std::istringstream stream(text);
      return CsvReader(stream, {.delimiter = CsvOptions::detect}).delimiter();
    };
    CAPTURE(text);
    if (last == "\"3;4") {
      CHECK_THROWS_AS(detected(text), FormatError);
      CHECK_THROWS_AS(of_stream(), FormatError);
    } else {
      CHECK(of_stream() == detected(text));
    }
  }

  std::istringstream stream("a;b\n" + std::string(70000, ' ') + "1;2\n");  // longer than what is looked at
  CHECK(read_csv(stream, {.delimiter = CsvOptions::detect}).matrix()(0, 1) == 2);
}

TEST_CASE("a blank as delimiter stands for any run of blanks and tabs", "[csv]") {
  const auto table = parse_csv("  1.5 \t 2 \n\n3\t\"4\"\n", {.delimiter = ' ', .header = CsvHeader::no});
  CHECK(table.matrix() == (Eigen::Matrix2d() << 1.5, 2, 3, 4).finished());
}

TEST_CASE("comments", "[csv]") {
  CsvOptions options = {.comment = '#'};
  const auto table = parse_csv("# \"made by hand\n#\n#a,b,c\na,b\n1,2\n# so\n3,\"#4\"\n#", options);
  CHECK(table.rows() == 2);
  CHECK(table.cell(1, 1) == "#4");
  CHECK(table.line(1) == 7);
  CHECK(parse_csv("#a,b\n1,2\n").names() == Strings{"#a", "b"});
}

TEST_CASE("options that contradict themselves", "[csv]") {
  for (const char c : {'"', '\n', '\r', '.', '1', 'e', 'x', '-', '+'}) {
    CAPTURE(c);
    CHECK_THROWS_AS(parse_csv("1", {.delimiter = c}), OptionError);
    CHECK_THROWS_AS(parse_csv("1", {.comment = c}), OptionError);
  }
  CHECK_THROWS_AS(parse_csv("1", {.decimal = ','}), OptionError);
  CHECK_THROWS_AS(parse_csv("1", {.delimiter = ';', .decimal = ';'}), OptionError);
  CHECK_THROWS_AS(parse_csv("1", {.delimiter = '#', .comment = '#'}), OptionError);
  CHECK_THROWS_WITH(parse_csv("1", {.true_words = {"on", "yes"}, .false_words = {"no", "YES"}}),
                    ContainsSubstring("in true_words or in false_words, got \"yes\" in both"));
}

TEST_CASE("columns by name and by number", "[csv]") {
  const std::string text = "a,b,c,b\n1,2,3,4\n5,6,7,8\n";
  const auto table = parse_csv(text);
  CHECK(table.column("c") == 2);
  CHECK(table.column(-1) == 3);
  CHECK(table.matrix({"c", 0}) == (Eigen::Matrix2d() << 3, 1, 7, 5).finished());
  CHECK(table.matrix<float, Eigen::RowMajor>({-1})(1, 0) == 8);
  CHECK_THROWS_WITH(table.column("d"),
                    ContainsSubstring("no column \"d\"; there are \"a\", \"b\", \"c\", \"b\""));
  CHECK_THROWS_WITH(table.column("b"), ContainsSubstring("columns 2 and 4 have the same name"));
  CHECK_THROWS_AS(table.column(4), OptionError);
  CHECK_THROWS_AS(table.column(-5), OptionError);
  CHECK_THROWS_WITH(table.column(std::string::npos), ContainsSubstring("got 18446744073709551615"));
  CHECK_THROWS_WITH(parse_csv("1,2", without_header()).column("a"), ContainsSubstring("no names"));

  const auto some = parse_csv("a,b,c\n1,\"x\n\",3\n4,5,y\n", {.columns = {"c", "a"}}, "x.csv");
  CHECK(some.names() == Strings{"c", "a"});
  CHECK(row(some, 0) == Strings{"3", "1"});
  CHECK(some.line(0, 0) == 3);
  CHECK_THROWS_WITH(some.matrix(), "x.csv, line 4, column 3 \"c\": expected a number, got \"y\"");
  CHECK_THROWS_AS(parse_csv(text, {.columns = {"d"}}), OptionError);
}

TEST_CASE("a cell outside of the table is an error", "[csv]") {
  const auto table = parse_csv("a,b\n1,2\n3,4\n5,6\n");
  for (const auto& [i, j] : std::vector<std::pair<Index, Index>>{{-1, 0}, {3, 0}, {0, -1}, {0, 2}}) {
    const std::string told =
        "expected a cell of 3\u00d72, got row " + std::to_string(i) + ", column " + std::to_string(j);
    CHECK_THROWS_WITH(table.cell(i, j), ContainsSubstring(told));
    CHECK_THROWS_AS(table.is_missing(i, j), ShapeError);
    CHECK_THROWS_AS(table.is_number(i, j), ShapeError);
    CHECK_THROWS_AS(table.number(i, j), ShapeError);
    CHECK_THROWS_AS(table.line(i, j), ShapeError);
    CHECK_THROWS_AS(table.place(i, j), ShapeError);
  }
  CHECK_THROWS_WITH(table.column_text(2), ContainsSubstring("expected a column from 0 to 1, got 2"));
  CHECK_THROWS_AS(CsvTable().cell(0, 0), ShapeError);
}

TEST_CASE("missing values", "[csv]") {
  const auto table = parse_csv("a,b\n1,10\n,20\n4,NA\n?,30\n10,60\n");
  CHECK_THROWS_WITH(table.matrix(), ContainsSubstring("line 3, column 1 \"a\""));
  const Eigen::MatrixXd nan = table.matrix(Missing::nan);
  CHECK(std::isnan(nan(1, 0)));
  CHECK(nan(1, 1) == 20);
  CHECK(table.matrix(Missing::drop_row) == (Eigen::Matrix2d() << 1, 10, 10, 60).finished());
  CHECK(table.matrix({"b"}, Missing::drop_row).rows() == 4);
  CHECK(table.complete_rows({"a"}) == std::vector<Index>{0, 2, 4});
  const Eigen::MatrixXd mean = table.matrix(Missing::mean), median = table.matrix(Missing::median);
  CHECK(mean(1, 0) == 5);  // (1 + 4 + 10) / 3
  CHECK(mean(2, 1) == 30);
  CHECK(median(1, 0) == 4);
  CHECK(median(2, 1) == 25);  // of 10, 20, 30 and 60
  CHECK(median(0, 0) == 1);

  CsvOptions other = {.missing_words = {"-999"}};
  CHECK(std::isnan(parse_csv("a\n-999\n1\n", other).matrix(Missing::nan)(0, 0)));
  CHECK_THROWS_AS(parse_csv("a,b\nNA,1\n", other).matrix(Missing::nan), FormatError);
  const auto nothing = parse_csv("a,b\n,1\n,2\n");
  CHECK_THROWS_WITH(nothing.matrix(Missing::mean), ContainsSubstring("column 1 \"a\": expected a value"));
  CHECK_THROWS_AS(nothing.matrix(Missing::median), DataError);
  CHECK_THROWS_AS(nothing.matrix(Missing::drop_row), DataError);
}

TEST_CASE("the mean of a constant column is the constant, of huge numbers is finite", "[csv]") {
  const auto filled = [](const std::string& cell, int rows) {
    std::string text = "a,b\n,0\n";
    for (int i = 0; i < rows; ++i) text += cell + ",0\n";
    return parse_csv(text).matrix(Missing::mean)(0, 0);
  };
  for (int rows = 1; rows < 40; ++rows) {
    CAPTURE(rows);
    CHECK(filled("1", rows) == 1);
    CHECK(filled("0.1", rows) == 0.1);
    CHECK(filled("-1.7e308", rows) == -1.7e308);
  }
}

TEST_CASE("a reader gives a file piece by piece", "[csv]") {
  std::string text = "a,b\n";
  for (int i = 0; i < 30000; ++i) text += std::to_string(i) + ",\"" + std::to_string(2 * i) + "\"\r\n";
  REQUIRE(text.size() > 5 * 65536);  // of several buffers
  std::istringstream stream(text);
  CsvReader reader(stream, {}, "numbers");
  CHECK(reader.names() == Strings{"a", "b"});
  CHECK(reader.columns() == 2);
  Index i = 0;
  for (CsvTable part = reader.read(7001); part.rows() > 0; part = reader.read(7001)) {
    CHECK(part.rows() == std::min<Index>(7001, 30000 - i));
    const Eigen::MatrixXd X = part.matrix();
    for (Index r = 0; r < X.rows(); ++r, ++i) {
      REQUIRE(X(r, 0) == static_cast<double>(i));
      REQUIRE(X(r, 1) == static_cast<double>(2 * i));
      REQUIRE(part.line(r) == static_cast<std::size_t>(i) + 2);
    }
  }
  CHECK(i == 30000);
  CHECK(reader.read().rows() == 0);
  CHECK(CsvReader::of_text("1,2\n3,4").read(0).rows() == 0);
  CHECK_THROWS_WITH(CsvReader::of_text("1", {}, "x.csv").read(-1),
                    ContainsSubstring("x.csv: expected") && ContainsSubstring("got -1"));
}

TEST_CASE("nothing changes where a buffer ends", "[csv]") {
  const std::string ends[] = {"\r\n\"a\r\n\"\"b\"\r\n\"\xC3\xA9\" \t\r\n", "\r\r\nx\n\n",
                              "\n\"\"\"\"\n\"\"\r\n"};
  for (const std::string& end : ends)
    for (std::size_t length = 65536 - 20; length < 65536 + 4; ++length) {
      const std::string text = std::string(length, 'x') + end;
      std::istringstream stream(text);
      const auto buffered = read_csv(stream, without_header()), whole = parse_csv(text, without_header());
      CAPTURE(length);
      REQUIRE(buffered.rows() == whole.rows());
      for (Index i = 0; i < whole.rows(); ++i) {
        CHECK(buffered.cell(i, 0) == whole.cell(i, 0));
        CHECK(buffered.line(i) == whole.line(i));
      }
    }
}

TEST_CASE("files that cannot be read", "[csv]") {
  CHECK_THROWS_AS(read_csv("no/such/file.csv"), FileError);
  CHECK_THROWS_WITH(read_csv("no/such/file.csv"),
                    "no/such/file.csv: cannot be opened: No such file or directory");
  CHECK_THROWS_AS(read_csv("/"), FileError);
  CHECK_THROWS_WITH(read_csv("/"), "/: cannot be read: Is a directory");
  const std::string path = file("zero");
  write_csv(path, Eigen::RowVector2d(1, 2));
  CHECK_THROWS_WITH(read_csv(path + std::string("\0.csv", 5)), path + ": expected a path without zero bytes");
  std::ifstream absent("no/such/file.csv");
  CHECK_THROWS_WITH(read_csv(absent, {}, "it"), ContainsSubstring("it: the stream cannot be read"));
}

TEST_CASE("hostile bytes are a table or an error", "[csv]") {
  constexpr char alphabet[] = {',', '"', '\n', '\r', ' ',  '\t',   'a',    '1',
                               '.', '-', ';',  '#',  '\0', '\xFF', '\x1A', '?'};
  Random random(1);
  int tables = 0, errors = 0;
  for (int trial = 0; trial < 20000; ++trial) {
    std::string text;
    for (std::uint64_t n = random.below(24); n > 0; --n) {
      // mostly commas, line ends, digits and quotes, so that many are tables
      text += random.below(3) == 0 ? alphabet[random.below(sizeof alphabet)] : ",\n1\""[random.below(4)];
    }
    CsvOptions options;
    options.delimiter = std::array{',', ' ', '\t', CsvOptions::detect}[random.below(4)];
    options.header = std::array{CsvHeader::no, CsvHeader::yes, CsvHeader::automatic}[random.below(3)];
    if (random.below(2) == 0) options.comment = '#';
    options.trim = random.below(2) == 0;
    try {
      const auto table = parse_csv(text, options);
      std::size_t size = 0;
      for (Index i = 0; i < table.rows(); ++i)
        for (Index j = 0; j < table.columns(); ++j) size += table.cell(i, j).size();
      REQUIRE(size <= text.size());
      ++tables;
      static_cast<void>(table.matrix(Missing::nan));
    } catch (const Error&) {
      ++errors;
    }
  }
  CHECK(tables > 1500);
  CHECK(errors > 2000);
}

TEST_CASE("any text in a cell is written and read back", "[csv]") {
  constexpr char alphabet[] = {',', '"', '\n', '\r',   ' ',    '\t',   'a',
                               '1', ';', '#',  '\xEF', '\xBB', '\xBF', '\x1A'};
  Random random(2);
  for (int trial = 0; trial < 500; ++trial) {
    const char delimiter = std::array{',', ';', '\t', ' '}[random.below(4)];
    const std::size_t columns = 1 + random.below(3);
    std::vector<Strings> rows(1 + random.below(4));
    std::string text;
    for (Strings& cells : rows) {
      for (std::size_t j = 0; j < columns; ++j) {
        std::string cell;
        for (std::uint64_t n = random.below(6); n > 0; --n) cell += alphabet[random.below(sizeof alphabet)];
        text += (j > 0 ? std::string(1, delimiter) : "") + csv_cell(cell, delimiter);
        cells.push_back(cell);
      }
      text += '\n';
    }
    if (columns == 1 && rows.back()[0] == "\x1A") text += "\n";  // not the last byte of the file
    const auto table = parse_csv(text, {.delimiter = delimiter, .header = CsvHeader::no});
    CAPTURE(text);
    REQUIRE(table.rows() == static_cast<Index>(rows.size()));
    for (std::size_t i = 0; i < rows.size(); ++i) CHECK(row(table, static_cast<Index>(i)) == rows[i]);
  }
  CHECK(csv_cell("plain text") == "plain text");
}

TEST_CASE("matrices are written with as few digits as read back the same", "[csv]") {
  Random random(3);
  Eigen::MatrixXd X(50, 3);
  for (Index i = 0; i < X.size(); ++i)
    X.data()[i] = random.normal() * std::pow(10.0, random.uniform(-300, 300));
  X.row(0) << 0.1, -0.0, 5e-324;
  X.row(1) << 1, 1e22, std::numeric_limits<double>::max();
  std::ostringstream stream;
  stream.imbue(std::locale::classic());
  write_csv(stream, X, {"a", "b, in \"cm\"", ""});
  CHECK(stream.str().substr(0, 29) == "a,\"b, in \"\"cm\"\"\",\"\"\n0.1,-0,5e");
  const auto table = parse_csv(stream.str());
  CHECK(table.names() == Strings{"a", "b, in \"cm\"", ""});
  CHECK(table.matrix() == X);
  CHECK(std::signbit(table.matrix()(0, 1)));

  std::ostringstream semicolons;
  write_csv(semicolons, (X.cast<float>().topRows(1) * 1.0f), {}, ';');
  CHECK(semicolons.str() == "0.1;-0;0\n");
  std::ostringstream integers;
  write_csv(integers, Eigen::RowVector2i(3, -4));
  CHECK(integers.str() == "3,-4\n");

  constexpr double inf = std::numeric_limits<double>::infinity();
  std::ostringstream strange;
  write_csv(strange, Eigen::RowVector3d(inf, -inf, std::nan("")));
  CHECK(strange.str() == "inf,-inf,nan\n");
  const auto back =
      parse_csv(strange.str(), {.header = CsvHeader::no, .infinity = true}).matrix(Missing::nan);
  CHECK(back(0, 1) == -inf);
  CHECK(std::isnan(back(0, 2)));
  std::ostringstream negative;
  write_csv(negative, Eigen::RowVector2f(-std::nanf(""), 1));
  CHECK(negative.str() == "nan,1\n");

  const std::string path = file("written.csv");
  write_csv(path, X, {"a", "b", "c"});
  CHECK(read_csv(path).matrix() == X);
  CHECK_THROWS_AS(write_csv(path, X, {"a", "b"}), ShapeError);
  CHECK_THROWS_AS(write_csv(path, X, {}, '.'), OptionError);
  CHECK_THROWS_AS(write_csv(path, X, {}, CsvOptions::detect), OptionError);
  CHECK(read_csv(path).matrix() == X);  // wrong arguments leave the file alone
  CHECK_THROWS_AS(write_csv("no/such/folder/x.csv", X), FileError);
  files::FullStream full;
  CHECK_THROWS_WITH(write_csv(full, X), "write_csv: the stream cannot be written");
  CHECK_THROWS_WITH(write_csv("no/such/folder/x.csv", X), ContainsSubstring("no/such/folder/x.csv") &&
                                                              ContainsSubstring("No such file or directory"));
  std::ostringstream failed;
  failed.setstate(std::ios::badbit);
  CHECK_THROWS_AS(write_csv(failed, X), Error);
}

TEST_CASE("a file is replaced as a whole or not at all", "[csv]") {
  const std::string path = file("replaced.csv"), old = file("old.csv");
  std::filesystem::remove(path);
  std::filesystem::remove(old);
  write_csv(path, Eigen::RowVector2d(1, 2));
  std::filesystem::create_hard_link(path, old);
  write_csv(path, Eigen::RowVector2d(3, 4));
  CHECK(read_csv(path).matrix() == Eigen::RowVector2d(3, 4));
  CHECK(read_csv(old).matrix() == Eigen::RowVector2d(1, 2));  // nothing was written over it
  CHECK_THROWS_AS(write_csv(path + std::string("\0.csv", 5), Eigen::RowVector2d(5, 6)), FileError);
  CHECK(read_csv(path).matrix() == Eigen::RowVector2d(3, 4));
  if (std::filesystem::exists("/dev/full"))
    CHECK_THROWS_WITH(write_csv("/dev/full", Eigen::RowVector2d(1, 2)),
                      "/dev/full: cannot be written: No space left on device");
}
