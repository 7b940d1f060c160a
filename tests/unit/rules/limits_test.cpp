// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "rules/rules.h"

namespace vigil::rules {
namespace {

using namespace std::chrono_literals;

constexpr Timestamp kNow{1'800'000'000'000'000};

Rule rule_with(const Limits& limits) {
  Rule rule;
  rule.name = "r";
  rule.limits = limits;
  return rule;
}

TEST(Limits, ALifetimeIsOver) {
  const auto rule = rule_with({.lifetime = 3});
  EXPECT_EQ(decide(&rule, {.dumps_ever = 2}, kNow).dump, DumpKind::Mini);
  const auto refused = decide(&rule, {.dumps_ever = 3}, kNow);
  EXPECT_EQ(refused.dump, DumpKind::None);
  EXPECT_EQ(refused.reason, "rule r: lifetime limit of 3 reached");
  EXPECT_TRUE(refused.limited);
}

TEST(Limits, AFairShareLeavesHalfOfWhatTheOthersLeft) {
  const auto rule = rule_with({.per_hour = 6, .fair_share = true});
  const auto taken = [&](std::uint32_t all, std::uint32_t own) {
    return decide(&rule, {.dumps_last_hour = all, .dumps_of_program = own}, kNow).dump !=
           DumpKind::None;
  };
  EXPECT_TRUE(taken(2, 2));
  EXPECT_FALSE(taken(3, 3));
  EXPECT_TRUE(taken(3, 0));
  EXPECT_TRUE(taken(5, 0));
  EXPECT_FALSE(taken(6, 0));
  EXPECT_EQ(decide(&rule, {.dumps_last_hour = 3, .dumps_of_program = 3}, kNow).reason,
            "rule r: fair share of one program, 3 of 6 an hour by now, is used up");
}

TEST(Limits, WithoutItOneProgramMayTakeAll) {
  const auto rule = rule_with({.per_hour = 6});
  EXPECT_EQ(decide(&rule, {.dumps_last_hour = 5, .dumps_of_program = 5}, kNow).dump,
            DumpKind::Mini);
}

/// Five programs die again and again, in whatever order: each gets a dump, none more than half.
TEST(Limits, AStormOfAnyOrderIsSharedFairly) {
  constexpr std::uint32_t kPerHour = 30;
  const auto rule = rule_with({.per_hour = kPerHour, .fair_share = true});
  std::mt19937 random(20'261'123);
  for (int round = 0; round < 200; ++round) {
    std::map<std::uint32_t, std::uint32_t> taken;
    std::uint32_t all = 0;
    // The first may have had the machine to itself for a while.
    std::vector<std::uint32_t> deaths(random() % 100, 0);
    for (int i = 0; i < 500; ++i) deaths.push_back(static_cast<std::uint32_t>(random() % 5));
    for (const auto program : deaths) {
      const History history{.dumps_last_hour = all, .dumps_of_program = taken[program]};
      if (decide(&rule, history, kNow).dump == DumpKind::None) continue;
      ++taken[program];
      ++all;
    }
    EXPECT_LE(all, kPerHour);
    for (std::uint32_t program = 0; program < 5; ++program) {
      EXPECT_GE(taken[program], 1u);
      EXPECT_LE(taken[program], kPerHour / 2);
    }
  }
}

TEST(Standing, SaysWhatHoldsARuleBack) {
  auto rule = rule_with({.per_hour = 6, .per_signature = 1, .cooldown = 30s, .lifetime = 50});
  EXPECT_EQ(standing_of(rule, {}, kNow).standing, Standing::Running);
  EXPECT_EQ(standing_of(rule, {.dumps_of_signature = 9}, kNow).standing, Standing::Running);
  EXPECT_EQ(standing_of(rule, {.under_way = 2}, kNow).standing, Standing::Acting);
  EXPECT_EQ(standing_of(rule, {.under_way = 2}, kNow).reason, "2 dumps under way");
  const auto throttled = standing_of(rule, {.dumps_last_hour = 6}, kNow);
  EXPECT_EQ(throttled.standing, Standing::Throttled);
  EXPECT_EQ(throttled.reason, "per_hour limit of 6 reached");
  EXPECT_EQ(standing_of(rule, {.last_dump = kNow - Microseconds(1s)}, kNow).standing,
            Standing::Throttled);
  EXPECT_EQ(standing_of(rule, {.dumps_ever = 50, .under_way = 1}, kNow).standing,
            Standing::Finished);
  rule.expires = kNow;
  EXPECT_EQ(standing_of(rule, {}, kNow).standing, Standing::Expired);
  EXPECT_EQ(standing_of(rule, {}, kNow - Microseconds(1)).standing, Standing::Running);
}

TEST(Retire, SetsAsideWhatHasExpired) {
  RuleSet set;
  set.rules = {rule_with({}), rule_with({})};
  set.rules[1].name = "old";
  set.rules[1].expires = kNow;
  EXPECT_FALSE(set.retire(kNow - Microseconds(1)));
  EXPECT_TRUE(set.retire(kNow));
  EXPECT_FALSE(set.retire(kNow));
  ASSERT_EQ(set.rules.size(), 1u);
  ASSERT_EQ(set.idle.size(), 1u);
  EXPECT_EQ(set.idle[0].rule.name, "old");
  EXPECT_TRUE(set.idle[0].expired);
}

TEST(Limits, AreReadFromYaml) {
  const auto parsed = parse_rules(
      "schema: 1\nrules:\n  - name: a\n    match: { process: x }\n    when: crash\n"
      "    expires: 2026-12-31\n"
      "    limits: { per_hour: 6, fair_share: true, lifetime: 50 }\n",
      "x.yaml");
  ASSERT_TRUE(parsed.problems.empty()) << parsed.problems.front().format();
  const auto& rule = parsed.rules.rules.front();
  EXPECT_EQ(rule.limits.lifetime, 50u);
  EXPECT_TRUE(rule.limits.fair_share);
  ASSERT_TRUE(rule.expires);
  EXPECT_EQ(format_utc(*rule.expires), "2026-12-31T00:00:00.000Z");
  EXPECT_EQ(describe(rule.limits), "6 an hour, shared fairly, 50 in all");
}

TEST(Limits, WhatIsNoDayOrSharesNothingIsRefused) {
  const auto problem = [](const std::string& line) {
    const auto parsed = parse_rules(
        "schema: 1\nrules:\n  - name: a\n    match: { process: x }\n    when: crash\n    " + line,
        "x.yaml");
    return parsed.problems.empty() ? std::string() : parsed.problems.front().format();
  };
  EXPECT_EQ(problem("expires: 2026-02-30\n"),
            "x.yaml:6:14: '2026-02-30' is no day; a day is written as 2026-12-31");
  EXPECT_EQ(problem("expires: soon\n"),
            "x.yaml:6:14: 'soon' is no day; a day is written as 2026-12-31");
  EXPECT_EQ(problem("limits: { fair_share: true }\n"),
            "x.yaml:3:11: rule 'a': 'fair_share' shares per_hour, which is not there");
}

}  // namespace
}  // namespace vigil::rules
