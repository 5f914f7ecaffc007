#pragma once

/// \file Files and bytes for the tests of readers and writers.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lamina/core/bytes.hpp"
#include "lamina/core/errors.hpp"
#include "support/catch.hpp"
#include "support/oracle.hpp"

namespace files {

/// A folder of its own that is gone with the object.
class Folder {
 public:
  Folder() {
    static int count = 0;
    path_ = std::filesystem::temp_directory_path() /
            ("lamina-test-" + std::to_string(std::filesystem::hash_value(std::filesystem::current_path())) +
             "-" + std::to_string(reinterpret_cast<std::uintptr_t>(this)) + "-" + std::to_string(count++));
    while (!std::filesystem::create_directory(path_)) path_ += "x";
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }

  std::string path(const std::string& name = "") const { return (path_ / name).string(); }

  /// How many files there are.
  long count() const {
    return std::distance(std::filesystem::directory_iterator(path_), std::filesystem::directory_iterator());
  }

 private:
  std::filesystem::path path_;
};

/// The contents of a file, read without the library.
inline std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE(file);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

inline void create(const std::string& path, std::string_view text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  REQUIRE(file.flush());
}

inline std::vector<std::byte> bytes(std::string_view text) {
  const auto span = std::as_bytes(std::span(text.data(), text.size()));
  return {span.begin(), span.end()};
}
inline std::vector<std::byte> bytes(std::initializer_list<int> values) {
  std::vector<std::byte> list;
  for (const int value : values) list.push_back(static_cast<std::byte>(value));
  return list;
}

/// Numbers bit for bit as the reference cases have them; any NaN is a NaN.
inline void check_values(const std::vector<double>& got, const oracle::json& want) {
  REQUIRE(got.size() == want.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    CAPTURE(i, got[i], want[i].dump());
    const double x = oracle::number(want[i]);
    if (x != x) {
      CHECK(got[i] != got[i]);
    } else {
      CHECK(std::bit_cast<std::uint64_t>(got[i]) == std::bit_cast<std::uint64_t>(x));
    }
  }
}

/// What the cases of a file format have in common: `read(path, expected)` reads the file and, where `expected` is not null,
/// checks what came. A case that is to be refused must give a FormatError that names the file.
template <class Read>
int check_format_cases(const std::string& group, Read read) {
  const auto cases = oracle::load(group, "cases").at("cases");
  for (const oracle::json& c : cases) {
    const std::string path = (oracle::directory() / group / c.at("file").get<std::string>()).string();
    const auto expect = c.at("expect").get<std::string>();
    const oracle::json expected = c.value("expected", oracle::json());
    INFO(c.at("name") << ", " << expect << ": " << c.at("why"));
    std::string message;
    try {
      read(path, expected, c);
    } catch (const lamina::FormatError& error) {
      message = error.what();
    }
    INFO("message: " << message);
    if (expect == "accept") {
      CHECK(message.empty());
    } else if (expect == "reject") {
      CHECK(message.find(path) == 0);
    } else {
      CHECK((expect == "either" && (message.empty() || message.find(path) == 0)));
    }
  }
  return static_cast<int>(cases.size());
}

}  // namespace files
