// SPDX-License-Identifier: Apache-2.0
// What is taken, and how: the value of `capture`.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "rules/grammar.h"

namespace vigil::rules {
namespace {

using yaml::Node;
using yaml::Problems;

constexpr std::string_view kDumpKinds[] = {"mini", "triage", "miniplus", "full", "custom", "none"};
constexpr std::string_view kWriters[] = {"native", "dbghelp"};
constexpr yaml::Range<std::uint32_t> kSampleCount{2, kMaxSamples};
constexpr yaml::Range<Microseconds> kSampleEvery{std::chrono::seconds(1), std::chrono::minutes(10)};

std::optional<DumpKind> read_dump_kind(const Node& node, Problems& problems) {
  const auto index = yaml::read_name(node, {"dump kind", kDumpKinds}, problems);
  return index ? dump_kind_from(kDumpKinds[*index]) : std::nullopt;
}

void read_writer(const Node& node, Rule& rule, Problems& problems) {
  const auto index = yaml::read_name(node, {"writer", kWriters}, problems);
  if (index) rule.manner.writer = *writer_from(kWriters[*index]);
}

/// `0x1826`, `WithFullMemory`
void read_mask(const Node& node, Rule& rule, Problems& problems) {
  if (node.kind != Node::Kind::Text) {
    problems.add(node.at, fmt::format("expected a MINIDUMP_TYPE such as 0x1826 or WithFullMemory, "
                                      "found {}",
                                      yaml::described(node)));
    return;
  }
  const auto mask = parse_minidump_type(node.text);
  if (mask.ok()) {
    rule.manner.custom |= *mask;
  } else {
    problems.add(node.at, mask.error().message());
  }
}

void read_custom(const Node& node, Rule& rule, Problems& problems) {
  if (node.kind != Node::Kind::List) return read_mask(node, rule, problems);
  if (node.items.empty()) problems.add(node.at, "an empty list of MINIDUMP_TYPE names");
  for (const auto& item : node.items) read_mask(item, rule, problems);
}

constexpr yaml::Field<Rule> kFields[] = {
    {"dump",
     [](const Node& n, Rule& r, Problems& p) { r.dump = read_dump_kind(n, p).value_or(r.dump); }},
    {"new_signature",
     [](const Node& n, Rule& r, Problems& p) { r.new_signature = read_dump_kind(n, p); }},
    {"attach",
     [](const Node& n, Rule& r, Problems& p) {
       r.attach = yaml::read_bool(n, p).value_or(r.attach);
     }},
    {"custom", read_custom},
    {"writer", read_writer},
    {"suspend",
     [](const Node& n, Rule& r, Problems& p) {
       r.manner.suspend = yaml::read_duration(n, {kMinSuspend, kMaxSuspend}, p);
     }},
    {"samples",
     [](const Node& n, Rule& r, Problems& p) {
       r.samples.count = yaml::read_count(n, kSampleCount, p).value_or(r.samples.count);
     }},
    {"every",
     [](const Node& n, Rule& r, Problems& p) {
       r.samples.every = yaml::read_duration(n, kSampleEvery, p).value_or(r.samples.every);
     }},
};

/// What each key says is right, and together it is not. It stands at the key that is to blame.
void check(const Node& node, const Rule& rule, Problems& problems) {
  const bool custom = rule.dump == DumpKind::Custom || rule.new_signature == DumpKind::Custom;
  const auto* every = node.find("every");
  if (every != nullptr && node.find("samples") == nullptr)
    problems.add(every->at, "'every' goes with 'samples'");
  const auto* mask = node.find("custom");
  if (mask != nullptr && !custom) {
    problems.add(mask->at, "'custom' goes with 'dump: custom' or 'new_signature: custom'");
    return;
  }
  const auto possible = check_manner(custom ? DumpKind::Custom : rule.dump, rule.manner);
  if (possible.ok()) return;
  const auto* suspend = node.find("suspend");
  const bool late = rule.manner.writer == Writer::Dbghelp && suspend != nullptr;
  problems.add(late              ? suspend->at
               : mask != nullptr ? mask->at
                                 : node.at,
               possible.error().message());
}

}  // namespace

void read_capture(const Node& node, Rule& rule, Problems& problems) {
  Problems own(problems.file());
  yaml::read_map(node, kFields, rule, own);
  if (own.empty()) check(node, rule, own);
  for (auto& problem : std::move(own).take()) {
    problems.add({problem.line, problem.column}, std::move(problem.message));
  }
}

}  // namespace vigil::rules
