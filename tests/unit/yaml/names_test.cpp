// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "yaml/yaml.h"

namespace vigil::yaml {
namespace {

using testing::ElementsAre;

constexpr std::string_view kKnown[] = {"process", "path", "command_line"};

std::vector<std::string> visit(std::string_view text, std::vector<std::size_t>& seen) {
  Problems problems("f");
  const auto root = parse(text, problems);
  visit_map(*root, {"key", kKnown}, problems,
            [&](std::size_t key, const Node&) { seen.push_back(key); });
  std::vector<std::string> result;
  for (const auto& problem : std::move(problems).take()) result.push_back(problem.format());
  return result;
}

TEST(VisitMap, GivesKnownKeysInFileOrder) {
  std::vector<std::size_t> seen;
  EXPECT_TRUE(visit("path: a\nprocess: b\n", seen).empty());
  EXPECT_THAT(seen, ElementsAre(1, 0));
}

TEST(VisitMap, GoesOnBehindAnUnknownKey) {
  std::vector<std::size_t> seen;
  EXPECT_THAT(
      visit("proces: a\npath: b\nzebra: d\n", seen),
      ElementsAre("f:1:1: unknown key 'proces'; did you mean 'process'?",
                  "f:3:1: unknown key 'zebra'; known here: process, path and command_line"));
  EXPECT_THAT(seen, ElementsAre(1));
}

TEST(VisitMap, SaysWhatItFoundInsteadOfAMap) {
  std::vector<std::size_t> seen;
  EXPECT_THAT(visit("- a\n", seen),
              ElementsAre("f:1:1: expected a map of process, path and command_line, found a list"));
  EXPECT_THAT(
      visit("hello\n", seen),
      ElementsAre(
          "f:1:1: expected a map of process, path and command_line, found the text 'hello'"));
}

TEST(VisitMap, StopsWhenTheProblemsAreFull) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += "k" + std::to_string(i) + ": 1\n";
  std::vector<std::size_t> seen;
  EXPECT_EQ(visit(text, seen).size(), Problems::kMaxProblems);
}

TEST(Nearest, FindsASlip) {
  EXPECT_EQ(nearest("proces", kKnown), "process");   // one letter missing
  EXPECT_EQ(nearest("porcess", kKnown), "process");  // two swapped
  EXPECT_EQ(nearest("Process", kKnown), "process");  // case
  EXPECT_EQ(nearest("commandline", kKnown), "command_line");
  EXPECT_EQ(nearest("command-line", kKnown), "command_line");
}

TEST(Nearest, DoesNotGuess) {
  EXPECT_EQ(nearest("zebra", kKnown), std::nullopt);
  EXPECT_EQ(nearest("", kKnown), std::nullopt);
  EXPECT_EQ(nearest(std::string(100'000, 'p'), kKnown), std::nullopt);
}

TEST(Nearest, PrefersTheFirstOfEquallyNear) {
  constexpr std::string_view kNames[] = {"aac", "aab"};
  EXPECT_EQ(nearest("aax", kNames), "aac");
}

TEST(Shown, IsOnePrintableLineOfBoundedLength) {
  EXPECT_EQ(shown("a\nb\tc\x1b[31m"), "'a b c\xef\xbf\xbd[31m'");
  EXPECT_EQ(shown(std::string(61, 'x')), "'" + std::string(60, 'x') + "…'");
  EXPECT_EQ(shown(std::string(59, 'x') + "ä"), "'" + std::string(59, 'x') + "…'");
  EXPECT_EQ(shown(""), "''");
}

TEST(JoinNames, ReadsLikeASentence) {
  EXPECT_EQ(join_names(kKnown), "process, path and command_line");
  EXPECT_EQ(join_names(std::span(kKnown).first(1)), "process");
  EXPECT_EQ(join_names({}), "");
}

TEST(Problems, AreOrderedByPositionAndKeepTheFirstAtEach) {
  Problems problems("f");
  problems.add({2, 1}, "b");
  problems.add({1, 5}, "a");
  problems.add({2, 1}, "what follows from b");
  problems.add({}, "the file");
  const auto all = std::move(problems).take();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].format(), "f: the file");
  EXPECT_EQ(all[1].format(), "f:1:5: a");
  EXPECT_EQ(all[2].format(), "f:2:1: b");
}

TEST(Problem, LeavesOutWhatIsNotKnown) {
  EXPECT_EQ((Problem{"f", 3, 0, "m"}.format()), "f:3: m");
  EXPECT_EQ((Problem{"f", 0, 0, "m"}.format()), "f: m");
}

}  // namespace
}  // namespace vigil::yaml
