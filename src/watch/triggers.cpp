// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "base/words.h"
#include "watch/held.h"

namespace vigil::watch {
namespace {

using rules::Condition;
using rules::Gauge;
using rules::Threshold;

/// What a process that has ended held is kept so long: its dump may come late.
constexpr Microseconds kKept = std::chrono::minutes(1);

store::Kind kind_of(Gauge gauge) {
  switch (gauge) {
    case Gauge::CpuOfMachine:
    case Gauge::CpuOfCore: return store::Kind::Cpu;
    case Gauge::PrivateBytes:
    case Gauge::WorkingSet: return store::Kind::Memory;
    case Gauge::Handles: return store::Kind::Handles;
    case Gauge::Threads: return store::Kind::Threads;
  }
  return store::Kind::Cpu;
}

struct RuleState {
  std::size_t rule = 0;  ///< Of those with thresholds.
  bool met = false;
};

struct Process {
  rules::ProcessFacts facts = {};
  std::vector<Held> held = {};
  std::vector<RuleState> rules = {};
  bool is_new = true;  ///< Its rules were not asked yet.
  bool has_ended = false;
  Microseconds seen{};  ///< The last look that it was in.
};

rules::Holds holds_in(const Process& process) {
  return [&process](const Threshold& asked) {
    const auto found = std::ranges::find(process.held, asked, &Held::threshold);
    return found != process.held.end() && found->holds();
  };
}

std::string percent_text(std::uint64_t ppm) {
  return fmt::format("{:.1f}%", static_cast<double>(ppm) / static_cast<double>(kPpmOfPercent));
}

}  // namespace

class Triggers::Impl {
 public:
  explicit Impl(std::uint32_t processors) : processors_(std::max(processors, 1U)) {}

  void use_rules(const rules::RuleSet& rules) {
    auto before = std::exchange(rules_, {});
    std::ranges::copy_if(rules.rules, std::back_inserter(rules_),
                         [](const rules::Rule& rule) { return rule.when.wants_gauges(); });
    for (auto& [key, process] : processes_) {
      auto old = std::exchange(process, Process{.facts = std::move(process.facts)});
      match(process);
      take_over(old, before, process);
    }
  }

  void add(const ProcessKey& key, const rules::ProcessFacts& facts) {
    auto& process = processes_[key];
    process = Process{.facts = facts};
    match(process);
  }
  void end(const ProcessKey& key) {
    const auto found = processes_.find(key);
    if (found == processes_.end()) return;
    found->second.has_ended = true;
    if (found->second.held.empty()) processes_.erase(found);
  }

  std::vector<Firing> look(Microseconds uptime, const Sampler& sampler, bool continuous) {
    std::vector<Firing> firings;
    for (auto& [key, process] : processes_) {
      if (process.held.empty()) continue;
      if (!continuous) std::ranges::for_each(process.held, &Held::begin_anew);
      const auto* reading = sampler.reading(key);
      if (reading == nullptr || process.has_ended) continue;
      process.seen = uptime;
      bool changed = std::exchange(process.is_new, false);
      for (auto& held : process.held) changed = held.take(*reading, uptime, processors_) || changed;
      if (changed) ask_rules(key, process, *reading, firings);
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
        processes_, [](const auto& pair) { return !pair.second.held.empty(); }));
  }

 private:
  void match(Process& process) {
    for (std::size_t i = 0; i < rules_.size(); ++i) {
      if (!rules_[i].match.matches(process.facts)) continue;
      process.rules.push_back({i, false});
      rules_[i].when.for_each([&](const Condition& part) {
        if (part.kind != Condition::Kind::Threshold) return;
        const auto known = std::ranges::find(process.held, part.threshold, &Held::threshold);
        if (known == process.held.end()) process.held.emplace_back(part.threshold);
      });
    }
  }

  void take_over(Process& old, const std::vector<rules::Rule>& old_rules, Process& process) {
    for (auto& held : process.held) {
      const auto same = std::ranges::find(old.held, held.threshold(), &Held::threshold);
      if (same != old.held.end()) held = std::move(*same);
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
  void ask_rules(const ProcessKey& key,
                 Process& process,
                 const Reading& reading,
                 std::vector<Firing>& firings) {
    bool acted = false;
    for (auto& state : process.rules) {
      const auto& rule = rules_[state.rule];
      const bool met = rule.when.fits(holds_in(process));
      const bool became = met && !std::exchange(state.met, met);
      state.met = met;
      if (!became || std::exchange(acted, true)) continue;
      firings.push_back(firing(key, rule, process, reading));
    }
  }

  Firing firing(const ProcessKey& key,
                const rules::Rule& rule,
                const Process& process,
                const Reading& reading) const {
    Firing result{key, rule.name, store::Kind::Cpu, {}};
    const auto holds = holds_in(process);
    rule.when.for_each([&](const Condition& part) {
      if (part.kind != Condition::Kind::Threshold || !holds(part.threshold)) return;
      if (result.detail.empty()) result.kind = kind_of(part.threshold.gauge);
      if (!result.detail.empty()) result.detail += "; ";
      result.detail += rules::describe(part.threshold) + ", " + now_text(part.threshold, reading);
    });
    return result;
  }

  [[nodiscard]] std::string now_text(const Threshold& threshold, const Reading& reading) const {
    const auto value = value_of(threshold.gauge, reading);
    switch (threshold.gauge) {
      case Gauge::CpuOfMachine: return percent_text(value / processors_) + " now";
      case Gauge::CpuOfCore: return percent_text(value) + " now";
      case Gauge::PrivateBytes:
      case Gauge::WorkingSet: return format_bytes(value) + " now";
      case Gauge::Handles:
      case Gauge::Threads: return fmt::format("{} now", value);
    }
    return {};
  }

  std::uint64_t processors_;
  std::vector<rules::Rule> rules_;  // those with thresholds
  std::map<ProcessKey, Process> processes_;
};

Triggers::Triggers(std::uint32_t processors) : impl_(std::make_unique<Impl>(processors)) {}
Triggers::~Triggers() = default;
void Triggers::use_rules(const rules::RuleSet& rules) {
  impl_->use_rules(rules);
}
void Triggers::add(const ProcessKey& process, const rules::ProcessFacts& facts) {
  impl_->add(process, facts);
}
void Triggers::end(const ProcessKey& process) {
  impl_->end(process);
}
std::vector<Firing> Triggers::look(Microseconds uptime, const Sampler& sampler, bool continuous) {
  return impl_->look(uptime, sampler, continuous);
}
rules::Holds Triggers::holds(const ProcessKey& process) const {
  return impl_->holds(process);
}
std::size_t Triggers::size() const noexcept {
  return impl_->size();
}

}  // namespace vigil::watch
