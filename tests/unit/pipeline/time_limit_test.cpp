// SPDX-License-Identifier: Apache-2.0
#include "pipeline/time_limit.h"

#include <chrono>

#include <gtest/gtest.h>

namespace vigil::pipeline {
namespace {

using namespace std::chrono_literals;

/// Clocks that stand still unless told, and how often the dear one was asked.
struct TimeLimitTest : testing::Test {
  void work(std::chrono::nanoseconds time) {
    wall += time;
    processor += time;
  }

  std::chrono::nanoseconds wall{1h}, processor{1min}, uncounted{1s};
  int asked = 0;
  WorkClocks clocks{.wall = [this] { return wall; },
                    .processor =
                        [this] {
                          ++asked;
                          return processor;
                        },
                    .uncounted = [this] { return uncounted; }};
};

TEST_F(TimeLimitTest, PassesWhenTheWorkHasTakenIt) {
  TimeLimit limit(4s, clocks);
  work(3999ms);
  EXPECT_FALSE(limit.has_passed());
  work(1ms);
  EXPECT_TRUE(limit.has_passed());
}

TEST_F(TimeLimitTest, CountsNoTimeInWhichOthersRan) {
  TimeLimit limit(4s, clocks);
  wall += 10s;
  EXPECT_FALSE(limit.has_passed());
  work(3s);
  EXPECT_FALSE(limit.has_passed());
  work(1s);
  EXPECT_TRUE(limit.has_passed());
}

TEST_F(TimeLimitTest, CountsNothingThatItIsNotFor) {
  TimeLimit limit(4s, clocks);
  work(30s);
  uncounted += 30s;
  EXPECT_FALSE(limit.has_passed());
  work(4s);
  EXPECT_TRUE(limit.has_passed());
}

TEST_F(TimeLimitTest, WaitsFiveTimesAsLongForADiskAndNoLonger) {
  TimeLimit limit(4s, clocks);
  wall += 20s - 1ms;
  EXPECT_FALSE(limit.has_passed());
  wall += 4s;
  EXPECT_TRUE(limit.has_passed());
}

TEST_F(TimeLimitTest, AsksForProcessorTimeOnlyWhenItMayHavePassed) {
  TimeLimit limit(4s, clocks);
  asked = 0;
  work(3s);
  EXPECT_FALSE(limit.has_passed());
  EXPECT_EQ(asked, 0);
  wall += 2s;
  EXPECT_FALSE(limit.has_passed());  // a second is left
  EXPECT_EQ(asked, 1);
  work(900ms);
  EXPECT_FALSE(limit.has_passed());
  EXPECT_EQ(asked, 1);
}

TEST_F(TimeLimitTest, StaysPassed) {
  TimeLimit limit(0ms, clocks);
  EXPECT_TRUE(limit.has_passed());
  uncounted += 1h;
  EXPECT_TRUE(limit.has_passed());
}

}  // namespace
}  // namespace vigil::pipeline
