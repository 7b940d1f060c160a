// SPDX-License-Identifier: Apache-2.0
#include <set>
#include <string>

#include <gmock/gmock.h>

#include "unit/store/store_fixture.h"

namespace vigil::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint32_t kAttempts = 3;

class Recover : public StoreTest {
 protected:
  /// Which files a restarted service would find.
  std::set<std::string> dumps, inbox;

  Recovery recover() {
    const Store::FileProbe probe = {
        [this](const std::string& name) {
          return dumps.contains(name) ? std::optional<std::uint64_t>(777) : std::nullopt;
        },
        [this](const std::string& name) { return inbox.contains(name); },
    };
    auto recovery = store.recover(probe, kAttempts, kNoon + kMinute);
    EXPECT_TRUE(recovery.ok());
    return std::move(recovery).take();
  }
};

TEST_F(Recover, LeavesAloneWhatNobodyWorkedOn) {
  const auto waiting = observed();
  const auto finished = done();
  const auto given_up = skipped();
  const auto queued = captured();
  EXPECT_THAT(recover().notes, IsEmpty());
  EXPECT_EQ(get(waiting).state, State::Observed);
  EXPECT_EQ(get(finished).state, State::Done);
  EXPECT_EQ(get(given_up).state, State::Skipped);
  EXPECT_EQ(get(queued).state, State::Captured);
}

TEST_F(Recover, QueuesADumpThatWasCompleteUnderItsFinalName) {
  const auto id = capturing();
  dumps = {dump_name(id)};
  inbox = {"a.dmp"};
  EXPECT_THAT(recover().notes, ElementsAre(HasSubstr("its dump was complete")));
  EXPECT_EQ(get(id).state, State::Captured);
  EXPECT_EQ(get(id).dump_bytes, 777u);
  EXPECT_EQ(get(id).inbox_file, "");
  EXPECT_EQ(get(id).updated_at, kNoon + kMinute);
}

TEST_F(Recover, TakesADumpThatIsStillInTheInboxAgain) {
  const auto id = capturing();
  inbox = {"a.dmp"};
  EXPECT_THAT(recover().notes, ElementsAre(HasSubstr("still lies in the inbox")));
  EXPECT_EQ(get(id).state, State::Observed);
  EXPECT_EQ(get(id).dump_file, "");
  EXPECT_TRUE(store.begin_capture(id, "a.dmp", "b", kNoon).ok());
}

TEST_F(Recover, SkipsACaptureWhoseDumpIsGone) {
  const auto id = capturing();
  EXPECT_THAT(recover().notes, ElementsAre(HasSubstr("given up")));
  EXPECT_EQ(get(id).state, State::Skipped);
  EXPECT_EQ(get(id).reason, "the dump was lost when Vigil was interrupted");
}

TEST_F(Recover, TriesAnInterruptedAnalysisAgain) {
  const auto id = analyzing();
  EXPECT_THAT(recover().notes, ElementsAre(HasSubstr("attempt 1 of 3")));
  EXPECT_EQ(get(id).state, State::Captured);
  EXPECT_EQ(get(id).attempts, 1u);
}

TEST_F(Recover, GivesAnAnalysisUpThatKillsTheServiceEveryTime) {
  const auto id = captured();
  for (std::uint32_t attempt = 0; attempt < kAttempts; ++attempt) {
    ASSERT_TRUE(store.claim_for_analysis(kNoon)->has_value());
    recover();
  }
  EXPECT_EQ(get(id).state, State::Failed);
  EXPECT_EQ(get(id).reason, "analysis was interrupted 3 times");
  EXPECT_EQ(get(id).dump_file, dump_name(id));
}

TEST_F(Recover, FailsAnAnalysisWhoseDumpWasTakenAway) {
  const auto id = analyzing();
  ASSERT_TRUE(store.forget_dump(id, "no space", kNoon).ok());
  recover();
  EXPECT_EQ(get(id).state, State::Failed);
}

TEST_F(Recover, ASecondTimeFindsNothingToDo) {
  capturing();
  analyzing();
  EXPECT_EQ(recover().notes.size(), 2u);
  EXPECT_THAT(recover().notes, IsEmpty());
}

TEST_F(Recover, NamesTheProcessInTheOrderOfDeath) {
  const auto first = capturing();
  const auto second = capturing();
  EXPECT_THAT(
      recover().notes,
      ElementsAre(HasSubstr(fmt::format("capture {} (Orders.exe, pid 5000)", first.value)),
                  HasSubstr(fmt::format("capture {} (Orders.exe, pid 5001)", second.value))));
}

using Overdue = StoreTest;

TEST_F(Overdue, AreObservedRowsWithoutRecentNews) {
  const auto old = observed();
  skipped();
  captured();
  auto fresh = signal_from(Source::ExitWatch, kNoon + kMinute);
  record(fresh);
  const auto overdue = store.overdue(kNoon + kMinute);
  ASSERT_TRUE(overdue.ok());
  ASSERT_EQ(overdue->size(), 1u);
  EXPECT_EQ(overdue->front().id, old);
}

TEST_F(Overdue, NewsPutARowOff) {
  const auto id = record(signal_from(Source::ExitWatch));
  record(signal_from(Source::AeDebug, kNoon + kMinute));
  EXPECT_TRUE(store.overdue(kNoon + kMinute)->empty());
  EXPECT_EQ(store.overdue(kNoon + kMinute + Microseconds(1))->front().id, id);
}

}  // namespace
}  // namespace vigil::store
