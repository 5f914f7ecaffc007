// Columns of numbers as CSV and JSON.

#include <charconv>
#include <limits>
#include <locale>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "lamina/training/history_export.hpp"
#include "support/catch.hpp"
#include "support/full_stream.hpp"

namespace test_history_export {

using namespace lamina;

namespace {

const double not_a_number = std::numeric_limits<double>::quiet_NaN();
const double infinity = std::numeric_limits<double>::infinity();

std::string csv(const std::vector<Column>& columns) {
  std::ostringstream out;
  write_csv(out, columns);
  return out.str();
}
std::string json(const std::vector<Column>& columns) {
  std::ostringstream out;
  write_json(out, columns);
  return out.str();
}

/// A comma for the decimal point, and points between thousands.
struct Continental : std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
};

}  // namespace

TEST_CASE("columns as CSV", "[history]") {
  CHECK(csv({{"epoch", {0, 1}}, {"loss", {0.1, not_a_number}}, {"validation", {-infinity, 1e300}}}) ==
        "epoch,loss,validation\n0,0.1,-inf\n1,,1e+300\n");
  CHECK(csv({{"a,b", {}}, {"say \"a\"", {}}, {"plain name", {}}}) ==
        "\"a,b\",\"say \"\"a\"\"\",plain name\n");
  CHECK(csv({{"loss", {not_a_number, 1}}}) == "loss\n\"\"\n1\n");
  CHECK(csv({}) == "\n");
}

TEST_CASE("columns as JSON", "[history]") {
  const auto read = nlohmann::json::parse(
      json({{"loss", {0.1, not_a_number, infinity}}, {"a \"b\"\n\\ \u00fc", {1, 2, 3}}}));
  CHECK(read == nlohmann::json{{"loss", {0.1, nullptr, nullptr}}, {"a \"b\"\n\\ \u00fc", {1, 2, 3}}});
  CHECK(nlohmann::json::parse(json({{"loss", {}}})) == nlohmann::json{{"loss", nlohmann::json::array()}});
  CHECK(nlohmann::json::parse(json({})) == nlohmann::json::object());
}

TEST_CASE("numbers come back bit for bit, whatever the locale", "[history]") {
  const std::vector<double> values = {1.0 / 3,    1e-320, 5e-324,
                                      1234567.25, -0.0,   std::numeric_limits<double>::max()};
  std::ostringstream out;
  out.imbue(std::locale(std::locale::classic(), new Continental));
  write_csv(out, {{"x", values}});
  std::istringstream lines(out.str());
  std::string line;
  std::getline(lines, line);
  for (const double want : values) {
    std::getline(lines, line);
    double got = 0;
    const auto read = std::from_chars(line.data(), line.data() + line.size(), got);
    CHECK(read.ptr == line.data() + line.size());
    CHECK(got == want);
    CHECK(std::signbit(got) == std::signbit(want));
  }
  CHECK(nlohmann::json::parse(json({{"x", values}}))["x"].get<std::vector<double>>() == values);
}

TEST_CASE("columns that are no table are refused, before anything is written", "[history]") {
  std::ostringstream out;
  const auto refuses = [&](auto error, const std::vector<Column>& columns) {
    CHECK_THROWS_AS(write_csv(out, columns), decltype(error));
    CHECK_THROWS_AS(write_json(out, columns), decltype(error));
    CHECK(out.str().empty());
  };
  refuses(ShapeError(""), {{"a", {1, 2}}, {"b", {1}}});
  History history;
  history.loss = {1, 2};
  history.metrics.emplace_back("a", std::vector<double>{1, 2, 3});
  CHECK_THROWS_AS(write_csv(out, history), ShapeError);
  CHECK_THROWS_AS(write_json(out, history), ShapeError);
  refuses(OptionError(""), {{"a", {1}}, {"", {1}}});
  refuses(OptionError(""), {{"a", {1}}, {"b", {1}}, {"a", {1}}});
  out.setstate(std::ios::badbit);
  CHECK_THROWS_AS(write_csv(out, {{"a", {1}}}), FileError);
  CHECK_THROWS_AS(write_json(out, {{"a", {1}}}), FileError);
  files::FullStream full;
  CHECK_THROWS_AS(write_csv(full, {{"a", {1}}}), FileError);
  full.clear();
  CHECK_THROWS_AS(write_json(full, {{"a", {1}}}), FileError);
}

}  // namespace test_history_export
