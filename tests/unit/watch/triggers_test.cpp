// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "watch/watch.h"

namespace vigil::watch {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr ProcessKey kOrders{ProcessId{4}, Timestamp{10}};
constexpr std::uint64_t kMiB = 1 << 20;

rules::RuleSet rules_of(const std::string& list) {
  const auto loaded = rules::parse_rules("schema: 1\nrules:\n" + list, "f");
  for (const auto& problem : loaded.problems) ADD_FAILURE() << problem.format();
  return loaded.rules;
}

std::string rule(const std::string& name, const std::string& when) {
  return "- { name: " + name + ", match: { process: orders.exe }, when: " + when + " }\n";
}

/// A machine of four processors with one process, whose clock is moved by hand.
struct Machine {
  explicit Machine(const std::string& rules) {
    triggers.use_rules(rules_of(rules));
    triggers.add(kOrders, {"orders.exe", "", ""}, Microseconds(0));
    look({});
  }

  /// A second later, in which the process used \p share of a processor.
  std::vector<std::string> look(Counters counters, double share = 0, Microseconds later = 1s) {
    uptime += later;
    cpu += Microseconds(static_cast<std::int64_t>(share * static_cast<double>(later.count())));
    counters.cpu = cpu;
    const TableRow table[] = {{kOrders, counters}};
    const bool continuous = sampler.look({uptime, Timestamp{uptime.count()}}, table);
    std::vector<std::string> fired;
    last = triggers.look(uptime, sampler, continuous);
    for (const auto& firing : last) fired.push_back(firing.rule);
    return fired;
  }
  /// What was asked just now.
  void answer(const rules::Probe& probe, const std::optional<std::string>& failure) {
    triggers.answer(probe, failure, uptime);
  }
  std::vector<std::string> use(double share) { return look({}, share); }
  std::vector<std::string> hold(std::uint64_t bytes) { return look({.private_bytes = bytes}); }

  Sampler sampler;
  Triggers triggers{4};
  Microseconds uptime{};
  Microseconds cpu{};
  std::vector<Firing> last;
};

TEST(Triggers, FireOnceWhenAThresholdHasHeldLongEnough) {
  Machine machine(rule("hot", "{ cpu: { above: 85%, of: core, for: 3s } }"));
  EXPECT_THAT(machine.use(0.9), IsEmpty());
  EXPECT_THAT(machine.use(0.9), IsEmpty());
  EXPECT_THAT(machine.use(0.9), IsEmpty());
  EXPECT_THAT(machine.use(0.9), ElementsAre("hot"));
  EXPECT_EQ(machine.last[0].process, kOrders);
  EXPECT_EQ(machine.last[0].kind, store::Kind::Cpu);
  EXPECT_EQ(machine.last[0].detail, "CPU above 85% of a core for 3s, 90.0% now");
  for (int i = 0; i < 100; ++i) EXPECT_THAT(machine.use(0.9), IsEmpty());
}

TEST(Triggers, AreReadyAgainAfterTheFigureWasGood) {
  Machine machine(rule("hot", "{ cpu: { above: 85%, of: core, for: 1s } }"));
  machine.use(0.9);
  EXPECT_THAT(machine.use(0.9), ElementsAre("hot"));
  machine.use(0.1);
  EXPECT_THAT(machine.use(0.9), IsEmpty());
  EXPECT_THAT(machine.use(0.9), ElementsAre("hot"));
}

TEST(Triggers, BeginAnewWhenTheFigureIsGoodOnce) {
  Machine machine(rule("hot", "{ cpu: { above: 85%, of: core, for: 3s } }"));
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < 3; ++i) EXPECT_THAT(machine.use(0.9), IsEmpty());
    EXPECT_THAT(machine.use(0.8), IsEmpty());
  }
}

TEST(Triggers, KnowTheMachineFromACore) {
  Machine machine(rule("machine", "{ cpu: { above: 50%, for: 1s } }"));
  for (int i = 0; i < 5; ++i) EXPECT_THAT(machine.use(1.9), IsEmpty());
  machine.use(2.1);
  EXPECT_THAT(machine.use(2.1), ElementsAre("machine"));
  EXPECT_EQ(machine.last[0].detail, "CPU above 50% of the machine for 1s, 52.5% now");
}

TEST(Triggers, FireBelowABound) {
  Machine machine(rule("idle", "{ cpu: { below: 5%, of: core, for: 2s } }"));
  for (int i = 0; i < 5; ++i) EXPECT_THAT(machine.use(0.05), IsEmpty()) << "that is not below";
  machine.use(0.01);
  machine.use(0.01);
  EXPECT_THAT(machine.use(0.01), ElementsAre("idle"));
}

TEST(Triggers, WatchMemoryHandlesAndThreads) {
  Machine machine(rule("memory", "{ memory: { above: 1MiB, for: 1s } }") +
                  rule("set", "{ memory: { above: 1MiB, of: working_set, for: 2s } }") +
                  rule("handles", "{ handles: { above: 10, for: 3s } }") +
                  rule("threads", "{ threads: { above: 10, for: 4s } }"));
  const Counters much{
      .private_bytes = 2 * kMiB, .working_set = 3 * kMiB, .handles = 11, .threads = 12};
  EXPECT_THAT(machine.look(much), IsEmpty());
  EXPECT_THAT(machine.look(much), ElementsAre("memory"));
  EXPECT_EQ(machine.last[0].detail, "private memory above 1MiB for 1s, 2.0 MiB now");
  EXPECT_THAT(machine.look(much), ElementsAre("set"));
  EXPECT_THAT(machine.look(much), ElementsAre("handles"));
  EXPECT_EQ(machine.last[0].kind, store::Kind::Handles);
  EXPECT_THAT(machine.look(much), ElementsAre("threads"));
  EXPECT_EQ(machine.last[0].detail, "threads above 10 for 4s, 12 now");
}

TEST(Triggers, TakeAHungWindowForAHang) {
  Machine machine(rule("hung", "{ hang: { window: hung, for: 2s } }"));
  EXPECT_TRUE(machine.triggers.asks_for(rules::Gauge::WindowHung));
  EXPECT_FALSE(machine.triggers.asks_for(rules::Gauge::Stalled));
  EXPECT_THAT(machine.look({.window_hung_ms = 1}), IsEmpty());
  EXPECT_THAT(machine.look({.window_hung_ms = 1'000}), IsEmpty());
  EXPECT_THAT(machine.look({.window_hung_ms = 2'000}), ElementsAre("hung"));
  EXPECT_EQ(machine.last[0].kind, store::Kind::Hang);
  EXPECT_EQ(machine.last[0].detail, "a window of it is hung for 2s, 2.0s now");
}

TEST(Triggers, TakeNoProgressForAHang) {
  Machine machine(rule("stuck", "{ hang: { progress: none, for: 10s } }"));
  for (std::uint64_t i = 0; i < 30; ++i) {
    EXPECT_THAT(machine.look({.io_bytes = i}), IsEmpty()) << "it writes";
    EXPECT_THAT(machine.look({.io_bytes = i, .context_switches = i}), IsEmpty()) << "it runs";
    EXPECT_THAT(machine.use(0.01), IsEmpty()) << "it computes";
  }
  for (int i = 0; i < 10; ++i) EXPECT_THAT(machine.look({}), IsEmpty());
  EXPECT_THAT(machine.look({}), ElementsAre("stuck"));
  EXPECT_EQ(machine.last[0].detail, "no CPU time, I/O or context switch for 10s");
}

TEST(Triggers, SeeGrowthWithinATime) {
  Machine machine(rule("leak", "{ memory: { growth: 100MiB, within: 10m } }"));
  std::uint64_t bytes = 500 * kMiB;
  for (int i = 0; i < 600; ++i) EXPECT_THAT(machine.hold(bytes), IsEmpty());
  for (int i = 0; i < 99; ++i) EXPECT_THAT(machine.hold(bytes += kMiB), IsEmpty());
  EXPECT_THAT(machine.hold(bytes += kMiB), ElementsAre("leak"));
  EXPECT_EQ(machine.last[0].detail, "private memory grown by 100MiB within 10m, 600.0 MiB now");
}

TEST(Triggers, TakeSlowGrowthForNone) {
  Machine machine(rule("leak", "{ memory: { growth: 100MiB, within: 10m } }"));
  std::uint64_t bytes = 500 * kMiB;
  for (int i = 0; i < 3600; ++i) EXPECT_THAT(machine.hold(bytes += kMiB / 8), IsEmpty()) << i;
}

TEST(Triggers, FireOnceOfAnyAndWhenAllHold) {
  Machine any(rule("any",
                   "{ any: [{ threads: { above: 5, for: 1s } }, "
                   "{ handles: { above: 5, for: 1s } }] }"));
  any.look({.threads = 6});
  EXPECT_THAT(any.look({.threads = 6}), ElementsAre("any"));
  EXPECT_THAT(any.look({.handles = 6, .threads = 6}), IsEmpty());
  EXPECT_THAT(any.look({.handles = 6, .threads = 6}), IsEmpty()) << "it was met all the time";
  Machine all(rule("all",
                   "{ all: [{ threads: { above: 5, for: 1s } }, "
                   "{ handles: { above: 5, for: 1s } }] }"));
  all.look({.threads = 6});
  EXPECT_THAT(all.look({.threads = 6}), IsEmpty());
  EXPECT_THAT(all.look({.handles = 6, .threads = 6}), IsEmpty());
  EXPECT_THAT(all.look({.handles = 6, .threads = 6}), ElementsAre("all"));
  EXPECT_EQ(all.last[0].detail, "threads above 5 for 1s, 6 now; handles above 5 for 1s, 6 now");
}

TEST(Triggers, LetTheFirstOfSeveralRulesAct) {
  Machine machine(rule("first", "{ threads: { above: 5, for: 1s } }") +
                  rule("second", "{ handles: { above: 5, for: 1s } }"));
  machine.look({.handles = 6, .threads = 6});
  EXPECT_THAT(machine.look({.handles = 6, .threads = 6}), ElementsAre("first"));
  EXPECT_THAT(machine.look({.handles = 6, .threads = 6}), IsEmpty());
}

TEST(Triggers, SayWhatHoldsToRulesOfEvents) {
  Machine machine(rule("big-crash", "{ all: [crash, { memory: { above: 1MiB, for: 1s } }] }"));
  const auto rules =
      rules_of(rule("big-crash", "{ all: [crash, { memory: { above: 1MiB, for: 1s } }] }"));
  const rules::ProcessFacts facts{"orders.exe", "", ""};
  const auto found = [&] {
    return rules.find(rules::EventKind::Crash, 0, facts, machine.triggers.holds(kOrders)) !=
           nullptr;
  };
  EXPECT_FALSE(found());
  EXPECT_THAT(machine.hold(2 * kMiB), IsEmpty());
  EXPECT_THAT(machine.hold(2 * kMiB), IsEmpty());
  EXPECT_TRUE(found());
  machine.triggers.end(kOrders);
  EXPECT_TRUE(found()) << "its dump may come late";
  (void)machine.triggers.look(machine.uptime + Microseconds(61s), machine.sampler, true);
  EXPECT_FALSE(found());
}

TEST(Triggers, BeginAnewAfterTheMachineSlept) {
  Machine machine(rule("hot", "{ cpu: { above: 85%, of: core, for: 3s } }"));
  for (int i = 0; i < 3; ++i) EXPECT_THAT(machine.use(0.9), IsEmpty());
  EXPECT_THAT(machine.look({}, 0.9, 1h), IsEmpty());
  for (int i = 0; i < 3; ++i) EXPECT_THAT(machine.use(0.9), IsEmpty());
  EXPECT_THAT(machine.use(0.9), ElementsAre("hot"));
}

TEST(Triggers, GoOnWhereTheyWereWhenRulesAreReadAgain) {
  const auto hot = rule("hot", "{ cpu: { above: 85%, of: core, for: 3s } }");
  Machine machine(hot);
  for (int i = 0; i < 3; ++i) machine.use(0.9);
  machine.triggers.use_rules(rules_of(rule("new", "{ threads: { above: 500 } }") + hot));
  EXPECT_THAT(machine.use(0.9), ElementsAre("hot")) << "held before and after";
  machine.triggers.use_rules(rules_of(hot));
  EXPECT_THAT(machine.use(0.9), IsEmpty()) << "it has acted";
}

TEST(Triggers, ConcernTheProcessesThatTheirRulesMatch) {
  Machine machine(rule("hot", "{ cpu: { above: 85% } }") +
                  "- { name: deaths, match: { process: other.exe }, when: crash }\n");
  machine.triggers.add({ProcessId{8}, Timestamp{1}}, {"other.exe", "", ""}, Microseconds(0));
  EXPECT_EQ(machine.triggers.size(), 1u);
  machine.triggers.end({ProcessId{8}, Timestamp{1}});
  EXPECT_EQ(machine.triggers.size(), 1u);
}

TEST(Triggers, FireWhenAProbeFailsOftenEnough) {
  Machine machine(rule("stuck", "{ hang: { tcp: '127.0.0.1:80', failures: 2, grace: 5s } }"));
  const auto probes = machine.triggers.probes();
  ASSERT_EQ(probes.size(), 1u);
  for (int i = 0; i < 5; ++i) machine.look({});
  machine.answer(probes[0], "no answer within 2s");
  for (int i = 0; i < 10; ++i) EXPECT_THAT(machine.look({}), IsEmpty()) << "once is not twice";
  machine.answer(probes[0], std::nullopt);
  machine.answer(probes[0], "no answer within 2s");
  EXPECT_THAT(machine.look({}), IsEmpty());
  machine.answer(probes[0], "connection refused");
  EXPECT_THAT(machine.look({}), ElementsAre("stuck"));
  EXPECT_EQ(machine.last[0].kind, store::Kind::Hang);
  EXPECT_EQ(machine.last[0].detail, "127.0.0.1:80 failed 2 times in a row: connection refused");
  machine.answer(probes[0], "connection refused");
  EXPECT_THAT(machine.look({}), IsEmpty()) << "it is the same hang";
  machine.answer(probes[0], std::nullopt);
  EXPECT_THAT(machine.look({}), IsEmpty());
  for (int i = 0; i < 2; ++i) machine.answer(probes[0], "connection refused");
  EXPECT_THAT(machine.look({}), ElementsAre("stuck")) << "it had recovered";
}

TEST(Triggers, AskForTheWaitChainsOfEachProcess) {
  Machine machine(rule("stuck", "{ hang: { deadlock: true, failures: 1, grace: 0s } }"));
  constexpr ProcessKey kOther{ProcessId{8}, Timestamp{20}};
  machine.triggers.add(kOther, {"orders.exe", "", ""}, Microseconds(0));
  machine.look({});
  auto probes = machine.triggers.probes();
  ASSERT_EQ(probes.size(), 2u);
  EXPECT_EQ(probes[0].target, "4:10");
  EXPECT_EQ(parse_wait_chain_target(probes[1].target), kOther);
  machine.answer(probes[1], "thread 1 waits for itself");
  EXPECT_THAT(machine.look({}), ElementsAre("stuck"));
  EXPECT_EQ(machine.last[0].process, kOther) << "and nobody else";
  machine.answer(probes[0], "thread 1 waits for a mutex, held by thread 1");
  EXPECT_THAT(machine.look({}), ElementsAre("stuck"));
  EXPECT_EQ(machine.last[0].process, kOrders);
  EXPECT_EQ(machine.last[0].kind, store::Kind::Hang);
  EXPECT_EQ(machine.last[0].detail, "deadlock: thread 1 waits for a mutex, held by thread 1");
}

TEST(Triggers, TellAWaitChainTargetFromOtherText) {
  for (const auto* text : {"", "4", "4:", ":5", "4:5x", "x:5", "-1:5", "4:5:6"})
    EXPECT_FALSE(parse_wait_chain_target(text)) << text;
}

TEST(Triggers, HoldABoundAgainstACounter) {
  Machine machine(rule("queue", R"({ counter: { path: '\System\Queue', above: 2.5, for: 3s } })"));
  const auto counters = machine.triggers.counters();
  ASSERT_THAT(counters, ElementsAre(CounterTarget{R"(\System\Queue)", {}}));
  const auto say = [&](std::uint64_t thousandths) {
    machine.triggers.count(counters[0], thousandths, machine.uptime);
    return machine.look({});
  };
  EXPECT_THAT(machine.look({}), IsEmpty()) << "nobody knows";
  EXPECT_THAT(say(2500), IsEmpty());
  for (int i = 0; i < 3; ++i) EXPECT_THAT(say(2501), IsEmpty());
  EXPECT_THAT(say(12'600), ElementsAre("queue"));
  EXPECT_EQ(machine.last[0].kind, store::Kind::Counter);
  EXPECT_EQ(machine.last[0].detail, R"(\System\Queue above 2.5 for 3s, 12.6 now)");
  EXPECT_THAT(say(12'600), IsEmpty()) << "it is the same";
}

TEST(Triggers, ForgetACounterThatIsNotReadAnyMore) {
  Machine machine(rule("queue", R"({ counter: { path: '\System\Queue', below: 1, for: 30s } })"));
  const auto counter = machine.triggers.counters().at(0);
  machine.triggers.count(counter, 0, machine.uptime);
  for (int i = 0; i < 60; ++i) EXPECT_THAT(machine.look({}), IsEmpty()) << i;
  for (int i = 0; i < 30; ++i) {
    machine.triggers.count(counter, 0, machine.uptime);
    EXPECT_THAT(machine.look({}), IsEmpty()) << "its time begins anew";
  }
  machine.triggers.count(counter, 0, machine.uptime);
  EXPECT_THAT(machine.look({}), ElementsAre("queue"));
}

TEST(Triggers, AskForTheCounterOfEachProcess) {
  Machine machine(
      rule("gc", R"({ counter: { path: '\Memory({process})\GC', above: 50, for: 1s } })"));
  constexpr ProcessKey kOther{ProcessId{8}, Timestamp{20}};
  machine.triggers.add(kOther, {"orders.exe", "", ""}, Microseconds(0));
  const auto counters = machine.triggers.counters();
  ASSERT_EQ(counters.size(), 2u);
  EXPECT_EQ(counters[1].process, kOther);
  for (int i = 0; i < 2; ++i) {
    machine.triggers.count(counters[0], 50'000, machine.uptime);
    machine.triggers.count(counters[1], 51'000, machine.uptime);
    machine.look({});
  }
  ASSERT_EQ(machine.last.size(), 1u);
  EXPECT_EQ(machine.last[0].process, kOther) << "and nobody else";
  machine.triggers.end(kOther);
  EXPECT_THAT(machine.triggers.counters(), ElementsAre(counters[0]));
}

TEST(Triggers, LeaveAProcessTimeToStart) {
  Machine machine(rule("stuck", "{ hang: { tcp: '127.0.0.1:80', failures: 2, grace: 5s } }"));
  const auto probe = machine.triggers.probes()[0];
  for (int i = 0; i < 4; ++i) {
    machine.answer(probe, "connection refused");
    EXPECT_THAT(machine.look({}), IsEmpty()) << "it may still be starting";
  }
  ASSERT_EQ(machine.uptime, Microseconds(5s));
  machine.triggers.answer(probe, "connection refused", machine.uptime - Microseconds(1));
  machine.answer(probe, "connection refused");
  EXPECT_THAT(machine.look({}), IsEmpty()) << "what was asked before does not count";
  machine.answer(probe, "connection refused");
  EXPECT_THAT(machine.look({}), ElementsAre("stuck"));
  EXPECT_EQ(machine.last[0].detail, "127.0.0.1:80 failed 2 times in a row: connection refused");
}

TEST(Triggers, DoNotChargeAProcessWithTheHangOfAnother) {
  Machine machine(rule("stuck", "{ hang: { tcp: '127.0.0.1:80', failures: 1, grace: 2s } }"));
  const auto probe = machine.triggers.probes()[0];
  machine.look({});
  machine.answer(probe, "connection refused");
  EXPECT_THAT(machine.look({}), ElementsAre("stuck"));
  machine.triggers.end(kOrders);
  constexpr ProcessKey kNext{ProcessId{8}, Timestamp{20}};
  machine.triggers.add(kNext, {"orders.exe", "", ""}, machine.uptime);
  for (int i = 0; i < 10; ++i) EXPECT_THAT(machine.look({}), IsEmpty()) << "nobody has asked it";
  machine.answer(probe, "connection refused");
  EXPECT_THAT(machine.look({}), ElementsAre("stuck"));
  EXPECT_EQ(machine.last[0].process, kNext);
}

TEST(Triggers, RememberWhatALimitHeldBackForAsLongAsItIsMet) {
  Machine machine(rule("hot", "{ cpu: { above: 50%, of: core, for: 1s } }"));
  machine.use(1);
  EXPECT_THAT(machine.use(1), ElementsAre("hot"));
  EXPECT_THAT(machine.triggers.held_back(), IsEmpty());
  machine.triggers.hold_back(kOrders, "hot", true);
  EXPECT_THAT(machine.use(0.75), IsEmpty());
  auto held_back = machine.triggers.held_back();
  ASSERT_EQ(held_back.size(), 1u);
  EXPECT_EQ(held_back[0].rule, "hot");
  EXPECT_EQ(held_back[0].detail, "CPU above 50% of a core for 1s, 75.0% now");
  machine.triggers.hold_back(kOrders, "hot", false);
  EXPECT_THAT(machine.triggers.held_back(), IsEmpty());
  machine.triggers.hold_back(kOrders, "hot", true);
  machine.use(0);
  EXPECT_THAT(machine.triggers.held_back(), IsEmpty()) << "it is over";
  machine.use(1);
  EXPECT_THAT(machine.use(1), ElementsAre("hot")) << "and this is another one";
  EXPECT_THAT(machine.triggers.held_back(), IsEmpty());
}

TEST(Triggers, AskOnlyWhileAProcessLives) {
  Machine machine(rule("stuck", "{ hang: { tcp: '127.0.0.1:80', failures: 1, grace: 0s } }") +
                  rule("more", "{ hang: { tcp: '127.0.0.1:80', failures: 1, grace: 0s } }"));
  const auto probes = machine.triggers.probes();
  EXPECT_EQ(probes.size(), 1u) << "the same question is asked once";
  machine.answer(probes[0], "connection refused");
  machine.triggers.end(kOrders);
  EXPECT_THAT(machine.triggers.probes(), IsEmpty());
  EXPECT_THAT(machine.look({}), IsEmpty()) << "who is gone does not hang";
}

}  // namespace
}  // namespace vigil::watch
