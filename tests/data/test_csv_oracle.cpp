// The CSV reference cases: each file is accepted with exactly these numbers and names, or refused with its line.

#include <clocale>
#include <cmath>
#include <locale>
#include <optional>

#include "lamina/data/csv.hpp"
#include "support/catch.hpp"
#include "support/oracle.hpp"

namespace {

/// Numbers with a decimal comma and thousands in points, for C++ streams, and for C where the system has such a locale.
class ForeignLocale {
 public:
  explicit ForeignLocale(const std::string& name) : c_(std::setlocale(LC_ALL, nullptr)) {
    if (!std::setlocale(LC_ALL, name.c_str()))
      WARN("the C locale " << name << " is not installed: only C++ streams have a decimal comma");
    cpp_ = std::locale::global(std::locale(std::locale::classic(), new Comma));
  }
  ~ForeignLocale() {
    std::locale::global(cpp_);
    std::setlocale(LC_ALL, c_.c_str());
  }
  ForeignLocale(const ForeignLocale&) = delete;
  ForeignLocale& operator=(const ForeignLocale&) = delete;

 private:
  struct Comma : std::numpunct<char> {
    char do_decimal_point() const override { return ','; }
    char do_thousands_sep() const override { return '.'; }
    std::string do_grouping() const override { return "\3"; }
  };
  std::string c_;
  std::locale cpp_;
};

struct Outcome {
  std::optional<std::string> error;
  Eigen::MatrixXd data;
  std::vector<std::string> names;
};

template <class Read>
Outcome outcome(Read read) {
  Outcome result;
  try {
    const lamina::CsvTable table = read();
    result.data = table.matrix();
    result.names = table.names();
  } catch (const lamina::Error& error) {
    result.error = error.what();
  }
  return result;
}

bool same(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

void check_accepted(const Outcome& got, const oracle::json& expected) {
  const Eigen::MatrixXd want = oracle::matrix(expected.at("data"));
  REQUIRE(got.data.rows() == expected.at("rows").get<Eigen::Index>());
  REQUIRE(got.data.cols() == expected.at("cols").get<Eigen::Index>());
  for (Eigen::Index i = 0; i < want.rows(); ++i)
    for (Eigen::Index j = 0; j < want.cols(); ++j) {
      CAPTURE(i, j, got.data(i, j), want(i, j));
      CHECK(same(got.data(i, j), want(i, j)));
    }
  if (expected.contains("header")) CHECK(got.names == expected["header"].get<std::vector<std::string>>());
}

void check(const oracle::json& c, const Outcome& got) {
  const auto expect = c.at("expect").get<std::string>();
  if (expect == "accept") {
    REQUIRE_FALSE(got.error);
    check_accepted(got, c.at("expected"));
  } else if (expect == "reject") {
    REQUIRE(got.error);
    CAPTURE(*got.error);
    if (c.contains("error_line")) {
      const std::string line = "line " + std::to_string(c["error_line"].get<int>());
      CHECK_THAT(*got.error, Catch::Matchers::ContainsSubstring(line + ", column") ||
                                 Catch::Matchers::ContainsSubstring(line + ": "));
    }
  } else {
    REQUIRE(expect == "either");
    if (!got.error) check_accepted(got, c.at("expected"));
  }
}

}  // namespace

TEST_CASE("reference CSV files", "[csv][oracle]") {
  LAMINA_NEEDS_ORACLE();
  const auto all = oracle::load("csv", "cases");
  REQUIRE(all.at("cases").size() > 0);
  for (const auto& c : all["cases"]) {
    CAPTURE(c.at("name").get<std::string>(), c.at("why").get<std::string>());
    const auto& options = c.at("options");
    lamina::CsvOptions csv;
    csv.delimiter = options.at("delimiter").get<std::string>().at(0);
    csv.header = options.at("header").get<bool>() ? lamina::CsvHeader::yes : lamina::CsvHeader::no;
    std::optional<ForeignLocale> locale;
    if (options.contains("locale")) locale.emplace(options["locale"].get<std::string>());

    const auto path = oracle::directory() / "csv" / c.at("file").get<std::string>();
    const Outcome from_file = outcome([&] { return lamina::read_csv(path, csv); });
    check(c, from_file);

    std::ifstream stream(path, std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(stream), {});
    const Outcome from_text = outcome([&] { return lamina::parse_csv(bytes, csv, path.string()); });
    CHECK(from_text.error == from_file.error);
    check(c, from_text);
  }
}
