// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

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

DumpKind largest(const rules::Rule& rule) {
  return std::max(rule.dump, rule.new_signature.value_or(DumpKind::None));
}

bool names_all(const rules::PatternList& processes) {
  return !processes.any.empty() && std::ranges::all_of(processes.any, is_exact);
}

}  // namespace

WantedDumps wanted_dumps(const rules::RuleSet& rules) {
  WantedDumps wanted;
  auto all = DumpKind::None;
  for (const auto& rule : rules.rules) {
    if (!wants_crashes(rule) || largest(rule) == DumpKind::None) continue;
    if (!names_all(rule.match.process)) all = std::max(all, largest(rule));
    for (const auto& name : rule.match.process.any) {
      if (!is_exact(name) || wanted.size() >= kMaxPrograms) continue;
      auto& kind = wanted[ascii_lower(name)];
      kind = std::max(kind, largest(rule));
    }
  }
  // The key of a program hides that of all: what a pattern wants of it must stand there too.
  for (auto& [name, kind] : wanted) {
    for (const auto& rule : rules.rules) {
      if (wants_crashes(rule) && rule.match.process.matches(name))
        kind = std::max(kind, largest(rule));
    }
  }
  if (all != DumpKind::None) wanted[""] = all;
  return wanted;
}

DumpValues values_for(DumpKind kind, const std::string& inbox) {
  // Of the programs that nobody looks after for days, the oldest files make room.
  constexpr std::uint32_t kFilesKept = 10;
  constexpr std::uint32_t kCustom = 0, kFull = 2;
  // MINIDUMP_TYPE: handle data, unloaded modules, memory that stacks and registers point at, PEB
  // and TEBs, the memory map, thread times; and what cannot be read is left out.
  constexpr std::uint32_t kMiniFlags = 0x4 | 0x20 | 0x40 | 0x100 | 0x800 | 0x1000 | 0x2'0000;
  DumpValues values{.folder = inbox, .count = kFilesKept};
  if (kind == DumpKind::Full) {
    values.type = kFull;
  } else {
    values.type = kCustom;
    values.custom_flags = kMiniFlags;
  }
  return values;
}

}  // namespace vigil::wer
