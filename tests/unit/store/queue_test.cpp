// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "unit/store/store_fixture.h"

namespace vigil::store {
namespace {

using Queue = StoreTest;

constexpr std::uint32_t kAttempts = 3;

TEST_F(Queue, TakesACaptureFromFirstSightToItsReport) {
  const auto id = observed();
  ASSERT_TRUE(store.begin_capture(id, "Orders.exe.1.dmp", "2026/11/1.dmp", kNoon).ok());
  EXPECT_EQ(get(id).state, State::Capturing);
  EXPECT_EQ(get(id).inbox_file, "Orders.exe.1.dmp");
  EXPECT_EQ(get(id).dump_file, "2026/11/1.dmp");

  ASSERT_TRUE(store.dump_ready(id, 4096, kNoon + kSecond).ok());
  EXPECT_EQ(get(id).state, State::Captured);
  EXPECT_EQ(get(id).dump_bytes, 4096u);
  EXPECT_EQ(get(id).inbox_file, "");
  EXPECT_EQ(get(id).updated_at, kNoon + kSecond);

  const auto claimed = store.claim_for_analysis(kNoon);
  ASSERT_TRUE(claimed.ok() && claimed->has_value());
  EXPECT_EQ((*claimed)->id, id);
  EXPECT_EQ((*claimed)->state, State::Analyzing);
  EXPECT_EQ((*claimed)->attempts, 1u);

  ASSERT_TRUE(store.finish(id, findings("orders!total | ACCESS_VIOLATION"), kNoon).ok());
  const auto capture = get(id);
  EXPECT_EQ(capture.state, State::Done);
  EXPECT_EQ(capture.signature, "orders!total | ACCESS_VIOLATION");
  EXPECT_EQ(capture.synopsis, "it read what was not there");
  EXPECT_EQ(*store.report_json(id), "{}");
}

TEST_F(Queue, GivesNothingWhenItIsEmpty) {
  observed();
  const auto claimed = store.claim_for_analysis(kNoon);
  ASSERT_TRUE(claimed.ok());
  EXPECT_FALSE(claimed->has_value());
}

TEST_F(Queue, GivesTheOldestFirstAndTriedOnesLast) {
  const auto first = captured();
  const auto second = captured();
  EXPECT_EQ((*store.claim_for_analysis(kNoon))->id, first);
  ASSERT_TRUE(store.fail(first, "it took too long", true, kAttempts, kNoon).ok());
  EXPECT_EQ((*store.claim_for_analysis(kNoon))->id, second);
  EXPECT_EQ((*store.claim_for_analysis(kNoon))->id, first);
}

TEST_F(Queue, TriesAgainOnlyWhileAttemptsRemain) {
  const auto id = captured();
  for (std::uint32_t attempt = 1; attempt <= kAttempts; ++attempt) {
    ASSERT_EQ((*store.claim_for_analysis(kNoon))->id, id);
    ASSERT_TRUE(store.fail(id, "it took too long", true, kAttempts, kNoon).ok());
    EXPECT_EQ(get(id).state, attempt < kAttempts ? State::Captured : State::Failed);
  }
  EXPECT_EQ(get(id).reason, "it took too long");
}

TEST_F(Queue, FailsAtOnceWhereARetryCannotHelp) {
  const auto id = analyzing();
  ASSERT_TRUE(store.fail(id, "not a minidump", false, kAttempts, kNoon).ok());
  EXPECT_EQ(get(id).state, State::Failed);
}

TEST_F(Queue, ALateDumpTakesASkippedRowUpAgain) {
  const auto id = observed();
  ASSERT_TRUE(
      store.set_decision(id, {rules::DumpKind::Mini, "r", "rule r: mini dump", false}).ok());
  ASSERT_TRUE(store.skip(id, "no dump arrived", kNoon).ok());
  EXPECT_EQ(get(id).reason, "no dump arrived");
  ASSERT_TRUE(store.begin_capture(id, "a", "b", kNoon).ok());
  EXPECT_EQ(get(id).reason, "rule r: mini dump");
}

TEST_F(Queue, AReportPutsTheReasonOfAnEarlierAttemptAway) {
  const auto id = analyzing();
  ASSERT_TRUE(
      store.set_decision(id, {rules::DumpKind::Mini, "r", "rule r: mini dump", false}).ok());
  ASSERT_TRUE(store.fail(id, "it took too long", true, kAttempts, kNoon).ok());
  ASSERT_TRUE(store.claim_for_analysis(kNoon).ok());
  ASSERT_TRUE(store.finish(id, findings("s"), kNoon).ok());
  EXPECT_EQ(get(id).reason, "rule r: mini dump");
}

TEST_F(Queue, SkippingDropsTheNameOfADumpThatNeverCame) {
  const auto id = capturing();
  ASSERT_TRUE(store.skip(id, "the disk is full", kNoon).ok());
  EXPECT_EQ(get(id).state, State::Skipped);
  EXPECT_EQ(get(id).dump_file, "");
  EXPECT_EQ(get(id).inbox_file, "");
}

TEST_F(Queue, SkippingAgainReplacesTheReason) {
  const auto id = skipped();
  ASSERT_TRUE(store.skip(id, "rule r: per_hour limit of 6 reached", kNoon).ok());
  EXPECT_EQ(get(id).reason, "rule r: per_hour limit of 6 reached");
}

TEST_F(Queue, ForgettingADumpTakesItsRowOutOfTheQueue) {
  const auto id = captured();
  ASSERT_TRUE(store.forget_dump(id, "rule r: per_signature limit of 3 reached", kNoon).ok());
  EXPECT_EQ(get(id).state, State::Skipped);
  EXPECT_EQ(get(id).dump_file, "");
  EXPECT_EQ(get(id).dump_bytes, 0u);
  EXPECT_FALSE(store.claim_for_analysis(kNoon)->has_value());
}

TEST_F(Queue, ForgettingADumpLeavesItsReport) {
  const auto id = done();
  ASSERT_TRUE(store.forget_dump(id, "rule r: per_signature limit of 3 reached", kNoon).ok());
  EXPECT_EQ(get(id).state, State::Done);
  EXPECT_EQ(get(id).dump_file, "");
  EXPECT_TRUE(store.report_json(id).ok());
}

TEST_F(Queue, DoesNotRetryWithoutADump) {
  const auto id = analyzing();
  ASSERT_TRUE(store.forget_dump(id, "no space", kNoon).ok());
  ASSERT_TRUE(store.fail(id, "it took too long", true, kAttempts, kNoon).ok());
  EXPECT_EQ(get(id).state, State::Failed);
}

TEST_F(Queue, KeepsASizeThatFitsNoDatabase) {
  const auto id = capturing();
  ASSERT_TRUE(store.dump_ready(id, std::numeric_limits<std::uint64_t>::max(), kNoon).ok());
  EXPECT_EQ(get(id).dump_bytes,
            static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()));
}

TEST_F(Queue, AReportTellsAFactThatNoSignalKnew) {
  const auto id = analyzing();
  auto found = findings("s");
  found.exception_code = kAccessViolation;
  ASSERT_TRUE(store.finish(id, found, kNoon).ok());
  EXPECT_EQ(get(id).exception_code, kAccessViolation);
}

TEST_F(Queue, AReportDoesNotContradictASignal) {
  auto signal = signal_from(Source::AeDebug);
  signal.exception_code = kAccessViolation;
  const auto id = record(signal);
  ASSERT_TRUE(store.begin_capture(id, "a", "b", kNoon).ok());
  ASSERT_TRUE(store.dump_ready(id, 1, kNoon).ok());
  ASSERT_TRUE(store.claim_for_analysis(kNoon).ok());
  auto found = findings("s");
  found.exception_code = 0xc0000409;
  found.process_start = kNoon;
  ASSERT_TRUE(store.finish(id, found, kNoon).ok());
  EXPECT_EQ(get(id).exception_code, kAccessViolation);
  EXPECT_EQ(get(id).process_start, signal.process_start);
}

TEST_F(Queue, AReportWithoutSignatureFallsIntoNoBucket) {
  const auto id = analyzing();
  ASSERT_TRUE(store.finish(id, findings(""), kNoon).ok());
  EXPECT_EQ(get(id).signature, "");
}

TEST_F(Queue, AFactOfTheReportOutlivesALateSignal) {
  auto inbox = signal_from(Source::Inbox);
  inbox.process_start.reset();
  const auto id = record(inbox);
  ASSERT_TRUE(store.begin_capture(id, "a", "b", kNoon).ok());
  ASSERT_TRUE(store.dump_ready(id, 1, kNoon).ok());
  ASSERT_TRUE(store.claim_for_analysis(kNoon).ok());
  auto found = findings("s");
  found.exception_code = kAccessViolation;
  ASSERT_TRUE(store.finish(id, found, kNoon).ok());
  inbox.at = kNoon + kSecond;
  record(inbox);
  EXPECT_EQ(get(id).exception_code, kAccessViolation);
}

/// A dump without a start time, and news of the same death from outside the join window.
class LateStart : public StoreTest {
 protected:
  CaptureId dump_in_analysis() {
    auto inbox = signal_from(Source::Inbox);
    inbox.process_start.reset();
    const auto id = record(inbox);
    EXPECT_TRUE(store.begin_capture(id, "a", "b", kNoon).ok());
    EXPECT_TRUE(store.dump_ready(id, 1, kNoon).ok());
    EXPECT_TRUE(store.claim_for_analysis(kNoon).ok());
    return id;
  }
  static Store::Findings with_start() {
    auto found = findings("s");
    found.process_start =
        Timestamp{signal_from(Source::Inbox).process_start->us / 1'000'000 * 1'000'000};
    return found;
  }
};

TEST_F(LateStart, IsLearnedFromTheReport) {
  const auto id = dump_in_analysis();
  ASSERT_TRUE(store.finish(id, with_start(), kNoon).ok());
  EXPECT_EQ(get(id).process_start, with_start().process_start);
}

TEST_F(LateStart, NeverChangesAnotherRow) {
  const auto id = dump_in_analysis();
  const auto other = record(signal_from(Source::ExitWatch, kNoon + kMinute));
  ASSERT_NE(other, id);
  ASSERT_TRUE(store.finish(id, with_start(), kNoon).ok());
  EXPECT_EQ(get(id).process_start, std::nullopt);
  EXPECT_EQ(get(id).state, State::Done);
  EXPECT_EQ(get(other).state, State::Observed);
  EXPECT_EQ(store.signals(other)->size(), 1u);
}

// Every step from a state that it does not start from: it says so and changes nothing.

using Step = std::function<Status(Store&, CaptureId)>;
struct StepCase {
  const char* name;
  Step step;
  std::vector<State> allowed;
};

std::vector<StepCase> steps() {
  return {
      {"begin_capture",
       [](Store& s, CaptureId id) { return s.begin_capture(id, "a", "b", kNoon); },
       {State::Observed, State::Skipped}},
      {"dump_ready",
       [](Store& s, CaptureId id) { return s.dump_ready(id, 1, kNoon); },
       {State::Capturing}},
      {"skip",
       [](Store& s, CaptureId id) { return s.skip(id, "r", kNoon); },
       {State::Observed, State::Capturing, State::Skipped}},
      {"finish",
       [](Store& s, CaptureId id) { return s.finish(id, {}, kNoon); },
       {State::Analyzing}},
      {"fail",
       [](Store& s, CaptureId id) { return s.fail(id, "r", true, kAttempts, kNoon); },
       {State::Analyzing}},
      {"forget_dump",
       [](Store& s, CaptureId id) -> Status {
         VIGIL_TRY(s.forget_dump(id, "r", kNoon));
         return {};
       },
       {State::Captured, State::Analyzing, State::Done, State::Failed}},
  };
}

TEST_F(Queue, EachStepStartsOnlyFromItsStates) {
  for (const auto& [name, step, allowed] : steps()) {
    const std::vector<std::pair<State, std::function<CaptureId()>>> makers = {
        {State::Observed, [this] { return observed(); }},
        {State::Capturing, [this] { return capturing(); }},
        {State::Analyzing, [this] { return analyzing(); }},
        {State::Captured, [this] { return captured(); }},
        {State::Skipped, [this] { return skipped(); }},
    };
    for (const auto& [state, make] : makers) {
      SCOPED_TRACE(fmt::format("{} on {}", name, to_string(state)));
      const auto id = make();
      const bool expected = std::ranges::find(allowed, state) != allowed.end();
      const auto status = step(store, id);
      EXPECT_EQ(status.ok(), expected);
      if (!expected) {
        EXPECT_EQ(status.error().code(), Errc::NotFound);
        EXPECT_EQ(get(id).state, state);
      }
      while (store.claim_for_analysis(kNoon)->has_value())
        continue;  // Leave nothing to the next case.
    }
  }
}

TEST_F(Queue, SaysInWhichStateARowIsInstead) {
  const auto id = done();
  const auto status = store.begin_capture(id, "a", "b", kNoon);
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.error().message().find(
                fmt::format("capture {} is done, not observed or skipped", id.value)),
            std::string::npos);
}

TEST_F(Queue, NoStepFindsARowThatIsNotThere) {
  for (const auto& [name, step, allowed] : steps()) {
    const auto status = step(store, CaptureId{4711});
    ASSERT_FALSE(status.ok()) << name;
    EXPECT_NE(status.error().message().find("there is no capture 4711"), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace vigil::store
