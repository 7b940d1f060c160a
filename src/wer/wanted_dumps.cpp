// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/minidump_type.h"
#include "base/utf.h"
#include "wer/wer.h"

namespace vigil::wer {
namespace {

using rules::DumpKind;

/// Names of registry keys have at most 255 characters and no backslash.
constexpr std::size_t kMaxProgramName = 255;
/// More programs than anybody names one by one.
constexpr std::size_t kMaxPrograms = 1'000;

bool is_exact(std::string_view pattern) {
  return !pattern.empty() && pattern.size() <= kMaxProgramName &&
         pattern.find_first_of("*?\\/") == std::string_view::npos;
}

bool wants_crashes(const rules::Rule& rule) {
  bool wants = false;
  rule.when.for_each([&](const rules::Condition& part) {
    wants = wants || part.kind == rules::Condition::Kind::Crash;
  });
  return wants;
}

/// Of two masks everything that either asks for.
WantedDump larger(const WantedDump& a, const WantedDump& b) {
  if (a.kind != b.kind) return a.kind > b.kind ? a : b;
  return {a.kind, a.custom | b.custom};
}

WantedDump largest(const rules::Rule& rule) {
  const auto kind = std::max(rule.dump, rule.new_signature.value_or(DumpKind::None));
  return {kind, kind == DumpKind::Custom ? rule.manner.custom : 0};
}

bool names_all(const rules::PatternList& processes) {
  return !processes.any.empty() && std::ranges::all_of(processes.any, is_exact);
}

}  // namespace

WantedDumps wanted_dumps(const rules::RuleSet& rules) {
  WantedDumps wanted;
  WantedDump all;
  for (const auto& rule : rules.rules) {
    if (!wants_crashes(rule) || largest(rule).kind == DumpKind::None) continue;
    if (!names_all(rule.match.process)) all = larger(all, largest(rule));
    for (const auto& name : rule.match.process.any) {
      if (!is_exact(name) || wanted.size() >= kMaxPrograms) continue;
      auto& dump = wanted[ascii_lower(name)];
      dump = larger(dump, largest(rule));
    }
  }
  // The key of a program hides that of all: what a pattern wants of it must stand there too.
  for (auto& [name, dump] : wanted) {
    for (const auto& rule : rules.rules) {
      if (wants_crashes(rule) && rule.match.process.matches(name))
        dump = larger(dump, largest(rule));
    }
  }
  if (all.kind != DumpKind::None) wanted[""] = all;
  return wanted;
}

DumpValues values_for(const WantedDump& dump, const std::string& inbox) {
  // Of the programs that nobody looks after for days, the oldest files make room.
  constexpr std::uint32_t kFilesKept = 10;
  constexpr std::uint32_t kCustom = 0, kFull = 2;
  DumpValues values{.folder = inbox, .count = kFilesKept};
  if (dump.kind == DumpKind::Full) {
    values.type = kFull;
  } else {
    values.type = kCustom;
    values.custom_flags =
        rules::minidump_type_of(dump.kind, dump.custom) | minidump_type::kIgnoreInaccessibleMemory;
  }
  return values;
}

}  // namespace vigil::wer
