// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "store/capture_rows.h"
#include "store/impl.h"
#include "store/join.h"
#include "store/samples.h"

/// The life of a row: one function for each step of it.
namespace vigil::store {
namespace {

constexpr const char* kBeginCapture = R"sql(
UPDATE captures
SET state = 'capturing', reason = decision, inbox_file = ?2, dump_file = ?3, dump_bytes = 0,
  updated_at_us = ?4
WHERE id = ?1 AND state IN ('observed', 'skipped'))sql";

constexpr const char* kAddToDecision = R"sql(
UPDATE captures
SET decision = decision || '; ' || ?2, reason = decision || '; ' || ?2
WHERE id = ?1 AND state = 'capturing')sql";

constexpr const char* kDumpReady = R"sql(
UPDATE captures
SET state = 'captured', dump_bytes = ?2, inbox_file = '', updated_at_us = ?3
WHERE id = ?1 AND state = 'capturing')sql";

constexpr const char* kSkip = R"sql(
UPDATE captures
SET state = 'skipped', reason = ?2, dump_file = '', dump_bytes = 0, inbox_file = '',
  updated_at_us = ?3
WHERE id = ?1 AND state IN ('observed', 'capturing', 'skipped'))sql";

// A dump whose analysis was cut short goes behind those that were not tried yet.
constexpr const char* kSelectNextInQueue = R"sql(
SELECT id
FROM captures
WHERE state = 'captured'
ORDER BY attempts, observed_at_us, id
LIMIT 1)sql";
constexpr const char* kClaim = R"sql(
UPDATE captures
SET state = 'analyzing', attempts = attempts + 1, updated_at_us = ?2
WHERE id = ?1)sql";
constexpr const char* kSelectCapture = VIGIL_SELECT_CAPTURES "WHERE c.id = ?1";

constexpr const char* kUpsertBucket = R"sql(
INSERT INTO buckets(signature, signature_version, first_seen_us, last_seen_us)
VALUES(?1, ?2, ?3, ?3)
ON CONFLICT(signature, signature_version) DO UPDATE
SET first_seen_us = min(first_seen_us, excluded.first_seen_us),
  last_seen_us = max(last_seen_us, excluded.last_seen_us))sql";
constexpr const char* kFinish = R"sql(
UPDATE captures
SET state = 'done', reason = decision, synopsis = ?2, verdict = ?7,
  bucket_id = (SELECT id FROM buckets WHERE signature = ?3 AND signature_version = ?4),
  exception_code = ifnull(exception_code, ?5), updated_at_us = ?6
WHERE id = ?1)sql";
constexpr const char* kUpsertReport = R"sql(
INSERT INTO reports(capture_id, made_at_us, json)
VALUES(?1, ?2, ?3)
ON CONFLICT(capture_id) DO UPDATE
SET made_at_us = excluded.made_at_us, json = excluded.json)sql";

constexpr const char* kFail = R"sql(
UPDATE captures
SET state = CASE WHEN ?3 AND attempts < ?4 AND dump_file <> '' THEN 'captured' ELSE 'failed' END,
  reason = ?2, updated_at_us = ?5
WHERE id = ?1 AND state = 'analyzing')sql";

constexpr const char* kForgetDump = R"sql(
UPDATE captures
SET state = CASE state WHEN 'captured' THEN 'skipped' ELSE state END,
  reason = CASE state WHEN 'failed' THEN reason || '; ' || ?2 ELSE ?2 END,
  dump_file = '', dump_bytes = 0, updated_at_us = ?3
WHERE id = ?1 AND state IN ('captured', 'analyzing', 'done', 'failed'))sql";

constexpr const char* kSelectStarts = R"sql(
SELECT process_start_us
FROM captures
WHERE pid = ?1 AND id <> ?2 AND kind IN ('crash', 'exit') AND process_start_us IS NOT NULL)sql";
constexpr const char* kSetStart = "UPDATE captures SET process_start_us = ?2 WHERE id = ?1";

std::optional<Capture> find_capture(SQLite::Database& db, CaptureId id) {
  Statement row(db, kSelectCapture, id);
  if (!row.step()) return std::nullopt;
  return read_capture(row);
}

/// Analysis learned when the process of \p capture was created. Another row of that very process
/// stays as it is, and this one without a start: what a dump claims never changes other rows.
void learn_start(SQLite::Database& db, const Capture& capture, Timestamp start) {
  if (capture.process_start || !is_death(capture.kind)) return;
  for (Statement row(db, kSelectStarts, capture.pid, capture.id); row.step();) {
    if (same_start(row.time(0), start)) return;
  }
  Statement(db, kSetStart, capture.id, start).run();
}

/// Runs a step that changes exactly one row, or says why it cannot.
template <class... Values>
Status step(SQLite::Database& db,
            const char* sql,
            std::string_view wanted,
            CaptureId id,
            const Values&... values) {
  if (Statement(db, sql, id, values...).run() == 0) return wrong_state(db, id, wanted);
  return {};
}

}  // namespace

Status Store::begin_capture(CaptureId id,
                            std::string_view inbox_file,
                            std::string_view dump_file,
                            Timestamp now) {
  return impl_->database.write("begin a capture", [&](SQLite::Database& db) {
    return step(db, kBeginCapture, "observed or skipped", id, inbox_file, dump_file, now);
  });
}

Status Store::add_to_decision(CaptureId id, std::string_view words) {
  return impl_->database.write("add to a decision", [&](SQLite::Database& db) {
    return step(db, kAddToDecision, "capturing", id, words);
  });
}

Status Store::dump_ready(CaptureId id, std::uint64_t bytes, Timestamp now) {
  const auto stored = static_cast<std::int64_t>(
      std::min<std::uint64_t>(bytes, std::numeric_limits<std::int64_t>::max()));
  return impl_->database.write("note a dump", [&](SQLite::Database& db) {
    return step(db, kDumpReady, "capturing", id, stored, now);
  });
}

Status Store::skip(CaptureId id, std::string_view reason, Timestamp now) {
  return impl_->database.write("skip a capture", [&](SQLite::Database& db) {
    return step(db, kSkip, "observed, capturing or skipped", id, reason, now);
  });
}

Result<std::optional<Capture>> Store::claim_for_analysis(Timestamp now) {
  using Claimed = Result<std::optional<Capture>>;
  return impl_->database.write("claim a capture", [&](SQLite::Database& db) -> Claimed {
    Statement next(db, kSelectNextInQueue);
    if (!next.step()) return std::optional<Capture>();
    const CaptureId id{next.integer(0)};
    Statement(db, kClaim, id, now).run();
    return find_capture(db, id);
  });
}

Status Store::finish(CaptureId id, const Findings& findings, Timestamp now) {
  return impl_->database.write("store a report", [&](SQLite::Database& db) -> Status {
    const auto capture = find_capture(db, id);
    if (!capture || capture->state != State::Analyzing) return wrong_state(db, id, "analyzing");
    const auto& signature = findings.signature;
    const std::int64_t version = findings.signature_version;
    if (!signature.empty()) {
      Statement(db, kUpsertBucket, signature, version, capture->observed_at).run();
    }
    Statement(db, kFinish, id, findings.synopsis, signature, version, findings.exception_code, now,
              findings.verdict)
        .run();
    Statement(db, kUpsertReport, id, now, findings.report_json).run();
    if (findings.process_start) learn_start(db, *capture, *findings.process_start);
    return {};
  });
}

Status Store::fail(CaptureId id,
                   std::string_view reason,
                   bool may_retry,
                   std::uint32_t max_attempts,
                   Timestamp now) {
  return impl_->database.write("note a failed analysis", [&](SQLite::Database& db) {
    return step(db, kFail, "analyzing", id, reason, std::int64_t{may_retry}, max_attempts, now);
  });
}

Result<std::vector<std::string>> Store::forget_dump(CaptureId id,
                                                    std::string_view reason,
                                                    Timestamp now) {
  using Files = Result<std::vector<std::string>>;
  return impl_->database.write("forget a dump", [&](SQLite::Database& db) -> Files {
    const auto capture = find_capture(db, id);
    VIGIL_TRY(step(db, kForgetDump, "captured, analyzing, done or failed", id, reason, now));
    auto files = forget_samples(db, id);
    if (!capture->dump_file.empty()) files.insert(files.begin(), capture->dump_file);
    return files;
  });
}

}  // namespace vigil::store
