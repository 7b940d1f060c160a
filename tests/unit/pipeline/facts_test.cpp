// SPDX-License-Identifier: Apache-2.0
#include "pipeline/facts.h"

#include <cstdint>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "minidump/minidump.h"
#include "support/minidump_streams.h"
#include "support/report_schema.h"

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

/// The facts of a dump with one of each of the rarer streams.
report::Report rare_facts() {
  test::MinidumpBuilder builder;
  builder.timestamp(1'600'000'100).add_module({.base = 0x400000, .size = 0x1000, .name = "a.exe"});
  test::add_rare_streams(builder);
  const auto bytes = builder.finish();
  const auto dump = minidump::Minidump::parse(ByteView(std::string_view(bytes)));
  EXPECT_TRUE(dump.ok());
  return facts_of((*dump)->snapshot());
}

TEST(Facts, KnowTheMachineAndWhatTheProcessUsedOfIt) {
  const auto report = rare_facts();
  EXPECT_EQ(report.system.os_product, "Ubuntu 22.04 LTS");
  EXPECT_EQ(report.system.os_build, "20348.1.amd64fre.fe_release.210507-1500");
  EXPECT_EQ(report.system.time_zone, "UTC+02:00 W. Europe Daylight Time");
  EXPECT_EQ(report.system.cpu_current_mhz, 1200u);
  EXPECT_EQ(report.process.integrity, "high");
  EXPECT_EQ(report.process.is_protected, true);
  EXPECT_EQ(report.process.memory.working_set, std::uint64_t{2} << 20);
  EXPECT_EQ(report.process.memory.job_commit_limit, std::uint64_t{17} << 20);
  EXPECT_EQ(report.memory.physical_total, std::uint64_t{4} << 30);
  EXPECT_EQ(report.memory.physical_available, std::uint64_t{1} << 30);
  EXPECT_EQ(report.memory.system_commit, std::uint64_t{2} << 30);
  EXPECT_EQ(report.memory.system_commit_limit, std::uint64_t{0x12} << 28);
}

TEST(Facts, CountHandlesAndNameHeldMutexesOnly) {
  const auto report = rare_facts();
  ASSERT_TRUE(report.handle_summary.has_value());
  EXPECT_EQ(report.handle_summary->count, 3u);
  EXPECT_EQ(report.handle_summary->operations, 2u);
  EXPECT_THAT(
      report.handle_summary->types,
      ::testing::ElementsAre(report::HandleCount{"Event", 1}, report::HandleCount{"File", 1},
                             report::HandleCount{"Mutant", 1}));
  EXPECT_THAT(report.handles, ::testing::ElementsAre(report::HeldObject{
                                  8, "Mutant", "\\BaseNamedObjects\\Orders", 4711, 104, false}));
}

TEST(Facts, TakeOverWhatTheProgramSaidOfItself) {
  const auto report = rare_facts();
  ASSERT_TRUE(report.crashpad.has_value());
  EXPECT_EQ(report.crashpad->report_id, "14fdd8b4-4bc3-4353-6162-636465666768");
  EXPECT_THAT(report.crashpad->annotations,
              ::testing::ElementsAre(report::Annotation{"prod", "Orders"},
                                     report::Annotation{"ver", "4.2.1"}));
  ASSERT_EQ(report.crashpad->modules.size(), 1u);
  EXPECT_EQ(report.crashpad->modules[0].module, "a.exe");
  ASSERT_TRUE(report.assertion.has_value());
  EXPECT_EQ(report.assertion->expression, "total >= 0");
  EXPECT_EQ(report.assertion->kind, "invalid_parameter");
}

TEST(Facts, AreDescribedAndHoldNoSecrets) {
  const auto report = rare_facts();
  const auto json = report::to_json(report, false);
  test::ReportSchema(VIGIL_SOURCE_DIR).expect_valid(json);
  EXPECT_EQ(json.find("hunter2"), std::string::npos);
  EXPECT_EQ(json.find("12586014"), std::string::npos);  // the cookie, 0xc00c1e
  EXPECT_THAT(report.streams, ::testing::Contains("BreakpadLinuxEnviron"));
  const auto again = report::from_json(json);
  ASSERT_TRUE(again.ok()) << again.error().message();
  EXPECT_EQ(*again, report);
}

TEST(Facts, TellWhichEditionOfWindowsItIs) {
  snapshot::Snapshot snapshot;
  snapshot.system.os = snapshot::Os::Windows;
  snapshot.system.os_major = 10;
  snapshot.system.os_build = 20348;
  snapshot.system.product_type = 3;
  snapshot.system.suite_mask = 0x90;
  const auto system = facts_of(snapshot).system;
  EXPECT_EQ(system.os_product, "Windows Server 2022");
  EXPECT_EQ(system.os_role, "server");
  EXPECT_THAT(system.os_suites, ::testing::ElementsAre("terminal_server", "datacenter"));
  snapshot.system.os = snapshot::Os::Linux;
  EXPECT_EQ(facts_of(snapshot).system.os_role, "");
}

TEST(Facts, GiveANumberToAnIntegrityWithoutAName) {
  snapshot::Snapshot snapshot;
  snapshot.process.integrity_level = 0x2100;
  EXPECT_EQ(facts_of(snapshot).process.integrity, "0x2100");
}

TEST(Facts, ShowTimeZonesWestAndEastOfGreenwich) {
  snapshot::Snapshot snapshot;
  snapshot.system.time_zone = {.bias_minutes = 210, .name = ""};
  EXPECT_EQ(facts_of(snapshot).system.time_zone, "UTC-03:30");
  snapshot.system.time_zone = {.bias_minutes = 0, .name = "GMT"};
  EXPECT_EQ(facts_of(snapshot).system.time_zone, "UTC+00:00 GMT");
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
