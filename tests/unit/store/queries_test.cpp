// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "unit/store/store_fixture.h"

namespace vigil::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

ListFilter newest(std::uint32_t limit) {
  ListFilter filter;
  filter.limit = limit;
  return filter;
}
ListFilter named(std::string_view process) {
  ListFilter filter;
  filter.process = process;
  return filter;
}
ListFilter in_state(State state) {
  ListFilter filter;
  filter.state = state;
  return filter;
}
ListFilter between(std::optional<Timestamp> since, std::optional<Timestamp> until) {
  ListFilter filter;
  filter.since = since;
  filter.until = until;
  return filter;
}

class List : public StoreTest {
 protected:
  void add(const std::string& process, Timestamp at = kNoon) {
    auto signal = signal_from(Source::ExitWatch, at);
    signal.pid = ProcessId{++pid_};
    signal.process = process;
    record(signal);
  }
  std::vector<std::string> names(const ListFilter& filter) {
    auto captures = store.list(filter);
    EXPECT_TRUE(captures.ok());
    std::vector<std::string> result;
    for (const auto& capture : *captures) result.push_back(capture.process);
    return result;
  }

 private:
  std::uint32_t pid_ = 0;
};

TEST_F(List, IsEmptyOfAnEmptyStore) {
  EXPECT_THAT(names({}), IsEmpty());
}

TEST_F(List, IsInTheOrderOfDeathAndThenOfArrival) {
  add("late", kNoon + kSecond);
  add("first", kNoon);
  add("second", kNoon);
  EXPECT_THAT(names({}), ElementsAre("first", "second", "late"));
}

TEST_F(List, TakesTheNewestWithALimit) {
  add("a", kNoon);
  add("b", kNoon + kSecond);
  add("c", kNoon + kSecond * 2);
  EXPECT_THAT(names(newest(2)), ElementsAre("b", "c"));
  EXPECT_THAT(names(newest(9)), ElementsAre("a", "b", "c"));
}

TEST_F(List, TakesBothEndsOfATimeSpan) {
  add("a", kNoon);
  add("b", kNoon + kSecond);
  add("c", kNoon + kSecond * 2);
  EXPECT_THAT(names(between(kNoon + kSecond, {})), ElementsAre("b", "c"));
  EXPECT_THAT(names(between({}, kNoon + kSecond)), ElementsAre("a", "b"));
  EXPECT_THAT(names(between(kNoon + kSecond, kNoon + kSecond)), ElementsAre("b"));
}

TEST_F(List, FindsAPartOfANameInAnyCase) {
  add("OrdersApi.exe");
  add("billing.exe");
  EXPECT_THAT(names(named("ORDERS")), ElementsAre("OrdersApi.exe"));
  EXPECT_THAT(names(named(".exe")), ElementsAre("OrdersApi.exe", "billing.exe"));
}

TEST_F(List, MatchesAGlobAgainstTheWholeName) {
  add("OrdersApi.exe");
  add("MyOrders.exe");
  EXPECT_THAT(names(named("orders*")), ElementsAre("OrdersApi.exe"));
  EXPECT_THAT(names(named("?yOrders.exe")), ElementsAre("MyOrders.exe"));
}

TEST_F(List, TakesWhatSqlWouldUnderstandAsItStands) {
  add("a%b_c\\d.exe");
  add("axbyc.exe");
  EXPECT_THAT(names(named("a%b_c\\d")), ElementsAre("a%b_c\\d.exe"));
  EXPECT_THAT(names(named("'; DROP TABLE captures; --")), IsEmpty());
}

TEST_F(List, FiltersByState) {
  add("waiting.exe");
  captured();
  EXPECT_THAT(names(in_state(State::Observed)), ElementsAre("waiting.exe"));
  EXPECT_THAT(names(in_state(State::Done)), IsEmpty());
}

using Queries = StoreTest;

TEST_F(Queries, TheLastIsTheOneThatDiedLast) {
  auto late = signal_from(Source::ExitWatch, kNoon + kMinute);
  late.pid = ProcessId{77};
  const auto id = record(late);
  observed();
  EXPECT_EQ(store.last()->id, id);
}

TEST_F(Queries, SayWhatIsNotThere) {
  EXPECT_EQ(store.last().error().code(), Errc::NotFound);
  EXPECT_EQ(store.get(CaptureId{1}).error().code(), Errc::NotFound);
  EXPECT_EQ(store.signals(CaptureId{1}).error().code(), Errc::NotFound);
  EXPECT_THAT(store.report_json(CaptureId{1}).error().message(),
              testing::HasSubstr("there is no capture 1"));
  const auto id = observed();
  EXPECT_THAT(store.report_json(id).error().message(),
              testing::HasSubstr(fmt::format("capture {} has no report", id.value)));
}

TEST_F(Queries, GiveTheSignalsInTheOrderOfArrival) {
  auto early = signal_from(Source::AeDebug, kNoon);
  early.detail = "second chance";
  early.exception_code = kAccessViolation;
  auto late = signal_from(Source::ExitWatch, kNoon + kSecond);
  late.exit_code = kAccessViolation;
  record(late);
  const auto signals = store.signals(record(early));
  ASSERT_EQ(signals->size(), 2u);
  EXPECT_EQ((*signals)[0].source, Source::ExitWatch);
  EXPECT_EQ((*signals)[0].exit_code, kAccessViolation);
  EXPECT_EQ((*signals)[1].detail, "second chance");
  EXPECT_EQ((*signals)[1].exception_code, kAccessViolation);
  EXPECT_EQ((*signals)[1].process_start, early.process_start);
}

TEST_F(Queries, CountEachState) {
  observed();
  capturing();
  done();
  analyzing();
  captured();
  captured();
  skipped();
  const auto failed = [this] {
    while (store.claim_for_analysis(kNoon)->has_value()) continue;
    return store.list(in_state(State::Analyzing))->back().id;
  }();
  ASSERT_TRUE(store.fail(failed, "not a minidump", false, 3, kNoon).ok());
  const auto counts = store.counts();
  EXPECT_EQ(counts->observed, 1u);
  EXPECT_EQ(counts->capturing, 1u);
  EXPECT_EQ(counts->captured, 0u);
  EXPECT_EQ(counts->analyzing, 2u);
  EXPECT_EQ(counts->done, 1u);
  EXPECT_EQ(counts->failed, 1u);
  EXPECT_EQ(counts->skipped, 1u);
}

TEST_F(Queries, KnowWhichProcessesWereSeen) {
  const auto signal = signal_from(Source::ExitWatch);
  record(signal);
  EXPECT_TRUE(*store.seen({signal.pid, *signal.process_start}));
  EXPECT_FALSE(*store.seen({signal.pid, *signal.process_start + Microseconds(1)}));
  EXPECT_FALSE(*store.seen({ProcessId{9}, *signal.process_start}));
}

TEST_F(Queries, AManualDumpIsNoDeath) {
  auto manual = signal_from(Source::Manual);
  manual.kind = Kind::Manual;
  record(manual);
  EXPECT_FALSE(*store.seen({manual.pid, *manual.process_start}));
}

TEST_F(Queries, SumUpASignature) {
  EXPECT_FALSE(store.bucket(observed())->has_value());
  const auto first = done("s");
  done("other");
  const auto last = done("s");
  const auto bucket = store.bucket(first);
  ASSERT_TRUE(bucket.ok() && bucket->has_value());
  EXPECT_EQ((*bucket)->captures, 2u);
  EXPECT_EQ((*bucket)->first_seen, get(first).observed_at);
  EXPECT_EQ((*bucket)->last_seen, get(last).observed_at);
}

TEST_F(Queries, KeepSignaturesOfTwoVersionsApart) {
  const auto old = done("s");
  const auto id = analyzing();
  auto found = findings("s");
  found.signature_version = 2;
  ASSERT_TRUE(store.finish(id, found, kNoon).ok());
  EXPECT_EQ(get(id).signature, "s");
  EXPECT_EQ((*store.bucket(id))->captures, 1u);
  EXPECT_EQ((*store.bucket(old))->captures, 1u);
}

TEST_F(Queries, AReaderSeesEachCommitWhileTheWriterIsOpen) {
  auto reader = open_or_die(file, OpenMode::ReadOnly);
  EXPECT_EQ(reader.list({})->size(), 0u);
  const auto id = observed();
  EXPECT_EQ(reader.list({})->size(), 1u);
  ASSERT_TRUE(store.skip(id, "r", kNoon).ok());
  EXPECT_EQ(reader.get(id)->state, State::Skipped);
}

TEST_F(Queries, AReaderCannotWrite) {
  auto reader = open_or_die(file, OpenMode::ReadOnly);
  const auto recorded = reader.record(signal_from(Source::ExitWatch), kJoinWindow);
  ASSERT_FALSE(recorded.ok());
  EXPECT_EQ(recorded.error().code(), Errc::AccessDenied);
  EXPECT_THAT(recorded.error().message(),
              testing::HasSubstr("vigil.db: record a signal: no right to write"));
}

}  // namespace
}  // namespace vigil::store
