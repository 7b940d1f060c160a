// SPDX-License-Identifier: Apache-2.0
#include "last_good.h"

#include <filesystem>
#include <fstream>
#include <string>

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

/// A rules folder, and the copies of it.
struct Folders {
  Folders() {
    fs::create_directories(rules);
    fs::create_directories(copies);
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(rules / name, std::ios::binary) << text;
  }
  /// As a service does that runs already, with \p before in force.
  [[nodiscard]] rules::RuleSet reload(const rules::RuleSet& before) const {
    const auto loaded = rules::load_rules(rules);
    EXPECT_TRUE(keep_copies(loaded, copies).ok());
    return rules::keep_last_good(loaded, before);
  }
  /// As one that starts.
  [[nodiscard]] rules::RuleSet start() const {
    return reload(rules::load_last_good(copies, "rules.d"));
  }
  [[nodiscard]] std::vector<std::string> kept() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(copies))
      names.push_back(entry.path().filename().string());
    std::ranges::sort(names);
    return names;
  }

  test::TemporaryFolder folder;
  fs::path rules = folder.path() / "rules.d";
  fs::path copies = folder.path() / "last-good-rules";
};

std::vector<std::string> names_of(const rules::RuleSet& rules) {
  std::vector<std::string> names;
  for (const auto& rule : rules.rules) names.push_back(rule.name);
  return names;
}

TEST(LastGood, OutlastsAStartWhileAFileIsBroken) {
  const Folders folders;
  folders.write("a.yaml", file_with("first"));
  folders.write("b.yaml", file_with("second"));
  EXPECT_THAT(names_of(folders.start()), ElementsAre("first", "second"));
  folders.write("a.yaml", "schema: 1\nrules: [");
  folders.write("b.yaml", file_with("third"));
  EXPECT_THAT(names_of(folders.start()), ElementsAre("first", "third"));
  EXPECT_THAT(names_of(folders.start()), ElementsAre("first", "third")) << "and the next one";
  EXPECT_THAT(folders.kept(), ElementsAre("a.yaml", "b.yaml"));
}

TEST(LastGood, GoesWithItsFile) {
  const Folders folders;
  folders.write("a.yaml", file_with("first"));
  (void)folders.start();
  fs::remove(folders.rules / "a.yaml");
  EXPECT_THAT(names_of(folders.start()), IsEmpty());
  EXPECT_THAT(folders.kept(), IsEmpty());
}

TEST(LastGood, IsNoneWhenTheCopyIsBrokenToo) {
  const Folders folders;
  folders.write("a.yaml", file_with("first"));
  (void)folders.start();
  folders.write("a.yaml", "schema: 1\nrules: [");
  std::ofstream(folders.copies / "a.yaml") << "schema: 1\nrules: [";
  EXPECT_THAT(names_of(folders.start()), IsEmpty());
}

TEST(LastGood, SaysWhatCannotBeKept) {
  const Folders folders;
  folders.write("a.yaml", file_with("first"));
  fs::remove_all(folders.copies);
  EXPECT_FALSE(keep_copies(rules::load_rules(folders.rules), folders.copies).ok());
}

}  // namespace
}  // namespace vigil::service
