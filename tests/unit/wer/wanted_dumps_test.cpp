// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "rules/rules.h"
#include "wer/wer.h"

namespace vigil::wer {
namespace {

using rules::DumpKind;

WantedDumps wanted(const std::string& rules) {
  const auto parsed = rules::parse_rules("schema: 1\nowner: x\nrules:\n" + rules, "x.yaml");
  for (const auto& problem : parsed.problems) ADD_FAILURE() << problem.format();
  return wanted_dumps(parsed.rules);
}

std::string rule(const std::string& name,
                 const std::string& match,
                 const std::string& capture,
                 const std::string& when = "crash") {
  return "  - name: " + name + "\n    match: { " + match + " }\n    when: " + when +
         "\n    capture: { " + capture + " }\n";
}

TEST(WantedDumps, OfAPatternAreOfAllPrograms) {
  EXPECT_EQ(wanted(rule("a", "process: '*'", "dump: mini")), (WantedDumps{{"", {DumpKind::Mini}}}));
  EXPECT_EQ(wanted(rule("a", "service: Orders", "dump: full")),
            (WantedDumps{{"", {DumpKind::Full}}}));
}

TEST(WantedDumps, OfNamesAreOfThosePrograms) {
  EXPECT_EQ(wanted(rule("a", "process: [Orders.exe, Billing.exe]", "dump: full")),
            (WantedDumps{{"orders.exe", {DumpKind::Full}}, {"billing.exe", {DumpKind::Full}}}));
}

TEST(WantedDumps, ANamedOneGetsTheLargestThatAnyRuleWants) {
  EXPECT_EQ(wanted(rule("a", "process: Orders.exe", "dump: mini") +
                   rule("b", "process: 'Ord*'", "dump: mini, new_signature: full")),
            (WantedDumps{{"", {DumpKind::Full}}, {"orders.exe", {DumpKind::Full}}}));
  EXPECT_EQ(wanted(rule("a", "process: Orders.exe", "dump: mini") +
                   rule("b", "process: { any: '*', not: Orders.exe }", "dump: full")),
            (WantedDumps{{"", {DumpKind::Full}}, {"orders.exe", {DumpKind::Mini}}}));
}

TEST(WantedDumps, RulesThatWantNoneOrNoCrashesAskForNothing) {
  EXPECT_TRUE(wanted(rule("a", "process: '*'", "dump: none")).empty());
  EXPECT_TRUE(wanted(rule("a", "process: '*'", "dump: mini", "{ exit: { codes: [3] } }")).empty());
}

TEST(WantedDumps, CrashesAmongOtherConditionsCount) {
  EXPECT_FALSE(wanted(rule("a", "process: '*'", "dump: mini",
                           "{ any: [crash, { cpu: { above: 90%, for: 30s } }] }"))
                   .empty());
}

TEST(WantedDumps, AMiniDumpIsCustomSoThatItHasMoreThanStacks) {
  const auto values = values_for({DumpKind::Mini}, "C:\\inbox");
  EXPECT_EQ(values.type, 0u);
  EXPECT_EQ(values.custom_flags, 0x2'1964u);
  EXPECT_EQ(values_for({DumpKind::Full}, "C:\\inbox").custom_flags, std::nullopt);
}

TEST(WantedDumps, OfCustomKindsHoldWhatEitherAsksFor) {
  EXPECT_EQ(wanted(rule("a", "process: Orders.exe", "dump: custom, custom: 0x1826") +
                   rule("b", "process: Orders.exe", "dump: custom, custom: 0x44")),
            (WantedDumps{{"orders.exe", {DumpKind::Custom, 0x1866}}}));
  EXPECT_EQ(values_for({DumpKind::Custom, 0x1866}, "x").custom_flags, 0x2'1866u);
  EXPECT_EQ(values_for({DumpKind::Triage}, "x").custom_flags, 0x12'19a8u);
  EXPECT_EQ(wanted(rule("a", "process: Orders.exe", "dump: triage") +
                   rule("b", "process: Orders.exe", "dump: miniplus")),
            (WantedDumps{{"orders.exe", {DumpKind::MiniPlus}}}));
}

}  // namespace
}  // namespace vigil::wer
