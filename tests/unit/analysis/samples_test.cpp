// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analysis/analysis.h"
#include "unit/analysis/sample_crash.h"

namespace vigil::analysis {
namespace {

constexpr std::uint32_t kThread = 10;

report::Frame at(std::uint64_t instruction, std::string trust = "unwind_info") {
  report::Frame result;
  result.instruction = instruction;
  result.module = "orders.dll";
  result.trust = std::move(trust);
  return result;
}

/// Threads with their stacks, as one dump has them.
struct Taken {
  snapshot::Snapshot snapshot{};
  std::vector<report::Thread> stacks{};

  Taken& thread(std::uint32_t id,
                std::vector<report::Frame> frames,
                std::string stop_reason = "end_of_stack") {
    snapshot.threads.emplace_back().id = ThreadId{id};
    auto& stack = stacks.emplace_back();
    stack.thread_id = id;
    stack.frames = std::move(frames);
    stack.stop_reason = std::move(stop_reason);
    return *this;
  }
  Taken& created(Timestamp at) {
    snapshot.threads.back().create_time = at;
    return *this;
  }
  Taken& used(Microseconds user, Microseconds kernel) {
    snapshot.threads.back().user_time = user;
    snapshot.threads.back().kernel_time = kernel;
    return *this;
  }
};

report::Movement moved(const Taken& first, const std::vector<Taken>& later) {
  Movements movements(first.snapshot, first.stacks);
  for (const auto& one : later) movements.add(one.snapshot, one.stacks);
  return movements.of_threads().at(0);
}
/// What a stack is said to have done that became \p after.
std::string stack(std::vector<report::Frame> before, std::vector<report::Frame> after) {
  const Taken first = Taken().thread(kThread, std::move(before));
  return moved(first, {Taken().thread(kThread, std::move(after))}).stack;
}

TEST(Movements, TellAStackThatStoodStillFromOneThatDidNot) {
  const std::vector<report::Frame> before = {at(0x10), at(0x20), at(0x30)};
  EXPECT_EQ(stack(before, before), "same");
  EXPECT_EQ(stack(before, {at(0x14), at(0x20), at(0x30)}), "innermost");
  EXPECT_EQ(stack(before, {at(0x10), at(0x24), at(0x30)}), "changed");
  EXPECT_EQ(stack(before, {at(0x20), at(0x30)}), "changed");
  EXPECT_EQ(stack(before, {at(0x5), at(0x10), at(0x20), at(0x30)}), "changed");
}

TEST(Movements, SayThatAnotherModuleIsAnotherFunction) {
  auto elsewhere = at(0x14);
  elsewhere.module = "billing.dll";
  EXPECT_EQ(stack({at(0x10), at(0x20)}, {elsewhere, at(0x20)}), "changed");
}

TEST(Movements, LeaveInlinedCallsOut) {
  EXPECT_EQ(stack({at(0x10, "inline"), at(0x10), at(0x20)}, {at(0x10), at(0x20)}), "same");
}

TEST(Movements, DoNotKnowWhatAGuessedFrameIsWorth) {
  const std::vector<report::Frame> before = {at(0x10), at(0x20, "scan"), at(0x30)};
  EXPECT_EQ(stack(before, {at(0x10), at(0x24, "scan"), at(0x30)}), "unknown");
  EXPECT_EQ(stack(before, {at(0x10), at(0x20, "scan")}), "unknown");
  EXPECT_EQ(stack(before, before), "same");
}

TEST(Movements, DoNotKnowWhatLiesBehindAStackThatIsCutOff) {
  const Taken first = Taken().thread(kThread, {at(0x10), at(0x20), at(0x30)});
  const Taken cut = Taken().thread(kThread, {at(0x10), at(0x20)}, "no_memory");
  EXPECT_EQ(moved(first, {cut}).stack, "unknown");
  EXPECT_EQ(moved(cut, {cut}).stack, "same") << "what can be read of it is";
  const Taken one = Taken().thread(kThread, {at(0x10)}, "no_memory");
  EXPECT_EQ(moved(one, {one}).stack, "unknown") << "the same wait may be another call of it";
  const Taken changed = Taken().thread(kThread, {at(0x10), at(0x24)}, "no_memory");
  EXPECT_EQ(moved(first, {changed}).stack, "changed");
}

TEST(Movements, DoNotKnowAStackThatWasNotWalked) {
  EXPECT_EQ(stack({}, {at(0x10)}), "unknown");
  EXPECT_EQ(stack({at(0x10)}, {}), "unknown");
  Taken lost = Taken().thread(kThread, {at(0x10)});
  const Taken first = lost;
  lost.stacks.clear();
  EXPECT_EQ(moved(first, {lost}).stack, "unknown");
}

TEST(Movements, DoNotTakeBackWhatOneSampleShowed) {
  const Taken first = Taken().thread(kThread, {at(0x10), at(0x20)});
  const Taken other = Taken().thread(kThread, {at(0x10), at(0x24)});
  EXPECT_EQ(moved(first, {other, first}).stack, "changed");
  EXPECT_EQ(moved(first, {other, first}).samples, 3u);
}

TEST(Movements, EndWithTheirThread) {
  const Taken first = Taken().thread(kThread, {at(0x10)});
  EXPECT_EQ(moved(first, {first, Taken()}).samples, 2u);
  EXPECT_EQ(moved(first, {Taken(), first}).samples, 1u) << "it is another one of the same id";
  EXPECT_EQ(moved(first, {Taken()}).stack, "unknown");
}

TEST(Movements, TellAThreadFromALaterOneOfTheSameId) {
  const Taken first = Taken().thread(kThread, {at(0x10)}).created({1});
  const Taken reused = Taken().thread(kThread, {at(0x10)}).created({2});
  EXPECT_EQ(moved(first, {reused}).samples, 1u);
  EXPECT_EQ(moved(first, {first}).samples, 2u);
  const Taken untold = Taken().thread(kThread, {at(0x10)});
  EXPECT_EQ(moved(first, {untold}).samples, 2u);
}

TEST(Movements, SayHowMuchProcessorTimeWasUsed) {
  using namespace std::chrono_literals;
  const Taken first = Taken().thread(kThread, {at(0x10)}).used(1s, 500ms);
  const Taken later = Taken().thread(kThread, {at(0x10)}).used(3s, 600ms);
  EXPECT_EQ(moved(first, {later}).cpu_ms, 2100u);
  EXPECT_EQ(moved(later, {first}).cpu_ms, std::nullopt) << "time does not run backwards";
  EXPECT_EQ(moved(first, {Taken().thread(kThread, {at(0x10)})}).cpu_ms, std::nullopt);
  EXPECT_EQ(moved(first, {later}).stack, "ran") << "at the same place, and not still";
  const Taken tick = Taken().thread(kThread, {at(0x10)}).used(1s, 550ms);
  EXPECT_EQ(moved(first, {tick}).stack, "same");
  const Taken absurd = Taken().thread(kThread, {at(0x10)}).used(Microseconds::max(), 1s);
  EXPECT_EQ(moved(first, {absurd}).cpu_ms, 4'294'967'295u);
}

TEST(Movements, AreCountedOncePerThread) {
  const Taken first = Taken()
                          .thread(1, {at(0x10), at(0x20)})
                          .thread(2, {at(0x10), at(0x20)})
                          .thread(3, {at(0x10), at(0x20)})
                          .thread(4, {at(0x10), at(0x20)})
                          .thread(5, {});
  const Taken later = Taken()
                          .thread(1, {at(0x10), at(0x20)})
                          .thread(2, {at(0x14), at(0x20)})
                          .thread(3, {at(0x10), at(0x24)})
                          .thread(5, {})
                          .thread(6, {at(0x10)})
                          .thread(7, {at(0x10)});
  Movements movements(first.snapshot, first.stacks);
  EXPECT_TRUE(movements.of_threads().empty());
  movements.add(later.snapshot, later.stacks);
  const auto numbers = movements.in_numbers(std::chrono::milliseconds(10'200));
  EXPECT_EQ(numbers, (report::Samples{2, 10'200, 1, 1, 1, 1, 1, 2}));
  EXPECT_EQ(report::in_words(numbers),
            "2 samples over 10.2s: 1 of 5 threads did not move, 1 ran in place, "
            "of 1 it is not known, 1 ended; 2 started");
}

/// A process that runs on, of whose two threads the first is blamed without samples.
struct SampleSamples : SampleCrash {
  report::Samples samples{3, 10'000};
  SampleSamples() : SampleCrash(0, {}) {
    snapshot.exception.reset();
    for (auto& thread : threads) thread.movement = report::Movement{"same", 3, 0};
  }
  Findings find() { return analysis::analyze({snapshot, memory, threads, false, &samples}); }
};

TEST(SynopsisOfSamples, SaysThatTheBlamedThreadDidNotMove) {
  SampleSamples sample;
  EXPECT_THAT(sample.find().synopsis, testing::EndsWith("; it did not move in 3 samples"));
  sample.threads[0].movement->stack = "unknown";
  EXPECT_THAT(sample.find().synopsis, testing::Not(testing::HasSubstr("samples")));
}

TEST(SynopsisOfSamples, BlamesTheThreadThatUsedTheProcessorWhileTheyWereTaken) {
  SampleSamples sample;
  sample.threads[1].movement = report::Movement{"innermost", 3, 9'800};
  const auto findings = sample.find();
  EXPECT_EQ(findings.blamed_thread, 1u);
  EXPECT_EQ(findings.blame_reason, "it used 9.8 s of CPU time while 3 samples were taken");
  EXPECT_THAT(findings.synopsis,
              testing::EndsWith("; it moved only within its innermost frame in 3 samples"));
}

TEST(SynopsisOfSamples, BlamesNobodyForProcessorTimeThatIsLittleOrShared) {
  SampleSamples sample;
  sample.threads[1].movement->cpu_ms = 1'900;
  EXPECT_EQ(sample.find().blamed_thread, 0u) << "of 10 seconds that is not much";
  sample.threads[1].movement->cpu_ms = 9'000;
  sample.threads[0].movement->cpu_ms = 8'000;
  EXPECT_THAT(sample.find().blame_reason, testing::Not(testing::HasSubstr("CPU")));
  sample.samples.span_ms = 0;
  sample.threads[0].movement->cpu_ms = 0;
  EXPECT_THAT(sample.find().blame_reason, testing::Not(testing::HasSubstr("CPU")));
}

}  // namespace
}  // namespace vigil::analysis
