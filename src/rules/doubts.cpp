// SPDX-License-Identifier: Apache-2.0
// Rules that say what can never be the case. They are no mistakes of the file: they take nothing
// and look as if all were well.
#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "rules/rules.h"

namespace vigil::rules {
namespace {

using Kind = Condition::Kind;
using Sense = Threshold::Sense;

bool is_cpu(const Threshold& threshold) {
  return threshold.gauge == Gauge::CpuOfMachine || threshold.gauge == Gauge::CpuOfCore;
}

/// What only some exceptions have: the type of one of C++, or a line for a debugger.
bool has_text(std::uint32_t code) {
  constexpr std::uint32_t kCpp = 0xe06d'7363, kDebugPrint = 0x4001'0006,
                          kDebugPrintWide = 0x4001'000a;
  return code == kCpp || code == kDebugPrint || code == kDebugPrintWide;
}

bool is_silent(const Condition& exception) {
  const auto fits_nothing = [](const std::string& pattern) { return glob_matches(pattern, {}); };
  return !exception.texts.empty() && !exception.exit_codes.empty() &&
         std::ranges::none_of(exception.exit_codes, has_text) &&
         std::ranges::none_of(exception.texts, fits_nothing);
}

/// Why a condition without parts is never met; empty: it may be.
std::string why_leaf_is_never_met(const Condition& leaf) {
  if (leaf.kind == Kind::Exception && is_silent(leaf)) {
    return fmt::format(
        "{}: of these codes no exception says anything; 0xe06d7363 says its type, "
        "0x40010006 and 0x4001000a a line for a debugger",
        describe(leaf));
  }
  if (leaf.kind != Kind::Threshold) return {};
  const auto& threshold = leaf.threshold;
  constexpr std::uint64_t kWhole = 100;
  if (threshold.gauge == Gauge::CpuOfMachine && threshold.sense == Sense::Above &&
      threshold.value >= kWhole) {
    return describe(leaf) + ": nothing is above that";
  }
  if (threshold.sense == Sense::Below && threshold.value == 0)
    return describe(leaf) + ": nothing is below that";
  return {};
}

/// Whether one event can be both. By asking the conditions themselves, with every event that makes
/// a difference to them.
bool can_be_one_event(const Condition& a, const Condition& b) {
  Condition both{.kind = Kind::All, .parts = {a, b}};
  std::vector<std::uint32_t> codes = {0, 1, 0xc000'0005};
  for (auto& part : both.parts) {
    codes.insert(codes.end(), part.exit_codes.begin(), part.exit_codes.end());
    // Whatever it says: two patterns may fit the same text.
    part.texts.clear();
    if (part.kind == Kind::Module || part.kind == Kind::ThreadStart) part.texts = {"*"};
  }
  constexpr std::array kEvents = {EventKind::Crash,   EventKind::Exit,      EventKind::Exception,
                                  EventKind::Module,  EventKind::ThreadEnd, EventKind::ThreadStart,
                                  EventKind::Bugcheck};
  return std::ranges::any_of(kEvents, [&](EventKind event) {
    return std::ranges::any_of(codes, [&](std::uint32_t code) { return both.fits(event, code); });
  });
}

/// Whether no value is above \p above and below \p below.
bool exclude(const Threshold& above, const Threshold& below) {
  if (above.sense != Sense::Above) return false;
  if (below.gauge == Gauge::Stalled) return is_cpu(above);
  if (below.sense != Sense::Below) return false;
  // What is above so much of all processors is above as much of one of them.
  if (above.gauge == Gauge::CpuOfMachine && below.gauge == Gauge::CpuOfCore)
    return below.value <= above.value;
  if (above.gauge != below.gauge || above.counter != below.counter) return false;
  // Between two whole numbers that follow each other there is none.
  return is_cpu(above) ? below.value <= above.value : below.value <= above.value + 1;
}

bool is_event(const Condition& leaf) {
  return leaf.is_event() || leaf.kind == Kind::Bugcheck;
}

/// Whether the two are never the case at once.
// NOLINTNEXTLINE(misc-no-recursion): as deep as the YAML, which has yaml::kMaxDepth
bool exclude(const Condition& a, const Condition& b) {
  const auto b_excludes = [&](const Condition& part) { return exclude(part, b); };
  if (a.kind == Kind::Any) return std::ranges::all_of(a.parts, b_excludes);
  if (a.kind == Kind::All) return std::ranges::any_of(a.parts, b_excludes);
  if (b.kind == Kind::Any || b.kind == Kind::All) return exclude(b, a);
  if (is_event(a) && is_event(b)) return !can_be_one_event(a, b);
  if (a.kind != Kind::Threshold || b.kind != Kind::Threshold) return false;
  return exclude(a.threshold, b.threshold) || exclude(b.threshold, a.threshold);
}

/// Why \p condition is never met; empty: it may be. Adds to \p parts what never is of one that may
/// be.
// NOLINTNEXTLINE(misc-no-recursion): as deep as the YAML, which has yaml::kMaxDepth
std::string why_never_met(const Condition& condition, std::vector<std::string>& parts) {
  if (condition.kind != Kind::Any && condition.kind != Kind::All)
    return why_leaf_is_never_met(condition);
  std::vector<std::string> whys;
  for (const auto& part : condition.parts) {
    if (auto why = why_never_met(part, parts); !why.empty()) whys.push_back(std::move(why));
  }
  if (condition.kind == Kind::Any) {
    if (!whys.empty() && whys.size() == condition.parts.size()) return whys.front();
    parts.insert(parts.end(), whys.begin(), whys.end());
    return {};
  }
  if (!whys.empty()) return whys.front();
  for (auto a = condition.parts.begin(); a != condition.parts.end(); ++a) {
    const auto b = std::find_if(a + 1, condition.parts.end(),
                                [&](const Condition& other) { return exclude(*a, other); });
    if (b != condition.parts.end())
      return fmt::format("{} and {} are never the case at once", describe(*a), describe(*b));
  }
  return {};
}

/// Whether \p refused fits all that \p wanted does: a `?` could stand for one character of a `*`.
bool covers(const std::string& refused, const std::string& wanted) {
  return refused.find('?') == std::string::npos ? glob_matches(refused, wanted) : refused == wanted;
}

/// The key of \p match whose patterns refuse all that they want; empty: there is none.
std::string_view contradiction(const Match& match) {
  const std::pair<std::string_view, const PatternList&> lists[] = {
      {"process", match.process}, {"path", match.path}, {"command_line", match.command_line},
      {"service", match.service}, {"user", match.user}, {"version", match.version}};
  for (const auto& [key, list] : lists) {
    const auto refused = [&none = list.none](const std::string& wanted) {
      return std::ranges::any_of(none, [&](const auto& one) { return covers(one, wanted); });
    };
    if (!list.any.empty() && std::ranges::all_of(list.any, refused)) return key;
  }
  return {};
}

/// Whether every name that is wanted has a slash.
bool asks_for_a_path(const PatternList& names) {
  return !names.any.empty() && std::ranges::all_of(names.any, [](const std::string& name) {
    return name.find_first_of("/\\") != std::string::npos;
  });
}

void add_doubts(const Rule& rule, Timestamp now, std::vector<Problem>& found) {
  const auto add = [&](std::string message) {
    found.push_back({rule.file, rule.line, rule.column, std::move(message)});
  };
  if (rule.expires && now >= *rule.expires)
    add(fmt::format("rule '{}' has expired: it is not asked since {}", rule.name,
                    format_utc(*rule.expires)));
  if (asks_for_a_path(rule.match.process))
    add(fmt::format(
        "rule '{}' never acts: 'process' is the name of a file, and has no slash; a path "
        "goes into 'path'",
        rule.name));
  if (const auto key = contradiction(rule.match); !key.empty())
    add(fmt::format("rule '{}' never acts: '{}' refuses all that it wants", rule.name, key));
  std::vector<std::string> parts;
  if (const auto why = why_never_met(rule.when, parts); !why.empty())
    add(fmt::format("rule '{}' never acts: {}", rule.name, why));
  for (const auto& why : parts)
    add(fmt::format("rule '{}': a part of it is never met: {}", rule.name, why));
}

}  // namespace

std::vector<Problem> doubts(const RuleSet& set, Timestamp now) {
  std::vector<Problem> found;
  for (const auto& rule : set.rules) add_doubts(rule, now, found);
  for (const auto& [rule, expired] : set.idle) add_doubts(rule, now, found);
  std::ranges::sort(found, [](const Problem& a, const Problem& b) {
    return std::tie(a.file, a.line, a.column, a.message) <
           std::tie(b.file, b.line, b.column, b.message);
  });
  return found;
}

}  // namespace vigil::rules
