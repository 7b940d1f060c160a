// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "yaml/yaml.h"

namespace vigil::yaml {
namespace {

using namespace std::chrono_literals;

Node text_node(std::string text) {
  Node node;
  node.kind = Node::Kind::Text;
  node.at = {2, 3};
  node.text = std::move(text);
  return node;
}

Node list_node() {
  Node node;
  node.kind = Node::Kind::List;
  node.at = {2, 3};
  return node;
}

std::string first_problem(Problems problems) {
  const auto all = std::move(problems).take();
  return all.empty() ? "" : all.front().format();
}

template <class Read>
std::string problem_of(const Node& node, Read read) {
  Problems problems("f");
  EXPECT_FALSE(read(node, problems).has_value());
  return first_problem(std::move(problems));
}

TEST(ReadText, TakesTextWithinItsLimit) {
  Problems problems("f");
  EXPECT_EQ(read_text(text_node("abc"), "a name", 3, problems), "abc");
  EXPECT_TRUE(problems.empty());
}

TEST(ReadText, RefusesTheRest) {
  const auto read = [](const Node& n, Problems& p) { return read_text(n, "a name", 3, p); };
  EXPECT_EQ(problem_of(text_node("abcd"), read), "f:2:3: a name of 4 bytes, and the limit is 3");
  EXPECT_EQ(problem_of(text_node(""), read), "f:2:3: expected a name, found an empty text");
  EXPECT_EQ(problem_of(list_node(), read), "f:2:3: expected a name, found a list");
  EXPECT_EQ(problem_of(Node{}, read), "f: expected a name, found nothing");
  EXPECT_EQ(problem_of(text_node("a\nb"), read),
            "f:2:3: a line break or control character in the text; in double quotes '\\n' is one: "
            "use single quotes");
}

TEST(ReadText, RefusesWhatHidesWhatItSays) {
  const auto read = [](const Node& n, Problems& p) { return read_text(n, "a name", 100, p); };
  for (const char* hidden : {"a\u202eb", "a\u200b", "\ufeffx", "\u00adx", "a\u2066b"})
    EXPECT_NE(problem_of(text_node(hidden), read).find("which is not seen"), std::string::npos);
  EXPECT_EQ(problem_of(text_node("a\u202eexe.b"), read),
            "f:2:3: the character U+202E in the text, which is not seen and hides what it says");
  EXPECT_EQ(problem_of(text_node("a\U000e0041"), read),
            "f:2:3: the character U+E0041 in the text, which is not seen and hides what it says");
}

TEST(ReadText, TakesEveryWriting) {
  Problems problems("f");
  for (const char* text : {"Größe", "東京.exe", "سفارش", "🚀"})
    EXPECT_EQ(read_text(text_node(text), "a name", 100, problems), text);
  EXPECT_TRUE(problems.empty());
}

TEST(ReadBool, KnowsTrueAndFalseOnly) {
  Problems problems("f");
  EXPECT_EQ(read_bool(text_node("true"), problems), true);
  EXPECT_EQ(read_bool(text_node("false"), problems), false);
  EXPECT_EQ(problem_of(text_node("yes"), read_bool), "f:2:3: expected true or false, found 'yes'");
}

TEST(ReadCount, HoldsItsRangeAtTheBorders) {
  const auto read = [](const Node& n, Problems& p) { return read_count(n, {2, 20}, p); };
  Problems problems("f");
  EXPECT_EQ(read(text_node("2"), problems), 2u);
  EXPECT_EQ(read(text_node("20"), problems), 20u);
  EXPECT_EQ(problem_of(text_node("1"), read), "f:2:3: '1' is out of range: from 2 to 20");
  EXPECT_EQ(problem_of(text_node("21"), read), "f:2:3: '21' is out of range: from 2 to 20");
  EXPECT_EQ(problem_of(text_node("99999999999"), read),
            "f:2:3: '99999999999' is out of range: from 2 to 20");
}

TEST(ReadCount, RefusesWhatIsNoWholeNumber) {
  const auto read = [](const Node& n, Problems& p) { return read_count(n, {0, 20}, p); };
  for (const auto* text : {"", "-1", "1.5", "0x10", "3s", "+3", " 3", "many"}) {
    EXPECT_EQ(problem_of(text_node(text), read),
              "f:2:3: expected a whole number, found " + shown(text));
  }
}

TEST(ReadDuration, HoldsItsRangeAtTheBorders) {
  const auto read = [](const Node& n, Problems& p) { return read_duration(n, {1s, 1min}, p); };
  Problems problems("f");
  EXPECT_EQ(read(text_node("1s"), problems), 1s);
  EXPECT_EQ(read(text_node("60s"), problems), 60s);
  EXPECT_EQ(problem_of(text_node("999ms"), read), "f:2:3: '999ms' is out of range: from 1s to 1m");
  EXPECT_EQ(problem_of(text_node("61s"), read), "f:2:3: '61s' is out of range: from 1s to 1m");
  EXPECT_EQ(problem_of(text_node("5sec"), read),
            "f:2:3: '5sec' has an unknown unit; did you mean '5s'?");
  EXPECT_EQ(problem_of(list_node(), read), "f:2:3: expected a duration such as 30s, found a list");
}

TEST(ReadSize, HoldsItsRangeAtTheBorders) {
  const auto read = [](const Node& n, Problems& p) { return read_size(n, {1024, 4096}, p); };
  Problems problems("f");
  EXPECT_EQ(read(text_node("1KiB"), problems), 1024u);
  EXPECT_EQ(read(text_node("4096B"), problems), 4096u);
  EXPECT_EQ(problem_of(text_node("4097B"), read),
            "f:2:3: '4097B' is out of range: from 1KiB to 4KiB");
  EXPECT_EQ(problem_of(text_node("1kb"), read),
            "f:2:3: '1kb' has an unknown unit; did you mean '1KiB'?");
}

TEST(ReadName, SuggestsTheNearest) {
  constexpr std::string_view kKnown[] = {"mini", "full"};
  const auto read = [&](const Node& n, Problems& p) {
    return read_name(n, {"dump kind", kKnown}, p);
  };
  Problems problems("f");
  EXPECT_EQ(read(text_node("full"), problems), 1u);
  EXPECT_EQ(problem_of(text_node("ful"), read),
            "f:2:3: unknown dump kind 'ful'; did you mean 'full'?");
  EXPECT_EQ(problem_of(text_node("zebra"), read),
            "f:2:3: unknown dump kind 'zebra'; known here: mini and full");
  EXPECT_EQ(problem_of(list_node(), read),
            "f:2:3: expected a dump kind: mini and full, found a list");
}

}  // namespace
}  // namespace vigil::yaml
