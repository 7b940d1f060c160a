// SPDX-License-Identifier: Apache-2.0
#include "analysis/recursion.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "unit/analysis/sample_crash.h"

namespace vigil::analysis {
namespace {

report::Thread stack_of(std::vector<std::string> on_top,
                        std::vector<std::string> round,
                        int rounds) {
  report::Thread thread;
  for (const auto& name : on_top) thread.frames.push_back(frame("a.exe", name, 1));
  for (int i = 0; i < rounds; ++i) {
    for (const auto& name : round) thread.frames.push_back(frame("a.exe", name, 1));
  }
  thread.stop_reason = "end_of_stack";
  return thread;
}

std::string text_of(const report::Thread& thread) {
  const auto recursion = find_recursion(thread);
  return recursion ? describe(*recursion, thread) : "";
}

TEST(Recursion, NamesTheRoundWithCallersFirst) {
  EXPECT_EQ(text_of(stack_of({"probe"}, {"c", "b", "a"}, 28)), "a!a -> a!b -> a!c, 28 times");
  EXPECT_EQ(text_of(stack_of({}, {"f"}, 200)), "a!f, 200 times");
}

TEST(Recursion, SaysThatThereWasMoreWhenTheWalkWasCut) {
  auto thread = stack_of({}, {"f"}, 256);
  thread.stop_reason = "frame_limit";
  EXPECT_EQ(text_of(thread), "a!f, at least 256 times");
}

TEST(Recursion, FindsTheShortestRound) {
  EXPECT_EQ(text_of(stack_of({}, {"b", "a", "b", "a"}, 10)), "a!a -> a!b, 20 times");
}

TEST(Recursion, DoesNotDependOnWhereTheStackEnded) {
  const auto one = stack_of({}, {"c", "b", "a"}, 20),
             two = stack_of({"b", "a"}, {"c", "b", "a"}, 20);
  EXPECT_EQ(text_of(one).substr(0, 18), text_of(two).substr(0, 18));
}

TEST(Recursion, TellsFramesWithoutNamesByTheirPlace) {
  report::Thread thread;
  for (int i = 0; i < 30; ++i)
    thread.frames.push_back(frame("a.exe", "", i % 2 == 0 ? 0x10 : 0x20));
  thread.stop_reason = "end_of_stack";
  EXPECT_EQ(text_of(thread), "a.exe+0x1010 -> a.exe+0x1020, 15 times");
}

TEST(Recursion, IsNoneWithoutThreeRounds) {
  EXPECT_EQ(text_of(stack_of({}, {"c", "b", "a"}, 2)), "");
  EXPECT_EQ(text_of(stack_of({"a", "b", "c"}, {}, 0)), "");
  EXPECT_EQ(text_of(report::Thread()), "");
}

TEST(Recursion, StandsInTheSentence) {
  SampleCrash sample(0xc00000fd, {1, 0x1000});
  sample.threads[1] = stack_of({"__chkstk"}, {"walk", "visit"}, 50);
  sample.threads[1].thread_id = 104;
  EXPECT_EQ(sample.analyze().synopsis,
            "OrdersApi.exe 4.2.1 used up the stack of thread 104 by recursion: a!visit -> a!walk, "
            "50 times");
}

}  // namespace
}  // namespace vigil::analysis
