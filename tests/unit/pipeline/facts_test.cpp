// SPDX-License-Identifier: Apache-2.0
#include "pipeline/facts.h"

#include <cstdint>
#include <string>

#include <gtest/gtest.h>

namespace vigil::pipeline {
namespace {

report::Report facts_of(const snapshot::Snapshot& snapshot) {
  TextBudget budget(1 << 20);
  report::Report report;
  add_facts(snapshot, budget, report);
  return report;
}

snapshot::MemoryRegion region(std::uint64_t size, std::uint32_t state, std::uint32_t type) {
  snapshot::MemoryRegion result;
  result.range.size = size;
  result.state = state;
  result.type = type;
  return result;
}

TEST(Facts, SumUpTheMemoryMap) {
  snapshot::Snapshot snapshot;
  snapshot.captured_bytes = 7;
  snapshot.regions = {region(1, 0x1000, 0x20000), region(2, 0x1000, 0x40000),
                      region(4, 0x1000, 0x1000000), region(8, 0x2000, 0x20000),
                      region(16, 0x10000, 0)};
  const report::MemorySummary expected = {7, 5, 7, 8, 4, 2, 1};
  EXPECT_EQ(summarize_memory(snapshot), expected);
}

TEST(Facts, DoNotWrapWhenSizesAreAbsurd) {
  snapshot::Snapshot snapshot;
  snapshot.regions = {region(~std::uint64_t{0}, 0x1000, 0x20000), region(2, 0x1000, 0x20000)};
  EXPECT_EQ(summarize_memory(snapshot).committed_bytes, ~std::uint64_t{0});
}

TEST(Facts, KnowTheSystem) {
  snapshot::Snapshot snapshot;
  snapshot.system.os = snapshot::Os::Windows;
  snapshot.system.cpu = snapshot::Cpu::Amd64;
  snapshot.system.os_major = 6;
  snapshot.system.os_minor = 1;
  snapshot.system.os_build = 7601;
  snapshot.system.service_pack = "Service Pack 1";
  snapshot.system.cpu_family = 6;
  snapshot.system.cpu_model = 62;
  snapshot.system.max_mhz = 2800;
  const auto system = facts_of(snapshot).system;
  EXPECT_EQ(system.os, "Windows");
  EXPECT_EQ(system.os_version, "6.1.7601 Service Pack 1");
  EXPECT_EQ(system.cpu_info, "family 6 model 62 stepping 0");
  EXPECT_EQ(system.cpu_mhz, 2800u);
}

TEST(Facts, SayNothingOfWhatIsNotKnown) {
  const auto report = facts_of(snapshot::Snapshot{});
  EXPECT_EQ(report.system.os, "");
  EXPECT_EQ(report.system.os_version, "");
  EXPECT_EQ(report.system.cpu_info, "");
  EXPECT_FALSE(report.process.uptime.has_value());
}

TEST(Facts, HaveNoUptimeWhenTheClockWentBack) {
  snapshot::Snapshot snapshot;
  snapshot.written = {1'000'000};
  snapshot.process.create_time = Timestamp{2'000'000};
  EXPECT_FALSE(facts_of(snapshot).process.uptime.has_value());
}

TEST(Facts, LeaveOutModulesThatAReportHasNoRoomFor) {
  snapshot::Snapshot snapshot;
  snapshot.modules.resize(report::kMaxModules + 2);
  const auto report = facts_of(snapshot);
  EXPECT_EQ(report.modules.size(), report::kMaxModules);
  EXPECT_EQ(report.diagnostics.at(0), "2 modules of 8194 are left out of the report");
}

TEST(Facts, KeepTheFileNameOfAPdbOnly) {
  snapshot::Snapshot snapshot;
  snapshot.modules.resize(1);
  snapshot.modules[0].debug_file = "D:\\build\\jane\\orders.pdb";
  EXPECT_EQ(facts_of(snapshot).modules[0].debug_file, "orders.pdb");
}

TEST(TextBudget, CutsAtTheStartOfACharacterAndCountsIt) {
  TextBudget budget(100);
  EXPECT_EQ(budget.take("äöü", 5), "äö");
  EXPECT_EQ(budget.take("abc", 5), "abc");
  EXPECT_EQ(budget.cut(), 1u);
}

TEST(TextBudget, GivesNothingOnceItIsUsedUp) {
  TextBudget budget(4);
  EXPECT_EQ(budget.take("abc"), "abc");
  EXPECT_EQ(budget.take("def"), "d");
  EXPECT_EQ(budget.take("ghi"), "");
  EXPECT_EQ(budget.cut(), 2u);
}

}  // namespace
}  // namespace vigil::pipeline
