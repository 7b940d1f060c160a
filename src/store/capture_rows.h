// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <SQLiteCpp/SQLiteCpp.h>

#include "store/statement.h"
#include "store/store.h"

/// Rows of captures and signals as values, for all files that read or write them.
namespace vigil::store {

// A macro, since only literals can be joined into one constant statement.
#define VIGIL_SELECT_CAPTURES                                                                      \
  "SELECT c.id, c.state, c.reason, c.decision, c.kind, c.observed_at_us, c.updated_at_us, c.pid, " \
  "c.process_start_us, c.process, c.path, c.command_line, c.exception_code, c.exit_code, "         \
  "c.fault_key, c.rule, c.dump_kind, c.dump_file, c.dump_bytes, c.inbox_file, c.attempts, "        \
  "ifnull(b.signature, ''), c.verdict, c.synopsis, c.seen_by, c.detail, c.managed, c.wer_bucket "  \
  "FROM captures AS c LEFT JOIN buckets AS b ON b.id = c.bucket_id "

/// The capture in the current row of a statement that begins with VIGIL_SELECT_CAPTURES.
[[nodiscard]] Capture read_capture(Statement& row);

[[nodiscard]] std::vector<Signal> read_signals(SQLite::Database& db, CaptureId id);

/// `exit-watch,inbox`: how a list of sources is stored.
[[nodiscard]] std::string join_sources(const std::vector<Source>& sources);

/// Why a statement that wanted the capture in another state changed nothing: `capture 7 is done,
/// not observed or skipped`, or `there is no capture 7`. Errc::NotFound.
[[nodiscard]] Error wrong_state(SQLite::Database& db, CaptureId id, std::string_view wanted);

/// Store::record() inside of a transaction.
[[nodiscard]] Recorded record_signal(SQLite::Database& db,
                                     const Signal& signal,
                                     Microseconds join_window);

/// Puts the events about \p process near \p at to the captures that they belong to: a function of
/// what is there, so that no order of arrival changes the outcome.
void link_events(SQLite::Database& db, std::string_view process, Timestamp at);

/// After moving or adding signals: writes what they say together into their row.
void update_facts(SQLite::Database& db, CaptureId id);

}  // namespace vigil::store
