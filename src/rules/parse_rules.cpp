// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "rules/grammar.h"

namespace vigil::rules {
namespace {

using yaml::Node;
using yaml::Problems;

constexpr std::uint32_t kSchema = 1;
constexpr std::size_t kMaxNameBytes =
    100;  ///< Of a rule or an owner: it stands in log lines and table columns.
constexpr std::uint32_t kMaxDumps = 1'000'000;
constexpr Microseconds kMaxCooldown = std::chrono::hours(24 * 30);
constexpr yaml::Range<Microseconds> kKeep{std::chrono::hours(1), std::chrono::hours(24 * 3650)};

constexpr std::string_view kRequiredRuleKeys[] = {"name", "match", "when"};
constexpr std::string_view kRequiredFileKeys[] = {"schema", "rules"};

template <class T>
void assign(std::optional<T> value, T& target) {
  if (value) target = std::move(*value);
}
template <class T>
void assign(std::optional<T> value, std::optional<T>& target) {
  if (value) target = std::move(value);
}

std::optional<std::uint32_t> read_dumps(const Node& node, Problems& problems) {
  return yaml::read_count(node, {1, kMaxDumps}, problems);
}

constexpr yaml::Field<Limits> kLimitFields[] = {
    {"per_hour",
     [](const Node& n, Limits& l, Problems& p) { assign(read_dumps(n, p), l.per_hour); }},
    {"per_signature",
     [](const Node& n, Limits& l, Problems& p) { assign(read_dumps(n, p), l.per_signature); }},
    {"cooldown",
     [](const Node& n, Limits& l, Problems& p) {
       assign(yaml::read_duration(n, {Microseconds(0), kMaxCooldown}, p), l.cooldown);
     }},
    {"lifetime",
     [](const Node& n, Limits& l, Problems& p) { assign(read_dumps(n, p), l.lifetime); }},
    {"fair_share",
     [](const Node& n, Limits& l, Problems& p) { assign(yaml::read_bool(n, p), l.fair_share); }},
};

/// `2026-12-31`: the first moment of that day, UTC.
void read_day(const Node& node, Rule& rule, Problems& problems) {
  constexpr std::size_t kMaxBytes = 10;
  const auto text = yaml::read_text(node, "a day", kMaxBytes, problems);
  if (!text) return;
  rule.expires = parse_utc_day(*text);
  if (!rule.expires) {
    problems.add(node.at,
                 fmt::format("{} is no day; a day is written as 2026-12-31", yaml::shown(*text)));
  }
}

void read_rule_name(const Node& node, Rule& rule, Problems& problems) {
  auto name = yaml::read_text(node, "a name", kMaxNameBytes, problems);
  if (!name) return;
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  if (!std::all_of(name->begin(), name->end(), allowed)) {
    problems.add(
        node.at,
        fmt::format("rule name {} has other characters than letters, digits, '-', '_' and '.'",
                    yaml::shown(*name)));
    return;
  }
  rule.name = std::move(*name);
}

constexpr yaml::Field<Rule> kRuleFields[] = {
    {"name", read_rule_name},
    {"match", [](const Node& n, Rule& r, Problems& p) { read_match(n, r.match, p); }},
    {"when", [](const Node& n, Rule& r, Problems& p) { read_condition(n, r.when, p); }},
    {"capture", read_capture},
    {"keep",
     [](const Node& n, Rule& r, Problems& p) { assign(yaml::read_duration(n, kKeep, p), r.keep); }},
    {"expires", read_day},
    {"then", [](const Node& n, Rule& r, Problems& p) { read_then(n, r.then, p); }},
    {"limits",
     [](const Node& n, Rule& r, Problems& p) { yaml::read_map(n, kLimitFields, r.limits, p); }},
};

/// What stands in one file.
struct File {
  std::string owner;
  bool fallback = false;
  std::vector<Rule> rules;
};

void check_required(const Node& node,
                    std::span<const std::string_view> required,
                    std::string_view what,
                    Problems& problems) {
  if (node.kind != Node::Kind::Map) return;
  std::vector<std::string_view> missing;
  std::copy_if(required.begin(), required.end(), std::back_inserter(missing),
               [&](std::string_view key) { return node.find(key) == nullptr; });
  if (!missing.empty())
    problems.add(node.at, fmt::format("{} lacks {}", what, yaml::join_names(missing)));
}

/// Samples are of a process that is still there.
void check_samples(const Rule& rule, yaml::Position at, Problems& problems) {
  if (rule.samples.count == 1) return;
  if (!rule.when.wants_watching()) {
    problems.add(at, fmt::format("rule {} takes samples and asks for events only: 'samples' goes "
                                 "with cpu, memory, handles, threads and hang",
                                 yaml::shown(rule.name)));
  } else if (rule.when.kind == Condition::Kind::All && rule.when.wants_events()) {
    problems.add(at, fmt::format("rule {} takes samples and needs an event, after which no process "
                                 "is left: 'samples' goes with cpu, memory, handles, threads and "
                                 "hang",
                                 yaml::shown(rule.name)));
  }
}

/// What a condition asks for that only an attached dumper sees, in the plural.
std::string_view sort_of(Condition::Kind kind) {
  if (kind == Condition::Kind::Exception) return "exceptions";
  return kind == Condition::Kind::Module ? "modules" : "starts and ends of threads";
}

void read_rule(const Node& node, File& file, Problems& problems) {
  Rule rule;
  const auto* name = node.find("name");
  const auto at = name != nullptr ? name->at : node.at;
  rule.line = at.line;
  rule.column = at.column;
  yaml::read_map(node, kRuleFields, rule, problems);
  check_required(node, kRequiredRuleKeys, "the rule", problems);
  if (rule.attach && !rule.when.wants_events()) {
    problems.add(at, fmt::format("rule {} attaches and asks for no event: 'attach' goes with "
                                 "crash, exit, exception, module and thread",
                                 yaml::shown(rule.name)));
  }
  std::string_view unseen;
  bool wants_bugchecks = false;
  rule.when.for_each([&](const Condition& part) {
    wants_bugchecks = wants_bugchecks || part.kind == Condition::Kind::Bugcheck;
    if (part.needs_attach()) unseen = sort_of(part.kind);
  });
  if (wants_bugchecks && rule.when.kind == Condition::Kind::All) {
    problems.add(at, fmt::format("rule {}: nothing can be the case together with a bugcheck: the "
                                 "machine has started again since",
                                 yaml::shown(rule.name)));
  }
  if (!unseen.empty() && !rule.attach) {
    problems.add(at, fmt::format("rule {} asks for {}, which only 'attach: true' sees",
                                 yaml::shown(rule.name), unseen));
  }
  if (rule.limits.fair_share && !rule.limits.per_hour) {
    problems.add(at, fmt::format("rule {}: 'fair_share' shares per_hour, which is not there",
                                 yaml::shown(rule.name)));
  }
  check_samples(rule, at, problems);
  file.rules.push_back(std::move(rule));
}

void read_rule_list(const Node& node, File& file, Problems& problems) {
  if (node.kind != Node::Kind::List) {
    problems.add(node.at, fmt::format("expected a list of rules, found {}", yaml::described(node)));
    return;
  }
  if (node.items.size() > kMaxRules) {
    problems.add(node.at,
                 fmt::format("{} rules, and the limit is {}", node.items.size(), kMaxRules));
    return;
  }
  for (const auto& item : node.items) read_rule(item, file, problems);
}

void read_schema(const Node& node, File&, Problems& problems) {
  if (node.kind == Node::Kind::Text && node.text == std::to_string(kSchema)) return;
  problems.add(node.at, fmt::format("this version reads schema {}, found {}", kSchema,
                                    yaml::described(node)));
}

constexpr yaml::Field<File> kFileFields[] = {
    {"schema", read_schema},
    {"owner",
     [](const Node& n, File& f, Problems& p) {
       assign(yaml::read_text(n, "an owner", kMaxNameBytes, p), f.owner);
     }},
    {"fallback",
     [](const Node& n, File& f, Problems& p) { assign(yaml::read_bool(n, p), f.fallback); }},
    {"rules", read_rule_list},
};

void check_names(const std::vector<Rule>& rules, Problems& problems) {
  std::map<std::string_view, int> lines;
  for (const auto& rule : rules) {
    if (rule.name.empty()) continue;
    const auto [first, fresh] = lines.emplace(rule.name, rule.line);
    if (fresh) continue;
    problems.add(
        {rule.line, rule.column},
        fmt::format("rule '{}' stands here twice, first in line {}", rule.name, first->second));
  }
}

File read_file_node(const Node& root, Problems& problems) {
  File file;
  if (root.kind == Node::Kind::Null) {
    problems.add({}, "the file is empty; a rule file begins with 'schema: 1' and has 'rules:'");
    return file;
  }
  yaml::read_map(root, kFileFields, file, problems);
  check_required(root, kRequiredFileKeys, "the file", problems);
  check_names(file.rules, problems);
  return file;
}

}  // namespace

LoadResult parse_rules(std::string_view text, const std::string& file_name) {
  LoadResult result;
  result.files = 1;
  Problems problems(file_name);
  if (text.size() > kMaxRuleFileBytes) {
    problems.add({}, fmt::format("larger than {}, which is the limit",
                                 yaml::format_size(kMaxRuleFileBytes)));
  } else if (const auto root = yaml::parse(text, problems)) {
    auto file = read_file_node(*root, problems);
    for (auto& rule : file.rules) {
      rule.owner = file.owner;
      rule.file = file_name;
      rule.fallback = file.fallback;
    }
    if (problems.empty()) result.rules.rules = std::move(file.rules);
  }
  result.problems = std::move(problems).take();
  return result;
}

}  // namespace vigil::rules
