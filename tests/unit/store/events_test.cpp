// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include "unit/store/store_fixture.h"

namespace vigil::store {
namespace {

constexpr const char* kReportId = "f380f3b9-326d-4192-bd08-453b67cf1de0";

LogEvent event(std::string provider, std::uint64_t record_id, Timestamp at = kNoon) {
  LogEvent made;
  made.channel = "Application";
  made.provider = std::move(provider);
  made.event_id = 1000;
  made.record_id = record_id;
  made.at = at;
  made.process = "Orders.exe";
  made.text = "event " + std::to_string(record_id);
  return made;
}

LoggedNews crash_news(std::uint64_t record_id = 11, Timestamp at = kNoon) {
  auto signal = signal_from(Source::EventLog, at);
  signal.exception_code = kAccessViolation;
  auto made = event("Application Error", record_id, at);
  made.report_id = kReportId;
  return {made, signal};
}

LoggedNews report_news(std::uint64_t record_id = 12, Timestamp at = kNoon + 3 * kSecond) {
  auto made = event("Windows Error Reporting", record_id, at);
  made.report_id = kReportId;
  made.bucket = "APPCRASH 42";
  return {made, std::nullopt};
}

LoggedNews text_news(std::uint64_t record_id = 10, Timestamp at = kNoon - kSecond) {
  auto made = event(".NET Runtime", record_id, at);
  made.summary = "System.Exception: of " + std::to_string(record_id);
  return {made, std::nullopt};
}

class Events : public StoreTest {
 protected:
  std::vector<std::optional<Recorded>> take(const std::vector<LoggedNews>& news,
                                            std::string_view bookmark = {}) {
    auto taken = store.take_events(news, bookmark, kJoinWindow);
    if (!taken.ok()) ADD_FAILURE() << taken.error().message();
    return std::move(taken).take();
  }
};

TEST_F(Events, ACrashIsARowAndKeepsItsEvent) {
  const auto taken = take({crash_news()}, "<bookmark>");
  ASSERT_EQ(taken.size(), 1u);
  ASSERT_TRUE(taken[0]);
  EXPECT_TRUE(taken[0]->created);
  EXPECT_EQ(get(taken[0]->id).seen_by, std::vector{Source::EventLog});
  const auto events = store.events(taken[0]->id);
  ASSERT_TRUE(events.ok());
  ASSERT_EQ(events->size(), 1u);
  EXPECT_EQ(events->front().text, "event 11");
  EXPECT_EQ(*store.bookmark(), "<bookmark>");
}

TEST_F(Events, ToldTwiceIsOnce) {
  const auto first = take({crash_news(), report_news()}, "1");
  const auto again = take({crash_news(), report_news()}, "2");
  EXPECT_FALSE(again[0]);
  EXPECT_EQ(store.list({})->size(), 1u);
  EXPECT_EQ(store.events(first[0]->id)->size(), 2u);
  EXPECT_EQ(*store.bookmark(), "2");
}

TEST_F(Events, ALogThatWasMadeAnewBeginsWithTheSameNumbers) {
  take({crash_news(11)});
  auto later = crash_news(11, kNoon + 60 * kMinute);
  later.signal->process_start = kNoon;
  take({later});
  EXPECT_EQ(store.list({})->size(), 2u);
}

TEST_F(Events, AReportFindsItsDeath) {
  const auto id = take({crash_news(), report_news()})[0]->id;
  EXPECT_EQ(get(id).wer_bucket, "APPCRASH 42");
  EXPECT_EQ(store.events(id)->size(), 2u);
}

TEST_F(Events, ATextBelongsToTheDeathThatFollowsIt) {
  auto second = crash_news(21, kNoon + 5 * kSecond);
  second.signal->pid = ProcessId{99};
  second.event.report_id = "another";
  const auto taken =
      take({text_news(10), crash_news(11), text_news(20, kNoon + 4 * kSecond), second});
  EXPECT_EQ(get(taken[1]->id).managed, "System.Exception: of 10");
  EXPECT_EQ(get(taken[3]->id).managed, "System.Exception: of 20");
}

TEST_F(Events, WithoutAnEventOfTheDeathATextBelongsToWhoDiedThen) {
  auto exit = signal_from(Source::ExitWatch);
  exit.exit_code = 0xe0434352;
  const auto id = record(exit);
  take({text_news()});
  EXPECT_EQ(get(id).managed, "System.Exception: of 10");
}

TEST_F(Events, ATextOfAnotherProgramOrAnotherTimeIsNobodys) {
  const auto id = record(signal_from(Source::ExitWatch));
  auto other = text_news();
  other.event.process = "Billing.exe";
  take({other, text_news(5, kNoon - kMinute)});
  EXPECT_EQ(get(id).managed, "");
}

TEST_F(Events, AHangIsNoDeath) {
  auto hang = crash_news();
  hang.signal->kind = Kind::Hang;
  const auto hung = take({hang})[0]->id;
  EXPECT_NE(record(signal_from(Source::ExitWatch, kNoon + kSecond)), hung);
}

TEST_F(Events, AnUncleanStartAndTheDumpOfItAreOneBugcheck) {
  auto start = crash_news(40);
  start.event.provider = "Microsoft-Windows-Kernel-Power";
  start.signal->kind = Kind::Bugcheck;
  start.signal->pid = ProcessId{};
  start.signal->process_start.reset();
  start.signal->exception_code = 0x50;
  start.signal->fault_key = "50 1 2 3 4";
  start.signal->detail = "bugcheck";
  auto dump = start;
  dump.event.record_id = 43;
  dump.event.at = dump.signal->at = kNoon + 2 * kMinute;
  dump.signal->detail = "bugcheck; Windows wrote a dump";
  // Machines stop again and again for one reason.
  auto later = start;
  later.event.record_id = 50;
  later.event.at = later.signal->at = kNoon + 6 * kMinute;
  auto other = dump;
  other.event.record_id = 51;
  other.event.at = other.signal->at = kNoon + 7 * kMinute;
  other.signal->fault_key = "50 5 2 3 4";
  const auto taken = take({start, dump, later, other});
  EXPECT_EQ(taken[0]->id, taken[1]->id);
  EXPECT_NE(taken[0]->id, taken[2]->id);
  EXPECT_EQ(store.list({})->size(), 3u);
}

TEST_F(Events, AStopAndItsDumpAreOneInWhateverOrderTheyCome) {
  for (const bool dump_first : {true, false}) {
    const auto at = dump_first ? kNoon : kNoon + 24 * 60 * kMinute;
    auto event = crash_news(dump_first ? 60 : 70, at);
    event.signal->kind = Kind::Bugcheck;
    event.signal->pid = ProcessId{};
    event.signal->process_start.reset();
    event.signal->exception_code = 0x7e;
    event.signal->fault_key = "7e 1 2 3 4";
    Signal dump;
    dump.source = Source::CrashControl;
    dump.kind = Kind::Bugcheck;
    dump.at = at - kMinute;
    dump.detail = "a dump";
    const auto of_dump = dump_first ? record(dump) : CaptureId{};
    const auto of_event = take({event})[0]->id;
    EXPECT_EQ(of_event, dump_first ? of_dump : record(dump));
    EXPECT_EQ(get(of_event).exception_code, 0x7eu);
    // The dump of the next stop, of which nothing else is known yet.
    dump.at = at + 5 * kMinute;
    EXPECT_NE(record(dump), of_event);
  }
}

TEST_F(Events, ALossOfPowerHasNoDump) {
  auto event = crash_news(60);
  event.signal->kind = Kind::Bugcheck;
  event.signal->pid = ProcessId{};
  event.signal->process_start.reset();
  event.signal->exception_code.reset();
  const auto lost = take({event})[0]->id;
  Signal dump;
  dump.source = Source::CrashControl;
  dump.kind = Kind::Bugcheck;
  dump.at = kNoon + kMinute;
  EXPECT_NE(record(dump), lost);
}

TEST_F(Events, SignalsWithoutAProcessIdJoinNobody) {
  auto first = crash_news(1);
  first.signal->pid = ProcessId{};
  first.signal->process_start.reset();
  auto second = crash_news(2, kNoon + kSecond);
  second.signal->pid = ProcessId{};
  second.signal->process_start.reset();
  take({first, second});
  EXPECT_EQ(store.list({})->size(), 2u);
}

TEST_F(Events, WhatAnEventSaysCountsOnlyWhereNobodyElseKnows) {
  auto forged = crash_news(11, kNoon - kSecond);
  forged.signal->process = "vigil.exe";
  forged.signal->path = "C:\\forged.exe";
  const auto id = take({forged})[0]->id;
  EXPECT_EQ(get(id).process, "vigil.exe");
  auto seen = signal_from(Source::ExitWatch, kNoon + kMinute);
  seen.path = "C:\\Orders.exe";
  EXPECT_EQ(record(seen), id);
  EXPECT_EQ(get(id).process, "Orders.exe");
  EXPECT_EQ(get(id).path, "C:\\Orders.exe");
  EXPECT_EQ(get(id).observed_at, kNoon + kMinute);
  EXPECT_EQ(get(id).exception_code, kAccessViolation);
}

TEST_F(Events, ManyEventsDoNotCrowdOutOtherSignals) {
  for (std::uint64_t i = 0; i < 100; ++i)
    take({crash_news(i, kNoon + Microseconds(static_cast<std::int64_t>(i)))});
  const auto id = record(signal_from(Source::ExitWatch, kNoon + kSecond));
  EXPECT_EQ(get(id).seen_by, (std::vector{Source::EventLog, Source::ExitWatch}));
}

TEST_F(Events, TheLatestTextOfAFloodIsJoined) {
  std::vector<LoggedNews> flood;
  for (std::uint64_t i = 0; i < 2'000; ++i) {
    flood.push_back(text_news(i, kNoon + Microseconds(static_cast<std::int64_t>(i))));
    flood.back().event.summary = "x";
  }
  take(flood);
  const auto id = take({crash_news(5'000, kNoon + kSecond)})[0]->id;
  EXPECT_EQ(get(id).managed, "x");
}

/// One piece of news of one death, whatever the way.
using Step = std::function<void(Store&)>;

/// Everything that tells of the death of two instances of one program, three seconds apart.
std::vector<Step> all_signals() {
  const auto signal = [](Signal told) {
    return [told](Store& store) { ASSERT_TRUE(store.record(told, kJoinWindow).ok()); };
  };
  const auto news = [](LoggedNews told) {
    return [told](Store& store) { ASSERT_TRUE(store.take_events({told}, {}, kJoinWindow).ok()); };
  };
  auto exit = signal_from(Source::ExitWatch, kNoon + 4 * kSecond);
  exit.exit_code = kAccessViolation;
  auto file = signal_from(Source::Inbox, kNoon + 2 * kSecond);
  file.process_start.reset();
  auto attached = signal_from(Source::Attach, kNoon - kSecond);
  attached.fault_key = "c0000005|orders.dll+1";
  auto other = crash_news(31, kNoon + 3 * kSecond);
  other.signal->pid = ProcessId{4321};
  other.event.report_id = "another";
  return {signal(exit),        signal(file),
          signal(attached),    news(crash_news()),
          news(report_news()), news(text_news(10)),
          news(other),         news(text_news(30, kNoon + 2 * kSecond))};
}

TEST_F(Events, TheOrderInWhichNewsComeDoesNotMatter) {
  const auto steps = all_signals();
  std::vector<std::size_t> order(steps.size());
  std::iota(order.begin(), order.end(), 0u);
  std::mt19937 random(20'261'123);
  for (int round = 0; round < 300; ++round) {
    SCOPED_TRACE(round);
    std::ranges::shuffle(order, random);
    const TempFolder place;
    auto fresh = open_or_die(place.path() / "vigil.db", OpenMode::Create);
    for (const auto step : order) steps[step](fresh);
    auto rows = *fresh.list({});
    ASSERT_EQ(rows.size(), 2u);
    std::ranges::sort(rows, {}, [](const Capture& row) { return row.pid.value; });
    const auto& row = rows[0];
    EXPECT_EQ(row.seen_by.size(), 4u);
    EXPECT_EQ(row.observed_at, kNoon - kSecond);
    EXPECT_EQ(row.exit_code, kAccessViolation);
    EXPECT_EQ(row.fault_key, "c0000005|orders.dll+1");
    EXPECT_EQ(row.managed, "System.Exception: of 10");
    EXPECT_EQ(row.wer_bucket, "APPCRASH 42");
    EXPECT_EQ(fresh.events(row.id)->size(), 3u);
    EXPECT_EQ(rows[1].managed, "System.Exception: of 30");
    EXPECT_EQ(fresh.events(rows[1].id)->size(), 2u);
  }
}

}  // namespace
}  // namespace vigil::store
