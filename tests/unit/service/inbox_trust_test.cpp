// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "inbox.h"
#include "unit/service/workbench.h"

namespace vigil::service {
namespace {

using store::Source;
using store::State;
using test::Workbench;

TEST(InboxTrust, ADumpOfSomebodyElsesRunningProcessIsRefused) {
  Workbench bench;
  bench.use_rule();
  const auto crash = bench.crash(1234, Source::AeDebug);
  bench.running[1234] = {"alice", *crash.process_start};
  bench.hand_over_as("eve", crash);
  EXPECT_EQ(bench.inbox.scan().captured, 0u);
  EXPECT_TRUE(bench.rows().empty());
  EXPECT_TRUE(bench.files.files.empty());
  EXPECT_EQ(bench.lines->count("process 1234 runs as alice, and it comes from eve"), 1u);
}

TEST(InboxTrust, TheRealCrashIsTakenAfterALieAboutIt) {
  Workbench bench;
  bench.use_rule();
  const auto crash = bench.crash();
  bench.running[1234] = {"alice", *crash.process_start};
  bench.hand_over_as("eve", bench.crash(1234, Source::AeDebug));
  EXPECT_EQ(bench.inbox.scan().captured, 0u);
  bench.hand_over(crash);
  EXPECT_EQ(bench.inbox.scan().captured, 1u);
  EXPECT_EQ(bench.rows().size(), 1u);
}

TEST(InboxTrust, TheOwnerOfAProcessThatAeDebugHoldsIsBelieved) {
  Workbench bench;
  bench.use_rule();
  const auto crash = bench.crash(1234, Source::AeDebug);
  bench.running[1234] = {"alice", *crash.process_start};
  bench.hand_over_as("alice", crash);
  EXPECT_EQ(bench.inbox.scan().captured, 1u);
}

TEST(InboxTrust, AnAdministratorIsBelievedOfEveryProcess) {
  Workbench bench;
  bench.use_rule();
  const auto crash = bench.crash(1234, Source::AeDebug);
  bench.running[1234] = {"alice", *crash.process_start};
  bench.hand_over(crash);
  EXPECT_EQ(bench.inbox.scan().captured, 1u);
}

TEST(InboxTrust, AProcessThatIsGoneOrCannotBeOpenedTellsNothing) {
  Workbench bench;
  bench.use_rule();
  bench.hand_over_as("alice", bench.crash(1, Source::AeDebug), "gone");
  const auto closed = bench.crash(2, Source::AeDebug);
  bench.running[2] = {"", *closed.process_start};
  bench.hand_over_as("alice", closed, "closed");
  EXPECT_EQ(bench.inbox.scan().captured, 2u);
}

TEST(InboxTrust, TheNextProcessWithTheSameIdIsAnotherOne) {
  Workbench bench;
  bench.use_rule();
  const auto crash = bench.crash(1234, Source::AeDebug);
  bench.running[1234] = {"bob", *crash.process_start + Microseconds{1'000'000}};
  bench.hand_over_as("alice", crash);
  EXPECT_EQ(bench.inbox.scan().captured, 1u);
}

TEST(InboxTrust, ANamedDumpOfSomebodyElsesRunningProcessIsRefused) {
  Workbench bench;
  bench.use_rule();
  bench.running[1234] = {"alice", bench.clock.now()};
  bench.files.files["orders.exe.1234.dmp"] = {
      .content = "MDMP", .modified = bench.clock.now(), .owner = "eve"};
  (void)bench.inbox.scan();  // sees its size
  bench.clock.pass(bench.settings.poll_interval);
  EXPECT_EQ(bench.inbox.scan().captured, 0u);
  EXPECT_TRUE(bench.files.files.empty());
  EXPECT_TRUE(bench.rows().empty());
}

TEST(InboxTrust, ADumpOfAProcessYetToComeIsRefused) {
  Workbench bench;
  bench.use_rule();
  auto crash = bench.crash(1, Source::AeDebug);
  crash.process_start.reset();
  bench.hand_over_as("eve", crash, "whenever");
  crash.process_start = bench.clock.now() + Microseconds{1};
  bench.hand_over_as("eve", crash, "later");
  (void)bench.inbox.scan();  // what is left is what counts
  EXPECT_TRUE(bench.rows().empty());
  EXPECT_TRUE(bench.files.files.empty());
}

TEST(InboxTrust, WhatOnlyAnAttachedDumperSeesIsTakenFromTheServicesOwn) {
  for (const auto kind : {store::Kind::Exception, store::Kind::Module, store::Kind::ThreadEnd,
                          store::Kind::ThreadStart}) {
    Workbench bench;
    bench.use_rule();
    auto signal = bench.crash(1234, Source::AeDebug);
    signal.kind = kind;
    bench.hand_over_as("alice", signal);
    EXPECT_EQ(bench.inbox.scan().captured, 0u);
    EXPECT_EQ(bench.lines->count("only the service attaches dumpers"), 1u)
        << store::to_string(kind);
  }
}

TEST(InboxTrust, AStrangersDumpWaitsForTheOneOfTheServicesOwnDumper) {
  Workbench bench;
  bench.use_rule();
  const auto crash = bench.crash();
  ASSERT_TRUE(bench.desk.take(crash).ok());
  bench.hand_over_as("eve", bench.crash(1234, Source::AeDebug));
  auto outcome = bench.inbox.scan();
  EXPECT_EQ(outcome.captured, 0u);
  EXPECT_TRUE(outcome.waiting);
  bench.hand_over(crash, "z-ours");
  EXPECT_EQ(bench.inbox.scan().captured, 1u);
  EXPECT_TRUE(bench.inbox.scan().captured == 0 && bench.files.files.empty());
  EXPECT_EQ(bench.files.moved.begin()->second, "\x28\xb5\x2f\xfd compressed");
  EXPECT_EQ(bench.rows().size(), 1u);
}

TEST(InboxTrust, AStrangersDumpIsTakenWhenTheServicesOwnDumperBroughtNone) {
  Workbench bench;
  bench.use_rule();
  const auto verdict = bench.desk.take(bench.crash());
  ASSERT_TRUE(verdict.ok());
  bench.hand_over_as("alice", bench.crash(1234, Source::AeDebug));
  EXPECT_TRUE(bench.inbox.scan().waiting);
  bench.desk.give_up(verdict->id, "its dumper has ended");
  EXPECT_EQ(bench.inbox.scan().captured, 1u);
}

TEST(InboxTrust, AStrangersDumpIsTakenWhenTheServicesOwnDumperIsOverdue) {
  Workbench bench;
  bench.use_rule();
  ASSERT_TRUE(bench.desk.take(bench.crash()).ok());
  bench.hand_over_as("alice", bench.crash(1234, Source::AeDebug));
  EXPECT_TRUE(bench.inbox.scan().waiting);
  bench.clock.pass(bench.settings.join_window * 2);
  ASSERT_TRUE(bench.desk.skip_overdue().ok());
  EXPECT_EQ(bench.inbox.scan().captured, 1u);
}

TEST(InboxTrust, LongTextsOfPeopleAreCut) {
  Workbench bench;
  bench.use_rule();
  auto crash = bench.crash(1234, Source::AeDebug);
  crash.command_line = std::string(1023, 'a') + "\xc3\xa4" + std::string(4'000, 'b');
  crash.detail = std::string(4'000, 'd');
  bench.hand_over_as("eve", crash);
  crash.pid = ProcessId{1235};
  bench.hand_over(crash);
  EXPECT_EQ(bench.inbox.scan().captured, 2u);
  for (const auto& row : bench.rows()) {
    const bool theirs = row.pid == ProcessId{1234};
    EXPECT_EQ(row.command_line.size(), theirs ? 1023u : 5'025u);
    EXPECT_EQ(bench.store.signals(row.id)->front().detail.size(), theirs ? 1024u : 4'000u);
  }
}

TEST(InboxTrust, WhatOnePersonBringsWithinAnHourIsBounded) {
  Workbench bench;
  const auto bring = [&](const std::string& owner, std::uint32_t pid) {
    capture::InboxEvent event;
    event.signal = bench.crash(pid, Source::AeDebug);
    bench.files.files["x.event.json"] = {
        .content = capture::to_json(event), .modified = bench.clock.now(), .owner = owner};
    (void)bench.inbox.scan();  // the rows are what counts
    EXPECT_TRUE(bench.files.files.empty());
  };
  const auto rows = [&] {
    const auto counts = bench.store.counts();
    return counts->skipped + counts->observed;
  };
  for (std::uint32_t i = 0; i < HourlyLimit::kPerHour + 3; ++i) bring("eve", 1 + i);
  EXPECT_EQ(rows(), HourlyLimit::kPerHour);
  EXPECT_EQ(bench.lines->count("eve has handed over 500 times within an hour"), 1u);
  bring("alice", 9'000);
  EXPECT_EQ(rows(), HourlyLimit::kPerHour + 1);
  bench.clock.pass(Microseconds{3'600'000'000});
  bring("eve", 9'001);
  EXPECT_EQ(rows(), HourlyLimit::kPerHour + 2);
}

}  // namespace
}  // namespace vigil::service
