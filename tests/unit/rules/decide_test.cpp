// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <limits>

#include <gtest/gtest.h>

#include "rules/rules.h"

namespace vigil::rules {
namespace {

using namespace std::chrono_literals;

constexpr Timestamp kNow{1'800'000'000'000'000};

Rule orders_crash() {
  Rule rule;
  rule.name = "orders-crash";
  return rule;
}

TEST(Decide, WithoutARuleTakesNothing) {
  const auto decision = decide(nullptr, {}, kNow);
  EXPECT_EQ(decision.dump, DumpKind::None);
  EXPECT_EQ(decision.rule, "");
  EXPECT_EQ(decision.reason, "no rule matches");
  EXPECT_FALSE(decision.limited);
}

TEST(Decide, TakesTheDumpOfTheRule) {
  const auto rule = orders_crash();
  const auto decision = decide(&rule, {}, kNow);
  EXPECT_EQ(decision.dump, DumpKind::Mini);
  EXPECT_EQ(decision.rule, "orders-crash");
  EXPECT_EQ(decision.reason, "rule orders-crash: mini dump");
  EXPECT_FALSE(decision.limited);
}

TEST(Decide, TakesTheOtherDumpForANewSignature) {
  auto rule = orders_crash();
  rule.new_signature = DumpKind::Full;
  const auto fresh = decide(&rule, {.signature_known = false}, kNow);
  EXPECT_EQ(fresh.dump, DumpKind::Full);
  EXPECT_EQ(fresh.reason, "rule orders-crash: full dump, the signature is new");
  const auto known = decide(&rule, {.signature_known = true}, kNow);
  EXPECT_EQ(known.dump, DumpKind::Mini);
  EXPECT_EQ(known.reason, "rule orders-crash: mini dump");
}

TEST(Decide, GoesByTheProgramWhereThereIsNoSignatureYet) {
  auto rule = orders_crash();
  rule.new_signature = DumpKind::Full;
  const auto first = decide(&rule, {.by_program = true, .program_met = true}, kNow);
  EXPECT_EQ(first.dump, DumpKind::Full);
  EXPECT_EQ(first.reason, "rule orders-crash: full dump, the first of this program");
  const auto next = decide(&rule, {.signature_known = true, .by_program = true}, kNow);
  EXPECT_EQ(next.reason, "rule orders-crash: mini dump");
  rule.dump = DumpKind::None;
  EXPECT_EQ(decide(&rule, {.signature_known = true, .by_program = true}, kNow).reason,
            "rule orders-crash: no dump, not the first of this program");
  rule.dump = DumpKind::Mini;
  rule.new_signature = DumpKind::None;
  EXPECT_EQ(decide(&rule, {.by_program = true}, kNow).dump, DumpKind::None);
  EXPECT_EQ(decide(&rule, {.by_program = true, .program_met = true}, kNow).dump, DumpKind::Mini);
}

TEST(Decide, TakesNothingWhereTheRuleSaysNone) {
  auto rule = orders_crash();
  rule.dump = DumpKind::None;
  rule.limits.per_hour = 1;
  const auto decision = decide(&rule, {.dumps_last_hour = 5}, kNow);
  EXPECT_EQ(decision.dump, DumpKind::None);
  EXPECT_EQ(decision.rule, "orders-crash");
  EXPECT_EQ(decision.reason, "rule orders-crash: no dump");
  EXPECT_FALSE(decision.limited);
}

TEST(Decide, SaysThatOnlyANewSignatureWouldHaveHadADump) {
  auto rule = orders_crash();
  rule.dump = DumpKind::None;
  rule.new_signature = DumpKind::Mini;
  EXPECT_EQ(decide(&rule, {.signature_known = true}, kNow).reason,
            "rule orders-crash: no dump, the signature is known");
  EXPECT_EQ(decide(&rule, {.signature_known = false}, kNow).reason,
            "rule orders-crash: mini dump, the signature is new");
}

TEST(Decide, MayTakeNothingForANewSignature) {
  auto rule = orders_crash();
  rule.new_signature = DumpKind::None;
  EXPECT_EQ(decide(&rule, {.signature_known = false}, kNow).reason, "rule orders-crash: no dump");
  EXPECT_EQ(decide(&rule, {.signature_known = true}, kNow).dump, DumpKind::Mini);
}

TEST(Decide, HoldsPerHourAtTheLimit) {
  auto rule = orders_crash();
  rule.limits.per_hour = 6;
  EXPECT_EQ(decide(&rule, {.dumps_last_hour = 5}, kNow).dump, DumpKind::Mini);
  const auto decision = decide(&rule, {.dumps_last_hour = 6}, kNow);
  EXPECT_EQ(decision.dump, DumpKind::None);
  EXPECT_EQ(decision.reason, "rule orders-crash: per_hour limit of 6 reached");
  EXPECT_TRUE(decision.limited);
  EXPECT_TRUE(decide(&rule, {.dumps_last_hour = 7}, kNow).limited);
}

TEST(Decide, HoldsPerSignatureAtTheLimit) {
  auto rule = orders_crash();
  rule.limits.per_signature = 3;
  EXPECT_EQ(decide(&rule, {.dumps_of_signature = 2}, kNow).dump, DumpKind::Mini);
  const auto decision = decide(&rule, {.dumps_of_signature = 3}, kNow);
  EXPECT_EQ(decision.reason, "rule orders-crash: per_signature limit of 3 reached");
  EXPECT_TRUE(decision.limited);
}

TEST(Decide, HoldsTheCooldownToTheMicrosecond) {
  auto rule = orders_crash();
  rule.limits.cooldown = 30s;
  EXPECT_EQ(decide(&rule, {.last_dump = kNow - 30s}, kNow).dump, DumpKind::Mini);
  const auto decision = decide(&rule, {.last_dump = kNow - 30s + 1us}, kNow);
  EXPECT_EQ(decision.dump, DumpKind::None);
  EXPECT_EQ(decision.reason, "rule orders-crash: cooldown of 30s has 1ms left");
  EXPECT_TRUE(decision.limited);
  EXPECT_EQ(decide(&rule, {.last_dump = kNow}, kNow).reason,
            "rule orders-crash: cooldown of 30s has 30.0s left");
  EXPECT_EQ(decide(&rule, {}, kNow).dump, DumpKind::Mini);
}

TEST(Decide, DoesNotWaitForALastDumpInTheFuture) {
  auto rule = orders_crash();
  rule.limits.cooldown = 30s;
  EXPECT_EQ(decide(&rule, {.last_dump = kNow + 1us}, kNow).dump, DumpKind::Mini);
}

TEST(Decide, TakesAnyTimeThatADamagedStoreMayHold) {
  auto rule = orders_crash();
  rule.limits.cooldown = 30s;
  EXPECT_EQ(
      decide(&rule, {.last_dump = Timestamp{std::numeric_limits<std::int64_t>::min()}}, kNow).dump,
      DumpKind::Mini);
  EXPECT_EQ(
      decide(&rule, {.last_dump = Timestamp{std::numeric_limits<std::int64_t>::max()}}, kNow).dump,
      DumpKind::Mini);
}

TEST(Decide, TreatsACooldownOfZeroAsNone) {
  auto rule = orders_crash();
  rule.limits.cooldown = 0s;
  EXPECT_EQ(decide(&rule, {.last_dump = kNow}, kNow).dump, DumpKind::Mini);
}

TEST(Decide, NamesTheLimitThatLastsLongest) {
  auto rule = orders_crash();
  rule.limits = {.per_hour = 1, .per_signature = 1, .cooldown = 30s};
  const History all{
      .dumps_last_hour = 1, .last_dump = kNow, .dumps_of_signature = 1, .signature_known = true};
  EXPECT_EQ(decide(&rule, all, kNow).reason, "rule orders-crash: per_signature limit of 1 reached");
  auto two = all;
  two.dumps_of_signature = 0;
  EXPECT_EQ(decide(&rule, two, kNow).reason, "rule orders-crash: per_hour limit of 1 reached");
}

TEST(Decide, LimitsTheDumpOfANewSignatureToo) {
  auto rule = orders_crash();
  rule.new_signature = DumpKind::Full;
  rule.limits.per_hour = 1;
  EXPECT_TRUE(decide(&rule, {.dumps_last_hour = 1, .signature_known = false}, kNow).limited);
}

}  // namespace
}  // namespace vigil::rules
