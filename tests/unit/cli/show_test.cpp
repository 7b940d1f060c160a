// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <gmock/gmock.h>

#include "report/report.h"
#include "unit/cli/cli_fixture.h"

namespace vigil::cli {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class Show : public CliTest {
 protected:
  static std::string report_json() {
    report::Report report;
    report.synopsis = "Orders.exe read 8 bytes at 0x18 through a null pointer";
    report.process.name = "Orders.exe";
    return report::to_json(report, false);
  }
};

TEST_F(Show, TellsTheWholeStory) {
  auto store = open();
  finish(store, crash(), report_json());
  auto exit = crash(kMorning + Microseconds(250'000));
  exit.process_start = crash().process_start;
  exit.source = store::Source::ExitWatch;
  exit.exception_code.reset();
  exit.fault_key.clear();
  exit.detail.clear();
  exit.exit_code = 0xc0000005;
  record(store, exit);
  const auto output = vigil({"show", "1"});
  EXPECT_EQ(output.code, ExitCode::Ok);
  EXPECT_THAT(output.out,
              StartsWith(fmt::format(R"(Capture 1: Orders.exe (pid 1234): ACCESS_VIOLATION
  when        2026-11-21 03:04:05Z
  state       done
  rule        orders-crash
  decision    rule orders-crash: mini dump
  path        C:\orders\Orders.exe
  command     Orders.exe --fast
  started     2026-11-21 02:02:02Z, 1h 02m before
  exit code   0xc0000005 (ACCESS_VIOLATION)
  signature   orders!Cart::total | ACCESS_VIOLATION
  dump        {} (mini 33.0 KiB)
  seen by     aedebug     2026-11-21 03:04:05Z, ACCESS_VIOLATION, at c0000005|orders.dll+1a2b, second chance
              exit-watch  2026-11-21 03:04:05Z, exit code 0xc0000005 (ACCESS_VIOLATION)

)",
                                     utf8_from_path(folder / "2026" / "11" / "1-Orders.exe.dmp"))));
  EXPECT_THAT(output.out, HasSubstr("read 8 bytes at 0x18 through a null pointer"));
}

TEST_F(Show, TellsWhatWasDoneAfterIt) {
  auto store = open();
  const auto id = finish(store, crash(), report_json());
  const rules::Decision decision{.dump = rules::DumpKind::Mini,
                                 .rule = "orders-crash",
                                 .reason = "rule orders-crash: mini dump"};
  const std::vector<store::PlannedAction> planned = {
      {.kind = "webhook", .spec = "{}", .give_up_at = kMorning + kWindow},
      {.kind = "run", .spec = "{}", .give_up_at = kMorning, .once = true}};
  ASSERT_TRUE(store.set_decision(id, decision, planned).ok());
  const auto claimed = store.claim_action(false, kMorning, kMorning + kWindow);
  ASSERT_TRUE(claimed.ok() && claimed->has_value());
  ASSERT_TRUE(store
                  .finish_action((*claimed)->id, store::ActionState::Done,
                                 "https://hooks.example.com took it", kMorning)
                  .ok());
  EXPECT_THAT(vigil({"show", "1"}).out, HasSubstr(R"(
  then        webhook: done, https://hooks.example.com took it
              run: waiting
)"));
  const auto actions = vigil_json({"show", "1"})["actions"];
  ASSERT_EQ(actions.size(), 2u);
  EXPECT_EQ(actions[0]["state"], "done");
  EXPECT_EQ(actions[1], (nlohmann::json{{"kind", "run"}, {"state", "waiting"}, {"attempts", 0}}));
}

TEST_F(Show, KnowsTheLast) {
  auto store = open();
  record(store, crash(kMorning + Microseconds(60'000'000), 1));
  record(store, crash(kMorning, 2));
  EXPECT_THAT(vigil({"show", "last"}).out, StartsWith("Capture 1: "));
}

TEST_F(Show, CountsTheCapturesOfTheSameSignature) {
  auto store = open();
  finish(store, crash(kMorning, 1), "{}");
  finish(store, crash(kMorning + Microseconds(60'000'000), 2), "{}");
  EXPECT_THAT(vigil({"show", "2"}).out,
              HasSubstr("ACCESS_VIOLATION (2 captures since 2026-11-21 03:04:05Z)"));
}

TEST_F(Show, SaysWhyThereIsNoReport) {
  auto store = open();
  ASSERT_TRUE(
      store.skip(record(store, crash()), "rule r: per_hour limit of 6 reached", kMorning).ok());
  const auto output = vigil({"show", "1"});
  EXPECT_EQ(output.code, ExitCode::Ok);
  EXPECT_THAT(output.out, HasSubstr("  reason      rule r: per_hour limit of 6 reached\n"));
  EXPECT_THAT(output.out, HasSubstr("  dump        none\n"));
  EXPECT_THAT(output.out, HasSubstr("There is no report of this capture."));
}

TEST_F(Show, AsJsonHasCaptureSignalsAndReport) {
  auto store = open();
  finish(store, crash(), report_json());
  const auto story = vigil_json({"show", "last"});
  EXPECT_EQ(story["capture"]["id"], 1);
  EXPECT_EQ(story["signals"].size(), 1u);
  EXPECT_EQ(story["signals"][0]["source"], "aedebug");
  EXPECT_EQ(story["signals"][0]["detail"], "second chance");
  EXPECT_EQ(story["report"]["synopsis"], "Orders.exe read 8 bytes at 0x18 through a null pointer");
}

TEST_F(Show, AsJsonLeavesAReportOutThatThereIsNot) {
  auto store = open();
  record(store, crash());
  EXPECT_FALSE(vigil_json({"show", "1"}).contains("report"));
}

TEST_F(Show, TellsWhatItCanOfADamagedReport) {
  auto store = open();
  finish(store, crash(), "{not json");
  auto output = vigil({"show", "1"});
  EXPECT_EQ(output.code, ExitCode::Partial);
  EXPECT_THAT(output.out, StartsWith("Capture 1: "));
  EXPECT_THAT(output.err, HasSubstr("the report of capture 1 cannot be read"));
  output = vigil({"show", "1", "--json"});
  EXPECT_EQ(output.code, ExitCode::Partial);
  EXPECT_EQ(nlohmann::json::parse(output.out)["capture"]["id"], 1);
}

TEST_F(Show, DisarmsWhatAProcessCallsItself) {
  auto store = open();
  auto hostile = crash();
  hostile.command_line = hostile.path = hostile.detail = hostile.process = "\x1b]0;owned\x07\nfake";
  finish(store, hostile, report_json());
  const auto output = vigil({"show", "1"});
  EXPECT_THAT(output.out, Not(HasSubstr("\x1b")));
  EXPECT_THAT(output.out, Not(HasSubstr("\nfake")));
}

TEST_F(Show, SaysThatThereIsNoSuchCapture) {
  open();
  auto output = vigil({"show", "7"});
  EXPECT_EQ(output.code, ExitCode::NotFound);
  EXPECT_THAT(output.err, HasSubstr("there is no capture 7"));
  output = vigil({"show", "last"});
  EXPECT_EQ(output.code, ExitCode::NotFound);
  EXPECT_THAT(output.err, HasSubstr("there is no capture yet"));
}

TEST_F(Show, RefusesWhatIsNoId) {
  open();
  for (const auto* id : {"seven", "7x", "1e3", "99999999999999999999"}) {
    const auto output = vigil({"show", id});
    EXPECT_EQ(output.code, ExitCode::Usage) << id;
    EXPECT_THAT(output.err, HasSubstr("is no id: write a number from vigil list, or last")) << id;
  }
}

}  // namespace
}  // namespace vigil::cli
