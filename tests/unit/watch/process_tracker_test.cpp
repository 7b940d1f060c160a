// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "watch/watch.h"

namespace vigil::watch {
namespace {

ProcessEntry process(std::uint32_t pid, std::int64_t start, std::string name = "orders.exe") {
  return {{ProcessId{pid}, Timestamp{start}}, std::move(name)};
}

/// A look at a table of these.
ProcessTracker::Changes update(ProcessTracker& tracker, const std::vector<ProcessEntry>& table) {
  std::vector<TableRow> rows;
  for (const auto& entry : table) rows.push_back({entry.key, {}});
  return tracker.update(rows, [&](std::size_t row) { return table[row].name; });
}

TEST(ProcessTracker, ReportsEveryProcessAsStartedAtTheFirstLook) {
  ProcessTracker tracker;
  const auto changes = update(tracker, {process(8, 20), process(4, 10)});
  EXPECT_EQ(changes.started, (std::vector{process(4, 10), process(8, 20)}));
  EXPECT_TRUE(changes.ended.empty());
  EXPECT_EQ(tracker.size(), 2u);
}

TEST(ProcessTracker, ReportsNothingWhenNothingChanged) {
  ProcessTracker tracker;
  (void)update(tracker, {process(4, 10)});  // the first look is not what is tested
  const auto changes = update(tracker, {process(4, 10)});
  EXPECT_TRUE(changes.started.empty());
  EXPECT_TRUE(changes.ended.empty());
}

TEST(ProcessTracker, TellsAPidUsedAgainFromTheProcessBefore) {
  ProcessTracker tracker;
  (void)update(tracker, {process(4, 10, "old.exe")});  // as above
  const auto changes = update(tracker, {process(4, 30, "new.exe")});
  EXPECT_EQ(changes.started, (std::vector{process(4, 30, "new.exe")}));
  EXPECT_EQ(changes.ended, (std::vector{process(4, 10, "old.exe")}));
}

TEST(ProcessTracker, FindsALivingProcessByPidAndNameInAnyCase) {
  ProcessTracker tracker;
  (void)update(tracker, {process(4, 10, "Orders.exe")});  // as above
  EXPECT_EQ(tracker.find(ProcessId{4}, "ORDERS.EXE", Timestamp{11}), process(4, 10, "Orders.exe"));
  EXPECT_FALSE(tracker.find(ProcessId{4}, "other.exe", Timestamp{11}));
  EXPECT_FALSE(tracker.find(ProcessId{8}, "Orders.exe", Timestamp{11}));
}

TEST(ProcessTracker, FindsAProcessThatEndedLately) {
  ProcessTracker tracker;
  (void)update(tracker, {process(4, 10)});  // as above
  (void)update(tracker, {});                // it is gone
  EXPECT_EQ(tracker.find(ProcessId{4}, "orders.exe", Timestamp{11}), process(4, 10));
}

TEST(ProcessTracker, DoesNotTakeAProcessStartedAfterTheMomentAskedFor) {
  ProcessTracker tracker;
  (void)update(tracker, {process(4, 10)});  // as above
  (void)update(tracker, {process(4, 30)});  // the pid again
  EXPECT_EQ(tracker.find(ProcessId{4}, "orders.exe", Timestamp{29}), process(4, 10));
  EXPECT_EQ(tracker.find(ProcessId{4}, "orders.exe", Timestamp{30}), process(4, 30));
}

TEST(ProcessTracker, ForgetsTheOldestOfTheEndedProcesses) {
  ProcessTracker tracker;
  std::vector<ProcessEntry> table;
  for (std::uint32_t pid = 1; pid <= ProcessTracker::kMaxRemembered; ++pid) {
    table.push_back(process(pid * 4, 10));
  }
  (void)update(tracker, {process(2, 1)});  // this one ends first
  (void)update(tracker, table);
  (void)update(tracker, {});
  EXPECT_FALSE(tracker.find(ProcessId{2}, "orders.exe", Timestamp{99}));
  EXPECT_TRUE(tracker.find(ProcessId{4}, "orders.exe", Timestamp{99}));
}

TEST(ProcessTracker, AsksForTheNamesOfNewProcessesOnly) {
  ProcessTracker tracker;
  (void)update(tracker, {process(4, 10)});
  const TableRow rows[] = {{process(4, 10).key, {}}, {process(8, 20).key, {}}};
  std::vector<std::size_t> asked;
  (void)tracker.update(rows, [&](std::size_t row) {
    asked.push_back(row);
    return std::string("new.exe");
  });
  EXPECT_EQ(asked, std::vector<std::size_t>{1});
}

TEST(OwnAndCritical, KnowsTheNamesInAnyCase) {
  EXPECT_TRUE(is_own_program("Vigil-Dumper.exe"));
  EXPECT_FALSE(is_own_program("vigilante.exe"));
  EXPECT_TRUE(is_critical_process("LSASS.exe"));
  EXPECT_TRUE(is_critical_process("MsMpEng.exe"));
  EXPECT_FALSE(is_critical_process("orders.exe"));
}

TEST(OwnAndCritical, LeavesAProcessWithoutANameAlone) {
  EXPECT_TRUE(is_critical_process(""));
}

}  // namespace
}  // namespace vigil::watch
