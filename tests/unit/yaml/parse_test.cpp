// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "yaml/yaml.h"

namespace vigil::yaml {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Parsed {
  std::optional<Node> root;
  std::vector<std::string> problems;
};

Parsed parse_text(std::string_view text) {
  Problems problems("f.yaml");
  Parsed parsed;
  parsed.root = parse(text, problems);
  for (const auto& problem : std::move(problems).take())
    parsed.problems.push_back(problem.format());
  return parsed;
}

std::string repeated(std::string_view text, std::size_t count) {
  std::string result;
  for (std::size_t i = 0; i < count; ++i) result += text;
  return result;
}

TEST(Parse, GivesMapsListsAndTextsWithTheirPositions) {
  const auto [root, problems] = parse_text("a: 1\nb:\n  - x\n  - 'y z'\nc: { d: ~ }\n");
  EXPECT_THAT(problems, IsEmpty());
  ASSERT_TRUE(root);
  ASSERT_EQ(root->keys.size(), 3u);
  EXPECT_EQ(root->keys[1].at, (Position{2, 1}));
  const Node& list = *root->find("b");
  ASSERT_EQ(list.kind, Node::Kind::List);
  EXPECT_EQ(list.items[1].text, "y z");
  EXPECT_EQ(list.items[1].at, (Position{4, 5}));
  const Node& map = *root->find("c");
  EXPECT_EQ(map.find("d")->kind, Node::Kind::Null);
  EXPECT_EQ(map.keys[0].at, (Position{5, 6}));
  EXPECT_EQ(root->find("e"), nullptr);
}

TEST(Parse, TakesNothingAsNull) {
  for (const auto* text : {"", "\n\n", "# a comment\n", "---\n", "---\n...\n", "\xef\xbb\xbf"}) {
    const auto [root, problems] = parse_text(text);
    EXPECT_THAT(problems, IsEmpty()) << text;
    ASSERT_TRUE(root) << text;
    EXPECT_EQ(root->kind, Node::Kind::Null) << text;
  }
}

TEST(Parse, CountsColumnsInCharacters) {
  const auto [root, problems] = parse_text("{ 'größe': 1, b: 2 }\n");
  ASSERT_TRUE(root);
  EXPECT_EQ(root->keys[1].at, (Position{1, 15}));
}

TEST(Parse, CountsFromBehindTheByteOrderMark) {
  EXPECT_EQ(parse_text("\xef\xbb\xbf"
                       "a: 1\n")
                .root->keys[0]
                .at,
            (Position{1, 1}));
}

TEST(Parse, ReadsWindowsLineEnds) {
  const auto [root, problems] = parse_text("a: 1\r\nb: 2\r\n");
  EXPECT_THAT(problems, IsEmpty());
  EXPECT_EQ(root->find("a")->text, "1");
  EXPECT_EQ(root->keys[1].at, (Position{2, 1}));
}

TEST(Parse, KeepsTheFirstOfDoubleKeysAndSaysSo) {
  const auto [root, problems] = parse_text("a: 1\nb: 2\na: { c: 3 }\n");
  EXPECT_THAT(problems, ElementsAre("f.yaml:3:1: key 'a' stands here twice, first in line 1"));
  ASSERT_TRUE(root);
  EXPECT_EQ(root->find("a")->text, "1");
  EXPECT_EQ(root->keys.size(), root->items.size());
}

TEST(Parse, RefusesKeysThatAreNoTexts) {
  EXPECT_THAT(parse_text("? [a, b]\n: 1\nc: 2\n").problems,
              ElementsAre("f.yaml:1:3: a key must be a text, and this one is a list"));
  EXPECT_THAT(parse_text("{ a: 1, : 2 }\n").problems,
              ElementsAre(HasSubstr("a key must be a text, and this one is nothing")));
}

// ---- What YAML can do and a rule file must not

TEST(Parse, RefusesAnchorsAndAliases) {
  EXPECT_THAT(parse_text("a: &x [1, 2]\nb: *x\n").problems,
              ElementsAre("f.yaml:1:4: anchors ('&name') are not supported; put a text in quotes",
                          "f.yaml:2:4: aliases ('*name') are not supported; write the value out"));
}

TEST(Parse, DoesNotExpandABillionLaughs) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 30; ++i) {
    const auto before = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" +
            repeated(before + ", ", 9) + before + "]\n";
  }
  const auto [root, problems] = parse_text(text);
  ASSERT_TRUE(root);
  EXPECT_EQ(root->find("a29")->items.size(), 10u);
  EXPECT_EQ(root->find("a29")->items[0].kind, Node::Kind::Null);
  EXPECT_EQ(problems.size(), Problems::kMaxProblems + 1);
  EXPECT_EQ(problems.back(), "f.yaml: and more problems, which are not shown");
}

TEST(Parse, HasNoCycleFromAnAliasOfItsOwnAnchor) {
  const auto [root, problems] = parse_text("a: &a [ *a ]\n");
  ASSERT_TRUE(root);
  EXPECT_EQ(root->find("a")->items[0].kind, Node::Kind::Null);
  EXPECT_EQ(problems.size(), 2u);
}

TEST(Parse, RefusesTags) {
  EXPECT_THAT(
      parse_text("a: !!binary eA==\nb: !x y\n").problems,
      ElementsAre(HasSubstr("f.yaml:1:4: tags ('tag:yaml.org,2002:binary') are not supported"),
                  "f.yaml:2:4: tags ('!x') are not supported; put a text in quotes"));
}

TEST(Parse, RefusesASecondDocument) {
  EXPECT_THAT(parse_text("a: 1\n---\nb: 2\n").problems,
              ElementsAre("f.yaml:2:1: a second document begins here; one file holds one"));
}

TEST(Parse, RefusesWhatComesBehindTheDocument) {
  EXPECT_THAT(
      parse_text("- a\nb: 1\n").problems,
      ElementsAre(
          "f.yaml:2:1: this does not belong to what stands above it; check the indentation"));
}

// ---- Text

TEST(Parse, NamesATabInTheIndentation) {
  EXPECT_THAT(
      parse_text("rules:\n\t- name: x\n").problems,
      ElementsAre("f.yaml:2:1: a tab in the indentation; YAML is indented with spaces only"));
  EXPECT_THAT(
      parse_text("rules:\n  - name: x\n  \tmatch: y\n").problems,
      ElementsAre("f.yaml:3:3: a tab in the indentation; YAML is indented with spaces only"));
}

TEST(Parse, NamesEveryLineWithATab) {
  EXPECT_EQ(parse_text("a:\n\tb: 1\n\tc: 2\n").problems.size(), 2u);
}

TEST(Parse, AllowsTabsBehindTextInCommentsAndOnEmptyLines) {
  EXPECT_THAT(parse_text("a: 1\t# one\n\t\n\t# two\nb: 'x\ty'\n").problems, IsEmpty());
}

TEST(Parse, RefusesWhatIsNotUtf8) {
  EXPECT_THAT(parse_text("a: 1\nb: gr\xf6\xdf"
                         "e\n")
                  .problems,
              ElementsAre("f.yaml:2:6: byte 0xf6 is not UTF-8; save the file as UTF-8"));
}

TEST(Parse, KnowsUtf16ByItsMarkOrItsZeroes) {
  using namespace std::string_view_literals;
  for (const auto text : {"\xff\xfe"
                          "a\0:\0"sv,
                          "\xfe\xff\0a\0:"sv, "a\0:\0"sv}) {
    EXPECT_THAT(parse_text(text).problems,
                ElementsAre("f.yaml:1:1: the file is UTF-16; save it as UTF-8"));
  }
}

TEST(Parse, RefusesControlCharacters) {
  using namespace std::string_view_literals;
  EXPECT_THAT(parse_text("a: x\x04y\n").problems,
              ElementsAre("f.yaml:1:5: control character 0x04"));
  EXPECT_THAT(parse_text("abc: \0\n"sv).problems,
              ElementsAre("f.yaml:1:6: control character 0x00"));
  EXPECT_THAT(parse_text("a: x\ry\n").problems, ElementsAre("f.yaml:1:5: control character 0x0d"));
}

// ---- Limits

TEST(Parse, RefusesDeepNestingAtTheLimit) {
  const auto nested = [](std::size_t depth) { return repeated("[", depth) + repeated("]", depth); };
  EXPECT_THAT(parse_text(nested(kMaxDepth)).problems, IsEmpty());
  EXPECT_THAT(parse_text(nested(kMaxDepth + 1)).problems,
              ElementsAre("f.yaml:1:33: nested deeper than 32 levels"));
}

TEST(Parse, RefusesTooManyValuesInBlockStyle) {
  EXPECT_THAT(parse_text(repeated("- a\n", kMaxNodes + 1)).problems,
              ElementsAre(HasSubstr("more than 100000 values, which is the limit of one file")));
}

TEST(Parse, RefusesTooManyValuesInFlowStyleBeforeReadingThem) {
  EXPECT_THAT(parse_text(repeated("[a,\n", kMaxNodes)).problems,
              ElementsAre("f.yaml: more than 100000 values, which is the limit of one file"));
}

TEST(Parse, RefusesALongLine) {
  EXPECT_THAT(parse_text("a: 1\nb: " + std::string(8190, 'x') + "\n").problems,
              ElementsAre("f.yaml:2:1: the line has 8193 bytes, and the limit is 8192"));
  EXPECT_THAT(parse_text("b: " + std::string(8189, 'x') + "\n").problems, IsEmpty());
}

// ---- Any damage

TEST(Parse, SurvivesTruncationAtEveryLength) {
  const std::string text =
      "schema: 1\nrules:\n  - { name: 'a\\b', match: [\"x\\n\", *y] }\n  - |\n    z\n  - &a !b c\n";
  for (std::size_t length = 0; length <= text.size(); ++length) {
    const auto [root, problems] = parse_text(std::string_view(text).substr(0, length));
    EXPECT_TRUE(root || !problems.empty()) << length;
  }
}

TEST(Parse, SurvivesEveryByteReplacedByEveryIndicator) {
  const std::string text = "a: [1, {b: 'c'}]\nd:\n  - \"e\"\n";
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (const char c : std::string_view("[]{},:-?&*!|>'\"%@`#\\\t\n\r\x01\x80 ")) {
      auto damaged = text;
      damaged[i] = c;
      const auto [root, problems] = parse_text(damaged);
      EXPECT_TRUE(root || !problems.empty()) << damaged;
    }
  }
}

}  // namespace
}  // namespace vigil::yaml
