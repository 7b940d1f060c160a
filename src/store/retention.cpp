// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "store/impl.h"
#include "store/statement.h"
#include "store/store.h"

namespace vigil::store {
namespace {

constexpr const char* kDumps = R"sql(
SELECT id, rule, dump_file, observed_at_us
FROM captures
WHERE id > ?1 AND observed_at_us <= ?2 AND dump_file <> '' AND state IN ('done', 'failed')
ORDER BY id
LIMIT ?3)sql";

/// A rule with a lifetime limit counts its dumps by their rows.
constexpr const char* kRemove = R"sql(
DELETE FROM captures
WHERE id IN (
  SELECT id
  FROM captures
  WHERE observed_at_us < ?1 AND dump_file = '' AND state IN ('done', 'failed', 'skipped')
    AND NOT (state <> 'skipped' AND dump_kind NOT IN ('', 'none')
      AND rule IN (SELECT value FROM json_each(?2)))
  ORDER BY observed_at_us
  LIMIT ?3))sql";

/// Names of rules have no character that JSON would escape.
std::string json_list(const std::vector<std::string>& names) {
  std::string json = "[";
  for (const auto& name : names) json += (json.size() > 1 ? ",\"" : "\"") + name + '"';
  return json + ']';
}

}  // namespace

Result<std::vector<KeptDump>> Store::dumps(CaptureId after, Timestamp until, std::uint32_t limit) {
  return impl_->database.read(
      "list dumps", [&](SQLite::Database& db) -> Result<std::vector<KeptDump>> {
        std::vector<KeptDump> dumps;
        for (Statement row(db, kDumps, after, until, limit); row.step();) {
          dumps.push_back({CaptureId{row.integer(0)}, row.text(1), row.text(2), row.time(3)});
        }
        return dumps;
      });
}

Result<std::uint64_t> Store::remove_before(Timestamp before,
                                           const std::vector<std::string>& counted_rules,
                                           std::uint32_t limit) {
  return impl_->database.write(
      "remove old rows", [&](SQLite::Database& db) -> Result<std::uint64_t> {
        Statement(db, kRemove, before, json_list(counted_rules), limit).run();
        return static_cast<std::uint64_t>(db.getChanges());
      });
}

}  // namespace vigil::store
