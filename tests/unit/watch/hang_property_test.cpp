// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "watch/watch.h"

/// Probes against processes that come and go: who fires is told again by an oracle that looks at
/// all answers of the past.
namespace vigil::watch {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kFailures = 3;
constexpr Microseconds kGrace = 4s;

struct Answer {
  Microseconds asked{};
  bool failed = false;
};

/// What a process has been asked since it is there.
struct Life {
  Microseconds born{};
  std::vector<Answer> answers = {};
  bool hung = false;

  [[nodiscard]] bool hangs_now() const {
    std::uint32_t failures = 0;
    for (const auto& answer : answers) {
      if (answer.asked < born + kGrace) continue;
      failures = answer.failed ? failures + 1 : 0;
    }
    return failures >= kFailures;
  }
};

/// Processes of one rule, one probe of which is asked every few seconds, with answers that may take
/// long.
class Machine {
 public:
  explicit Machine(std::uint64_t seed) : random_(seed) {
    const auto rules = rules::parse_rules(
        "schema: 1\nrules:\n- { name: stuck, match: { process: orders.exe },\n"
        "    when: { hang: { tcp: '127.0.0.1:80', failures: 3, grace: 4s } } }\n",
        "f");
    EXPECT_TRUE(rules.problems.empty());
    triggers_.use_rules(rules.rules);
    probe_ = rules.rules.rules[0].when.probe;
  }

  void step() {
    uptime_ += Microseconds(1s);
    if (one_in(6)) start();
    if (one_in(8) && !lives_.empty()) end();
    if (one_in(3)) under_way_.push_back(uptime_);
    if (one_in(2) && !under_way_.empty()) answer();
    EXPECT_EQ(fired(), expected()) << uptime_.count();
  }
  [[nodiscard]] std::size_t firings() const noexcept { return firings_; }

 private:
  bool one_in(std::uint32_t n) { return random_() % n == 0; }

  void start() {
    const ProcessKey key{ProcessId{4 * (1 + static_cast<std::uint32_t>(random_() % 8))},
                         Timestamp{uptime_.count()}};
    for (const auto& [other, life] : lives_) {
      if (other.pid == key.pid) return;  // a pid is used again when it is free
    }
    lives_[key] = {.born = uptime_};
    triggers_.add(key, {"orders.exe", "", ""}, uptime_);
  }
  void end() {
    const auto gone =
        std::next(lives_.begin(), static_cast<std::ptrdiff_t>(random_() % lives_.size()));
    triggers_.end(gone->first);
    lives_.erase(gone);
  }
  void answer() {
    const bool failed = !one_in(5);
    const auto asked = under_way_.front();
    under_way_.erase(under_way_.begin());
    for (auto& [key, life] : lives_) life.answers.push_back({asked, failed});
    triggers_.answer(probe_, failed ? std::optional<std::string>("no answer") : std::nullopt,
                     asked);
  }

  std::set<ProcessKey> fired() {
    std::vector<TableRow> table;
    for (const auto& [key, life] : lives_) table.push_back({key, {}});
    const bool continuous = sampler_.look({uptime_, Timestamp{uptime_.count()}}, table);
    std::set<ProcessKey> keys;
    for (const auto& firing : triggers_.look(uptime_, sampler_, continuous)) {
      keys.insert(firing.process);
      ++firings_;
    }
    return keys;
  }
  std::set<ProcessKey> expected() {
    std::set<ProcessKey> keys;
    for (auto& [key, life] : lives_) {
      const bool hangs = life.hangs_now();
      if (hangs && !life.hung) keys.insert(key);
      life.hung = hangs;
    }
    return keys;
  }

  std::mt19937_64 random_;
  Sampler sampler_;
  Triggers triggers_{4};
  rules::Probe probe_;
  std::map<ProcessKey, Life> lives_;
  std::vector<Microseconds> under_way_;  // when each was asked
  Microseconds uptime_ = 1h;
  std::size_t firings_ = 0;
};

TEST(HangProperty, AProcessHangsByWhatItWasAskedItself) {
  std::size_t firings = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    Machine machine(seed);
    for (int i = 0; i < 400 && !testing::Test::HasFailure(); ++i) machine.step();
    ASSERT_FALSE(testing::Test::HasFailure()) << "seed " << seed;
    firings += machine.firings();
  }
  EXPECT_GT(firings, 100u) << "it must have come to something";
}

}  // namespace
}  // namespace vigil::watch
