// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/utf.h"
#include "rules/rules.h"

namespace vigil::rules {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string file_with(std::string_view name, std::string_view head = "") {
  return "schema: 1\n" + std::string(head) + "rules:\n  - name: " + std::string(name) +
         "\n    match: { process: x }\n    when: crash\n";
}

std::vector<std::string> names_of(const RuleSet& set) {
  std::vector<std::string> names;
  for (const auto& rule : set.rules) names.push_back(rule.name);
  return names;
}

std::vector<std::string> problems_of(const LoadResult& loaded) {
  std::vector<std::string> result;
  for (const auto& problem : loaded.problems) result.push_back(problem.format());
  return result;
}

class LoadRules : public testing::Test {
 protected:
  LoadRules() { fs::create_directories(folder_); }
  ~LoadRules() override { fs::remove_all(folder_); }

  void write(std::string_view name, std::string_view text) {
    std::ofstream(folder_ / path_from_utf8(name), std::ios::binary) << text;
  }

  const fs::path folder_ = fs::path(testing::TempDir()) / "vigil_load_rules_test" / "rules.d";
};

TEST_F(LoadRules, ReadsAFolderInNameOrder) {
  write("b.yaml", file_with("b"));
  write("A.YML", file_with("a"));
  write("10-first.yaml", file_with("first"));
  const auto loaded = load_rules(folder_);
  EXPECT_THAT(problems_of(loaded), IsEmpty());
  EXPECT_EQ(loaded.files, 3u);
  EXPECT_THAT(names_of(loaded.rules), ElementsAre("first", "a", "b"));
  EXPECT_EQ(loaded.rules.rules[0].file, "rules.d/10-first.yaml");
}

TEST_F(LoadRules, TriesFallbackFilesLast) {
  write("10-default.yaml", file_with("default", "fallback: true\n"));
  write("orders.yaml", file_with("orders"));
  const auto loaded = load_rules(folder_);
  EXPECT_THAT(names_of(loaded.rules), ElementsAre("orders", "default"));
}

TEST_F(LoadRules, LeavesOutOtherFilesAndFolders) {
  write("a.yaml", file_with("a"));
  write("a.yaml.sample", "\t");
  write("notes.txt", "\t");
  write(".#a.yaml", "\t");
  fs::create_directory(folder_ / "folder.yaml");
  const auto loaded = load_rules(folder_);
  EXPECT_THAT(problems_of(loaded), IsEmpty());
  EXPECT_EQ(loaded.files, 1u);
}

TEST_F(LoadRules, NamesTheFolderWhateverItsSpelling) {
  write("a.yaml", "schema: 2\nrules: []\n");
  for (const auto& spelling : {folder_, folder_ / "", folder_ / ".", folder_ / ".." / "rules.d"}) {
    EXPECT_THAT(problems_of(load_rules(spelling)), ElementsAre(HasSubstr("rules.d/a.yaml:1:9: ")))
        << spelling;
  }
}

TEST_F(LoadRules, ReadsOneFileUnderTheNameGiven) {
  write("a.yaml.sample", file_with("a"));
  const auto loaded = load_rules(folder_ / "a.yaml.sample");
  EXPECT_EQ(loaded.files, 1u);
  EXPECT_EQ(loaded.rules.rules[0].file, utf8_from_path(folder_ / "a.yaml.sample"));
}

TEST_F(LoadRules, TakesAMissingPathForNoRules) {
  const auto loaded = load_rules(folder_ / "missing");
  EXPECT_THAT(problems_of(loaded), IsEmpty());
  EXPECT_EQ(loaded.files, 0u);
}

TEST_F(LoadRules, RefusesANameThatAnotherFileHas) {
  write("a.yaml", file_with("same"));
  write("b.yaml", file_with("same"));
  const auto loaded = load_rules(folder_);
  EXPECT_THAT(problems_of(loaded),
              ElementsAre("rules.d/b.yaml:3:11: rule 'same' stands already in rules.d/a.yaml:3"));
  EXPECT_THAT(names_of(loaded.rules), ElementsAre("same"));
}

TEST_F(LoadRules, KeepsTheFilesBesideABrokenOne) {
  write("a.yaml", file_with("a"));
  write("b.yaml", "\tschema: 1\n");
  write("c.yaml", file_with("c"));
  const auto loaded = load_rules(folder_);
  EXPECT_THAT(problems_of(loaded),
              ElementsAre(HasSubstr("rules.d/b.yaml:1:1: a tab in the indentation")));
  EXPECT_THAT(names_of(loaded.rules), ElementsAre("a", "c"));
  EXPECT_EQ(loaded.files, 3u);
}

TEST_F(LoadRules, RefusesAFileThatIsTooLarge) {
  write("a.yaml", file_with("a") + std::string(kMaxRuleFileBytes, '#'));
  EXPECT_THAT(problems_of(load_rules(folder_)),
              ElementsAre("rules.d/a.yaml: larger than 1MiB, which is the limit"));
}

TEST_F(LoadRules, RefusesTooManyFiles) {
  for (std::size_t i = 0; i <= kMaxRuleFiles; ++i) write(std::to_string(i) + ".yaml", "");
  EXPECT_THAT(problems_of(load_rules(folder_)),
              ElementsAre("rules.d: more than 1000 rule files, which is the limit"));
}

TEST_F(LoadRules, RefusesTooMuchInAll) {
  const auto filler = "#" + std::string(8000, '-') + "\n";
  std::string text = "schema: 1\nrules: []\n";
  while (text.size() + filler.size() < kMaxRuleFileBytes) text += filler;
  for (int i = 0; i < 20; ++i) write(std::to_string(10 + i) + ".yaml", text);
  const auto loaded = load_rules(folder_);
  EXPECT_THAT(
      problems_of(loaded),
      ElementsAre("rules.d: more than 10000 rules or 16MiB of rule files, which is the limit"));
  EXPECT_LT(loaded.files, 20u);
}

// ---- keep_last_good

RuleSet set_of(std::string_view text, const std::string& file) {
  return parse_rules(text, file).rules;
}

TEST(KeepLastGood, TakesTheNewRulesWhereAllIsWell) {
  const auto merged = keep_last_good(parse_rules(file_with("new"), "rules.d/a.yaml"),
                                     set_of(file_with("old"), "rules.d/a.yaml"));
  EXPECT_THAT(names_of(merged), ElementsAre("new"));
}

TEST(KeepLastGood, KeepsTheOldRulesOfABrokenFileOnly) {
  auto last_good = set_of(file_with("a"), "rules.d/a.yaml");
  last_good.rules.push_back(set_of(file_with("b"), "rules.d/b.yaml").rules[0]);
  last_good.rules.push_back(set_of(file_with("removed"), "rules.d/c.yaml").rules[0]);
  auto loaded = parse_rules("\t", "rules.d/a.yaml");
  loaded.problems = {{"rules.d/a.yaml", 1, 1, "broken"}};
  loaded.rules = set_of(file_with("b2"), "rules.d/b.yaml");
  EXPECT_THAT(names_of(keep_last_good(loaded, last_good)), ElementsAre("a", "b2"));
}

TEST(KeepLastGood, KeepsAllWhenTheFolderCannotBeRead) {
  LoadResult loaded;
  loaded.problems = {{"rules.d", 0, 0, "cannot be read"}};
  EXPECT_THAT(names_of(keep_last_good(loaded, set_of(file_with("a"), "rules.d/a.yaml"))),
              ElementsAre("a"));
}

TEST(KeepLastGood, GivesANameToTheNewRuleThatHasIt) {
  LoadResult loaded;
  loaded.rules = set_of(file_with("moved"), "rules.d/b.yaml");
  loaded.problems = {{"rules.d/a.yaml", 1, 1, "broken"}};
  const auto merged = keep_last_good(loaded, set_of(file_with("moved"), "rules.d/a.yaml"));
  ASSERT_THAT(names_of(merged), ElementsAre("moved"));
  EXPECT_EQ(merged.rules[0].file, "rules.d/b.yaml");
}

TEST(KeepLastGood, KeepsFallbackRulesLast) {
  LoadResult loaded;
  loaded.rules = set_of(file_with("z"), "rules.d/z.yaml");
  loaded.problems = {{"rules.d/a.yaml", 1, 1, "broken"}};
  const auto merged =
      keep_last_good(loaded, set_of(file_with("default", "fallback: true\n"), "rules.d/a.yaml"));
  EXPECT_THAT(names_of(merged), ElementsAre("z", "default"));
}

TEST_F(LoadRules, WhatIsSaidAgainstAFileIsItsProblem) {
  write("a.yaml", file_with("a"));
  write("b.yaml", file_with("b"));
  const auto loaded = load_rules(folder_, [](const std::filesystem::path& file) {
    return file.filename() == "b.yaml" ? std::string("anybody may write it") : std::string();
  });
  ASSERT_EQ(loaded.rules.rules.size(), 1u);
  ASSERT_EQ(loaded.problems.size(), 1u);
  EXPECT_TRUE(loaded.problems[0].format().ends_with("b.yaml: anybody may write it"));
  EXPECT_EQ(loaded.files, 2u);
}

TEST_F(LoadRules, SetsRulesAsideThatAreDisabled) {
  write("a.yaml", file_with("a"));
  write("b.yaml", file_with("b"));
  write(".disabled", "# off\nb\n");
  const auto loaded = load_rules(folder_);
  ASSERT_EQ(loaded.rules.rules.size(), 1u);
  EXPECT_EQ(loaded.rules.rules[0].name, "a");
  ASSERT_EQ(loaded.rules.idle.size(), 1u);
  EXPECT_EQ(loaded.rules.idle[0].rule.name, "b");
  EXPECT_FALSE(loaded.rules.idle[0].expired);
}

}  // namespace
}  // namespace vigil::rules
