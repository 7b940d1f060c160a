// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include "store/capture_rows.h"
#include "store/impl.h"
#include "store/join.h"
#include "store/plan_actions.h"

namespace vigil::store {
namespace {

/// More signals of one row say nothing new: this many are kept.
constexpr std::int64_t kMaxSignalsPerCapture = 64;
/// Of one source, so that none crowds out another. Nobody honest has as many.
constexpr std::int64_t kMaxSignalsOfSource = 16;

/// Of rows without a common start only those near in time can be joined, and no honest process id
/// has more of them.
constexpr std::int64_t kMaxNearRows = 64;

/// Of a machine that starts again after a bugcheck: between the first that tells of it and the
/// last, which is the dump, when it has been saved.
constexpr Microseconds kStopWindow = std::chrono::hours(2);

// What same_start() says, as ranges that the index knows.
constexpr const char* kSelectSameStart = R"sql(
SELECT id, process_start_us, observed_at_us, last_signal_us
FROM captures
WHERE pid = ?1 AND kind IN ('crash', 'exit')
  AND (process_start_us = ?2 OR process_start_us BETWEEN ?3 AND ?4)
ORDER BY observed_at_us DESC, id DESC
LIMIT 1)sql";

constexpr const char* kSelectNear = R"sql(
SELECT id, process_start_us, observed_at_us, last_signal_us
FROM captures
WHERE pid = ?1 AND kind IN ('crash', 'exit') AND observed_at_us <= ?2 AND last_signal_us >= ?3
  AND (?4 IS NULL OR process_start_us IS NULL)
ORDER BY observed_at_us DESC, id DESC
LIMIT ?5)sql";

constexpr const char* kSelectSameOccasion = R"sql(
SELECT c.id
FROM captures AS c JOIN signals AS s ON s.capture_id = c.id
WHERE c.pid = ?1 AND c.observed_at_us = ?2 AND c.kind = ?5 AND s.at_us = ?2 AND s.process_start_us IS ?3
  AND s.process = ?4
ORDER BY c.id
LIMIT 1)sql";

// The nearest stop that nothing speaks against: another code, other parameters, or that the same
// was told of it at another time, as of every stop of a machine that stops again and again. Codes
// of small dumps have one bit more.
constexpr const char* kSelectSameStop = R"sql(
SELECT c.id
FROM captures AS c
WHERE c.kind = 'bugcheck' AND c.observed_at_us BETWEEN ?1 - ?2 AND ?1 + ?2
  AND (c.exception_code IS NOT NULL OR instr(c.seen_by, 'crash-control') > 0)
  AND (?3 IS NULL OR c.exception_code IS NULL
       OR (c.exception_code & ~0x10000000) = (?3 & ~0x10000000))
  AND (?4 = '' OR c.fault_key IN ('', ?4))
  AND NOT EXISTS(
    SELECT 1 FROM signals AS s
    WHERE s.capture_id = c.id AND s.source = ?5 AND s.detail = ?6 AND s.at_us <> ?1)
ORDER BY EXISTS(
    SELECT 1 FROM signals AS s
    WHERE s.capture_id = c.id AND s.source = ?5 AND s.detail = ?6 AND s.at_us = ?1) DESC,
  abs(c.observed_at_us - ?1), c.id
LIMIT 1)sql";

constexpr const char* kInsertCapture = R"sql(
INSERT INTO captures(state, reason, kind, observed_at_us, last_signal_us, updated_at_us, pid,
  process_start_us, process, path, command_line, exception_code, exit_code, fault_key, rule,
  decision, dump_kind, dump_file, dump_bytes, inbox_file, attempts, bucket_id, verdict, synopsis,
  seen_by, detail)
VALUES('observed', '', ?1, ?2, ?2, ?2, ?3,
  ?4, '', '', '', NULL, NULL, '', '',
  '', 'none', '', 0, '', 0, NULL, '', '', '', ''))sql";

constexpr const char* kCountSignals =
    "SELECT count(*), total(source = ?2) FROM signals WHERE capture_id = ?1";

// The service may tell of the same thing again after a kill: that is no second signal.
constexpr const char* kInsertSignal = R"sql(
INSERT INTO signals(capture_id, source, kind, at_us, pid, process_start_us, process, path,
  command_line, exception_code, exit_code, fault_key, detail)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13
WHERE NOT EXISTS(
  SELECT 1 FROM signals
  WHERE capture_id = ?1 AND source = ?2 AND kind = ?3 AND at_us = ?4 AND process_start_us IS ?6
    AND exception_code IS ?10 AND exit_code IS ?11 AND fault_key = ?12 AND detail = ?13))sql";

constexpr const char* kSelectState = "SELECT state FROM captures WHERE id = ?1";

// Those of the first time count: what comes later tells of another moment.
constexpr const char* kInsertCircumstances = R"sql(
INSERT INTO circumstances(capture_id, json)
SELECT id, ?2 FROM captures WHERE id = ?1
ON CONFLICT(capture_id) DO UPDATE
SET json = json)sql";

constexpr const char* kUpdateDecision = R"sql(
UPDATE captures
SET rule = ?2, dump_kind = ?3, decision = ?4, reason = ?4
WHERE id = ?1)sql";

/// Of what is no death each has a row of its own.
std::optional<CaptureId> find_occasion(SQLite::Database& db, const Signal& signal) {
  Statement row(db, kSelectSameOccasion, signal.pid, signal.at, signal.process_start,
                signal.process, to_string(signal.kind));
  if (!row.step()) return std::nullopt;
  return CaptureId{row.integer(0)};
}

void add_candidates(Statement& row, std::vector<Candidate>& candidates) {
  while (row.step()) {
    candidates.push_back(
        {CaptureId{row.integer(0)}, row.optional_time(1), row.time(2), row.time(3)});
  }
}

std::optional<CaptureId> find_joined(SQLite::Database& db,
                                     const Signal& signal,
                                     Microseconds window) {
  std::vector<Candidate> candidates;
  if (signal.process_start) {
    const auto starts = same_starts(*signal.process_start);
    Statement same(db, kSelectSameStart, signal.pid, starts.whole, starts.first, starts.last);
    add_candidates(same, candidates);
  }
  Statement nearby(db, kSelectNear, signal.pid, signal.at + window, signal.at - window,
                   signal.process_start, kMaxNearRows);
  add_candidates(nearby, candidates);
  return find_row(signal, candidates, window);
}

/// A bugcheck has no process: what is told near in time is told of the same one.
std::optional<CaptureId> find_stop(SQLite::Database& db, const Signal& signal) {
  Statement row(db, kSelectSameStop, signal.at, kStopWindow.count(), signal.exception_code,
                signal.fault_key, to_string(signal.source), signal.detail);
  if (!row.step()) return std::nullopt;
  return CaptureId{row.integer(0)};
}

std::optional<CaptureId> find_known(SQLite::Database& db,
                                    const Signal& signal,
                                    Microseconds join_window) {
  const bool has_dump = signal.source == Source::CrashControl;
  if (signal.kind == Kind::Bugcheck && (signal.exception_code || has_dump))
    return find_stop(db, signal);
  if (is_death(signal.kind) && signal.pid != ProcessId{}) {
    return find_joined(db, signal, join_window);
  }
  return find_occasion(db, signal);
}

void add_signal(SQLite::Database& db, CaptureId id, const Signal& signal) {
  Statement count(db, kCountSignals, id, to_string(signal.source));
  if (count.step()) {
    const auto of_source = count.integer(1);
    const bool full = count.integer(0) >= kMaxSignalsPerCapture && of_source > 0;
    if (full || of_source >= kMaxSignalsOfSource) return;
  }
  Statement(db, kInsertSignal, id, to_string(signal.source), to_string(signal.kind), signal.at,
            signal.pid, signal.process_start, signal.process, signal.path, signal.command_line,
            signal.exception_code, signal.exit_code, signal.fault_key, signal.detail)
      .run();
}

}  // namespace

Recorded record_signal(SQLite::Database& db, const Signal& signal, Microseconds join_window) {
  const auto known = find_known(db, signal, join_window);
  Recorded recorded{.id = known.value_or(CaptureId{}), .created = !known.has_value()};
  if (recorded.created) {
    Statement(db, kInsertCapture, to_string(signal.kind), signal.at, signal.pid,
              signal.process_start)
        .run();
    recorded.id = CaptureId{db.getLastInsertRowid()};
  }
  add_signal(db, recorded.id, signal);
  update_facts(db, recorded.id);
  if (signal.kind == Kind::Crash) link_events(db, signal.process, signal.at);
  Statement state(db, kSelectState, recorded.id);
  if (state.step()) recorded.state = state_from(state.text(0)).value_or(State::Observed);
  return recorded;
}

Result<Recorded> Store::record(const Signal& signal, Microseconds join_window) {
  return impl_->database.write("record a signal", [&](SQLite::Database& db) -> Result<Recorded> {
    return record_signal(db, signal, join_window);
  });
}

Status Store::set_decision(CaptureId id,
                           const rules::Decision& decision,
                           const std::optional<std::vector<PlannedAction>>& actions) {
  return impl_->database.write("note a decision", [&](SQLite::Database& db) -> Status {
    const int changed = Statement(db, kUpdateDecision, id, decision.rule,
                                  rules::to_string(decision.dump), decision.reason)
                            .run();
    if (changed == 0) return wrong_state(db, id, "there");
    if (actions) plan_actions(db, id, *actions);
    return {};
  });
}

Status Store::set_circumstances(CaptureId id, std::string_view json) {
  return impl_->database.write("note circumstances", [&](SQLite::Database& db) -> Status {
    if (Statement(db, kInsertCircumstances, id, json).run() == 0)
      return wrong_state(db, id, "there");
    return {};
  });
}

}  // namespace vigil::store
