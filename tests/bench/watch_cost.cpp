// SPDX-License-Identifier: Apache-2.0
#include "bench/watch_cost.h"

#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

#include <fmt/format.h>

#include "rules/rules.h"
#include "watch/watch.h"

namespace vigil::bench {
namespace {

constexpr std::size_t kNames = 300;
constexpr std::uint32_t kPidStep = 4;
constexpr std::uint32_t kProcessors = 16;
constexpr Microseconds kSecond{1'000'000};

std::string rule_text(std::size_t number) {
  constexpr const char* kConditions[] = {
      "crash",
      "{ cpu: { above: 85%, of: machine, for: 30s } }",
      "{ memory: { growth: 500MiB, within: 10m } }",
      "{ any: [{ handles: { above: 5000, for: 1m } }, { threads: { above: 500, for: 1m } }] }",
      "{ all: [crash, { memory: { above: 1GiB, for: 10s } }] }",
      "{ cpu: { above: 150%, of: core, for: 5s } }",
  };
  const auto when = kConditions[number % std::size(kConditions)];
  // Every tenth is for all programs, the rest name some.
  const auto process =
      number % 10 == 0 ? std::string("*") : fmt::format("program{}*.exe", number % kNames);
  return fmt::format("  - name: rule-{}\n    match: {{ process: '{}' }}\n    when: {}\n", number,
                     process, when);
}

rules::RuleSet make_rules(std::size_t count) {
  std::string text = "schema: 1\nrules:\n";
  for (std::size_t i = 0; i < count; ++i) text += rule_text(i);
  auto parsed = rules::parse_rules(text, "bench.yaml");
  for (const auto& problem : parsed.problems) {
    std::fprintf(stderr, "%s\n", problem.format().c_str());
    std::abort();
  }
  return std::move(parsed.rules);
}

/// Processes that do this and that, of which some end and others start at each step.
class Machine {
 public:
  explicit Machine(const WatchLoad& load) : load_(load) {
    while (rows_.size() < load.processes) rows_.push_back(born({}));
  }

  void step(Timestamp now) {
    for (auto& row : rows_) work(row);
    for (std::size_t i = 0; i < load_.restarts; ++i) rows_[random_() % rows_.size()] = born(now);
  }
  [[nodiscard]] const std::vector<watch::TableRow>& rows() const { return rows_; }
  [[nodiscard]] static std::string name(const ProcessKey& key) {
    return fmt::format("program{}.exe", key.pid.value / kPidStep % kNames);
  }

 private:
  watch::TableRow born(Timestamp now) {
    next_pid_ += kPidStep;
    watch::TableRow row;
    row.key = {ProcessId{next_pid_}, now};
    row.counters.private_bytes = std::uint64_t{50} << 20;
    row.counters.handles = 200;
    row.counters.threads = 12;
    return row;
  }
  void work(watch::TableRow& row) {
    auto& counters = row.counters;
    const auto luck = static_cast<std::uint32_t>(random_());
    // One in four hundred burns two processors and leaks; of the others one in fifty is busy now.
    const bool sick = row.key.pid.value / kPidStep % 400 == 1;
    counters.cpu += Microseconds(sick ? 2'000'000 : luck % 50 == 0 ? 900'000 : luck % 3'000);
    counters.private_bytes += sick ? 2 << 20 : (luck >> 8) % 8 == 0 ? 64 << 10 : 0;
    counters.working_set = counters.private_bytes + (luck & 0xfffff);
    counters.io_bytes += luck % 10'000;
    counters.handles += sick ? 100 : (luck >> 4) % 3;
  }

  const WatchLoad& load_;
  std::mt19937 random_{20'261'123};
  std::uint32_t next_pid_ = 0;
  std::vector<watch::TableRow> rows_;
};

}  // namespace

WatchCost measure_watch(const WatchLoad& load, double (*now)()) {
  const auto set = make_rules(load.rules);
  Machine machine(load);
  watch::ProcessTracker tracker;
  watch::Sampler sampler;
  watch::Triggers triggers(kProcessors);
  triggers.use_rules(set);
  WatchCost cost;
  Timestamp at{1'795'000'000'000'000};
  Microseconds uptime{};
  for (std::size_t look = 0; look < load.looks; ++look) {
    at = at + kSecond;
    uptime += kSecond;
    machine.step(at);
    const auto& rows = machine.rows();
    const double begin = now();
    const auto changes =
        tracker.update(rows, [&](std::size_t i) { return Machine::name(rows[i].key); });
    for (const auto& entry : changes.ended) triggers.end(entry.key);
    for (const auto& entry : changes.started) {
      triggers.add(entry.key, {entry.name, "C:\\programs\\" + entry.name, entry.name}, uptime);
    }
    const bool continuous = sampler.look({uptime, at}, rows);
    cost.fired += triggers.look(uptime, sampler, continuous).size();
    if (look > 0) cost.seconds.push_back(now() - begin);
  }
  cost.held_against = triggers.size();
  return cost;
}

}  // namespace vigil::bench
