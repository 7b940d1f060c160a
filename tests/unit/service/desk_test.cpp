// SPDX-License-Identifier: Apache-2.0
#include "desk.h"

#include <gtest/gtest.h>

#include "unit/service/workbench.h"

namespace vigil::service {
namespace {

using store::State;
using test::Workbench;

TEST(Desk, ANewDeathIsARowWithTheRulesDecision) {
  Workbench bench;
  bench.use_rule();
  const auto verdict = bench.desk.take(bench.crash());
  ASSERT_TRUE(verdict.ok());
  EXPECT_TRUE(verdict->created);
  EXPECT_EQ(verdict->decision.dump, rules::DumpKind::Mini);
  const auto rows = bench.rows();
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].state, State::Observed);
  EXPECT_EQ(rows[0].rule, "orders-crash");
  EXPECT_EQ(bench.lines->count("rule orders-crash: mini dump"), 1u);
}

TEST(Desk, SignalsOfOneDeathAreOneRowAndOneDecision) {
  Workbench bench;
  bench.use_rule();
  const auto crash = bench.crash();
  auto exit = bench.crash(1234, store::Source::ExitWatch);
  exit.exception_code.reset();
  exit.exit_code = 0xc0000005;
  ASSERT_TRUE(bench.desk.take(crash).ok());
  const auto second = bench.desk.take(exit);
  ASSERT_TRUE(second.ok());
  EXPECT_FALSE(second->created);
  EXPECT_EQ(second->decision.dump, rules::DumpKind::Mini);
  EXPECT_EQ(bench.rows().size(), 1u);
  EXPECT_EQ(bench.lines->count("mini dump"), 1u);
}

TEST(Desk, ADecisionThatStandsIsTakenAsItsRuleSays) {
  Workbench bench;
  rules::Rule rule;
  rule.name = "orders-crash";
  rule.match.process.any = {"orders.exe"};
  rule.dump = rules::DumpKind::Custom;
  rule.manner = {
      .custom = 0x1826, .writer = rules::Writer::Dbghelp, .suspend = Microseconds(2'000'000)};
  bench.desk.use_rules({{rule}});
  auto exit = bench.crash(1234, store::Source::ExitWatch);
  exit.exit_code = 0xc0000005;
  for (const auto& signal : {bench.crash(), exit}) {
    const auto verdict = bench.desk.take(signal);
    ASSERT_TRUE(verdict.ok());
    EXPECT_EQ(verdict->decision.dump, rules::DumpKind::Custom);
    EXPECT_EQ(verdict->decision.manner, rule.manner);
  }
  bench.desk.use_rules({});
  const auto without = bench.desk.take(exit);
  ASSERT_TRUE(without.ok());
  EXPECT_EQ(without->decision.manner, rules::Manner{});
}

TEST(Desk, WithoutARuleTheRowIsSkippedAndSaysSo) {
  Workbench bench;
  const auto verdict = bench.desk.take(bench.crash());
  ASSERT_TRUE(verdict.ok());
  EXPECT_EQ(verdict->decision.dump, rules::DumpKind::None);
  EXPECT_EQ(bench.rows()[0].state, State::Skipped);
  EXPECT_EQ(bench.rows()[0].reason, "no rule matches");
}

TEST(Desk, ALimitCountsDumpsThatAreOnlyDecidedOn) {
  Workbench bench;
  bench.use_rule({.per_hour = 2});
  for (const std::uint32_t pid : {4u, 8u, 12u}) ASSERT_TRUE(bench.desk.take(bench.crash(pid)).ok());
  const auto rows = bench.rows();
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[1].state, State::Observed);
  EXPECT_EQ(rows[2].state, State::Skipped);
  EXPECT_EQ(rows[2].reason, "rule orders-crash: per_hour limit of 2 reached");
}

TEST(Desk, DecidesAgainWhenASignalBringsThePlaceOfTheFault) {
  Workbench bench;
  bench.use_rule({.per_signature = 1});
  auto first = bench.crash(4);
  first.fault_key = "c0000005|orders.dll+1a2b";
  ASSERT_TRUE(bench.desk.take(first).ok());
  // The exit watch is first, and knows nothing of places.
  auto exit = bench.crash(8, store::Source::ExitWatch);
  ASSERT_TRUE(bench.desk.take(exit).ok());
  EXPECT_EQ(bench.rows()[1].state, State::Observed);
  auto same = bench.crash(8);
  same.fault_key = first.fault_key;
  const auto verdict = bench.desk.take(same);
  ASSERT_TRUE(verdict.ok());
  EXPECT_EQ(verdict->decision.dump, rules::DumpKind::None);
  EXPECT_EQ(bench.rows()[1].reason, "rule orders-crash: per_signature limit of 1 reached");
}

TEST(Desk, DecidesAgainWhenASignalBringsTheFactsThatARuleNeeds) {
  Workbench bench;
  rules::Rule rule;
  rule.name = "by-path";
  rule.match.path.any = {"*\\orders\\*"};
  bench.desk.use_rules({{rule}});
  ASSERT_TRUE(bench.desk.take(bench.crash()).ok());
  EXPECT_EQ(bench.rows()[0].state, State::Skipped);
  auto knows_path = bench.crash(1234, store::Source::ExitWatch);
  knows_path.path = "C:\\orders\\orders.exe";
  const auto verdict = bench.desk.take(knows_path);
  ASSERT_TRUE(verdict.ok());
  EXPECT_EQ(verdict->decision.rule, "by-path");
  EXPECT_EQ(verdict->decision.dump, rules::DumpKind::Mini);
}

TEST(Desk, TakesNoDumpBelowTheFloorOfFreeDisk) {
  Workbench bench;
  bench.use_rule();
  bench.free_disk = std::uint64_t{512} << 20;
  const auto verdict = bench.desk.take(bench.crash());
  ASSERT_TRUE(verdict.ok());
  EXPECT_EQ(verdict->decision.dump, rules::DumpKind::None);
  EXPECT_EQ(bench.rows()[0].reason,
            "rule orders-crash: low disk: 512 MiB are free and min_free_disk is 1024 MiB");
}

TEST(Desk, TakesNoDumpOfItsOwnPrograms) {
  Workbench bench;
  bench.use_rule();
  auto crash = bench.crash();
  crash.process = "vigil.exe";
  const auto verdict = bench.desk.take(crash);
  ASSERT_TRUE(verdict.ok());
  EXPECT_EQ(verdict->decision.dump, rules::DumpKind::None);
  EXPECT_EQ(bench.rows().size(), 1u);
}

TEST(Desk, AnAdministratorNeedsNoRuleAndMeetsNoLimit) {
  Workbench bench;
  auto manual = bench.crash();
  manual.kind = store::Kind::Manual;
  manual.source = store::Source::Manual;
  const auto verdict = bench.desk.take_manual(manual, rules::DumpKind::Full);
  ASSERT_TRUE(verdict.ok());
  EXPECT_EQ(verdict->decision.dump, rules::DumpKind::Full);
  EXPECT_EQ(bench.rows()[0].state, State::Observed);
}

TEST(Desk, GivesUpARowWhoseDumpDoesNotComeAndSaysWhatWasSeen) {
  Workbench bench;
  bench.use_rule();
  auto exit = bench.crash(1234, store::Source::ExitWatch);
  exit.exception_code.reset();
  exit.exit_code = 0xc0000005;
  ASSERT_TRUE(bench.desk.take(exit).ok());
  bench.clock.pass(bench.settings.join_window / 2);
  ASSERT_TRUE(bench.desk.skip_overdue().ok());
  EXPECT_EQ(bench.rows()[0].state, State::Observed);
  bench.clock.pass(bench.settings.join_window);
  ASSERT_TRUE(bench.desk.skip_overdue().ok());
  EXPECT_EQ(bench.rows()[0].state, State::Skipped);
  EXPECT_EQ(bench.rows()[0].reason,
            "no dump arrived; the exit watch saw exit code 0xc0000005 (ACCESS_VIOLATION)");
}

TEST(Desk, WaitsLongerForADumpThatIsBeingWritten) {
  Workbench bench;
  bench.use_rule();
  const auto verdict = bench.desk.take(bench.crash());
  ASSERT_TRUE(verdict.ok());
  bench.desk.expect_dump(verdict->id, bench.clock.now() + bench.settings.capture_timeout);
  bench.clock.pass(bench.settings.join_window * 2);
  ASSERT_TRUE(bench.desk.skip_overdue().ok());
  EXPECT_EQ(bench.rows()[0].state, State::Observed);
  bench.clock.pass(bench.settings.capture_timeout);
  ASSERT_TRUE(bench.desk.skip_overdue().ok());
  EXPECT_EQ(bench.rows()[0].state, State::Skipped);
}

TEST(Desk, TakesBackAPermissionWithItsReason) {
  Workbench bench;
  bench.use_rule();
  const auto verdict = bench.desk.take(bench.crash());
  ASSERT_TRUE(verdict.ok());
  bench.desk.refuse(verdict->id,
                    {rules::DumpKind::None, "orders-crash", "4 captures are under way", true});
  EXPECT_EQ(bench.rows()[0].state, State::Skipped);
  EXPECT_EQ(bench.rows()[0].reason, "4 captures are under way");
}

TEST(Desk, GivesUpADumpWhoseDumperHasEnded) {
  Workbench bench;
  bench.use_rule();
  const auto verdict = bench.desk.take(bench.crash());
  ASSERT_TRUE(verdict.ok());
  bench.desk.expect_dump(verdict->id, bench.clock.now() + bench.settings.capture_timeout);
  bench.desk.give_up(verdict->id, "its dumper has ended");
  EXPECT_EQ(bench.rows()[0].state, State::Skipped);
  EXPECT_EQ(bench.rows()[0].reason, "its dumper has ended");
}

TEST(Desk, KeepsADumpThatCameBeforeItsDumperEnded) {
  Workbench bench;
  bench.use_rule();
  const auto verdict = bench.desk.take(bench.crash());
  ASSERT_TRUE(verdict.ok());
  ASSERT_TRUE(
      bench.store.begin_capture(verdict->id, "a.dmp", "dumps/a.dmp", bench.clock.now()).ok());
  bench.desk.give_up(verdict->id, "its dumper has ended");
  EXPECT_EQ(bench.rows()[0].state, State::Capturing);
}

TEST(Desk, ThresholdsAreDecidedByTheRuleThatTheyMet) {
  Workbench bench;
  bench.use_rule({.per_hour = 1});
  auto hot = bench.crash(1234, store::Source::Sampler);
  hot.kind = store::Kind::Cpu;
  hot.exception_code.reset();
  hot.detail = "CPU above 85% of the machine for 30s, 97.3% now";
  const auto first = bench.desk.take_threshold(hot, "orders-crash");
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(first->decision.dump, rules::DumpKind::Mini);
  EXPECT_EQ(bench.lines->count(hot.detail), 1u);
  hot.at = hot.at + Microseconds(60'000'000);
  const auto second = bench.desk.take_threshold(hot, "orders-crash");
  ASSERT_TRUE(second.ok());
  EXPECT_NE(second->id, first->id);
  EXPECT_EQ(second->decision.dump, rules::DumpKind::None);
  const auto gone = bench.desk.take_threshold(bench.crash(8, store::Source::Sampler), "removed");
  ASSERT_TRUE(gone.ok());
  EXPECT_EQ(gone->decision.reason, "no rule matches");
}

TEST(Desk, NotesTheCircumstancesOfANewRowOnce) {
  Workbench bench;
  int asked = 0;
  Desk desk{{bench.store,
             bench.clock,
             bench.log,
             bench.settings,
             [] { return Result<std::uint64_t>(std::uint64_t{1} << 40); },
             {},
             {},
             [&](const store::Signal&) {
               ++asked;
               return std::string("{}");
             }}};
  const auto first = desk.take(bench.crash());
  ASSERT_TRUE(first.ok());
  ASSERT_TRUE(desk.take(bench.crash(1234, store::Source::ExitWatch)).ok());
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(bench.store.circumstances(first->id).value(), "{}");
}

}  // namespace
}  // namespace vigil::service
