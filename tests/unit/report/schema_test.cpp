// SPDX-License-Identifier: Apache-2.0
#include <fstream>
#include <regex>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "report/report.h"
#include "unit/report/sample_report.h"

namespace vigil::report {
namespace {

using Json = nlohmann::json;

/// As much of JSON Schema as report.schema.json uses; stricter in that every key must be described.
class Schema {
 public:
  explicit Schema(Json root) : root_(std::move(root)) {}

  void expect_valid(const Json& value) { check(value, root_, "report"); }

 private:
  const Json& resolve(const Json& schema) const {
    if (!schema.contains("$ref")) return schema;
    const auto name = schema["$ref"].get<std::string>();
    return root_["definitions"][name.substr(name.rfind('/') + 1)];
  }
  static std::string type_of(const Json& value) {
    return value.is_number_integer() ? "integer" : value.type_name();
  }
  void check(const Json& value, const Json& unresolved, const std::string& where) {
    const auto& schema = resolve(unresolved);
    ASSERT_EQ(type_of(value), schema["type"].get<std::string>()) << where;
    if (schema.contains("pattern")) {
      EXPECT_TRUE(std::regex_match(value.get<std::string>(),
                                   std::regex(schema["pattern"].get<std::string>())))
          << where << ": " << value;
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

  const Json root_;
};

TEST(Schema, DescribesEveryKeyThatToJsonWrites) {
  std::ifstream file(VIGIL_SOURCE_DIR "/docs/formats/report.schema.json");
  ASSERT_TRUE(file.good());
  Schema schema(Json::parse(file));
  schema.expect_valid(Json::parse(to_json(sample_report(), false)));
  schema.expect_valid(Json::parse(to_json(Report{}, false)));
}

}  // namespace
}  // namespace vigil::report
