// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <gmock/gmock.h>

#include "unit/cli/rules_fixture.h"

namespace vigil::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

class RulesReplay : public RulesCommand {
 protected:
  /// What a process did that lives on, with the dump that rule `hot` decided on.
  void keep(const store::Signal& signal, const std::string& by = "hot") {
    const auto id = record(store, signal);
    ASSERT_TRUE(store
                    .set_decision(id, {rules::DumpKind::Mini, by,
                                       fmt::format("rule {}: mini dump", by), false})
                    .ok());
    ASSERT_TRUE(store.begin_capture(id, "", fmt::format("{}.dmp", id.value), kMorning).ok());
  }
  static store::Signal busy(std::uint32_t number = 0) {
    auto signal = crash(kMorning + Microseconds(number * 1'000'000));
    signal.source = store::Source::Sampler;
    signal.kind = store::Kind::Cpu;
    signal.exception_code.reset();
    signal.fault_key.clear();
    return signal;
  }
  static std::string hot(const std::string& match, const std::string& more = "") {
    return "  - name: hot\n    match: { " + match + " }\n    when: { cpu: { above: 90% } }\n" +
           more;
  }

  store::Store store = open();
};

TEST_F(RulesReplay, AThresholdIsTakenAsMetAsItWasRecorded) {
  keep(busy(0));
  keep(busy(1));
  write_rules(hot("process: Orders.exe", "    limits: { lifetime: 1 }\n"));
  const auto said = vigil({"rules", "test"}).out;
  EXPECT_THAT(said, HasSubstr("    now   rule hot: lifetime limit of 1 reached (taken as met, as "
                              "it was recorded)\n"));
  EXPECT_THAT(said, HasSubstr("0 deaths and 2 captures of what lived on replayed, 1 decided "
                              "otherwise; dumps: 2 then, 1 now"));
  EXPECT_THAT(said, HasSubstr("not tested:\n  hot: what would have met it beside what was "
                              "recorded is not known"));
  EXPECT_THAT(said, HasSubstr("taken as met 2 times"));
  const auto json = vigil_json({"rules", "test"});
  EXPECT_EQ(json["events"][1]["taken_as_met"], true);
  EXPECT_EQ(json["not_tested"][0]["rule"], "hot");
}

TEST_F(RulesReplay, ARefusedDeathIsOfTheSignatureOfThoseWithADump) {
  keep(crash(kMorning), "orders");
  finish(store, crash(kMorning + Microseconds(1'000'000), 2), "{}");
  ASSERT_TRUE(store
                  .set_decision(record(store, crash(kMorning + Microseconds(2'000'000), 3)),
                                {rules::DumpKind::None, "orders",
                                 "rule orders: per_signature limit of 2 reached", true})
                  .ok());
  write_rules(rule("orders", "*",
                   "    capture: { dump: mini, new_signature: full }\n"
                   "    limits: { per_signature: 2 }\n"));
  const auto said = vigil({"rules", "test", "--all"}).out;
  EXPECT_THAT(said, HasSubstr("    now   rule orders: full dump, the signature is new\n"));
  EXPECT_THAT(said, HasSubstr("    now   rule orders: per_signature limit of 2 reached\n"));
}

TEST_F(RulesReplay, AThresholdIsNewToTheFirstOfAProgram) {
  keep(busy(0));
  keep(busy(1));
  write_rules(hot("process: Orders.exe", "    capture: { dump: mini, new_signature: full }\n"));
  const auto said = vigil({"rules", "test", "--all"}).out;
  EXPECT_THAT(said, HasSubstr("    now   rule hot: full dump, the first of this program"));
  EXPECT_THAT(said, HasSubstr("    now   rule hot: mini dump (taken as met"));
}

TEST_F(RulesReplay, AThreadThatEndedIsOneOfItsCodeOnly) {
  auto ended = busy();
  ended.source = store::Source::Attach;
  ended.kind = store::Kind::ThreadEnd;
  ended.exit_code = 3;
  keep(ended, "worker");
  const auto worker = [&](const char* codes) {
    write_rules("  - name: worker\n    match: { process: '*' }\n    when: { thread: { ended: " +
                std::string(codes) + " } }\n    capture: { attach: true }\n");
    return vigil({"rules", "test", "--all"}).out;
  };
  EXPECT_THAT(worker("[3, 4]"), HasSubstr("    now   rule worker: mini dump (taken as met"));
  EXPECT_THAT(worker("[0, 4]"), HasSubstr("    now   no rule matches\n"));
}

TEST_F(RulesReplay, AThresholdThatNoRuleAsksForAnyMoreTakesNothing) {
  keep(busy());
  write_rules(rule("crash", "*"));
  EXPECT_THAT(vigil({"rules", "test"}).out, HasSubstr("    now   no rule matches\n"));
}

TEST_F(RulesReplay, ARuleThatAsksForAServiceIsNotKnownToFit) {
  keep(crash(), "default");
  write_rules("  - name: svc\n    match: { service: Orders }\n    when: crash\n" +
              rule("default", "*"));
  const auto said = vigil({"rules", "test", "--all"}).out;
  EXPECT_THAT(said, HasSubstr("    now   not known: rule svc asks for service, which the history "
                              "does not know; if that does not fit: rule default: mini dump\n"));
  EXPECT_THAT(said, HasSubstr("0 decided otherwise, 1 not known;"));
  EXPECT_THAT(said, HasSubstr("  svc: the history does not know its service; 1 decision not known "
                              "for that\n"));
  EXPECT_EQ(vigil_json({"rules", "test"})["not_known"], 1);
}

TEST_F(RulesReplay, ARuleThatIsNotAboutOtherServicesNeedNotFit) {
  keep(crash(), "default");
  write_rules("  - name: no-svc\n    match: { not: { service: Orders } }\n    when: crash\n");
  EXPECT_EQ(vigil_json({"rules", "test"})["events"][0]["known"], false);
}

TEST_F(RulesReplay, WhatDecidedThenIsTakenToHaveFitted) {
  keep(crash(), "svc");
  write_rules(
      "  - name: svc\n    match: { service: Orders }\n    when: crash\n"
      "    capture: { dump: full }\n");
  EXPECT_THAT(vigil({"rules", "test"}).out,
              HasSubstr("    now   rule svc: full dump (taken as met, as it was recorded)\n"));
}

TEST_F(RulesReplay, ADumpByHandIsLeftOut) {
  auto signal = crash();
  signal.kind = store::Kind::Manual;
  keep(signal, "");
  write_rules(rule("crash", "*"));
  const auto said = vigil({"rules", "test"}).out;
  EXPECT_THAT(said, HasSubstr("0 deaths replayed"));
  EXPECT_THAT(said, HasSubstr("1 row left out"));
  EXPECT_THAT(said, Not(HasSubstr("not tested")));
}

TEST_F(RulesReplay, TestCountsWhatWasBeforeItsBegin) {
  finish(store, crash(), {});
  const auto now = SystemClock().now();
  auto again = crash(now - Microseconds(1'000'000), 77);
  const auto id = record(store, again);
  ASSERT_TRUE(store
                  .set_decision(id, {rules::DumpKind::None, "orders-crash",
                                     "rule orders-crash: per_signature limit of 1 reached", true})
                  .ok());
  write_rules(rule("orders-crash", "Orders.exe", "    limits: { lifetime: 1 }\n"));
  EXPECT_EQ(vigil_json({"rules", "test", "--since", "1h ago"})["differ"], 0);
}

TEST_F(RulesReplay, TestSaysWhatNewRulesWouldHaveDone) {
  for (std::uint32_t i = 0; i < 3; ++i) {
    const auto id = record(store, crash(kMorning + Microseconds(i * 1'000'000), 100 + i));
    ASSERT_TRUE(store
                    .set_decision(id, {rules::DumpKind::Mini, "orders-crash",
                                       "rule orders-crash: mini dump", false})
                    .ok());
  }
  write_rules(rule("orders-crash", "Orders.exe", "    limits: { per_hour: 2 }\n"));
  const auto output = vigil({"rules", "test"});
  EXPECT_EQ(output.code, ExitCode::Ok);
  EXPECT_THAT(output.out, HasSubstr("    then  rule orders-crash: mini dump\n"
                                    "    now   rule orders-crash: per_hour limit of 2 reached\n"));
  EXPECT_THAT(output.out,
              HasSubstr("3 deaths replayed, 1 decided otherwise; dumps: 3 then, 2 now, 0 of them "
                        "full\n"));
  EXPECT_EQ(vigil_json({"rules", "test"})["differ"], 1);
}

TEST_F(RulesReplay, TestRefusesRulesThatAreBroken) {
  write_rules("  - nam: a\n");
  EXPECT_EQ(vigil({"rules", "test"}).code, ExitCode::Usage);
  EXPECT_EQ(vigil({"rules", "test", "nowhere.yaml"}).code, ExitCode::NotFound);
}

}  // namespace
}  // namespace vigil::cli
