// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "rules/rules.h"

namespace vigil::rules {
namespace {

constexpr std::uint32_t kAccessViolation = 0xc000'0005;
constexpr std::uint32_t kControlC = 0xc000'013a;

ProcessFacts orders() {
  return {"OrdersApi.exe", R"(C:\Orders\bin\OrdersApi.exe)",
          R"("C:\Orders\bin\OrdersApi.exe" --port 80)"};
}

Rule rule(std::string name, PatternList process, Condition when = {}) {
  Rule result;
  result.name = std::move(name);
  result.match.process = std::move(process);
  result.when = std::move(when);
  return result;
}

TEST(PatternList, NeedsOneOfAnyAndNoneOfNone) {
  const PatternList list{{"Orders*", "Billing*"}, {"*Test*"}};
  EXPECT_TRUE(list.matches("OrdersApi.exe"));
  EXPECT_TRUE(list.matches("BillingApi.exe"));
  EXPECT_FALSE(list.matches("OrdersTest.exe"));
  EXPECT_FALSE(list.matches("Shipping.exe"));
}

TEST(PatternList, WithOnlyNoneTakesAllOthers) {
  const PatternList list{{}, {"a.exe"}};
  EXPECT_FALSE(list.empty());
  EXPECT_TRUE(list.matches("b.exe"));
  EXPECT_FALSE(list.matches("A.EXE"));
}

TEST(Match, KnowsAnAccountByEachOfItsNames) {
  auto facts = orders();
  facts.user = {R"(ORDERS\anna)", "anna", "S-1-5-21-1"};
  for (const auto* name : {R"(orders\*)", "Anna", "S-1-5-21-*", "*"}) {
    EXPECT_TRUE((Match{.user = {{name}, {}}}.matches(facts))) << name;
    EXPECT_FALSE((Match{.user = {{}, {name}}}.matches(facts))) << name;
  }
  EXPECT_FALSE((Match{.user = {{"bob"}, {}}}.matches(facts)));
  EXPECT_FALSE((Match{.user = {{"anna"}, {}}}.matches(orders()))) << "nobody knows whose it is";
}

TEST(Match, TakesAVersionAsText) {
  auto facts = orders();
  facts.version = "4.2.1.0";
  EXPECT_TRUE((Match{.version = {{"4.2.*"}, {}}}.matches(facts)));
  EXPECT_FALSE((Match{.version = {{"4.1.*"}, {}}}.matches(facts)));
  EXPECT_FALSE((Match{.version = {{}, {"4.2.1.0"}}}.matches(facts)));
}

TEST(RuleSet, AsksForWhatTakesTimeWhereAnAnswerDependsOnIt) {
  RuleSet set;
  set.rules = {rule("a", {{"Orders*"}, {}}), rule("b", {{"Billing*"}, {}})};
  EXPECT_FALSE(set.ask_for_user(orders()));
  EXPECT_FALSE(set.ask_for_version(orders()));
  set.rules[1].match.user = {{"anna"}, {}};
  EXPECT_FALSE(set.ask_for_user(orders())) << "that rule is about another program";
  set.rules[0].match.user = {{}, {"anna"}};
  EXPECT_TRUE(set.ask_for_user(orders()));
  EXPECT_FALSE(set.ask_for_version(orders()));
  set.rules[0].match.version = {{"4.*"}, {}};
  EXPECT_TRUE(set.ask_for_version(orders()));
}

TEST(Match, NeedsAllThatAreGiven) {
  Match match;
  match.process.any = {"OrdersApi.exe"};
  match.path.any = {R"(C:\Orders\*)"};
  match.command_line.any = {"*--port*"};
  EXPECT_TRUE(match.matches(orders()));
  auto facts = orders();
  facts.path = R"(D:\Orders\bin\OrdersApi.exe)";
  EXPECT_FALSE(match.matches(facts));
}

TEST(Match, TakesBothSlashesInPathsForOne) {
  Match match;
  match.path.any = {"c:/orders/*/OrdersApi.exe"};
  EXPECT_TRUE(match.matches(orders()));
  match = {};
  match.command_line.any = {"*/Orders/*"};
  EXPECT_FALSE(match.matches(orders()));
}

TEST(Match, FitsOneOfTheServicesThatAProcessRuns) {
  Match match;
  match.service.any = {"orders*"};
  EXPECT_FALSE(match.matches(orders()));
  auto facts = orders();
  facts.services = {"Billing", "OrdersApi"};
  EXPECT_TRUE(match.matches(facts));
  match.service.none = {"billing"};
  EXPECT_FALSE(match.matches(facts));
  match = {};
  match.service.none = {"billing"};
  EXPECT_TRUE(match.matches(orders()));
}

TEST(Match, FitsAnUnknownFactOnlyWithAStar) {
  Match match;
  match.path.any = {R"(C:\*)"};
  EXPECT_FALSE(match.matches({"OrdersApi.exe", "", ""}));
  match.path.any = {"*"};
  EXPECT_TRUE(match.matches({"OrdersApi.exe", "", ""}));
}

Condition threshold(std::uint64_t value) {
  return {.kind = Condition::Kind::Threshold, .threshold = {.value = value}};
}

/// What holds: the thresholds of 90 and less.
const Holds kHolds = [](const Condition& asked) { return asked.threshold.value <= 90; };

TEST(Condition, OfAThresholdIsMetWhileItHoldsAndByNoEvent) {
  EXPECT_TRUE(threshold(90).fits(kHolds));
  EXPECT_FALSE(threshold(91).fits(kHolds));
  EXPECT_FALSE(threshold(90).fits(Holds{}));
  EXPECT_FALSE(threshold(90).fits(EventKind::Crash, kAccessViolation, kHolds));
}

TEST(Condition, OfAnyIsMetByEachPart) {
  const Condition any{.kind = Condition::Kind::Any,
                      .parts = {{Condition::Kind::Crash}, threshold(90)}};
  EXPECT_TRUE(any.fits(kHolds));
  EXPECT_FALSE(any.fits(Holds{}));
  EXPECT_TRUE(any.fits(EventKind::Crash, 0));
  EXPECT_TRUE(any.fits(EventKind::Crash, 0, kHolds));
  EXPECT_FALSE(any.fits(EventKind::Exit, 1, kHolds)) << "it asks for no exit";
}

TEST(Condition, OfAllNeedsEveryPartAtOnce) {
  const Condition all{.kind = Condition::Kind::All,
                      .parts = {{Condition::Kind::Crash}, threshold(90)}};
  EXPECT_FALSE(all.fits(kHolds));
  EXPECT_FALSE(all.fits(EventKind::Crash, 0));
  EXPECT_TRUE(all.fits(EventKind::Crash, 0, kHolds));
  const Condition both{.kind = Condition::Kind::All, .parts = {threshold(90), threshold(91)}};
  EXPECT_FALSE(both.fits(kHolds));
  EXPECT_FALSE(both.fits(EventKind::Crash, 0, kHolds));
}

TEST(Condition, CrashFitsCrashesAndExitsWithACrashCode) {
  const Condition crash{Condition::Kind::Crash};
  EXPECT_TRUE(crash.fits(EventKind::Crash, 0));
  EXPECT_TRUE(crash.fits(EventKind::Crash, kAccessViolation));
  EXPECT_TRUE(crash.fits(EventKind::Exit, kAccessViolation));
  EXPECT_FALSE(crash.fits(EventKind::Exit, 1));
  EXPECT_FALSE(crash.fits(EventKind::Exit, kControlC));
  EXPECT_FALSE(crash.fits(EventKind::Exit, 0xffff'ffff));
}

TEST(Condition, ExitWithoutCodesFitsEveryCodeButZeroAndThoseOfACrash) {
  const Condition exit{Condition::Kind::Exit};
  EXPECT_TRUE(exit.fits(EventKind::Exit, 1));
  EXPECT_TRUE(exit.fits(EventKind::Exit, 0xffff'ffff));
  EXPECT_TRUE(exit.fits(EventKind::Exit, kControlC));
  EXPECT_FALSE(exit.fits(EventKind::Exit, 0));
  EXPECT_FALSE(exit.fits(EventKind::Exit, kAccessViolation));
  EXPECT_FALSE(exit.fits(EventKind::Crash, 1));
}

TEST(Condition, ExitWithCodesFitsTheseAlsoOfACrash) {
  const Condition exit{Condition::Kind::Exit, {0, 3, kAccessViolation}};
  EXPECT_TRUE(exit.fits(EventKind::Exit, 3));
  EXPECT_TRUE(exit.fits(EventKind::Exit, 0));
  EXPECT_TRUE(exit.fits(EventKind::Exit, kAccessViolation));
  EXPECT_TRUE(exit.fits(EventKind::Crash, kAccessViolation));
  EXPECT_FALSE(exit.fits(EventKind::Exit, 4));
}

TEST(Condition, TakesACrashWithoutAKnownCodeForNoExitWithZero) {
  EXPECT_FALSE((Condition{Condition::Kind::Exit, {0}}.fits(EventKind::Crash, 0)));
}

TEST(RuleSet, TheFirstThatFitsDecides) {
  const RuleSet set{{rule("exits", {{"*"}, {}}, {Condition::Kind::Exit, {3}}),
                     rule("a", {{"Orders*"}, {}}), rule("b", {{"*"}, {}})}};
  EXPECT_EQ(set.find(EventKind::Crash, 0, orders())->name, "a");
  EXPECT_EQ(set.find(EventKind::Crash, 0, {"x.exe", "", ""})->name, "b");
  EXPECT_EQ(set.find(EventKind::Exit, 3, orders())->name, "exits");
  EXPECT_EQ(set.find(EventKind::Exit, 4, orders()), nullptr);
  EXPECT_EQ(RuleSet{}.find(EventKind::Crash, 0, orders()), nullptr);
}

TEST(RuleSet, AttachesForTheFirstRuleThatWantsTo) {
  RuleSet set{{rule("a", {{"*"}, {}}), rule("b", {{"Orders*"}, {}}), rule("c", {{"*"}, {}})}};
  EXPECT_EQ(set.find_attach(orders()), nullptr);
  set.rules[1].attach = true;
  set.rules[2].attach = true;
  EXPECT_EQ(set.find_attach(orders())->name, "b");
  EXPECT_EQ(set.find_attach({"x.exe", "", ""})->name, "c");
}

TEST(RuleSet, ConcernsProcessesOfAnyCondition) {
  const RuleSet set{{rule("a", {{"Orders*"}, {}}, {Condition::Kind::Exit, {3}})}};
  EXPECT_TRUE(set.concerns(orders()));
  EXPECT_FALSE(set.concerns({"x.exe", "", ""}));
}

TEST(DumpKind, HasANameEach) {
  for (const auto kind : {DumpKind::None, DumpKind::Mini, DumpKind::Full})
    EXPECT_EQ(dump_kind_from(to_string(kind)), kind);
  EXPECT_EQ(dump_kind_from("Mini"), std::nullopt);
  EXPECT_EQ(to_string(EventKind::Exit), "exit");
  EXPECT_EQ(to_string(EventKind::Crash), "crash");
}

}  // namespace
}  // namespace vigil::rules
