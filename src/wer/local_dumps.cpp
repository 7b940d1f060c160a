// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "base/utf.h"
#include "wer/wer.h"

namespace vigil::wer {
namespace {

bool is_ours(const std::optional<DumpValues>& values, const std::string& inbox) {
  return values && values->folder && ascii_lower(*values->folder) == ascii_lower(inbox);
}

Status put_back(DumpKeys& live, const std::string& program, const std::optional<DumpValues>& old) {
  return old ? live.write(program, *old) : live.remove(program);
}

}  // namespace

Result<Changes> keep_in_step(DumpKeys& live,
                             SavedKeys& saved,
                             const WantedDumps& wanted,
                             const std::string& inbox) {
  Changes changes;
  VIGIL_TRY_ASSIGN(const auto before, saved.read());
  for (const auto& [program, kind] : wanted) {
    const auto values = values_for(kind, inbox);
    VIGIL_TRY_ASSIGN(auto now, live.read(program));
    if (now == values && before.contains(program)) continue;
    // Saved before it is changed: a kill in between leaves a note too many, never one too few. What
    // is ours already was saved when it became so.
    if (!is_ours(now, inbox)) {
      VIGIL_TRY(saved.save(program, now));
    } else if (!before.contains(program)) {
      VIGIL_TRY(saved.save(program, std::nullopt));
    }
    if (now != values) {
      VIGIL_TRY(live.write(program, values));
      changes.set.push_back(program);
    }
  }
  for (const auto& [program, old] : before) {
    if (wanted.contains(program)) continue;
    VIGIL_TRY_ASSIGN(const auto now, live.read(program));
    if (is_ours(now, inbox)) {
      VIGIL_TRY(put_back(live, program, old));
      changes.restored.push_back(program);
    }
    VIGIL_TRY(saved.forget(program));
  }
  return changes;
}

}  // namespace vigil::wer
