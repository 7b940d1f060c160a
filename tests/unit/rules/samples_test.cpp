// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/utf.h"
#include "rules/rules.h"

namespace vigil::rules {
namespace {

namespace fs = std::filesystem;
using testing::IsEmpty;

constexpr std::uint32_t kAccessViolation = 0xc000'0005;

fs::path samples() {
  return fs::path(VIGIL_SOURCE_DIR) / "config" / "rules.d";
}

/// All sample files as they would be in one folder.
RuleSet load_samples() {
  RuleSet all;
  LoadResult loaded;
  for (const auto* name : {"exits.yaml.sample", "orders.yaml.sample", "10-default.yaml"}) {
    loaded = load_rules(samples() / name);
    for (const auto& problem : loaded.problems) ADD_FAILURE() << problem.format();
    all.rules.insert(all.rules.end(), loaded.rules.rules.begin(), loaded.rules.rules.end());
  }
  return all;
}

std::string rule_for(EventKind kind, std::uint32_t code, const ProcessFacts& process) {
  const auto set = load_samples();
  const auto* rule = set.find(kind, code, process);
  return rule == nullptr ? "" : rule->name;
}

TEST(Samples, FolderLoadsOnlyTheDefault) {
  const auto loaded = load_rules(samples());
  EXPECT_THAT(loaded.problems, IsEmpty());
  EXPECT_EQ(loaded.files, 1u);
  EXPECT_EQ(loaded.rules.rules.size(), 2u);
  for (const auto& rule : loaded.rules.rules) {
    EXPECT_TRUE(rule.fallback) << rule.name;
    EXPECT_FALSE(rule.attach) << rule.name;
  }
}

TEST(Samples, DefaultTakesEveryCrashButVigilsOwn) {
  EXPECT_EQ(rule_for(EventKind::Crash, kAccessViolation, {"any.exe", "", ""}), "default-crash");
  EXPECT_EQ(rule_for(EventKind::Crash, kAccessViolation, {"vigil.exe", "", ""}), "");
  EXPECT_EQ(rule_for(EventKind::Crash, kAccessViolation, {"Vigil-Dumper32.exe", "", ""}), "");
  EXPECT_EQ(rule_for(EventKind::Crash, kAccessViolation, {"vigilante.exe", "", ""}),
            "default-crash");
  EXPECT_EQ(rule_for(EventKind::Exit, 1, {"any.exe", "", ""}), "");
}

TEST(Samples, OrdersCrashFiresForItsProgramOnly) {
  EXPECT_EQ(rule_for(EventKind::Crash, kAccessViolation, {"ordersapi.exe", "", ""}),
            "orders-crash");
  EXPECT_EQ(rule_for(EventKind::Exit, 1, {"OrdersApi.exe", "", ""}), "");
}

TEST(Samples, OrdersWorkerCrashLooksAtFolderAndCommandLine) {
  const ProcessFacts worker{"Worker.exe", R"(C:\Orders\Worker.exe)", "Worker.exe --queue 1"};
  EXPECT_EQ(rule_for(EventKind::Crash, 0, worker), "orders-worker-crash");
  auto dry = worker;
  dry.command_line = "Worker.exe --dry-run";
  EXPECT_EQ(rule_for(EventKind::Crash, 0, dry), "default-crash");
  auto elsewhere = worker;
  elsewhere.path = R"(C:\Billing\Worker.exe)";
  EXPECT_EQ(rule_for(EventKind::Crash, 0, elsewhere), "default-crash");
}

TEST(Samples, GoTogether) {
  const auto folder = fs::path(testing::TempDir()) / "vigil-samples" / "rules.d";
  fs::remove_all(folder);
  fs::create_directories(folder);
  for (const auto& entry : fs::directory_iterator(samples())) {
    const auto& path = entry.path();
    const bool is_sample = path.extension() == ".sample";
    fs::copy_file(path, folder / (is_sample ? path.stem() : path.filename()));
  }
  const auto loaded = load_rules(folder);
  EXPECT_GE(loaded.files, 8u);
  for (const auto& problem : loaded.problems) ADD_FAILURE() << problem.format();
}

TEST(Samples, ImportEndedBadlyKnowsItsCodes) {
  const ProcessFacts import{"ImportNightly.exe", "", "ImportNightly.exe"};
  for (const std::uint32_t code : {3u, 0xffff'fffeu, 0xc000'0194u, 0xc000'0142u}) {
    EXPECT_EQ(rule_for(EventKind::Exit, code, import), "import-ended-badly") << code;
  }
  EXPECT_EQ(rule_for(EventKind::Exit, 2, import), "");
  EXPECT_EQ(rule_for(EventKind::Exit, 3, {"ImportNightly.exe", "", "ImportNightly.exe --test"}),
            "");
}

TEST(Samples, BatchFailedTakesAnyFailure) {
  EXPECT_EQ(rule_for(EventKind::Exit, 17, {"Batch.exe", "", ""}), "batch-failed");
  EXPECT_EQ(rule_for(EventKind::Exit, 0, {"Batch.exe", "", ""}), "");
}

}  // namespace
}  // namespace vigil::rules
