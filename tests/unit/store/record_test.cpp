// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "store/join.h"
#include "unit/store/store_fixture.h"

namespace vigil::store {
namespace {

using Record = StoreTest;

TEST_F(Record, MakesARowOfTheFirstSignal) {
  auto signal = signal_from(Source::AeDebug);
  signal.exception_code = kAccessViolation;
  signal.command_line = "Orders.exe --fast";
  signal.fault_key = "c0000005|orders.dll+1a2b";
  const auto recorded = store.record(signal, kJoinWindow);
  ASSERT_TRUE(recorded.ok());
  EXPECT_TRUE(recorded->created);
  EXPECT_EQ(recorded->state, State::Observed);
  const auto capture = get(recorded->id);
  EXPECT_EQ(capture.observed_at, kNoon);
  EXPECT_EQ(capture.process, "Orders.exe");
  EXPECT_EQ(capture.command_line, "Orders.exe --fast");
  EXPECT_EQ(capture.exception_code, kAccessViolation);
  EXPECT_EQ(capture.exit_code, std::nullopt);
  EXPECT_EQ(capture.dump_kind, "none");
  EXPECT_EQ(capture.seen_by, std::vector{Source::AeDebug});
}

TEST_F(Record, KeepsTextAsItCame) {
  auto signal = signal_from(Source::Inbox);
  signal.process = "\xf0\x9f\x92\xa5 it's; DROP TABLE captures--.exe";
  signal.command_line = std::string("a\0b\xff", 4);
  EXPECT_EQ(get(record(signal)).process, signal.process);
  EXPECT_EQ(store.last()->command_line, signal.command_line);
}

TEST_F(Record, JoinsTheSameInstance) {
  const auto id = record(signal_from(Source::ExitWatch));
  const auto again = store.record(signal_from(Source::AeDebug, kNoon + kMinute), kJoinWindow);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->id, id);
  EXPECT_FALSE(again->created);
  EXPECT_EQ(get(id).seen_by, (std::vector{Source::ExitWatch, Source::AeDebug}));
}

TEST_F(Record, MakesTwoRowsOfOnePidThatWasUsedTwice) {
  auto second = signal_from(Source::ExitWatch, kNoon + kSecond);
  second.process_start = kNoon;
  EXPECT_NE(record(signal_from(Source::ExitWatch)), record(second));
}

TEST_F(Record, TellingTheSameTwiceChangesNothing) {
  const auto id = record(signal_from(Source::ExitWatch));
  const auto before = get(id);
  EXPECT_EQ(record(signal_from(Source::ExitWatch)), id);
  EXPECT_EQ(store.signals(id)->size(), 1u);
  EXPECT_EQ(get(id).updated_at, before.updated_at);
}

TEST_F(Record, KeepsABoundedNumberOfSignalsOfOneRow) {
  CaptureId id;
  for (int i = 0; i < 80; ++i) id = record(signal_from(Source::Inbox, kNoon + Microseconds(i)));
  EXPECT_EQ(store.signals(id)->size(), 16u);
  EXPECT_EQ(store.list({})->size(), 1u);
}

TEST_F(Record, NeverJoinsAManualCapture) {
  auto manual = signal_from(Source::Manual);
  manual.kind = Kind::Manual;
  const auto first = record(manual);
  EXPECT_NE(record(signal_from(Source::ExitWatch)), first);
  manual.at = kNoon + kSecond;
  EXPECT_NE(record(manual), first);
  EXPECT_EQ(store.list({})->size(), 3u);
}

TEST_F(Record, KnowsAManualCaptureThatIsToldOfTwice) {
  auto manual = signal_from(Source::Manual);
  manual.kind = Kind::Manual;
  const auto first = record(manual);
  const auto again = store.record(manual, kJoinWindow);
  EXPECT_EQ(again->id, first);
  EXPECT_FALSE(again->created);
}

TEST_F(Record, TellsInWhichStateTheJoinedRowIs) {
  const auto id = record(signal_from(Source::ExitWatch));
  ASSERT_TRUE(store.skip(id, "no dump arrived", kNoon).ok());
  EXPECT_EQ(store.record(signal_from(Source::Inbox), kJoinWindow)->state, State::Skipped);
}

TEST_F(Record, MakesACrashOfAnExit) {
  auto exit = signal_from(Source::ExitWatch);
  exit.kind = Kind::Exit;
  const auto id = record(exit);
  EXPECT_EQ(get(id).kind, Kind::Exit);
  record(signal_from(Source::AeDebug));
  EXPECT_EQ(get(id).kind, Kind::Crash);
}

TEST_F(Record, JoinsAWholeSecondStartAndMakesItExact) {
  auto from_dump = signal_from(Source::Inbox);
  from_dump.process_start = Timestamp{from_dump.process_start->us / 1'000'000 * 1'000'000};
  const auto id = record(from_dump);
  EXPECT_EQ(record(signal_from(Source::ExitWatch, kNoon + kMinute)), id);
  EXPECT_EQ(get(id).process_start, signal_from(Source::ExitWatch).process_start);
}

/// One crash, seen in four ways. The inbox file tells no start time, as those that WER writes.
std::vector<Signal> four_ways(Microseconds delay) {
  auto exit_watch = signal_from(Source::ExitWatch, kNoon + delay);
  exit_watch.kind = Kind::Exit;
  exit_watch.exit_code = kAccessViolation;
  exit_watch.path = R"(C:\orders\Orders.exe)";
  auto aedebug = signal_from(Source::AeDebug, kNoon);
  aedebug.exception_code = kAccessViolation;
  aedebug.fault_key = "c0000005|orders.dll+1a2b";
  auto attach = signal_from(Source::Attach, kNoon - delay / 2);
  attach.exception_code = kAccessViolation;
  attach.command_line = "Orders.exe --fast";
  auto inbox = signal_from(Source::Inbox, kNoon + delay / 2);
  inbox.process_start.reset();
  inbox.process = "orders.exe";
  return {exit_watch, aedebug, attach, inbox};
}

/// What becomes of \p signals that arrive in \p order, told of a process of their own.
std::vector<Capture> rows_of(Store& store,
                             std::vector<Signal> signals,
                             const std::vector<std::size_t>& order) {
  const ProcessId pid{static_cast<std::uint32_t>(store.list({})->size() + 1)};
  for (auto& signal : signals) signal.pid = pid;
  for (const auto index : order) EXPECT_TRUE(store.record(signals[index], kJoinWindow).ok());
  auto rows = std::move(store.list({})).take();
  std::erase_if(rows, [pid](const Capture& row) { return row.pid != pid; });
  return rows;
}

TEST_F(Record, OneCrashSeenInFourWaysIsOneRowWhateverTheOrderAndDelay) {
  constexpr std::array kDelays = {Microseconds(0), Microseconds(1), Microseconds(400'000),
                                  kSecond * 9, kJoinWindow};
  for (const auto delay : kDelays) {
    const auto signals = four_ways(delay);
    std::vector<std::size_t> order = {0, 1, 2, 3};
    const auto first = rows_of(store, signals, order).front();
    do {
      SCOPED_TRACE(fmt::format("delay {} us, order {}{}{}{}", delay.count(), order[0], order[1],
                               order[2], order[3]));
      const auto rows = rows_of(store, signals, order);
      ASSERT_EQ(rows.size(), 1u);
      const auto& capture = rows.front();
      EXPECT_EQ(capture.seen_by.size(), 4u);
      EXPECT_EQ(capture.seen_by.front(), signals[order[0]].source);
      EXPECT_EQ(capture.kind, Kind::Crash);
      EXPECT_EQ(capture.observed_at, first.observed_at);
      EXPECT_EQ(capture.updated_at, first.updated_at);
      EXPECT_EQ(capture.process_start, signals[0].process_start);
      EXPECT_EQ(capture.process, first.process);
      EXPECT_EQ(capture.path, R"(C:\orders\Orders.exe)");
      EXPECT_EQ(capture.command_line, "Orders.exe --fast");
      EXPECT_EQ(capture.exception_code, kAccessViolation);
      EXPECT_EQ(capture.exit_code, kAccessViolation);
      EXPECT_EQ(capture.fault_key, "c0000005|orders.dll+1a2b");
    } while (std::ranges::next_permutation(order).found);
  }
}

TEST_F(Record, EverySubsetOfTheWaysIsOneRowToo) {
  const auto signals = four_ways(kSecond);
  for (unsigned subset = 1; subset < 16; ++subset) {
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < 4; ++i) {
      if ((subset >> i & 1u) != 0) order.push_back(i);
    }
    do {
      EXPECT_EQ(rows_of(store, signals, order).size(), 1u) << "subset " << subset;
    } while (std::ranges::next_permutation(order).found);
  }
}

TEST_F(Record, JoinsAsIfItHadLookedAtEveryRowOfThePid) {
  std::mt19937 random(1);
  const auto below = [&](std::uint32_t limit) { return random() % limit; };
  std::vector<std::pair<CaptureId, std::vector<Signal>>> rows;
  for (int i = 0; i < 300; ++i) {
    auto signal = signal_from(Source::Inbox, kNoon + below(240) * Microseconds(500'000));
    signal.process_start.reset();
    if (below(3) > 0) {
      signal.process_start = kNoon + below(60) * kSecond + Microseconds(below(2) * 123'456);
    }
    std::vector<Candidate> all;
    for (const auto& [id, signals] : rows) {
      const auto facts = facts_of(signals);
      all.push_back({id, facts.process_start, facts.first_signal, facts.last_signal});
    }
    std::ranges::sort(all, [](const Candidate& a, const Candidate& b) {
      return std::tie(a.first_signal, a.id) > std::tie(b.first_signal, b.id);
    });
    const auto expected = find_row(signal, all, kJoinWindow);
    const auto recorded = store.record(signal, kJoinWindow);
    ASSERT_TRUE(recorded.ok());
    ASSERT_EQ(recorded->created, !expected.has_value()) << i;
    if (recorded->created) {
      rows.emplace_back(recorded->id, std::vector{signal});
    } else {
      ASSERT_EQ(recorded->id, *expected) << i;
      const auto row = std::ranges::find(rows, recorded->id, [](const auto& r) { return r.first; });
      row->second.push_back(signal);
    }
  }
  EXPECT_GT(rows.size(), 20u);
}

TEST_F(Record, AFloodOfRowsOfOnePidHidesNoInstance) {
  const auto real = record(signal_from(Source::ExitWatch));
  for (int i = 1; i <= 100; ++i) {
    auto forged = signal_from(Source::AeDebug, kNoon + Microseconds(i));
    forged.process_start = kNoon - (100 + i) * kSecond;
    EXPECT_NE(record(forged), real);
  }
  EXPECT_EQ(record(signal_from(Source::Attach, kNoon + kSecond)), real);
}

TEST_F(Record, NotesADecisionWithoutChangingTheState) {
  const auto id = observed();
  ASSERT_TRUE(store
                  .set_decision(id, {rules::DumpKind::Mini, "orders-crash",
                                     "rule orders-crash: mini dump", false})
                  .ok());
  const auto capture = get(id);
  EXPECT_EQ(capture.state, State::Observed);
  EXPECT_EQ(capture.rule, "orders-crash");
  EXPECT_EQ(capture.dump_kind, "mini");
  EXPECT_EQ(capture.decision, "rule orders-crash: mini dump");
  EXPECT_EQ(capture.reason, "rule orders-crash: mini dump");
}

TEST_F(Record, RefusesADecisionOnARowThatIsNotThere) {
  const auto status = store.set_decision(CaptureId{99}, {});
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code(), Errc::NotFound);
  EXPECT_NE(status.error().message().find("there is no capture 99"), std::string::npos);
}

TEST_F(Record, GivesEachOccasionOfALivingProcessARowOfItsOwn) {
  auto hot = signal_from(Source::Sampler);
  hot.kind = Kind::Cpu;
  hot.detail = "CPU above 85% of the machine for 30s, 97.3% now";
  auto again = hot;
  again.at = hot.at + kMinute;
  const auto first = record(hot);
  const auto second = record(again);
  const auto death = record(signal_from(Source::ExitWatch, kNoon + 2 * kMinute));
  EXPECT_NE(first, second);
  EXPECT_NE(second, death);
  EXPECT_EQ(record(hot), first) << "told twice";
  EXPECT_EQ(get(first).kind, Kind::Cpu);
  EXPECT_EQ(get(first).detail, hot.detail);
  EXPECT_EQ(get(death).kind, Kind::Crash);
}

TEST_F(Record, KeepsTheFirstCircumstances) {
  const auto id = record(signal_from(Source::ExitWatch));
  EXPECT_EQ(store.circumstances(id).value(), "");
  EXPECT_TRUE(store.set_circumstances(id, "{1}").ok());
  EXPECT_TRUE(store.set_circumstances(id, "{2}").ok());
  EXPECT_EQ(store.circumstances(id).value(), "{1}");
  EXPECT_FALSE(store.set_circumstances(CaptureId{99}, "{}").ok());
}

}  // namespace
}  // namespace vigil::store
