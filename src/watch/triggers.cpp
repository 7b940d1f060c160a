// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "watch/counter_book.h"
#include "watch/held.h"
#include "watch/probe_book.h"

namespace vigil::watch {
namespace {

using rules::Condition;
using rules::Threshold;

/// What a process that has ended held is kept so long: its dump may come late.
constexpr Microseconds kKept = std::chrono::minutes(1);

struct RuleState {
  std::size_t rule = 0;  ///< Of those with thresholds.
  bool met = false;
};

/// A probe of a process.
struct Hang {
  rules::Probe probe;
  bool holds = false;
};

struct Process {
  ProcessKey key = {};
  rules::ProcessFacts facts = {};
  Microseconds born{};  ///< As uptime; before the machine's start of counting it is negative.
  std::vector<Held> held = {};
  std::vector<Hang> hangs = {};
  std::vector<RuleState> rules = {};
  bool is_new = true;  ///< Its rules were not asked yet.
  bool has_ended = false;
  Microseconds seen{};  ///< The last look that it was in.

  [[nodiscard]] bool is_watched() const noexcept { return !held.empty() || !hangs.empty(); }
};

/// The question as it is asked for this process.
rules::Probe probe_for(const Process& process, rules::Probe probe) {
  if (probe.type == rules::Probe::Type::WaitChain) probe.target = wait_chain_target(process.key);
  return probe;
}

rules::Holds holds_in(const Process& process) {
  return [&process](const Condition& asked) {
    if (asked.kind == Condition::Kind::Hang) {
      const auto found =
          std::ranges::find(process.hangs, probe_for(process, asked.probe), &Hang::probe);
      return found != process.hangs.end() && found->holds;
    }
    const auto found = std::ranges::find(process.held, asked.threshold, &Held::threshold);
    return found != process.held.end() && found->holds();
  };
}

}  // namespace

class Triggers::Impl {
 public:
  explicit Impl(std::uint32_t processors) : processors_(std::max(processors, 1U)) {}

  void use_rules(const rules::RuleSet& rules) {
    auto before = std::exchange(rules_, {});
    std::ranges::copy_if(rules.rules, std::back_inserter(rules_),
                         [](const rules::Rule& rule) { return rule.when.wants_watching(); });
    gauges_.clear();
    for (const auto& rule : rules_) {
      rule.when.for_each([&](const Condition& part) {
        if (part.kind == Condition::Kind::Threshold) gauges_.insert(part.threshold.gauge);
      });
    }
    for (auto& [key, process] : processes_) {
      auto old = std::exchange(process, Process{.key = key,
                                                .facts = std::move(process.facts),
                                                .born = process.born,
                                                .has_ended = process.has_ended,
                                                .seen = process.seen});
      match(process);
      take_over(old, before, process);
    }
    const auto wanted = probes();
    book_.keep([&](const auto& probe) { return std::ranges::binary_search(wanted, probe); });
  }

  void add(const ProcessKey& key, const rules::ProcessFacts& facts, Microseconds born) {
    auto& process = processes_[key];
    auto old = std::exchange(process, Process{.key = key, .facts = facts, .born = born});
    match(process);
    take_over(old, rules_, process);
  }
  void end(const ProcessKey& key) {
    const auto found = processes_.find(key);
    if (found == processes_.end()) return;
    found->second.has_ended = true;
    const auto chains = wait_chain_target(key);
    book_.keep([&](const rules::Probe& probe) {
      return probe.type != rules::Probe::Type::WaitChain || probe.target != chains;
    });
    if (!found->second.is_watched()) processes_.erase(found);
  }

  std::vector<Firing> look(Microseconds uptime, const Sampler& sampler, bool continuous) {
    std::vector<Firing> firings;
    counts_.clean(uptime);
    for (auto& [key, process] : processes_) {
      if (!process.is_watched() || process.has_ended) continue;
      process.seen = uptime;
      if (!continuous) std::ranges::for_each(process.held, &Held::begin_anew);
      bool changed = std::exchange(process.is_new, false);
      changed = measure(process, uptime, sampler.reading(key)) || changed;
      for (auto& hang : process.hangs) {
        const bool fails = book_.fails(hang.probe) && uptime - process.born >= hang.probe.grace;
        changed = changed || fails != hang.holds;
        hang.holds = fails;
      }
      if (changed) ask_rules(key, process, firings);
    }
    std::erase_if(processes_, [&](const auto& pair) {
      return pair.second.has_ended && uptime - pair.second.seen > kKept;
    });
    return firings;
  }

  [[nodiscard]] rules::Holds holds(const ProcessKey& key) const {
    const auto found = processes_.find(key);
    return found == processes_.end() ? rules::Holds{} : holds_in(found->second);
  }

  [[nodiscard]] std::size_t size() const noexcept {
    return static_cast<std::size_t>(std::ranges::count_if(
        processes_, [](const auto& pair) { return pair.second.is_watched(); }));
  }

  [[nodiscard]] bool asks_for(rules::Gauge gauge) const { return gauges_.contains(gauge); }

  void answer(const rules::Probe& probe, const std::optional<std::string>& failure) {
    if (probe.type == rules::Probe::Type::WaitChain && !lives(probe.target)) return;
    book_.answer(probe, failure);
  }

  void count(const CounterTarget& counter, std::uint64_t thousandths, Microseconds uptime) {
    counts_.take(counter, thousandths, uptime);
  }

  [[nodiscard]] std::vector<CounterTarget> counters() const {
    if (!asks_for(rules::Gauge::Counter)) return {};
    std::set<CounterTarget> found;
    for (const auto& [key, process] : processes_) {
      if (process.has_ended) continue;
      for (const auto& held : process.held) {
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
      for (const auto& hang : process.hangs) found.insert(hang.probe);
    }
    return {found.begin(), found.end()};
  }

 private:
  [[nodiscard]] bool lives(std::string_view target) const {
    const auto key = parse_wait_chain_target(target);
    const auto found = key ? processes_.find(*key) : processes_.end();
    return found != processes_.end() && !found->second.has_ended;
  }

  /// Whether anything holds now that did not, or no longer. \p reading null: there is none.
  bool measure(Process& process, Microseconds uptime, const Reading* reading) {
    bool changed = false;
    for (auto& held : process.held) {
      const auto& threshold = held.threshold();
      if (threshold.gauge == rules::Gauge::Counter) {
        const auto value = counts_.value(counter_target(threshold, process.key), uptime);
        changed = (value ? held.take(*value, uptime, processors_) : held.take_nothing()) || changed;
      } else if (reading != nullptr) {
        changed = held.take(value_of(threshold.gauge, *reading), uptime, processors_) || changed;
      }
    }
    return changed;
  }

  void match(Process& process) {
    for (std::size_t i = 0; i < rules_.size(); ++i) {
      if (!rules_[i].match.matches(process.facts)) continue;
      process.rules.push_back({i, false});
      rules_[i].when.for_each([&](const Condition& part) {
        if (part.kind == Condition::Kind::Threshold) {
          const auto known = std::ranges::find(process.held, part.threshold, &Held::threshold);
          if (known == process.held.end()) process.held.emplace_back(part.threshold);
        } else if (part.kind == Condition::Kind::Hang) {
          auto probe = probe_for(process, part.probe);
          const auto known = std::ranges::find(process.hangs, probe, &Hang::probe);
          if (known == process.hangs.end()) process.hangs.push_back({std::move(probe), false});
        }
      });
    }
  }

  void take_over(Process& old, const std::vector<rules::Rule>& old_rules, Process& process) {
    for (auto& held : process.held) {
      const auto same = std::ranges::find(old.held, held.threshold(), &Held::threshold);
      if (same != old.held.end()) held = std::move(*same);
    }
    for (auto& hang : process.hangs) {
      const auto same = std::ranges::find(old.hangs, hang.probe, &Hang::probe);
      if (same != old.hangs.end()) hang.holds = same->holds;
    }
    for (auto& state : process.rules) {
      const auto& rule = rules_[state.rule];
      const auto same = std::ranges::find_if(old.rules, [&](const RuleState& s) {
        return old_rules[s.rule].name == rule.name && old_rules[s.rule].when == rule.when;
      });
      if (same != old.rules.end()) state.met = same->met;
    }
  }

  /// The first rule that has become met acts; the others have had their moment too.
  void ask_rules(const ProcessKey& key, Process& process, std::vector<Firing>& firings) {
    bool acted = false;
    for (auto& state : process.rules) {
      const auto& rule = rules_[state.rule];
      const bool met = rule.when.fits(holds_in(process));
      const bool became = met && !std::exchange(state.met, met);
      state.met = met;
      if (!became || std::exchange(acted, true)) continue;
      firings.push_back(firing(key, rule, process));
    }
  }

  [[nodiscard]] Firing firing(const ProcessKey& key,
                              const rules::Rule& rule,
                              const Process& process) const {
    Firing result{key, rule.name, store::Kind::Cpu, {}};
    const auto holds = holds_in(process);
    rule.when.for_each([&](const Condition& part) {
      if (part.is_event() || !holds(part)) return;
      const bool hang = part.kind == Condition::Kind::Hang;
      if (result.detail.empty())
        result.kind = hang ? store::Kind::Hang : kind_of(part.threshold.gauge);
      if (!result.detail.empty()) result.detail += "; ";
      result.detail +=
          hang ? book_.text(probe_for(process, part.probe)) : held_text(process, part.threshold);
    });
    return result;
  }

  [[nodiscard]] std::string held_text(const Process& process, const Threshold& threshold) const {
    const auto found = std::ranges::find(process.held, threshold, &Held::threshold);
    return found == process.held.end() ? std::string() : found->text(processors_);
  }

  std::uint64_t processors_;
  std::vector<rules::Rule> rules_;  // those with thresholds and probes
  std::set<rules::Gauge> gauges_;   // that any of them asks for
  ProbeBook book_;
  CounterBook counts_;
  std::map<ProcessKey, Process> processes_;
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
void Triggers::answer(const rules::Probe& probe, const std::optional<std::string>& failure) {
  impl_->answer(probe, failure);
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
