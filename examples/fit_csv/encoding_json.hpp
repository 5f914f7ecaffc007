#pragma once

#include <lamina/core/errors.hpp>
#include <lamina/data/feature_encoding.hpp>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

/// @file
/// How a table becomes X and Y, as text that is kept in the model's file.

/// The encoding, and what files for it look like.
struct Recipe {
  std::string delimiter = "auto", decimal = ".";
  bool header = true;
  lamina::FeatureEncoding encoding;
};

namespace detail {

inline nlohmann::json columns_as_json(const std::vector<lamina::EncodedColumn>& columns) {
  nlohmann::json list = nlohmann::json::array();
  for (const lamina::EncodedColumn& column : columns) {
    nlohmann::json entry = {
        {"name", column.name}, {"number", column.number}, {"categorical", column.categorical}};
    if (column.categorical) {
      entry["categories"] = column.categories;
      entry["fill"] = column.fill_category;
    } else if (column.fill == column.fill) {  // not NaN
      entry["fill"] = column.fill;
    }
    list.push_back(std::move(entry));
  }
  return list;
}

inline std::vector<lamina::EncodedColumn> columns_from_json(const nlohmann::json& list) {
  std::vector<lamina::EncodedColumn> columns;
  for (const nlohmann::json& entry : list) {
    lamina::EncodedColumn column;
    entry.at("name").get_to(column.name);
    entry.at("number").get_to(column.number);
    entry.at("categorical").get_to(column.categorical);
    if (column.categorical) {
      entry.at("categories").get_to(column.categories);
      entry.at("fill").get_to(column.fill_category);
    } else if (entry.contains("fill")) {
      entry.at("fill").get_to(column.fill);
    }
    columns.push_back(std::move(column));
  }
  return columns;
}

}  // namespace detail

/// @throws lamina::DataError when a name or a category is not UTF-8.
inline std::string to_json(const Recipe& recipe) {
  const lamina::FeatureEncoding& encoding = recipe.encoding;
  try {
    return nlohmann::json{{"delimiter", recipe.delimiter},
                          {"decimal", recipe.decimal},
                          {"header", recipe.header},
                          {"columns", encoding.table_columns},
                          {"missing", static_cast<int>(encoding.missing)},
                          {"unknown", static_cast<int>(encoding.unknown)},
                          {"features", detail::columns_as_json(encoding.features)},
                          {"targets", detail::columns_as_json(encoding.targets)}}
        .dump();
  } catch (const nlohmann::json::exception&) {
    throw lamina::DataError("names of columns and categories: expected text in UTF-8, got other bytes");
  }
}

/// @throws lamina::FormatError when the text is not what to_json() gave for a network of so many inputs and outputs.
inline Recipe recipe_from_json(const std::string& text, const std::string& source, lamina::Index inputs,
                               lamina::Index outputs) {
  Recipe recipe;
  lamina::FeatureEncoding& encoding = recipe.encoding;
  try {
    const nlohmann::json json = nlohmann::json::parse(text);
    json.at("delimiter").get_to(recipe.delimiter);
    json.at("decimal").get_to(recipe.decimal);
    json.at("header").get_to(recipe.header);
    json.at("columns").get_to(encoding.table_columns);
    encoding.missing = static_cast<lamina::Missing>(json.at("missing").get<int>());
    encoding.unknown = static_cast<lamina::UnknownCategory>(json.at("unknown").get<int>());
    encoding.features = detail::columns_from_json(json.at("features"));
    encoding.targets = detail::columns_from_json(json.at("targets"));
  } catch (const nlohmann::json::exception& error) {
    throw lamina::FormatError(source + ": expected the columns as fit_csv writes them, got " + error.what());
  }
  bool fits = encoding.inputs() == inputs && encoding.outputs() == outputs && recipe.decimal.size() == 1;
  for (const auto* columns : {&encoding.features, &encoding.targets})
    for (const lamina::EncodedColumn& column : *columns)
      fits = fits && column.number >= 0 && column.number < encoding.table_columns;
  if (!fits) throw lamina::FormatError(source + ": its columns do not fit its network");
  return recipe;
}
