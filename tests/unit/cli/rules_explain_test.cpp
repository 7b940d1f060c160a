// SPDX-License-Identifier: Apache-2.0
#include <fstream>
#include <string>

#include <gmock/gmock.h>

#include "unit/cli/rules_fixture.h"

namespace vigil::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

/// With another condition than a crash.
std::string rule_when(const std::string& name,
                      const std::string& process,
                      const std::string& when,
                      const std::string& more = "") {
  return "  - name: " + name + "\n    match: { process: '" + process + "' }\n    when: " + when +
         "\n" + more;
}

constexpr const char* kCpu = "{ cpu: { above: 80%, for: 30s } }";

class RulesExplain : public RulesCommand {
 protected:
  std::string explained(const std::string& process) {
    return vigil({"rules", "explain", "--process", process}).out;
  }
  static store::Signal busy() {
    auto signal = crash();
    signal.source = store::Source::Sampler;
    signal.kind = store::Kind::Cpu;
    signal.exception_code.reset();
    signal.fault_key.clear();
    signal.detail = "CPU above 80% of the machine for 30s, 97.3% now";
    return signal;
  }
};

TEST_F(RulesExplain, ExplainGoesClauseByClauseToTheRuleThatDecides) {
  open();
  write_rules(rule("other", "Billing.exe") +
              rule("orders-crash", "Orders*", "    limits: { per_hour: 6 }\n") +
              rule("behind", "*"));
  const auto output = vigil({"rules", "explain", "--process", "Orders.exe"});
  EXPECT_EQ(output.code, ExitCode::Ok);
  EXPECT_THAT(output.out, HasSubstr("Orders.exe: crash\n"));
  EXPECT_THAT(output.out, HasSubstr("    no   process           Billing.exe  ← Orders.exe\n"));
  EXPECT_THAT(output.out, HasSubstr("    yes  process           Orders*  ← Orders.exe\n"));
  EXPECT_THAT(output.out, HasSubstr("    → rule orders-crash: mini dump\n"));
  EXPECT_THAT(output.out, HasSubstr("1 rule behind it is not asked\n"));
}

TEST_F(RulesExplain, ExplainOfACaptureSaysWhatWasDecidedThen) {
  auto store = open();
  const auto id = finish(store, crash(), {});
  write_rules(rule("orders-crash", "Orders*", "    limits: { per_signature: 1 }\n"));
  const auto output = vigil({"rules", "explain", std::to_string(id.value)});
  EXPECT_THAT(output.out, HasSubstr("decided then: rule orders-crash: mini dump\n"));
  EXPECT_THAT(output.out, HasSubstr("crash ACCESS_VIOLATION"));
  const auto json = vigil_json({"rules", "explain", "last"});
  EXPECT_EQ(json["decided_then"], "rule orders-crash: mini dump");
  EXPECT_EQ(json["rules"][0]["decision"]["dump"], "mini");
}

TEST_F(RulesExplain, ExplainOfAnExitAsksForItsCode) {
  write_rules(
      "  - name: gave-up\n    match: { process: x.exe }\n    when: { exit: { codes: [3] } }\n");
  EXPECT_THAT(vigil({"rules", "explain", "--process", "x.exe", "--exit", "3"}).out,
              HasSubstr("→ rule gave-up: mini dump"));
  EXPECT_THAT(vigil({"rules", "explain", "--process", "x.exe", "--exit", "4"}).out,
              HasSubstr("no rule matches"));
  EXPECT_EQ(vigil({"rules", "explain", "--process", "x.exe", "--exit", "zebra"}).code,
            ExitCode::Usage);
  EXPECT_EQ(vigil({"rules", "explain"}).code, ExitCode::Usage);
}

TEST_F(RulesExplain, ARuleForCrashesHidesNoneOfLivingProcesses) {
  write_rules(rule("first", "*") + rule_when("hot", "Orders*", kCpu) +
              rule_when("raised", "*", "{ exception: { codes: [0xe0001234] } }",
                        "    capture: { attach: true }\n"));
  const auto said = explained("Orders.exe");
  EXPECT_THAT(said, HasSubstr("Orders.exe: while it runs\n"));
  EXPECT_THAT(said, HasSubstr("    ?    when              CPU above 80% of the machine for 30s"));
  EXPECT_THAT(said, HasSubstr("    → if so: rule hot: mini dump\n"));
  EXPECT_THAT(said, HasSubstr("Orders.exe: while it runs, attached to\n"));
  EXPECT_THAT(said, HasSubstr("    → if so: rule raised: mini dump\n"));
  EXPECT_THAT(said, Not(HasSubstr("not asked")));
}

TEST_F(RulesExplain, ThreadsAreSeenWhileAttachedAndNotAtTheEnd) {
  write_rules(
      rule_when("worker", "*", "{ thread: { ended: [3] } }", "    capture: { attach: true }\n") +
      rule_when("injected", "*", "{ thread: { started_in: 'inject*.dll' } }",
                "    capture: { attach: true }\n"));
  const auto said = explained("Orders.exe");
  EXPECT_THAT(said, HasSubstr("Orders.exe: while it runs, attached to\n"));
  EXPECT_THAT(said, HasSubstr("when              a thread ends with 3"));
  EXPECT_THAT(said, HasSubstr("when              a thread starts in inject*.dll"));
  EXPECT_THAT(said, HasSubstr("    → if so: rule worker: mini dump\n"));
  EXPECT_THAT(vigil({"rules", "explain", "--process", "x.exe", "--exit", "3"}).out,
              HasSubstr("no rule matches"));
}

TEST_F(RulesExplain, ARuleThatNoCrashCanMeetIsNotAskedAboutOne) {
  write_rules(rule_when("hot", "*", kCpu) +
              rule_when("hot-crash", "*", std::string("{ all: [crash, ") + kCpu + "] }"));
  const auto json = vigil_json({"rules", "explain", "--process", "Orders.exe"});
  ASSERT_EQ(json["rules"].size(), 1u);
  EXPECT_EQ(json["rules"][0]["name"], "hot-crash");
  EXPECT_EQ(json["rules"][0]["met"], "unknown");
  EXPECT_EQ(json["rules"][0]["decision"]["dump"], "mini");
  ASSERT_EQ(json["occasions"].size(), 2u);
  EXPECT_EQ(json["occasions"][1]["occasion"], "while it runs");
  EXPECT_EQ(json["occasions"][1]["rules"][0]["name"], "hot");
}

TEST_F(RulesExplain, ARuleThatIsThrottledSaysSoThoughItsConditionIsNotKnown) {
  auto store = open();
  const auto id = record(store, busy());
  ASSERT_TRUE(
      store.set_decision(id, {rules::DumpKind::Mini, "hot", "rule hot: mini dump", false}).ok());
  ASSERT_TRUE(store.begin_capture(id, "", "a.dmp", kMorning).ok());
  write_rules(rule_when("hot", "*", kCpu, "    limits: { lifetime: 1 }\n"));
  EXPECT_THAT(explained("Orders.exe"), HasSubstr("→ if so: rule hot: lifetime limit of 1 reached"));
}

TEST_F(RulesExplain, AnExitHasItsOwnHeading) {
  write_rules(rule_when("gave-up", "*", "{ exit: { codes: [3] } }"));
  const auto said = explained("x.exe");
  EXPECT_THAT(said, HasSubstr("x.exe: exit\n"));
  EXPECT_THAT(said, HasSubstr("→ if so: rule gave-up: mini dump"));
}

TEST_F(RulesExplain, NothingIsTakenOfVigilsOwnPrograms) {
  write_rules(rule("all", "*") + rule_when("hot", "*", kCpu));
  const auto said = explained("Vigil-Service.exe");
  EXPECT_THAT(said, HasSubstr("one of Vigil's own programs"));
  EXPECT_THAT(said, HasSubstr("→ Vigil takes no dumps of its own programs"));
  EXPECT_THAT(said, Not(HasSubstr("mini dump")));
}

TEST_F(RulesExplain, WhatWindowsCannotDoWithoutIsNeitherMeasuredNorAttachedTo) {
  write_rules(rule("all", "*") + rule_when("hot", "*", kCpu));
  const auto said = explained("lsass.exe");
  EXPECT_THAT(said, HasSubstr("Windows cannot do without it: nothing of it is measured"));
  EXPECT_THAT(said, HasSubstr("→ if so: rule hot: no dump: Windows cannot do without lsass.exe"));
}

TEST_F(RulesExplain, AFullDiskRefuses) {
  write_rules(rule("all", "*"));
  std::ofstream(folder / "vigil.yaml") << "capture:\n  min_free_disk: 1024GiB\n";
  if (std::filesystem::space(folder).available >= std::uint64_t{1} << 40)
    GTEST_SKIP() << "no setting is above what is free here";
  EXPECT_THAT(explained("x.exe"), HasSubstr("→ rule all: low disk: "));
}

TEST_F(RulesExplain, ASignatureThatNobodyKnowsIsNotCalledNew) {
  write_rules(rule("all", "*",
                   "    capture: { dump: mini, new_signature: full }\n"
                   "    limits: { per_signature: 3 }\n"));
  const auto said = explained("x.exe");
  EXPECT_THAT(said, HasSubstr("→ rule all: full dump, if its signature is new\n"));
  EXPECT_THAT(said,
              HasSubstr("→ rule all: mini dump, if it is known, unless 3 of its signature are "
                        "kept\n"));
}

TEST_F(RulesExplain, WhatIsNotSaidOfAProcessIsNotKnown) {
  write_rules("  - name: of-anna\n    match: { user: anna, version: '4.*' }\n    when: crash\n" +
              rule("all", "*"));
  const auto said = explained("x.exe");
  EXPECT_THAT(said, HasSubstr("    ?    user              anna  ← not known\n"));
  EXPECT_THAT(said, HasSubstr("    ?    version           4.*  ← not known\n"));
  EXPECT_THAT(said, HasSubstr("→ if so: rule of-anna: mini dump"));
  EXPECT_THAT(said, HasSubstr("→ rule all: mini dump"));
}

TEST_F(RulesExplain, ACaptureOfALivingProcessIsExplainedToo) {
  auto store = open();
  const auto id = record(store, busy());
  ASSERT_TRUE(
      store.set_decision(id, {rules::DumpKind::Mini, "hot", "rule hot: mini dump", false}).ok());
  write_rules(rule("crash", "*") + rule_when("hot", "*", kCpu) +
              rule_when("hotter", "*", "{ cpu: { above: 95% } }") +
              rule_when("leak", "*", "{ memory: { above: 4GiB } }"));
  const auto output = vigil({"rules", "explain", std::to_string(id.value)});
  EXPECT_EQ(output.code, ExitCode::Ok) << output.err;
  EXPECT_THAT(output.out, HasSubstr("CPU above 80% of the machine for 30s, 97.3% now\n"));
  EXPECT_THAT(output.out, HasSubstr("decided then: rule hot: mini dump\n"));
  EXPECT_THAT(output.out, HasSubstr("← met then, as it was recorded\n    → rule hot: mini dump"));
  EXPECT_THAT(output.out, HasSubstr("→ if so: rule hotter: mini dump"));
  EXPECT_THAT(output.out, Not(HasSubstr("leak")));
}

TEST_F(RulesExplain, SaysThatCodeThreeMayBeACrash) {
  write_rules(rule_when("ends", "*", "exit"));
  EXPECT_THAT(vigil({"rules", "explain", "--process", "x.exe", "--exit", "3"}).out,
              HasSubstr("code 3 is what abort() leaves: a crash"));
  EXPECT_THAT(vigil({"rules", "explain", "--process", "x.exe", "--exit", "4"}).out,
              Not(HasSubstr("abort()")));
}

TEST_F(RulesExplain, OfAThresholdTheFirstOfAProgramIsNew) {
  auto store = open();
  write_rules(rule_when("hot", "*", kCpu, "    capture: { dump: mini, new_signature: full }\n"));
  EXPECT_THAT(vigil({"rules", "explain", "--process", "Orders.exe"}).out,
              HasSubstr("rule hot: full dump, the first of this program\n"));
  const auto id = record(store, busy());
  ASSERT_TRUE(
      store.set_decision(id, {rules::DumpKind::Full, "hot", "rule hot: full dump", false}).ok());
  EXPECT_THAT(vigil({"rules", "explain", "--process", "Orders.exe"}).out,
              HasSubstr("rule hot: mini dump\n"));
}

TEST_F(RulesExplain, ADumpThatSomebodyAskedForIsExplainedToo) {
  auto store = open();
  auto signal = crash();
  signal.kind = store::Kind::Manual;
  const auto id = record(store, signal);
  write_rules(rule("all", "*"));
  const auto output = vigil({"rules", "explain", std::to_string(id.value)});
  EXPECT_EQ(output.code, ExitCode::Ok) << output.err;
  EXPECT_THAT(output.out, HasSubstr("an administrator asked for it: no rule was asked"));
}

TEST_F(RulesExplain, ABrokenFileMayHoldTheRuleThatDecides) {
  write_rules("  - nam: b\n", "broken.yaml");
  const auto output = vigil({"rules", "explain", "--process", "x.exe"});
  EXPECT_EQ(output.code, ExitCode::Partial);
  EXPECT_THAT(output.out, HasSubstr("no rule matches"));
  EXPECT_THAT(output.err, HasSubstr("of rules.d/broken.yaml nothing is in force"));
  write_last_good(rule("b", "x.exe"), "broken.yaml");
  const auto known = vigil({"rules", "explain", "--process", "x.exe"});
  EXPECT_EQ(known.code, ExitCode::Partial);
  EXPECT_THAT(known.out, HasSubstr("rule b: mini dump"));
  EXPECT_THAT(known.err, HasSubstr("of rules.d/broken.yaml the last good version stays in force: "
                                   "1 rule\n"));
}

}  // namespace
}  // namespace vigil::cli
