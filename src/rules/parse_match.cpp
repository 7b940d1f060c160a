// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "rules/grammar.h"

namespace vigil::rules {
namespace {

/// Keeps the steps of one match small; see glob_matches().
constexpr std::size_t kMaxPatternBytes = 1024;

using Patterns = std::vector<std::string>;

/// One pattern or a list of them.
void read_patterns(const yaml::Node& node, Patterns& patterns, yaml::Problems& problems) {
  const auto read_one = [&](const yaml::Node& value) {
    auto pattern =
        yaml::read_text(value, "a pattern such as Orders*.exe", kMaxPatternBytes, problems);
    if (pattern) patterns.push_back(std::move(*pattern));
  };
  if (node.kind != yaml::Node::Kind::List) return read_one(node);
  if (node.items.empty()) problems.add(node.at, "an empty list of patterns");
  for (const auto& item : node.items) read_one(item);
}

constexpr yaml::Field<PatternList> kPatternFields[] = {
    {"any",
     [](const yaml::Node& n, PatternList& l, yaml::Problems& p) { read_patterns(n, l.any, p); }},
    {"not",
     [](const yaml::Node& n, PatternList& l, yaml::Problems& p) { read_patterns(n, l.none, p); }},
};

/// A pattern, a list of them, or a map of any and not.
void read_pattern_list(const yaml::Node& node, PatternList& list, yaml::Problems& problems) {
  if (node.kind != yaml::Node::Kind::Map) return read_patterns(node, list.any, problems);
  yaml::read_map(node, kPatternFields, list, problems);
  if (node.keys.empty()) problems.add(node.at, "an empty map of patterns; it takes any and not");
}

constexpr yaml::Field<Match> kNotFields[] = {
    {"process",
     [](const yaml::Node& n, Match& m, yaml::Problems& p) { read_patterns(n, m.process.none, p); }},
    {"path",
     [](const yaml::Node& n, Match& m, yaml::Problems& p) { read_patterns(n, m.path.none, p); }},
    {"command_line",
     [](const yaml::Node& n, Match& m, yaml::Problems& p) {
       read_patterns(n, m.command_line.none, p);
     }},
    {"service",
     [](const yaml::Node& n, Match& m, yaml::Problems& p) { read_patterns(n, m.service.none, p); }},
    {"user",
     [](const yaml::Node& n, Match& m, yaml::Problems& p) { read_patterns(n, m.user.none, p); }},
    {"version",
     [](const yaml::Node& n, Match& m, yaml::Problems& p) { read_patterns(n, m.version.none, p); }},
};

constexpr yaml::Field<Match> kMatchFields[] = {
    {"process",
     [](const yaml::Node& n, Match& m, yaml::Problems& p) { read_pattern_list(n, m.process, p); }},
    {"path",
     [](const yaml::Node& n, Match& m, yaml::Problems& p) { read_pattern_list(n, m.path, p); }},
    {"command_line",
     [](const yaml::Node& n, Match& m, yaml::Problems& p) {
       read_pattern_list(n, m.command_line, p);
     }},
    {"service",
     [](const yaml::Node& n, Match& m, yaml::Problems& p) { read_pattern_list(n, m.service, p); }},
    {"user",
     [](const yaml::Node& n, Match& m, yaml::Problems& p) { read_pattern_list(n, m.user, p); }},
    {"version",
     [](const yaml::Node& n, Match& m, yaml::Problems& p) { read_pattern_list(n, m.version, p); }},
    {"not",
     [](const yaml::Node& n, Match& m, yaml::Problems& p) { yaml::read_map(n, kNotFields, m, p); }},
};

}  // namespace

void read_match(const yaml::Node& node, Match& match, yaml::Problems& problems) {
  yaml::read_map(node, kMatchFields, match, problems);
  if (node.kind == yaml::Node::Kind::Map && node.keys.empty()) {
    problems.add(node.at, "an empty match; every process is { process: '*' }");
  }
}

}  // namespace vigil::rules
