// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "rules/rules.h"

/// The schema that editors use and the parser say the same. The parser is asked through its own
/// words: what it answers to a key that nobody knows names all keys that it knows at that place.
namespace vigil::rules {
namespace {

nlohmann::json schema() {
  std::ifstream stream(std::filesystem::path(VIGIL_SOURCE_DIR) / "docs" / "formats" /
                       "rules.schema.json");
  return nlohmann::json::parse(stream);
}

std::string joined(const std::vector<std::string>& names) {
  std::vector<std::string_view> views(names.begin(), names.end());
  return yaml::join_names(views);
}

/// What the parser says that it knows where \p text has the key `zzzzzz`.
std::string known_to_parser(const std::string& text) {
  for (const auto& problem : parse_rules(text, "f").problems) {
    const auto known = problem.message.find("; known here: ");
    if (known != std::string::npos) return problem.message.substr(known + 14);
  }
  return "no such problem in " + text;
}

std::string known_to_schema(const nlohmann::json& object) {
  std::vector<std::string> names;
  for (const auto& [name, value] : object.at("properties").items()) names.push_back(name);
  std::sort(names.begin(), names.end());
  return joined(names);
}

std::string sorted(std::string list) {
  std::vector<std::string> names;
  for (const char* separator : {", ", " and "}) {
    for (std::size_t at; (at = list.find(separator)) != std::string::npos;)
      list.replace(at, std::string_view(separator).size(), "\n");
  }
  std::istringstream lines(list);
  for (std::string name; std::getline(lines, name);) names.push_back(name);
  std::sort(names.begin(), names.end());
  return joined(names);
}

std::string rule_with(const std::string& match, const std::string& when, const std::string& rest) {
  return "schema: 1\nrules: [{ name: a, match: " + match + ", when: " + when + rest + " }]\n";
}

TEST(Schema, KnowsTheKeysThatTheParserKnows) {
  const auto json = schema();
  const auto& definitions = json.at("definitions");
  const std::string match = "{ process: x }";
  const std::vector<std::pair<nlohmann::json, std::string>> places = {
      {json, "schema: 1\nrules: []\nzzzzzz: 1\n"},
      {definitions.at("rule"), rule_with(match, "crash", ", zzzzzz: 1")},
      {definitions.at("match"), rule_with("{ zzzzzz: 1 }", "crash", "")},
      {definitions.at("not"), rule_with("{ not: { zzzzzz: 1 } }", "crash", "")},
      {definitions.at("patternList").at("oneOf").at(2),
       rule_with("{ process: { zzzzzz: 1 } }", "crash", "")},
      {definitions.at("when").at("oneOf").at(1), rule_with(match, "{ zzzzzz: 1 }", "")},
      {definitions.at("exit"), rule_with(match, "{ exit: { zzzzzz: 1 } }", "")},
      {definitions.at("exception"), rule_with(match, "{ exception: { zzzzzz: 1 } }", "")},
      {definitions.at("module"), rule_with(match, "{ module: { zzzzzz: 1 } }", "")},
      {definitions.at("thread"), rule_with(match, "{ thread: { zzzzzz: 1 } }", "")},
      {definitions.at("cpu"), rule_with(match, "{ cpu: { zzzzzz: 1 } }", "")},
      {definitions.at("memory"), rule_with(match, "{ memory: { zzzzzz: 1 } }", "")},
      {definitions.at("count"), rule_with(match, "{ handles: { zzzzzz: 1 } }", "")},
      {definitions.at("count"), rule_with(match, "{ threads: { zzzzzz: 1 } }", "")},
      {definitions.at("hang"), rule_with(match, "{ hang: { zzzzzz: 1 } }", "")},
      {definitions.at("capture"), rule_with(match, "crash", ", capture: { zzzzzz: 1 }")},
      {definitions.at("limits"), rule_with(match, "crash", ", limits: { zzzzzz: 1 }")},
  };
  for (const auto& [object, text] : places)
    EXPECT_EQ(known_to_schema(object), sorted(known_to_parser(text))) << text;
}

TEST(Schema, KnowsTheWordsThatTheParserKnows) {
  const auto definitions = schema().at("definitions");
  const auto words = [](const nlohmann::json& list) {
    return joined(list.get<std::vector<std::string>>());
  };
  const std::string match = "{ process: x }";
  const auto& when = definitions.at("when").at("oneOf");
  std::vector<std::string> alone;
  for (const auto& [name, value] : when.at(1).at("properties").items()) {
    if (parse_rules(rule_with(match, name, ""), "f").problems.empty()) alone.push_back(name);
  }
  EXPECT_EQ(sorted(words(when.at(0).at("enum"))), sorted(joined(alone)));
  for (const auto* key : {"dump", "new_signature"}) {
    EXPECT_EQ(words(definitions.at("capture").at("properties").at(key).at("enum")),
              known_to_parser(
                  rule_with(match, "crash", ", capture: { " + std::string(key) + ": zzzzzz }")));
  }
  EXPECT_EQ(words(definitions.at("capture").at("properties").at("writer").at("enum")),
            known_to_parser(rule_with(match, "crash", ", capture: { writer: zzzzzz }")));
}

TEST(Schema, RequiresWhatTheParserRequires) {
  const auto json = schema();
  const auto lacks = [](const std::string& text) {
    return parse_rules(text, "f").problems.at(0).message;
  };
  EXPECT_EQ(lacks("owner: a\n"),
            "the file lacks " + joined(json.at("required").get<std::vector<std::string>>()));
  EXPECT_EQ(
      lacks("schema: 1\nrules: [{}]\n"),
      "the rule lacks " +
          joined(json.at("definitions").at("rule").at("required").get<std::vector<std::string>>()));
}

TEST(Schema, ForbidsUnknownKeysEverywhere) {
  const auto json = schema();
  EXPECT_FALSE(json.at("additionalProperties").get<bool>());
  for (const auto& [name, definition] : json.at("definitions").items()) {
    if (!definition.contains("properties")) continue;
    EXPECT_FALSE(definition.at("additionalProperties").get<bool>()) << name;
  }
}

}  // namespace
}  // namespace vigil::rules
