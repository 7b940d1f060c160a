// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <vector>

#include <gtest/gtest.h>

#include "watch/watch.h"

namespace vigil::watch {
namespace {

using namespace std::chrono_literals;

constexpr ProcessKey kOrders{ProcessId{4}, Timestamp{10}};

/// A machine whose clock is moved by hand.
struct Machine {
  Sampler sampler;
  Moment now{};

  bool look(const std::vector<TableRow>& table, Microseconds later = 1s) {
    now.uptime += later;
    now.at = now.at + later;
    return sampler.look(now, table);
  }
};

TableRow row(Microseconds cpu, std::uint64_t private_bytes = 0, ProcessKey key = kOrders) {
  return {key, {.cpu = cpu, .private_bytes = private_bytes, .handles = 7, .threads = 3}};
}

TEST(Sampler, MakesRatesOfWhatTheSystemCounts) {
  Machine machine;
  EXPECT_FALSE(machine.look({{kOrders, {.cpu = 5s, .io_bytes = 100}}}));
  EXPECT_EQ(machine.sampler.reading(kOrders), nullptr)
      << "one look says nothing of the time before";
  EXPECT_TRUE(machine.look({{kOrders,
                             {.cpu = 8s,
                              .private_bytes = 1 << 20,
                              .working_set = 2 << 20,
                              .io_bytes = 8'100,
                              .handles = 31,
                              .threads = 5}}},
                           2s));
  ASSERT_NE(machine.sampler.reading(kOrders), nullptr);
  EXPECT_EQ(*machine.sampler.reading(kOrders), (Reading{.cpu_ppm = 1'500'000,
                                                        .handles = 31,
                                                        .threads = 5,
                                                        .private_bytes = 1 << 20,
                                                        .working_set = 2 << 20,
                                                        .io_per_second = 4'000}));
}

TEST(Sampler, KeepsTheLastTwoMinutes) {
  Machine machine;
  for (int i = 0; i <= 300; ++i) machine.look({row(i * 10ms)});
  const auto samples = machine.sampler.samples(kOrders);
  ASSERT_EQ(samples.size(), Sampler::kSamples);
  EXPECT_EQ(samples.back().at, machine.now.at);
  EXPECT_EQ(samples.front().at, machine.now.at - Microseconds(119s));
  for (const auto& sample : samples) EXPECT_EQ(sample.reading.cpu_ppm, 10'000u);
}

TEST(Sampler, KeepsWhatAProcessDidBeforeItEnded) {
  Machine machine;
  machine.look({row(0s)});
  machine.look({row(1s)});
  machine.look({});
  EXPECT_EQ(machine.sampler.reading(kOrders), nullptr);
  EXPECT_EQ(machine.sampler.samples(kOrders).size(), 1u);
  for (int i = 0; i < 150; ++i) machine.look({});
  EXPECT_TRUE(machine.sampler.samples(kOrders).empty());
  EXPECT_EQ(machine.sampler.size(), 0u);
}

TEST(Sampler, BeginsAnewAfterAGap) {
  Machine machine;
  machine.look({row(0s)});
  machine.look({row(1s)});
  EXPECT_FALSE(machine.look({row(100s)}, 1h)) << "the machine slept";
  EXPECT_EQ(machine.sampler.reading(kOrders), nullptr);
  EXPECT_TRUE(machine.look({row(101s)}));
  EXPECT_EQ(machine.sampler.reading(kOrders)->cpu_ppm, 1'000'000u);
  EXPECT_EQ(machine.sampler.samples(kOrders).size(), 1u);
}

TEST(Sampler, GoesByTheUptimeAndNotByTheClock) {
  Machine machine;
  machine.look({row(0s)});
  machine.now.at = machine.now.at - Microseconds(2h);
  EXPECT_TRUE(machine.look({row(500ms)}));
  EXPECT_EQ(machine.sampler.reading(kOrders)->cpu_ppm, 500'000u);
  EXPECT_EQ(machine.sampler.samples(kOrders).front().at, machine.now.at);
}

TEST(Sampler, TellsAPidUsedAgainFromTheProcessBefore) {
  Machine machine;
  const ProcessKey again{kOrders.pid, Timestamp{20}};
  machine.look({row(0s)});
  machine.look({row(50s)});
  machine.look({row(0s, 0, again)});
  EXPECT_EQ(machine.sampler.reading(again), nullptr);
  machine.look({row(100ms, 0, again)});
  EXPECT_EQ(machine.sampler.reading(again)->cpu_ppm, 100'000u);
  EXPECT_EQ(machine.sampler.samples(kOrders).size(), 1u);
}

TEST(Sampler, ReadsNothingFromCountersThatGoDown) {
  Machine machine;
  machine.look({{kOrders, {.cpu = 5s, .io_bytes = 100}}});
  machine.look({{kOrders, {.cpu = 4s, .io_bytes = 50}}});
  EXPECT_EQ(machine.sampler.reading(kOrders)->cpu_ppm, 0u);
  EXPECT_EQ(machine.sampler.reading(kOrders)->io_per_second, 0u);
}

TEST(Sampler, HasALimitOfProcesses) {
  Machine machine;
  std::vector<TableRow> table;
  for (std::uint32_t pid = 1; pid <= Sampler::kMaxProcesses + 10; ++pid)
    table.push_back(row(0s, 0, {ProcessId{pid}, Timestamp{1}}));
  machine.look(table);
  EXPECT_EQ(machine.sampler.size(), Sampler::kMaxProcesses);
  machine.look({row(0s)});
  EXPECT_EQ(machine.sampler.size(), 1u) << "the ended ones make room";
}

}  // namespace
}  // namespace vigil::watch
