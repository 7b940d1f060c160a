// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "rules/grammar.h"

namespace vigil::rules {
namespace {

using yaml::Node;
using yaml::Problems;

/// ProcDump's, so that a runbook's figures mean the same here.
constexpr Microseconds kDefaultHold = std::chrono::seconds(10);
constexpr yaml::Range<Microseconds> kHold{std::chrono::seconds(1), std::chrono::hours(24)};
/// Shorter ones would take a start for a leak.
constexpr yaml::Range<Microseconds> kWithin{std::chrono::seconds(10), std::chrono::hours(24 * 7)};
constexpr std::uint64_t kMaxProcessors = 2048;
constexpr std::uint64_t kMaxBytes = std::uint64_t{1} << 50;
constexpr std::uint32_t kMaxCount = 1'000'000'000;
constexpr std::uint64_t kMaxThousandths = 1'000'000'000'000'000'000;

/// What one condition of this kind may say.
struct Grammar {
  std::string_view name;
  std::span<const std::string_view> keys;
  /// The words of `of` and the gauges that they mean; the first is the default.
  std::span<const std::string_view> of;
  std::span<const Gauge> gauges;
};

constexpr std::string_view kCpuKeys[] = {"above", "below", "of", "for"};
constexpr std::string_view kMemoryKeys[] = {"above", "below", "growth", "of", "for", "within"};
constexpr std::string_view kCountKeys[] = {"above", "below", "growth", "for", "within"};
constexpr std::string_view kCounterKeys[] = {"path", "above", "below", "growth", "for", "within"};
constexpr std::string_view kCpuOf[] = {"machine", "core"};
constexpr Gauge kCpuGauges[] = {Gauge::CpuOfMachine, Gauge::CpuOfCore};
constexpr std::string_view kMemoryOf[] = {"private", "working_set"};
constexpr Gauge kMemoryGauges[] = {Gauge::PrivateBytes, Gauge::WorkingSet};
constexpr Gauge kHandles[] = {Gauge::Handles};
constexpr Gauge kThreads[] = {Gauge::Threads};
constexpr Gauge kCounter[] = {Gauge::Counter};
constexpr Grammar kGrammars[] = {{"cpu", kCpuKeys, kCpuOf, kCpuGauges},
                                 {"memory", kMemoryKeys, kMemoryOf, kMemoryGauges},
                                 {"handles", kCountKeys, {}, kHandles},
                                 {"threads", kCountKeys, {}, kThreads},
                                 {"counter", kCounterKeys, {}, kCounter}};

const Grammar& grammar_of(std::string_view name) {
  const auto* const found = std::ranges::find(kGrammars, name, &Grammar::name);
  return found == std::end(kGrammars) ? kGrammars[0] : *found;
}

/// `above`, `below` or `growth`.
std::optional<std::uint64_t> read_value(const Node& node, Gauge gauge, Problems& problems) {
  switch (gauge) {
    case Gauge::CpuOfMachine: return yaml::read_percent(node, {0, 100}, problems);
    case Gauge::CpuOfCore: return yaml::read_percent(node, {0, 100 * kMaxProcessors}, problems);
    case Gauge::PrivateBytes:
    case Gauge::WorkingSet: return yaml::read_size(node, {1, kMaxBytes}, problems);
    case Gauge::Counter: return yaml::read_decimal(node, {0, kMaxThousandths}, problems);
    case Gauge::Handles:
    case Gauge::Threads:
    case Gauge::ServiceOverdue:
    case Gauge::WindowHung:
    case Gauge::Stalled: break;
  }
  return yaml::read_count(node, {1, kMaxCount}, problems);
}

bool takes(const Grammar& grammar, std::string_view key) {
  return std::ranges::find(grammar.keys, key) != grammar.keys.end();
}

constexpr std::string_view kSenses[] = {"above", "below", "growth"};
constexpr Threshold::Sense kSenseOf[] = {Threshold::Sense::Above, Threshold::Sense::Below,
                                         Threshold::Sense::Growth};

/// Which bound it is. Says what is wrong when it is none, or more than one.
bool read_bound(const Grammar& grammar,
                const Node& node,
                Threshold& threshold,
                Problems& problems) {
  std::size_t bounds = 0;
  for (std::size_t i = 0; i < std::size(kSenses); ++i) {
    const auto* const value = node.find(kSenses[i]);
    if (value == nullptr || !takes(grammar, kSenses[i])) continue;
    ++bounds;
    threshold.sense = kSenseOf[i];
    threshold.value = read_value(*value, threshold.gauge, problems).value_or(0);
  }
  if (bounds == 1) return true;
  problems.add(node.at,
               fmt::format("'{}' takes one of {}, and has {}", grammar.name,
                           takes(grammar, "growth") ? "above, below and growth" : "above and below",
                           bounds == 0 ? "none" : fmt::format("{}", bounds)));
  return false;
}

void read_time(const Node& node, Threshold& threshold, Problems& problems) {
  const bool growth = threshold.sense == Threshold::Sense::Growth;
  const auto* const hold = node.find("for");
  const auto* const within = node.find("within");
  if (growth && hold != nullptr)
    problems.add(hold->at, "'for' goes with above and below; growth has 'within'");
  if (!growth && within != nullptr)
    problems.add(within->at, "'within' goes with growth; above and below have 'for'");
  if (growth && within == nullptr)
    problems.add(node.at, "'growth' needs 'within', such as { growth: 500MiB, within: 1h }");
  threshold.time = growth ? kWithin.min : kDefaultHold;
  const auto* const time = growth ? within : hold;
  if (time == nullptr) return;
  if (const auto value = yaml::read_duration(*time, growth ? kWithin : kHold, problems))
    threshold.time = *value;
}

}  // namespace

void read_threshold(std::string_view name,
                    const Node& node,
                    Threshold& threshold,
                    Problems& problems) {
  const auto& grammar = grammar_of(name);
  yaml::visit_map(node, {.noun = "key", .known = grammar.keys}, problems, [](auto, const auto&) {});
  // What is said of a wrong key is enough.
  const auto known = [&](const yaml::Key& key) { return takes(grammar, key.text); };
  if (node.kind != Node::Kind::Map || !std::ranges::all_of(node.keys, known)) return;
  threshold.gauge = grammar.gauges.front();
  if (const auto* const of = node.find("of"); of != nullptr && !grammar.of.empty()) {
    if (const auto index = yaml::read_name(*of, {.noun = "'of'", .known = grammar.of}, problems))
      threshold.gauge = grammar.gauges[*index];
  }
  if (takes(grammar, "path")) {
    const auto* const path = node.find("path");
    if (path == nullptr)
      problems.add(node.at, "'counter' needs its path, such as '\\System\\Processor Queue Length'");
    else
      read_counter_path(*path, threshold.counter, problems);
  }
  if (read_bound(grammar, node, threshold, problems)) read_time(node, threshold, problems);
}

}  // namespace vigil::rules
