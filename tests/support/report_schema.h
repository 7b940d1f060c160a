// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

/// Holds reports to docs/formats/report.schema.json: as much of JSON Schema as that file uses, and
/// stricter in that every key must be described.
namespace vigil::test {

class ReportSchema {
 public:
  explicit ReportSchema(const std::filesystem::path& source_folder) {
    std::ifstream file(source_folder / "docs/formats/report.schema.json");
    root_ = Json::parse(file, nullptr, false);
    EXPECT_TRUE(root_.is_object()) << "report.schema.json cannot be read";
  }

  void expect_valid(std::string_view report) {
    const auto json = Json::parse(report, nullptr, false);
    ASSERT_TRUE(json.is_object());
    check(json, root_, "report");
  }

  /// The same of what `vigil kernel --json` prints.
  void expect_valid_parts(std::string_view parts) {
    const auto json = Json::parse(parts, nullptr, false);
    ASSERT_TRUE(json.is_object());
    check(json, root_["definitions"]["kernel_parts"], "parts");
  }

 private:
  using Json = nlohmann::json;

  const Json& resolve(const Json& schema) const {
    if (!schema.contains("$ref")) return schema;
    const auto place = schema["$ref"].get<std::string>();  // "#/definitions/address"
    return root_.at(Json::json_pointer(place.substr(1)));
  }
  static std::string type_of(const Json& value) {
    return value.is_number_integer() ? "integer" : value.type_name();
  }
  const std::regex& pattern_of(const Json& schema) {
    const auto text = schema["pattern"].get<std::string>();
    return patterns_.try_emplace(text, text).first->second;
  }
  void check(const Json& value, const Json& unresolved, const std::string& where) {
    const auto& schema = resolve(unresolved);
    ASSERT_EQ(type_of(value), schema["type"].get<std::string>()) << where;
    if (schema.contains("pattern")) {
      EXPECT_TRUE(std::regex_match(value.get<std::string>(), pattern_of(schema)))
          << where << ": " << value;
    }
    if (schema.contains("minimum")) {
      EXPECT_GE(value.get<double>(), schema["minimum"].get<double>()) << where;
    }
    if (value.is_array()) {
      for (const auto& item : value) check(item, schema["items"], where + "[]");
    }
    if (!value.is_object()) return;
    for (const auto& [key, item] : value.items()) {
      const bool named = schema.contains("properties") && schema["properties"].contains(key);
      ASSERT_TRUE(named || schema.contains("additionalProperties"))
          << where << "." << key << " is not described";
      check(item, named ? schema["properties"][key] : schema["additionalProperties"],
            where + "." + key);
    }
  }

  Json root_;
  std::map<std::string, std::regex> patterns_;
};

}  // namespace vigil::test
