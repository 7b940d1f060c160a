// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "watch/watched.h"

namespace vigil::watch {
namespace {

/// What a process that has ended held is kept so long: its dump may come late.
constexpr Microseconds kKept = std::chrono::minutes(1);

}  // namespace

class Triggers::Impl {
 public:
  explicit Impl(std::uint32_t processors) : processors_(std::max(processors, 1U)) {}

  void use_rules(const rules::RuleSet& rules) {
    const auto before = std::exchange(rules_, {});
    std::ranges::copy_if(rules.rules, std::back_inserter(rules_),
                         [](const rules::Rule& rule) { return rule.when.wants_watching(); });
    gauges_.clear();
    for (const auto& rule : rules_) {
      rule.when.for_each([&](const rules::Condition& part) {
        if (part.kind == rules::Condition::Kind::Threshold) gauges_.insert(part.threshold.gauge);
      });
    }
    for (auto& [key, process] : processes_) process = Watched(std::move(process), before, rules_);
  }

  void add(const ProcessKey& key, const rules::ProcessFacts& facts, Microseconds born) {
    Watched process(key, facts, born, rules_);
    const auto known = processes_.find(key);
    if (known != processes_.end()) process.take_over(known->second, rules_, rules_);
    processes_.insert_or_assign(key, std::move(process));
  }

  void end(const ProcessKey& key) {
    const auto found = processes_.find(key);
    if (found == processes_.end()) return;
    found->second.has_ended = true;
    if (!found->second.is_watched()) processes_.erase(found);
  }

  std::vector<Firing> look(Microseconds uptime, const Sampler& sampler, bool continuous) {
    std::vector<Firing> firings;
    counts_.clean(uptime);
    for (auto& [key, process] : processes_) {
      if (!process.is_watched() || process.has_ended) continue;
      process.measure(uptime, sampler.reading(key), counts_, continuous, processors_);
      if (auto firing = process.ask_rules(rules_, processors_))
        firings.push_back(std::move(*firing));
    }
    std::erase_if(processes_, [&](const auto& pair) {
      return pair.second.has_ended && uptime - pair.second.seen() > kKept;
    });
    return firings;
  }

  [[nodiscard]] rules::Holds holds(const ProcessKey& key) const {
    const auto found = processes_.find(key);
    return found == processes_.end() ? rules::Holds{} : found->second.holds();
  }

  [[nodiscard]] std::size_t size() const noexcept {
    return static_cast<std::size_t>(std::ranges::count_if(
        processes_, [](const auto& pair) { return pair.second.is_watched(); }));
  }

  [[nodiscard]] bool asks_for(rules::Gauge gauge) const { return gauges_.contains(gauge); }

  void answer(const rules::Probe& probe,
              const std::optional<std::string>& failure,
              Microseconds asked) {
    for (auto& [key, process] : processes_) {
      if (!process.has_ended) process.answer(probe, failure, asked);
    }
  }

  void hold_back(const ProcessKey& key, std::string_view rule, bool held_back) {
    const auto found = processes_.find(key);
    if (found != processes_.end()) found->second.hold_back(rule, held_back, rules_);
  }

  [[nodiscard]] std::vector<Firing> held_back() const {
    std::vector<Firing> firings;
    for (const auto& [key, process] : processes_) {
      if (!process.has_ended) process.add_held_back(rules_, processors_, firings);
    }
    return firings;
  }

  void count(const CounterTarget& counter, std::uint64_t thousandths, Microseconds uptime) {
    counts_.take(counter, thousandths, uptime);
  }

  [[nodiscard]] std::vector<CounterTarget> counters() const {
    if (!asks_for(rules::Gauge::Counter)) return {};
    std::set<CounterTarget> found;
    for (const auto& [key, process] : processes_) {
      if (process.has_ended) continue;
      for (const auto& held : process.thresholds()) {
        if (held.threshold().gauge == rules::Gauge::Counter)
          found.insert(counter_target(held.threshold(), key));
      }
    }
    return {found.begin(), found.end()};
  }

  /// In order, each once.
  [[nodiscard]] std::vector<rules::Probe> probes() const {
    std::set<rules::Probe> found;
    for (const auto& [key, process] : processes_) {
      if (process.has_ended) continue;
      for (const auto& hang : process.hangs()) found.insert(hang.probe());
    }
    return {found.begin(), found.end()};
  }

 private:
  std::uint64_t processors_;
  std::vector<rules::Rule> rules_;  // those with thresholds and probes
  std::set<rules::Gauge> gauges_;   // that any of them asks for
  CounterBook counts_;
  std::map<ProcessKey, Watched> processes_;
};

Triggers::Triggers(std::uint32_t processors) : impl_(std::make_unique<Impl>(processors)) {}
Triggers::~Triggers() = default;
void Triggers::use_rules(const rules::RuleSet& rules) {
  impl_->use_rules(rules);
}
void Triggers::add(const ProcessKey& process, const rules::ProcessFacts& facts, Microseconds born) {
  impl_->add(process, facts, born);
}
void Triggers::end(const ProcessKey& process) {
  impl_->end(process);
}
std::vector<Firing> Triggers::look(Microseconds uptime, const Sampler& sampler, bool continuous) {
  return impl_->look(uptime, sampler, continuous);
}
void Triggers::answer(const rules::Probe& probe,
                      const std::optional<std::string>& failure,
                      Microseconds asked) {
  impl_->answer(probe, failure, asked);
}
void Triggers::hold_back(const ProcessKey& process, std::string_view rule, bool held_back) {
  impl_->hold_back(process, rule, held_back);
}
std::vector<Firing> Triggers::held_back() const {
  return impl_->held_back();
}
std::vector<rules::Probe> Triggers::probes() const {
  return impl_->probes();
}
void Triggers::count(const CounterTarget& counter, std::uint64_t thousandths, Microseconds uptime) {
  impl_->count(counter, thousandths, uptime);
}
std::vector<CounterTarget> Triggers::counters() const {
  return impl_->counters();
}
rules::Holds Triggers::holds(const ProcessKey& process) const {
  return impl_->holds(process);
}
bool Triggers::asks_for(rules::Gauge gauge) const {
  return impl_->asks_for(gauge);
}
std::size_t Triggers::size() const noexcept {
  return impl_->size();
}

}  // namespace vigil::watch
