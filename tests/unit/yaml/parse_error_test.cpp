// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <gtest/gtest.h>

#include "yaml/yaml.h"

namespace vigil::yaml {
namespace {

/// The one problem of \p text; all of them if there is not just one.
std::string problem_of(std::string_view text) {
  Problems problems("f");
  const auto root = parse(text, problems);
  std::string found;
  for (const auto& problem : std::move(problems).take())
    found += (found.empty() ? "" : "\n") + problem.format();
  return found;
}

TEST(ParseError, ExplainsAStarWithoutQuotes) {
  EXPECT_EQ(problem_of("process: *.exe\n"),
            "f:1:10: a value that begins with '*' needs quotes: '*.exe'");
  EXPECT_EQ(problem_of("process: [a, *Api.exe, b]\n"),
            "f:1:14: a value that begins with '*' needs quotes: '*Api.exe'");
  EXPECT_EQ(problem_of("process: *\n"), "f:1:10: a value that begins with '*' needs quotes: '*'");
  EXPECT_EQ(problem_of("ä: *\n"), "f:1:4: a value that begins with '*' needs quotes: '*'");
}

TEST(ParseError, ExplainsABackslashInDoubleQuotes) {
  EXPECT_EQ(problem_of("path: \"C:\\Orders\\*\"\n"),
            "f:1:12: a '\\' in double quotes begins an escape; write paths in single quotes: "
            "'C:\\Orders\\*'");
}

TEST(ParseError, ExplainsCharactersThatNeedQuotes) {
  EXPECT_EQ(problem_of("path: %TEMP%\\x.exe\n"),
            "f:1:7: a value cannot begin with '%'; put it in quotes");
  EXPECT_EQ(problem_of("path: @x\n"), "f:1:7: a value cannot begin with '@'; put it in quotes");
}

TEST(ParseError, ExplainsAQuestionMarkInsideBrackets) {
  EXPECT_EQ(problem_of("process: [a, w?.exe]\n"),
            "f:1:15: inside [ ] and { } a value with a '?' needs quotes");
  EXPECT_EQ(problem_of("match: { process: ?.exe }\n"),
            "f:1:19: inside [ ] and { } a value with a '?' needs quotes");
  EXPECT_EQ(problem_of("process: w?.exe\n"), "");
}

TEST(ParseError, ExplainsAColonWithoutSpace) {
  const std::string_view words =
      ": a ':' where none can be; 'key: value' has a space behind the ':', and a value with ': ' "
      "in it needs quotes";
  EXPECT_EQ(problem_of("a:1\nb: 2\n"), "f:2:2" + std::string(words));
  EXPECT_EQ(problem_of("path: a: b\n"), "f:1:8" + std::string(words));
}

TEST(ParseError, ExplainsWrongIndentation) {
  EXPECT_EQ(problem_of("a:\n  b: 1\n c: 2\n"),
            "f:3:2: this does not belong to the map above it; check the indentation");
  EXPECT_EQ(problem_of("- a\n b: 1\n"),
            "f:2:3: a ':' where none can be; 'key: value' has a space behind the ':', and a value "
            "with ': ' in it needs "
            "quotes");
}

TEST(ParseError, ExplainsOpenBrackets) {
  EXPECT_EQ(problem_of("a: {b: 1\nc: 2\n"),
            "f:2:2: a ',' or the closing '}' is missing before this");
  EXPECT_EQ(problem_of("a: [1, 2\nb: 3\n"),
            "f:2:2: a ',' or the closing ']' is missing before this");
  EXPECT_EQ(problem_of("a: 1]\nb: ]\n"), "f:2:4: a closing bracket without its opening one");
}

TEST(ParseError, NoticesAQuoteThatIsOpenAtTheEnd) {
  EXPECT_EQ(problem_of("a: 1\nb: 'x\n"), "f:2:6: a quoted text without its closing quote");
  EXPECT_EQ(problem_of("a: \"x\nb: 2\n\n"), "f:2:5: a quoted text without its closing quote");
}

TEST(ParseError, PassesOnWhatItHasNoWordsFor) {
  EXPECT_EQ(problem_of("%YAML 9.9\n---\na: 1\n"),
            "f:1:1: not valid YAML: YAML major version too large");
}

}  // namespace
}  // namespace vigil::yaml
