// SPDX-License-Identifier: Apache-2.0
#include "rules/rules.h"

#include <algorithm>

#include "rules/glob.h"

namespace vigil::rules {
namespace {

bool list_matches(const PatternList& list, std::string_view text, Slashes slashes) noexcept {
  const auto fits = [&](const std::string& pattern) {
    return glob_matches(pattern, text, slashes);
  };
  const bool wanted = list.any.empty() || std::any_of(list.any.begin(), list.any.end(), fits);
  return wanted && std::none_of(list.none.begin(), list.none.end(), fits);
}

/// A process without a service has the empty one.
bool list_matches(const PatternList& list, const std::vector<std::string>& names) {
  if (list.empty()) return true;
  if (names.empty()) return list.matches({});
  const auto fits = [&](const std::vector<std::string>& patterns) {
    const PatternList one{patterns, {}};
    return std::ranges::any_of(names, [&](const auto& name) { return one.matches(name); });
  };
  return (list.any.empty() || fits(list.any)) && (list.none.empty() || !fits(list.none));
}

}  // namespace

std::string_view to_string(EventKind kind) noexcept {
  switch (kind) {
    case EventKind::Crash: return "crash";
    case EventKind::Exit: return "exit";
    case EventKind::Exception: return "exception";
    case EventKind::Bugcheck: return "bugcheck";
    case EventKind::Module: return "module";
    case EventKind::ThreadEnd: return "thread-end";
    case EventKind::ThreadStart: return "thread-start";
  }
  return "crash";
}

bool PatternList::matches(std::string_view text) const noexcept {
  return list_matches(*this, text, Slashes::Differ);
}

bool Match::matches_but_for_user_and_version(const ProcessFacts& facts) const noexcept {
  return process.matches(facts.name) && list_matches(path, facts.path, Slashes::Same) &&
         command_line.matches(facts.command_line) && list_matches(service, facts.services);
}

bool Match::matches(const ProcessFacts& facts) const noexcept {
  return matches_but_for_user_and_version(facts) && list_matches(user, facts.user) &&
         version.matches(facts.version);
}

const Rule* RuleSet::find(EventKind kind,
                          std::uint32_t exit_code,
                          const ProcessFacts& process,
                          const Holds& holds,
                          std::string_view text) const {
  const auto found = std::find_if(rules.begin(), rules.end(), [&](const Rule& rule) {
    return rule.match.matches(process) && rule.when.fits(kind, exit_code, holds, text);
  });
  return found == rules.end() ? nullptr : &*found;
}

const Rule* RuleSet::find_attach(const ProcessFacts& process) const noexcept {
  const auto found = std::find_if(rules.begin(), rules.end(), [&](const Rule& rule) {
    return rule.attach && rule.match.matches(process);
  });
  return found == rules.end() ? nullptr : &*found;
}

bool RuleSet::ask_for_user(const ProcessFacts& process) const {
  return std::ranges::any_of(rules, [&](const Rule& rule) {
    return !rule.match.user.empty() && rule.match.matches_but_for_user_and_version(process);
  });
}

bool RuleSet::ask_for_version(const ProcessFacts& process) const {
  return std::ranges::any_of(rules, [&](const Rule& rule) {
    return !rule.match.version.empty() && rule.match.matches_but_for_user_and_version(process);
  });
}

bool RuleSet::concerns(const ProcessFacts& process) const noexcept {
  return std::any_of(rules.begin(), rules.end(),
                     [&](const Rule& rule) { return rule.match.matches(process); });
}

void RuleSet::set_aside(const std::vector<std::string>& names) {
  const auto is_named = [&](const Rule& rule) {
    return std::find(names.begin(), names.end(), rule.name) != names.end();
  };
  for (const auto& rule : rules) {
    if (is_named(rule)) idle.push_back({rule, false});
  }
  std::erase_if(rules, is_named);
}

bool RuleSet::retire(Timestamp now) {
  const auto is_over = [&](const Rule& rule) { return rule.expires && now >= *rule.expires; };
  const auto before = rules.size();
  for (const auto& rule : rules) {
    if (is_over(rule)) idle.push_back({rule, true});
  }
  std::erase_if(rules, is_over);
  return rules.size() != before;
}

}  // namespace vigil::rules
