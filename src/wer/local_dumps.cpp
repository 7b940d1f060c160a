// SPDX-License-Identifier: Apache-2.0
#include <ranges>
#include <utility>

#include "base/utf.h"
#include "wer/wer.h"

namespace vigil::wer {
namespace {

using Saved = std::map<std::string, std::optional<DumpValues>>;

/// The key of all programs, which those of programs are below.
constexpr const char* kAll = "";

bool is_ours(const std::optional<DumpValues>& values, const std::string& inbox) {
  return values && values->folder && ascii_lower(*values->folder) == ascii_lower(inbox);
}

Status set(DumpKeys& live,
           SavedKeys& saved,
           const Saved& before,
           const std::string& program,
           const DumpValues& values,
           Changes& changes) {
  VIGIL_TRY_ASSIGN(auto now, live.read(program));
  // Saved before it is changed: a kill in between leaves a note too many, never one too few. What
  // is ours already was saved when it became so.
  if (!is_ours(now, *values.folder)) {
    if (program != kAll || !before.contains(kAll)) VIGIL_TRY(saved.save(program, now));
  } else if (!before.contains(program)) {
    VIGIL_TRY(saved.save(program, std::nullopt));
  }
  if (now == values) return {};
  VIGIL_TRY(live.write(program, values));
  changes.set.push_back(program);
  return {};
}

Status put_back(DumpKeys& live,
                SavedKeys& saved,
                const std::string& program,
                const std::optional<DumpValues>& old,
                const std::string& inbox,
                Changes& changes) {
  VIGIL_TRY_ASSIGN(const auto now, live.read(program));
  if (is_ours(now, inbox)) {
    VIGIL_TRY(live.restore(program, old.value_or(DumpValues{})));
    changes.restored.push_back(program);
  }
  if (!old) VIGIL_TRY(live.remove_if_empty(program));
  return saved.forget(program);
}

/// While others are below the key of all programs, it and the note of it stay.
Status empty_all(DumpKeys& live,
                 const std::optional<DumpValues>& old,
                 const std::string& inbox,
                 Changes& changes) {
  VIGIL_TRY_ASSIGN(const auto now, live.read(kAll));
  if (!is_ours(now, inbox)) return {};
  changes.restored.emplace_back(kAll);
  return live.restore(kAll, old.value_or(DumpValues{}));
}

void keep_first(Status& first, Status next) {
  if (first.ok()) first = std::move(next);
}

}  // namespace

Result<Changes> keep_in_step(DumpKeys& live,
                             SavedKeys& saved,
                             const WantedDumps& wanted,
                             const std::string& inbox) {
  Changes changes;
  VIGIL_TRY_ASSIGN(const auto before, saved.read());
  if (!wanted.empty() && !before.contains(kAll)) {
    // Keys of programs bring this one into being, and that alone makes WER write dumps.
    VIGIL_TRY_ASSIGN(const auto all, live.read(kAll));
    VIGIL_TRY(saved.save(kAll, is_ours(all, inbox) ? std::nullopt : all));
  }
  Status result;
  for (const auto& [program, kind] : wanted)
    keep_first(result, set(live, saved, before, program, values_for(kind, inbox), changes));
  // That of all programs is the last: it cannot go while others are below it.
  for (const auto& [program, old] : before | std::views::reverse) {
    if (wanted.contains(program)) continue;
    const bool stays = program == kAll && !wanted.empty();
    keep_first(result, stays ? empty_all(live, old, inbox, changes)
                             : put_back(live, saved, program, old, inbox, changes));
  }
  if (!result.ok()) return std::move(result).take_error();
  return changes;
}

}  // namespace vigil::wer
