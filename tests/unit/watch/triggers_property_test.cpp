// SPDX-License-Identifier: Apache-2.0
// Many processes over a made-up time, held against what a few lines say that does no more than look
// back: bounds, hold times, pids used again, sleep, and a clock that somebody sets.
#include <chrono>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "watch/watch.h"

namespace vigil::watch {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kBound = 1'000;
constexpr Microseconds kHold = 3s;
constexpr std::string_view kRules =
    "schema: 1\nrules:\n- { name: many, match: { process: '*' }, when: { handles: { above: 1000, "
    "for: 3s } } }\n";

/// One process as the table shows it, and since when its figure is above the bound.
struct Simulated {
  ProcessKey key;
  std::uint32_t handles = 0;
  std::optional<Microseconds> above_since = {};
  bool is_new = true;  ///< The first look says nothing of a process.
  bool held = false;
};

class World {
 public:
  World(std::size_t processes, unsigned seed) : chance_(seed) {
    triggers_.use_rules(rules::parse_rules(kRules, "f").rules);
    for (std::size_t i = 0; i < processes; ++i) start(ProcessId{static_cast<std::uint32_t>(i + 4)});
  }

  void pass() {
    constexpr Microseconds kSleep = 90s;
    now_.uptime += one_in(40) ? kSleep : Microseconds(1s);
    // Nobody sets the uptime; the clock goes where it likes.
    now_.at = Timestamp{now_.uptime.count() + (one_in(10) ? -86'400'000'000 : 0)};
    for (auto& process : processes_) live(process);
  }

  void look() {
    std::vector<TableRow> table;
    for (const auto& process : processes_)
      table.push_back({process.key, {.handles = process.handles}});
    const auto before = last_look_;
    last_look_ = now_.uptime;
    const bool continuous = sampler_.look(now_, table);
    EXPECT_EQ(continuous, before && now_.uptime - *before <= Sampler::kMaxGap);
    std::map<ProcessKey, int> fired;
    for (const auto& firing : triggers_.look(now_.uptime, sampler_, continuous))
      ++fired[firing.process];
    for (auto& process : processes_) {
      const bool expected = fires(process, continuous);
      EXPECT_EQ(fired[process.key], expected ? 1 : 0) << process.key.pid.value;
      count_ += expected ? 1 : 0;
    }
    EXPECT_EQ(fired.size(), processes_.size()) << "a process fired that is not there";
  }

  [[nodiscard]] int fired() const noexcept { return count_; }

 private:
  bool one_in(int times) { return std::uniform_int_distribution(1, times)(chance_) == 1; }

  void start(ProcessId pid) {
    const ProcessKey key{pid, Timestamp{++started_}};
    processes_.push_back({.key = key});
    triggers_.add(key, {"orders.exe", "", ""}, now_.uptime);
  }

  void live(Simulated& process) {
    if (one_in(50)) {  // it ends, and its pid is used again
      triggers_.end(process.key);
      process = {.key = {process.key.pid, Timestamp{++started_}}};
      triggers_.add(process.key, {"orders.exe", "", ""}, now_.uptime);
    }
    if (one_in(4)) process.handles = static_cast<std::uint32_t>(kBound + (one_in(3) ? 0 : 1));
  }

  /// What the rule promises, from what the process did.
  bool fires(Simulated& process, bool continuous) const {
    if (!continuous) {
      process.above_since.reset();
      process.is_new = false;
      return false;
    }
    if (std::exchange(process.is_new, false)) return false;
    if (process.handles <= kBound)
      process.above_since.reset();
    else if (!process.above_since)
      process.above_since = now_.uptime;
    const bool holds = process.above_since && now_.uptime - *process.above_since >= kHold;
    return holds && !std::exchange(process.held, holds) ? true : (process.held = holds, false);
  }

  std::mt19937 chance_;
  std::vector<Simulated> processes_;
  Sampler sampler_;
  Triggers triggers_{4};
  Moment now_{};
  std::optional<Microseconds> last_look_;
  std::int64_t started_ = 0;
  int count_ = 0;
};

TEST(TriggersProperty, FireExactlyWhenTheRuleSays) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    World world(50, seed);
    for (int i = 0; i < 200; ++i) {
      world.pass();
      world.look();
    }
    EXPECT_GT(world.fired(), 100) << "seed " << seed << " tried nothing";
    if (testing::Test::HasFailure()) FAIL() << "seed " << seed;
  }
}

TEST(TriggersProperty, DoSoForTenThousandProcesses) {
  World world(10'000, 1);
  for (int i = 0; i < 30; ++i) {
    world.pass();
    world.look();
  }
  EXPECT_GT(world.fired(), 1'000);
}

}  // namespace
}  // namespace vigil::watch
