// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lamina/core/errors.hpp"
#include "lamina/core/function_ref.hpp"
#include "lamina/core/types.hpp"

/// @file
/// JSON from a file that may say anything: every value that is looked at is checked, and an error names its place.

namespace lamina::detail {

using JsonEvent = nlohmann::json::parse_event_t;

/// Tells take(level, event, value) what a text holds, in order, and keeps no values. The value is a key, or what is neither an
/// object nor an array. The text must hold no zero byte: the parser takes it for the end.
/// @throws nlohmann::json::exception when the text is not JSON in UTF-8, or has a number beyond double
inline void for_each_json_event(std::string_view text,
                                FunctionRef<void(int, JsonEvent, const nlohmann::json&)> take) {
  // Kept: keys, and objects and arrays until they end, as the parser is silent of what is in one that is dropped. After each
  // object it looks for one to drop through all that is kept beside it.
  const auto keep = [&](int level, JsonEvent event, const nlohmann::json& value) {
    take(level, event, value);
    return event != JsonEvent::value && event != JsonEvent::object_end && event != JsonEvent::array_end;
  };
  const auto nothing = nlohmann::json::parse(text.begin(), text.end(), keep);
  static_cast<void>(nothing);
}

/// The value that a text is; nested no deeper than `depth`, each key of an object once.
/// @param place  for messages: what the text is
/// @throws FormatError
inline nlohmann::json parse_json(std::string_view text, const std::string& place, int depth = 8) {
  if (text.find('\0') != std::string_view::npos)
    fail<FormatError>({place, ": expected JSON, got a zero byte"});
  nlohmann::json root;
  std::vector<nlohmann::json*> open;  // objects and arrays that have not ended, each within the one before
  std::string key;
  const auto add = [&](nlohmann::json value) -> nlohmann::json* {
    if (open.empty()) return &(root = std::move(value));
    if (!open.back()->is_array()) return &((*open.back())[key] = std::move(value));
    open.back()->push_back(std::move(value));
    return &open.back()->back();
  };
  const auto take = [&](int level, JsonEvent event, const nlohmann::json& value) {
    if (level > depth)
      fail<FormatError>({place, ": expected values nested ", depth, " deep, got deeper ones"});
    switch (event) {
      case JsonEvent::object_start:
        open.push_back(add(nlohmann::json::object()));
        break;
      case JsonEvent::array_start:
        open.push_back(add(nlohmann::json::array()));
        break;
      case JsonEvent::object_end:
      case JsonEvent::array_end:
        open.pop_back();
        break;
      case JsonEvent::key:
        key = value.get_ref<const std::string&>();
        if (open.back()->contains(key))
          fail<FormatError>({place, ": expected each key once, got '", key, "' twice"});
        break;
      case JsonEvent::value:
        add(value);
    }
  };
  try {
    for_each_json_event(text, take);
  } catch (const nlohmann::json::exception& error) {
    fail<FormatError>({place, ": expected JSON, got: ", std::string(error.what()).substr(0, 200)});
  }
  return root;
}

/// JSON as text. @throws DataError when a text in it is not UTF-8.
inline std::string dump_json(const nlohmann::json& value, const std::string& what) {
  try {
    return value.dump();
  } catch (const nlohmann::json::exception&) {
    fail<DataError>({what, ": expected text in UTF-8, got other bytes"});
  }
}

/// A value in a JSON document, and its place there: "m.safetensors, lamina.architecture[2].rate". What it is not, is a
/// FormatError: "place: expected this, got that".
class JsonField {
 public:
  JsonField(const nlohmann::json& value, std::string place) : value_(&value), place_(std::move(place)) {}

  const std::string& place() const { return place_; }

  bool has(const char* key) const { return value_->is_object() && value_->contains(key); }
  JsonField at(const char* key) const {
    if (!value_->is_object()) fail("an object");
    const auto found = value_->find(key);
    if (found == value_->end()) fail("the key '" + std::string(key) + "'", "none");
    return {*found, place_ + "." + key};
  }
  /// f(key, field) for all keys.
  template <class F>
  void for_each_key(F&& f) const {
    if (!value_->is_object()) fail("an object");
    for (const auto& [key, value] : value_->items())
      f(key, JsonField(value, place_ + "." + key.substr(0, 40)));
  }
  /// There may be no other key.
  void expect_keys(std::initializer_list<std::string_view> known) const {
    for_each_key([&](const std::string& key, const JsonField&) {
      for (const std::string_view name : known)
        if (key == name) return;
      std::string list;
      for (const std::string_view name : known) list += (list.empty() ? "" : ", ") + std::string(name);
      fail("no keys but " + list, "'" + key.substr(0, 40) + "'");
    });
  }

  std::size_t size() const {
    if (!value_->is_array()) fail("an array");
    return value_->size();
  }
  JsonField at(std::size_t i) const {
    static_cast<void>(size());
    return {(*value_)[i], place_ + "[" + std::to_string(i) + "]"};
  }

  std::string text() const {
    if (!value_->is_string()) fail("a string");
    return value_->get<std::string>();
  }
  bool boolean() const {
    if (!value_->is_boolean()) fail("true or false");
    return value_->get<bool>();
  }
  double number() const {
    if (!value_->is_number()) fail("a number");
    return value_->get<double>();
  }
  /// An integer from `least` to `most`.
  Index integer(Index least, Index most) const {
    if (value_->is_number_unsigned()) {
      const auto x = value_->get<std::uint64_t>();
      if (x >= static_cast<std::uint64_t>(least) && x <= static_cast<std::uint64_t>(most))
        return static_cast<Index>(x);
    }
    fail("an integer from " + std::to_string(least) + " to " + std::to_string(most));
  }
  std::vector<double> numbers() const {
    std::vector<double> list(size());
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (!(*value_)[i].is_number()) static_cast<void>(at(i).number());
      list[i] = (*value_)[i].get<double>();
    }
    return list;
  }
  std::vector<std::string> texts() const {
    std::vector<std::string> list(size());
    for (std::size_t i = 0; i < list.size(); ++i) list[i] = at(i).text();
    return list;
  }

  [[noreturn]] LAMINA_COLD void fail(std::string_view expected, std::string_view got) const {
    detail::fail<FormatError>({place_, ": expected ", expected, ", got ", got});
  }
  [[noreturn]] LAMINA_COLD void fail(std::string_view expected) const {
    if (value_->is_object() || value_->is_array())
      fail(expected, value_->is_object() ? "an object" : "an array");
    fail(expected, value_->dump().substr(0, 60));
  }

 private:
  const nlohmann::json* value_;
  std::string place_;
};

}  // namespace lamina::detail
