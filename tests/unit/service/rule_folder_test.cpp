// SPDX-License-Identifier: Apache-2.0
#include "rule_folder.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/service/workbench.h"

namespace vigil::service {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

std::string file_with(const std::string& rule) {
  return "schema: 1\nrules:\n  - { name: " + rule + ", match: { process: x.exe }, when: crash }\n";
}

/// A data folder with rules, the copies of them, and what the log says.
struct Folders {
  Folders() {
    fs::create_directories(paths.rules_folder());
    fs::create_directories(paths.last_good_rules());
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(paths.rules_folder() / name, std::ios::binary) << text;
  }
  /// The rules in force after the service has started anew, by name.
  std::vector<std::string> start() {
    rules = {};
    service.emplace(RuleFolder::Parts{paths, log, objection});
    return reload();
  }
  std::vector<std::string> reload() {
    rules = service->load(rules, clock.now());
    std::vector<std::string> names;
    for (const auto& rule : rules.rules) names.push_back(rule.name);
    return names;
  }
  [[nodiscard]] std::vector<std::string> kept() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(paths.last_good_rules()))
      names.push_back(entry.path().filename().string());
    std::ranges::sort(names);
    return names;
  }

  test::TemporaryFolder folder;
  settings::DataPaths paths{folder.path()};
  test::FakeClock clock;
  std::shared_ptr<test::LinesSink> sink = std::make_shared<test::LinesSink>();
  spdlog::logger log{"test", sink};
  rules::Objection objection;
  std::optional<RuleFolder> service;
  rules::RuleSet rules;
};

constexpr const char* kBroken = "schema: 1\nrules: [";

TEST(RuleFolder, GoesOnWithTheLastGoodVersionOfABrokenFile) {
  Folders folders;
  folders.write("a.yaml", file_with("first"));
  folders.write("b.yaml", file_with("second"));
  EXPECT_THAT(folders.start(), ElementsAre("first", "second"));
  EXPECT_TRUE(folders.service->is_whole());
  folders.write("a.yaml", kBroken);
  folders.write("b.yaml", file_with("third"));
  EXPECT_THAT(folders.reload(), ElementsAre("first", "third"));
  EXPECT_FALSE(folders.service->is_whole());
  EXPECT_THAT(folders.reload(), ElementsAre("first", "third")) << "broken still";
  folders.write("a.yaml", file_with("fourth"));
  EXPECT_THAT(folders.reload(), ElementsAre("fourth", "third"));
}

TEST(RuleFolder, LastGoodVersionsOutlastAStart) {
  Folders folders;
  folders.write("a.yaml", file_with("first"));
  folders.write("b.yaml", file_with("second"));
  (void)folders.start();
  folders.write("a.yaml", kBroken);
  folders.write("b.yaml", file_with("third"));
  EXPECT_THAT(folders.start(), ElementsAre("first", "third"));
  EXPECT_THAT(folders.start(), ElementsAre("first", "third")) << "and the next one";
  EXPECT_THAT(folders.kept(), ElementsAre("a.yaml", "b.yaml"));
}

TEST(RuleFolder, ANameThatMovedTakesNoOtherRuleWithIt) {
  Folders folders;
  folders.write("z.yaml",
                "schema: 1\nrules:\n  - { name: t1, match: { process: x.exe }, when: crash "
                "}\n  - { name: t2, match: { process: y.exe }, when: crash }\n");
  (void)folders.start();
  folders.write("y.yaml", file_with("t2"));
  EXPECT_THAT(folders.reload(), ElementsAre("t2", "t1"));
  EXPECT_THAT(folders.start(), ElementsAre("t2", "t1"));
}

TEST(RuleFolder, ALastGoodVersionGoesWithItsFile) {
  Folders folders;
  folders.write("a.yaml", file_with("first"));
  (void)folders.start();
  fs::remove(folders.paths.rules_folder() / "a.yaml");
  EXPECT_THAT(folders.start(), IsEmpty());
  EXPECT_THAT(folders.kept(), IsEmpty());
}

TEST(RuleFolder, ACopyThatIsBrokenTooIsNone) {
  Folders folders;
  folders.write("a.yaml", file_with("first"));
  (void)folders.start();
  folders.write("a.yaml", kBroken);
  std::ofstream(folders.paths.last_good_rules() / "a.yaml") << kBroken;
  EXPECT_THAT(folders.start(), IsEmpty());
}

TEST(RuleFolder, SaysWhatCannotBeKept) {
  Folders folders;
  folders.write("a.yaml", file_with("first"));
  fs::remove_all(folders.paths.last_good_rules());
  EXPECT_THAT(folders.start(), ElementsAre("first"));
  EXPECT_EQ(folders.sink->count("what rules were in force would not outlast a start"), 1u);
}

TEST(RuleFolder, SaysOnceWhatIsWrong) {
  Folders folders;
  folders.write("a.yaml", kBroken);
  folders.write("b.yaml", file_with("second"));
  EXPECT_THAT(folders.start(), ElementsAre("second"));
  (void)folders.reload();
  EXPECT_EQ(folders.sink->count("rules.d/a.yaml:"), 1u);
  EXPECT_EQ(folders.sink->count("1 rule of 2 files in force"), 1u);
  folders.write("a.yaml", file_with("first"));
  (void)folders.reload();
  EXPECT_EQ(folders.sink->count("2 rules of 2 files in force"), 1u);
}

TEST(RuleFolder, AFileThatIsObjectedToIsNotInForce) {
  Folders folders;
  folders.objection = [](const fs::path& file) {
    return file.filename() == "a.yaml" ? std::string("Everyone may write it") : std::string();
  };
  folders.write("a.yaml", file_with("first"));
  folders.write("b.yaml", file_with("second"));
  EXPECT_THAT(folders.start(), ElementsAre("second"));
  EXPECT_EQ(folders.sink->count("Everyone may write it"), 1u);
}

}  // namespace
}  // namespace vigil::service
