// SPDX-License-Identifier: Apache-2.0
#include "watch/watched.h"

#include <algorithm>
#include <utility>

namespace vigil::watch {

using rules::Condition;

Watched::Watched(const ProcessKey& key,
                 rules::ProcessFacts facts,
                 Microseconds born,
                 const std::vector<rules::Rule>& rules)
    : key_(key), facts_(std::move(facts)), born_(born) {
  match(rules);
}

Watched::Watched(Watched&& old,
                 const std::vector<rules::Rule>& old_rules,
                 const std::vector<rules::Rule>& rules)
    : has_ended(old.has_ended),
      key_(old.key_),
      facts_(std::move(old.facts_)),
      born_(old.born_),
      seen_(old.seen_) {
  match(rules);
  take_over(old, old_rules, rules);
}

void Watched::match(const std::vector<rules::Rule>& rules) {
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (!rules[i].match.matches(facts_)) continue;
    rules_.push_back({.rule = i});
    rules[i].when.for_each([&](const Condition& part) {
      if (part.kind == Condition::Kind::Threshold) {
        if (std::ranges::find(held_, part.threshold, &Held::threshold) == held_.end())
          held_.emplace_back(part.threshold);
      } else if (part.kind == Condition::Kind::Hang) {
        auto probe = probe_for(part.probe);
        if (std::ranges::find(hangs_, probe, &Hang::probe) == hangs_.end())
          hangs_.emplace_back(std::move(probe));
      }
    });
  }
}

void Watched::take_over(Watched& old,
                        const std::vector<rules::Rule>& old_rules,
                        const std::vector<rules::Rule>& rules) {
  for (auto& held : held_) {
    const auto same = std::ranges::find(old.held_, held.threshold(), &Held::threshold);
    if (same != old.held_.end()) held = std::move(*same);
  }
  for (auto& hang : hangs_) {
    const auto same = std::ranges::find(old.hangs_, hang.probe(), &Hang::probe);
    if (same != old.hangs_.end()) hang = std::move(*same);
  }
  for (auto& state : rules_) {
    const auto& rule = rules[state.rule];
    const auto same = std::ranges::find_if(old.rules_, [&](const RuleState& s) {
      return old_rules[s.rule].name == rule.name && old_rules[s.rule].when == rule.when;
    });
    if (same == old.rules_.end()) continue;
    state.met = same->met;
    state.held_back = same->held_back;
  }
}

void Watched::measure(Microseconds uptime,
                      const Reading* reading,
                      const CounterBook& counts,
                      bool continuous,
                      std::uint64_t processors) {
  seen_ = uptime;
  for (auto& held : held_) {
    if (!continuous) held.begin_anew();
    const auto& threshold = held.threshold();
    if (threshold.gauge == rules::Gauge::Counter) {
      const auto value = counts.value(counter_target(threshold, key_), uptime);
      changed_ = (value ? held.take(*value, uptime, processors) : held.take_nothing()) || changed_;
    } else if (reading != nullptr) {
      changed_ = held.take(value_of(threshold.gauge, *reading), uptime, processors) || changed_;
    }
  }
}

void Watched::answer(const rules::Probe& probe,
                     const std::optional<std::string>& failure,
                     Microseconds asked) {
  const auto hang = std::ranges::find(hangs_, probe, &Hang::probe);
  if (hang == hangs_.end() || asked - born_ < probe.grace) return;
  changed_ = hang->answer(failure) || changed_;
}

std::optional<Firing> Watched::ask_rules(const std::vector<rules::Rule>& rules,
                                         std::uint64_t processors) {
  if (!std::exchange(changed_, false)) return std::nullopt;
  std::optional<Firing> first;
  for (auto& state : rules_) {
    const auto& rule = rules[state.rule];
    const bool met = rule.when.fits(holds());
    const bool was_met = std::exchange(state.met, met);
    state.held_back = state.held_back && met;
    if (met && !was_met && !first) first = firing(rule, processors);
  }
  return first;
}

void Watched::hold_back(std::string_view rule,
                        bool held_back,
                        const std::vector<rules::Rule>& rules) {
  for (auto& state : rules_) {
    if (rules[state.rule].name == rule) state.held_back = held_back;
  }
}

void Watched::add_held_back(const std::vector<rules::Rule>& rules,
                            std::uint64_t processors,
                            std::vector<Firing>& firings) const {
  for (const auto& state : rules_) {
    if (state.held_back && state.met) firings.push_back(firing(rules[state.rule], processors));
  }
}

rules::Holds Watched::holds() const {
  return [this](const Condition& asked) {
    if (asked.kind == Condition::Kind::Hang) {
      const auto found = std::ranges::find(hangs_, probe_for(asked.probe), &Hang::probe);
      return found != hangs_.end() && found->holds();
    }
    const auto found = std::ranges::find(held_, asked.threshold, &Held::threshold);
    return found != held_.end() && found->holds();
  };
}

/// The question as it is asked for this process.
rules::Probe Watched::probe_for(rules::Probe probe) const {
  if (probe.type == rules::Probe::Type::WaitChain) probe.target = wait_chain_target(key_);
  return probe;
}

/// By what holds of \p rule, the first of which says its kind.
Firing Watched::firing(const rules::Rule& rule, std::uint64_t processors) const {
  Firing result{key_, rule.name, store::Kind::Cpu, {}};
  const auto holds_now = holds();
  rule.when.for_each([&](const Condition& part) {
    if (part.is_event() || !holds_now(part)) return;
    const bool is_first = result.detail.empty();
    if (!is_first) result.detail += "; ";
    if (part.kind == Condition::Kind::Hang) {
      if (is_first) result.kind = store::Kind::Hang;
      result.detail += std::ranges::find(hangs_, probe_for(part.probe), &Hang::probe)->text();
    } else {
      if (is_first) result.kind = kind_of(part.threshold.gauge);
      result.detail += std::ranges::find(held_, part.threshold, &Held::threshold)->text(processors);
    }
  });
  return result;
}

}  // namespace vigil::watch
