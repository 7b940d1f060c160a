// SPDX-License-Identifier: Apache-2.0
#include "inbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/service/workbench.h"

namespace vigil::service {
namespace {

using store::State;
using test::Workbench;
using ::testing::HasSubstr;

constexpr Microseconds kMinute{60'000'000};

TEST(Inbox, AHandedOverDumpBecomesACapturedRow) {
  Workbench bench;
  bench.use_rule();
  bench.hand_over(bench.crash());
  const auto outcome = bench.inbox.scan();
  EXPECT_EQ(outcome.captured, 1u);
  EXPECT_FALSE(outcome.waiting);
  const auto rows = bench.rows();
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].state, State::Captured);
  EXPECT_EQ(rows[0].dump_file, "dumps/2026/11/1-orders.exe-1234.dmp.zst");
  EXPECT_TRUE(bench.files.moved.contains(rows[0].dump_file));
  EXPECT_TRUE(bench.files.files.empty());
}

TEST(Inbox, ARefusedDumpIsRemovedAndTheRowSaysWhy) {
  Workbench bench;
  bench.hand_over(bench.crash());
  EXPECT_EQ(bench.inbox.scan().captured, 0u);
  EXPECT_EQ(bench.rows()[0].state, State::Skipped);
  EXPECT_EQ(bench.rows()[0].reason, "no rule matches");
  EXPECT_TRUE(bench.files.files.empty());
  EXPECT_TRUE(bench.files.moved.empty());
}

TEST(Inbox, ALieAboutWhoDecidedChangesNothing) {
  Workbench bench;
  auto event = capture::InboxEvent{};
  event.signal = bench.crash(1234, store::Source::AeDebug);
  event.dump_file = "a.dmp";
  event.decided = true;
  bench.files.files["a.dmp"] = {"MDMP", bench.clock.now()};
  bench.files.files["a.event.json"] = {capture::to_json(event), bench.clock.now()};
  EXPECT_EQ(bench.inbox.scan().captured, 0u);
  EXPECT_EQ(bench.rows()[0].reason, "no rule matches");
}

TEST(Inbox, TheDecisionMadeWhenTheDumperAskedStands) {
  Workbench bench;
  bench.use_rule({.per_hour = 1});
  const auto crash = bench.crash();
  ASSERT_TRUE(bench.desk.take(crash).ok());
  bench.hand_over(crash);
  EXPECT_EQ(bench.inbox.scan().captured, 1u);
}

TEST(Inbox, ADumpOfWindowsErrorReportingWaitsUntilItHasStoodStill) {
  Workbench bench;
  bench.use_rule();
  const Timestamp start{bench.clock.now().us - 5'000'000};
  bench.processes[1234] = {start, {"orders.exe", "C:\\orders.exe", "orders.exe -x"}};
  auto& file = bench.files.files["orders.exe.1234.dmp"];
  file = {"MD", bench.clock.now()};
  EXPECT_TRUE(bench.inbox.scan().waiting);
  bench.clock.pass(bench.settings.poll_interval);
  file.content = "MDMP and more";
  EXPECT_TRUE(bench.inbox.scan().waiting);
  bench.clock.pass(bench.settings.poll_interval);
  const auto outcome = bench.inbox.scan();
  EXPECT_EQ(outcome.captured, 1u);
  const auto rows = bench.rows();
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].process_start, start);
  EXPECT_EQ(rows[0].path, "C:\\orders.exe");
  EXPECT_EQ(rows[0].dump_file, "dumps/2026/11/1-orders.exe-1234.dmp");
}

TEST(Inbox, ADumpThatSomebodyStillWritesIsLeftAlone) {
  Workbench bench;
  bench.use_rule();
  bench.files.files["orders.exe.1234.dmp"] = {"MDMP", bench.clock.now(), false, true};
  for (int look = 0; look < 3; ++look) {
    EXPECT_TRUE(bench.inbox.scan().waiting);
    bench.clock.pass(bench.settings.poll_interval);
  }
  EXPECT_TRUE(bench.rows().empty());
  EXPECT_EQ(bench.files.files.size(), 1u);
}

TEST(Inbox, ADumpOfItsDumperIsNotTakenBeforeItsEventFile) {
  Workbench bench;
  bench.use_rule();
  bench.hand_over(bench.crash());
  auto event = bench.files.files.extract("orders.exe-1234.event.json");
  EXPECT_TRUE(bench.inbox.scan().waiting);
  EXPECT_TRUE(bench.inbox.scan().waiting);
  EXPECT_TRUE(bench.rows().empty());
  bench.files.files.insert(std::move(event));
  EXPECT_EQ(bench.inbox.scan().captured, 1u);
}

TEST(Inbox, AnAdministratorsDumpIsTakenUnderItsOwnName) {
  Workbench bench;
  bench.files.files["from the customer.dmp"] = {"MDMP", bench.clock.now(), true};
  bench.clock.pass(2 * kMinute);
  EXPECT_TRUE(bench.inbox.scan().waiting);
  bench.clock.pass(bench.settings.poll_interval);
  EXPECT_EQ(bench.inbox.scan().captured, 1u);
  EXPECT_EQ(bench.rows()[0].kind, store::Kind::Manual);
  EXPECT_EQ(bench.rows()[0].process, "from the customer");
  EXPECT_EQ(bench.rows()[0].dump_file, "dumps/2026/11/1-from_the_customer-0.dmp");
}

TEST(Inbox, TwoDroppedDumpsAreTwoRows) {
  Workbench bench;
  bench.files.files["a.dmp"] = {"MDMP", bench.clock.now(), true};
  bench.files.files["b.dmp"] = {"MDMP", bench.clock.now(), true};
  bench.clock.pass(2 * kMinute);
  (void)bench.inbox.scan();  // sees their sizes
  bench.clock.pass(bench.settings.poll_interval);
  EXPECT_EQ(bench.inbox.scan().captured, 2u);
  EXPECT_EQ(bench.rows().size(), 2u);
}

TEST(Inbox, SomebodysDumpWithoutAProcessIsRefused) {
  Workbench bench;
  bench.files.files["mine.dmp"] = {"MDMP", bench.clock.now(), false};
  bench.clock.pass(2 * kMinute);
  (void)bench.inbox.scan();  // sees its size
  bench.clock.pass(bench.settings.poll_interval);
  (void)bench.inbox.scan();
  EXPECT_TRUE(bench.files.files.empty());
  EXPECT_TRUE(bench.rows().empty());
}

TEST(Inbox, OnlyAnAdministratorMayAskForADump) {
  Workbench bench;
  auto manual = bench.crash();
  manual.kind = store::Kind::Manual;
  manual.source = store::Source::Manual;
  bench.hand_over(manual);
  bench.files.files["orders.exe-1234.event.json"].from_administrator = false;
  bench.files.files["orders.exe-1234.dmp.zst"].from_administrator = false;
  EXPECT_EQ(bench.inbox.scan().captured, 0u);
  EXPECT_TRUE(bench.rows().empty());
  EXPECT_TRUE(bench.files.files.empty());
  EXPECT_EQ(bench.lines->count("only an administrator"), 1u);
}

TEST(Inbox, AForgedEventCannotRemoveAnotherOnesDump) {
  Workbench bench;
  auto event = capture::InboxEvent{};
  event.signal = bench.crash();
  event.signal.kind = store::Kind::Manual;
  event.signal.source = store::Source::Manual;
  event.dump_file = "theirs.dmp";
  bench.files.files["theirs.dmp"] = {"MDMP", bench.clock.now(), true};
  bench.files.files["theirs.event.json"] = {capture::to_json(event), bench.clock.now(), false};
  (void)bench.inbox.scan();  // what is left is what counts
  EXPECT_TRUE(bench.files.files.contains("theirs.dmp"));
  EXPECT_FALSE(bench.files.files.contains("theirs.event.json"));
}

TEST(Inbox, AnEventCannotClaimTheDumpOfSomebodyElse) {
  Workbench bench;
  bench.use_rule();
  auto event = capture::InboxEvent{};
  event.signal = bench.crash(1234, store::Source::AeDebug);
  event.dump_file = "orders.exe.99.dmp";
  bench.files.files["orders.exe.99.dmp"] = {"MDMP", bench.clock.now(), true};
  bench.files.files["orders.exe.99.event.json"] = {capture::to_json(event), bench.clock.now(),
                                                   false};
  EXPECT_EQ(bench.inbox.scan().captured, 0u);
  EXPECT_TRUE(bench.files.files.contains("orders.exe.99.dmp"));
  EXPECT_EQ(bench.rows()[0].reason, "the dump beside its event file is somebody else's");
}

TEST(Inbox, AnEventCannotNameADumpThatIsNotBesideIt) {
  Workbench bench;
  bench.use_rule();
  bench.hand_over(bench.crash());
  auto event = bench.files.files.extract("orders.exe-1234.event.json");
  event.key() = "other.event.json";
  bench.files.files.insert(std::move(event));
  EXPECT_EQ(bench.inbox.scan().captured, 0u);
  EXPECT_EQ(bench.lines->count("not beside it"), 1u);
  EXPECT_TRUE(bench.rows().empty());
}

TEST(Inbox, OnlyTheServicesDumpersMayClaimToBeAttached) {
  Workbench bench;
  bench.use_rule();
  bench.hand_over(bench.crash());
  bench.files.files["orders.exe-1234.event.json"].from_administrator = false;
  EXPECT_EQ(bench.inbox.scan().captured, 0u);
  EXPECT_TRUE(bench.rows().empty());
}

// What a kill leaves behind, at each of the points at which it can come.

TEST(Inbox, AfterAKillBeforeTheMoveTheDumpIsTakenOnce) {
  Workbench bench;
  bench.use_rule();
  const auto crash = bench.crash();
  bench.hand_over(crash);
  const auto verdict = bench.desk.take(crash);
  ASSERT_TRUE(verdict.ok());
  ASSERT_TRUE(bench.store
                  .begin_capture(verdict->id, "orders.exe-1234.dmp.zst", "dumps/x.dmp.zst",
                                 bench.clock.now())
                  .ok());
  const store::Store::FileProbe files{
      .dump_size = [](const std::string&) { return std::optional<std::uint64_t>{}; },
      .in_inbox = [&](const std::string& name) { return bench.files.files.contains(name); }};
  ASSERT_TRUE(bench.store.recover(files, 3, bench.clock.now()).ok());
  EXPECT_EQ(bench.inbox.scan().captured, 1u);
  EXPECT_EQ(bench.rows().size(), 1u);
  EXPECT_EQ(bench.rows()[0].state, State::Captured);
}

TEST(Inbox, AfterAKillBehindTheMoveTheEventFileIsOnlyRemoved) {
  Workbench bench;
  bench.use_rule();
  const auto crash = bench.crash();
  bench.hand_over(crash);
  auto event = bench.files.files.at("orders.exe-1234.event.json");
  ASSERT_EQ(bench.inbox.scan().captured, 1u);
  bench.files.files["orders.exe-1234.event.json"] = event;
  const auto outcome = bench.inbox.scan();
  EXPECT_EQ(outcome.captured, 0u);
  EXPECT_FALSE(outcome.waiting);
  EXPECT_TRUE(bench.files.files.empty());
  ASSERT_EQ(bench.rows().size(), 1u);
  EXPECT_EQ(bench.rows()[0].state, State::Captured);
}

TEST(Inbox, AfterAKillAManualDumpIsStillOneRow) {
  Workbench bench;
  auto manual = bench.crash();
  manual.kind = store::Kind::Manual;
  manual.source = store::Source::Manual;
  bench.hand_over(manual);
  ASSERT_TRUE(bench.desk.take_manual(manual, rules::DumpKind::Mini).ok());
  EXPECT_EQ(bench.inbox.scan().captured, 1u);
  EXPECT_EQ(bench.rows().size(), 1u);
}

TEST(Inbox, ASecondDumpOfTheSameDeathIsRemoved) {
  Workbench bench;
  bench.use_rule();
  const auto crash = bench.crash();
  bench.hand_over(crash, "first");
  ASSERT_EQ(bench.inbox.scan().captured, 1u);
  bench.hand_over(crash, "second");
  EXPECT_EQ(bench.inbox.scan().captured, 0u);
  EXPECT_TRUE(bench.files.files.empty());
  EXPECT_EQ(bench.rows().size(), 1u);
  EXPECT_EQ(bench.files.moved.size(), 1u);
}

TEST(Inbox, ALateDumpTakesASkippedRowUpAgain) {
  Workbench bench;
  bench.use_rule();
  const auto crash = bench.crash();
  ASSERT_TRUE(bench.desk.take(crash).ok());
  bench.clock.pass(2 * kMinute);
  ASSERT_TRUE(bench.desk.skip_overdue().ok());
  ASSERT_EQ(bench.rows()[0].state, State::Skipped);
  bench.hand_over(crash);
  EXPECT_EQ(bench.inbox.scan().captured, 1u);
  EXPECT_EQ(bench.rows()[0].state, State::Captured);
}

TEST(Inbox, AnEventWithoutADumpSaysWhyThereIsNone) {
  Workbench bench;
  bench.use_rule();
  capture::InboxEvent event;
  event.signal = bench.crash();
  event.signal.detail = "access denied";
  bench.files.files["x.event.json"] = {capture::to_json(event), bench.clock.now(), true};
  EXPECT_EQ(bench.inbox.scan().captured, 0u);
  EXPECT_TRUE(bench.files.files.empty());
  EXPECT_EQ(bench.rows()[0].state, State::Skipped);
  EXPECT_EQ(bench.rows()[0].reason, "access denied");
}

// Junk.

TEST(Inbox, JunkIsRemovedWithALineAndNotLookedAtAgain) {
  Workbench bench;
  bench.files.files["readme.txt"] = {"hello", bench.clock.now()};
  bench.files.files["broken.event.json"] = {"{", bench.clock.now()};
  bench.files.files["long.event.json"] = {std::string(capture::kMaxEventBytes + 1, ' '),
                                          bench.clock.now()};
  bench.files.files["link.event.json"] = {"{}", bench.clock.now(), false, false, false};
  const auto outcome = bench.inbox.scan();
  EXPECT_FALSE(outcome.waiting);
  EXPECT_TRUE(bench.files.files.empty());
  EXPECT_EQ(bench.lines->lines.size(), 4u);
  EXPECT_TRUE(bench.rows().empty());
}

TEST(Inbox, ADumpThatDoesNotBeginLikeOneIsRefused) {
  Workbench bench;
  bench.use_rule();
  bench.files.files["orders.exe.1234.dmp"] = {"MZ not a dump", bench.clock.now()};
  (void)bench.inbox.scan();  // sees its size
  bench.clock.pass(bench.settings.poll_interval);
  EXPECT_FALSE(bench.inbox.scan().waiting);
  EXPECT_TRUE(bench.files.files.empty());
  EXPECT_TRUE(bench.rows().empty());
}

TEST(Inbox, AHandedOverFileThatIsNoDumpLeavesARowThatSaysSo) {
  Workbench bench;
  bench.use_rule();
  bench.hand_over(bench.crash());
  bench.files.files["orders.exe-1234.dmp.zst"].content = "nothing";
  EXPECT_EQ(bench.inbox.scan().captured, 0u);
  EXPECT_EQ(bench.rows()[0].state, State::Skipped);
  EXPECT_THAT(bench.rows()[0].reason, HasSubstr("does not begin like a dump"));
  EXPECT_TRUE(bench.files.files.empty());
}

TEST(Inbox, APartialFileIsLeftAloneUntilItsWriterMustHaveGivenUp) {
  Workbench bench;
  bench.files.files["x.dmp.partial"] = {"MDMP", bench.clock.now()};
  EXPECT_FALSE(bench.inbox.scan().waiting);
  EXPECT_EQ(bench.files.files.size(), 1u);
  bench.clock.pass(bench.settings.capture_timeout);
  (void)bench.inbox.scan();  // what is left is what counts
  EXPECT_TRUE(bench.files.files.empty());
}

TEST(Inbox, AMoveThatFailsIsSaidOnceAndTriedAgain) {
  Workbench bench;
  bench.use_rule();
  bench.hand_over(bench.crash());
  bench.files.move_fails = true;
  for (int look = 0; look < 3; ++look) EXPECT_TRUE(bench.inbox.scan().waiting);
  EXPECT_EQ(bench.lines->count("cannot move"), 1u);
  EXPECT_EQ(bench.rows()[0].state, State::Skipped);
  bench.files.move_fails = false;
  EXPECT_EQ(bench.inbox.scan().captured, 1u);
  EXPECT_EQ(bench.rows()[0].state, State::Captured);
}

TEST(Inbox, AFolderThatCannotBeListedIsSaidOnce) {
  Workbench bench;
  bench.files.list_fails = true;
  EXPECT_TRUE(bench.inbox.scan().waiting);
  EXPECT_TRUE(bench.inbox.scan().waiting);
  EXPECT_EQ(bench.lines->count("cannot list the inbox"), 1u);
}

TEST(Inbox, ATimeToComeIsTakenAsNow) {
  Workbench bench;
  bench.use_rule();
  auto crash = bench.crash();
  crash.at = crash.at + Microseconds{3'600'000'000'000};
  bench.hand_over(crash);
  EXPECT_EQ(bench.inbox.scan().captured, 1u);
  EXPECT_EQ(bench.rows()[0].observed_at, bench.clock.now());
}

TEST(DumpFileName, KeepsOnlyWhatEveryFileSystemTakes) {
  const Timestamp at{1'795'305'600'000'000};
  EXPECT_EQ(dump_file_name({7}, "..\\..\\x y\x1b.exe", ProcessId{9}, at, "a.dmp"),
            "dumps/2026/11/7-.._.._x_y_.exe-9.dmp");
  EXPECT_EQ(dump_file_name({7}, "", ProcessId{9}, at, "a.dmp.zst"),
            "dumps/2026/11/7-unknown-9.dmp.zst");
  EXPECT_EQ(dump_file_name({7}, std::string(300, 'a'), ProcessId{9}, at, "a.dmp"),
            "dumps/2026/11/7-" + std::string(64, 'a') + "-9.dmp");
}

}  // namespace
}  // namespace vigil::service
