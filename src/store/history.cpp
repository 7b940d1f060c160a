// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include "store/capture_rows.h"
#include "store/impl.h"

/// What the limits of a rule are counted from.
///
/// A dump counts from the moment it was decided on: captures that died at once would otherwise all
/// be allowed before the first dump is there. Of the rows that still wait for theirs only older
/// ones count, so that asking again for the same row gives the same answer, and first come is first
/// served. What only the event log tells of does not count until its dump comes: anybody may write
/// events.
namespace vigil::store {
namespace {

constexpr Microseconds kHour{3'600'000'000};
/// Rows from the future are the trace of a clock that was set back; beyond this they do not count,
/// or a rule would be silent until the clock has caught up.
constexpr Microseconds kFutureSlack = kHour;

constexpr const char* kDumpsSince = R"sql(
SELECT count(*), total(process = ?5 COLLATE NOCASE)
FROM captures
WHERE rule = ?1 AND rule <> '' AND id <> ?2 AND observed_at_us > ?3 AND observed_at_us <= ?4
  AND dump_kind NOT IN ('', 'none')
  AND (state NOT IN ('observed', 'skipped')
    OR (state = 'observed' AND id < ?2 AND seen_by <> 'event-log')))sql";

constexpr const char* kLastDump = R"sql(
SELECT observed_at_us
FROM captures
WHERE rule = ?1 AND rule <> '' AND id <> ?2 AND observed_at_us <= ?3
  AND dump_kind NOT IN ('', 'none')
  AND (state NOT IN ('observed', 'skipped')
    OR (state = 'observed' AND id < ?2 AND seen_by <> 'event-log'))
ORDER BY observed_at_us DESC
LIMIT 1)sql";

constexpr const char* kUnderWay = R"sql(
SELECT count(*)
FROM captures
WHERE rule = ?1 AND rule <> '' AND id <> ?2 AND dump_kind NOT IN ('', 'none')
  AND (state = 'capturing' OR (state = 'observed' AND seen_by <> 'event-log')))sql";

constexpr const char* kDumpsOfSignature = R"sql(
SELECT count(*)
FROM captures
WHERE ((fault_key = ?1 AND fault_key <> '')
    OR bucket_id IN (SELECT id FROM buckets WHERE signature = ?1))
  AND rule = ?3 AND id <> ?2
  AND (dump_file <> ''
    OR (state = 'observed' AND dump_kind NOT IN ('', 'none') AND id < ?2
      AND seen_by <> 'event-log')))sql";

constexpr const char* kSignatureKnown = R"sql(
SELECT EXISTS(
  SELECT 1
  FROM captures
  WHERE ((fault_key = ?1 AND fault_key <> '')
      OR bucket_id IN (SELECT id FROM buckets WHERE signature = ?1))
    AND id < ?2))sql";

constexpr const char* kProgramKnown = R"sql(
SELECT count(*) > 0, total(dump_kind NOT IN ('', 'none') AND state <> 'skipped') > 0
FROM captures
WHERE rule = ?1 AND rule <> '' AND id < ?2 AND process = ?3 COLLATE NOCASE)sql";

}  // namespace

Result<rules::History> Store::history(const HistoryQuery& query, Timestamp now) {
  constexpr CaptureId kAfterAll{std::numeric_limits<std::int64_t>::max()};
  constexpr Timestamp kEver{std::numeric_limits<std::int64_t>::min()};
  const auto self = query.except.value_or(kAfterAll);
  return impl_->database.read("count dumps", [&](SQLite::Database& db) -> Result<rules::History> {
    rules::History history;
    const auto count = [&](Timestamp since) {
      return Statement(db, kDumpsSince, query.rule, self, since, now + kFutureSlack, query.program);
    };
    if (auto hour = count(now - kHour); hour.step()) {
      history.dumps_last_hour = hour.uint32(0);
      history.dumps_of_program = hour.uint32(1);
    }
    if (query.lifetime) {
      if (auto ever = count(kEver); ever.step()) history.dumps_ever = ever.uint32(0);
    }
    Statement last(db, kLastDump, query.rule, self, now + kFutureSlack);
    if (last.step()) history.last_dump = last.time(0);
    if (query.under_way) {
      Statement under_way(db, kUnderWay, query.rule, self);
      if (under_way.step()) history.under_way = under_way.uint32(0);
    }
    const auto key = query.signature_or_fault_key;
    history.by_program = query.measured;
    if (query.measured) {
      Statement known(db, kProgramKnown, query.rule, self, query.program);
      if (known.step()) {
        history.program_met = known.integer(0) != 0;
        history.signature_known = known.integer(1) != 0;
      }
    }
    if (key.empty()) return history;
    Statement kept(db, kDumpsOfSignature, key, self, query.rule);
    if (kept.step()) history.dumps_of_signature = kept.uint32(0);
    if (query.measured) return history;
    Statement known(db, kSignatureKnown, key, self);
    history.signature_known = known.step() && known.integer(0) != 0;
    return history;
  });
}

}  // namespace vigil::store
