// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "watch/watch.h"

namespace vigil::watch {
namespace {

rules::RuleSet rules_with(rules::Condition::Kind kind, std::vector<std::uint32_t> codes = {}) {
  rules::Rule rule;
  rule.name = "orders";
  rule.match.process.any = {"orders*.exe"};
  rule.when = {kind, std::move(codes)};
  return {{rule}};
}

ProcessEnd ended_with(std::uint32_t exit_code) {
  ProcessEnd end;
  end.key = {ProcessId{1234}, Timestamp{77}};
  end.facts = {"OrdersApi.exe", "C:\\orders\\OrdersApi.exe", "OrdersApi.exe --serve"};
  end.exit_code = exit_code;
  end.at = Timestamp{99};
  return end;
}

TEST(Exits, ACrashCodeIsACrashWithEverythingThatIsKnown) {
  const auto signal =
      exit_signal(ended_with(0xc0000005), rules_with(rules::Condition::Kind::Crash));
  ASSERT_TRUE(signal);
  EXPECT_EQ(signal->source, store::Source::ExitWatch);
  EXPECT_EQ(signal->kind, store::Kind::Crash);
  EXPECT_EQ(signal->pid, ProcessId{1234});
  EXPECT_EQ(signal->process_start, Timestamp{77});
  EXPECT_EQ(signal->at, Timestamp{99});
  EXPECT_EQ(signal->process, "OrdersApi.exe");
  EXPECT_EQ(signal->path, "C:\\orders\\OrdersApi.exe");
  EXPECT_EQ(signal->command_line, "OrdersApi.exe --serve");
  EXPECT_EQ(signal->exit_code, 0xc0000005u);
}

TEST(Exits, AnOrdinaryEndIsNoNews) {
  EXPECT_FALSE(exit_signal(ended_with(0), rules_with(rules::Condition::Kind::Crash)));
  EXPECT_FALSE(exit_signal(ended_with(3), rules_with(rules::Condition::Kind::Crash)));
  EXPECT_FALSE(exit_signal(ended_with(0xc000013a), rules_with(rules::Condition::Kind::Crash)));
}

TEST(Exits, ACodeThatARuleAsksForIsAnExit) {
  const auto signal = exit_signal(ended_with(3), rules_with(rules::Condition::Kind::Exit, {3}));
  ASSERT_TRUE(signal);
  EXPECT_EQ(signal->kind, store::Kind::Exit);
  EXPECT_FALSE(exit_signal(ended_with(4), rules_with(rules::Condition::Kind::Exit, {3})));
}

TEST(Exits, ACrashFallsUnderAnExitRuleWhenNoCrashRuleWantsIt) {
  const auto rules = rules_with(rules::Condition::Kind::Exit, {0xc0000005});
  const auto end = ended_with(0xc0000005);
  const auto signal = exit_signal(end, rules);
  ASSERT_TRUE(signal);
  EXPECT_EQ(find_rule(rules, *signal, end.facts), &rules.rules[0]);
}

TEST(Exits, OneOfAThreadIsNoneOfTheProcess) {
  const auto ends = rules_with(rules::Condition::Kind::ThreadEnd, {3});
  const auto facts = ended_with(3).facts;
  store::Signal signal;
  signal.kind = store::Kind::ThreadEnd;
  EXPECT_EQ(find_rule(ends, signal, facts), nullptr);  // of no known code
  signal.exit_code = 3;
  EXPECT_EQ(find_rule(ends, signal, facts), &ends.rules[0]);
  EXPECT_EQ(find_rule(rules_with(rules::Condition::Kind::Exit, {3}), signal, facts), nullptr);
  signal.exit_code = 4;
  EXPECT_EQ(find_rule(ends, signal, facts), nullptr);
  EXPECT_FALSE(exit_signal(ended_with(3), ends));
}

TEST(Exits, AStartOfAThreadGoesByItsModule) {
  auto rules = rules_with(rules::Condition::Kind::ThreadStart);
  rules.rules[0].when.texts = {"inject*.dll"};
  store::Signal signal;
  signal.kind = store::Kind::ThreadStart;
  signal.text = "C:\\x\\inject.dll";
  EXPECT_EQ(find_rule(rules, signal, ended_with(0).facts), &rules.rules[0]);
  signal.text = "C:\\x\\other.dll";
  EXPECT_EQ(find_rule(rules, signal, ended_with(0).facts), nullptr);
}

TEST(Exits, WithoutACodeNoExitRuleIsMeant) {
  const auto rules = rules_with(rules::Condition::Kind::Exit);
  store::Signal signal;
  signal.kind = store::Kind::Crash;
  EXPECT_EQ(find_rule(rules, signal, ended_with(0).facts), nullptr);
}

}  // namespace
}  // namespace vigil::watch
