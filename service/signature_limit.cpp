// SPDX-License-Identifier: Apache-2.0
#include "signature_limit.h"

#include <algorithm>
#include <system_error>

#include <fmt/format.h>

#include "base/utf.h"

namespace vigil::service {

Status apply_signature_limit(const SignatureLimitParts& parts, store::CaptureId id) {
  VIGIL_TRY_ASSIGN(const auto row, parts.store.get(id));
  const auto rule = std::find_if(parts.rules.rules.begin(), parts.rules.rules.end(),
                                 [&](const auto& r) { return r.name == row.rule; });
  if (row.dump_file.empty() || row.signature.empty() || row.rule.empty() ||
      rule == parts.rules.rules.end() || !rule->limits.per_signature) {
    return {};
  }
  const auto now = parts.clock.now();
  VIGIL_TRY_ASSIGN(
      const auto history,
      parts.store.history(
          {.rule = row.rule, .signature_or_fault_key = row.signature, .except = row.id}, now));
  if (history.dumps_of_signature < *rule->limits.per_signature) return {};
  const auto reason = fmt::format("dump removed: rule {}: per_signature limit of {} reached",
                                  rule->name, *rule->limits.per_signature);
  // The row first: a file without a row costs space, a row without its file would lie.
  VIGIL_TRY_ASSIGN(const auto files, parts.store.forget_dump(row.id, reason, now));
  Status removed;
  for (const auto& file : files) {
    std::error_code error;
    std::filesystem::remove(parts.data_folder / path_from_utf8(file), error);
    if (error)
      removed = Error{Errc::Io, fmt::format("cannot remove {}: {}", file, error.message())};
  }
  if (!removed.ok()) return removed;
  parts.log.info("#{}: {}", row.id.value, reason);
  return {};
}

}  // namespace vigil::service
