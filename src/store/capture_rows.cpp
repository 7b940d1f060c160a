// SPDX-License-Identifier: Apache-2.0
#include "store/capture_rows.h"

#include <algorithm>

#include <fmt/format.h>

#include "store/join.h"

namespace vigil::store {
namespace {

constexpr const char* kSelectState = "SELECT state FROM captures WHERE id = ?1";

constexpr const char* kSelectSignals = R"sql(
SELECT source, kind, at_us, pid, process_start_us, process, path, command_line, exception_code,
  exit_code, fault_key, detail
FROM signals
WHERE capture_id = ?1
ORDER BY id)sql";

// What analysis found out stays where no signal knows better.
constexpr const char* kUpdateFacts = R"sql(
UPDATE captures
SET kind = ?2, observed_at_us = ?3, last_signal_us = ?4, updated_at_us = max(updated_at_us, ?4),
  process_start_us = ifnull(?5, process_start_us), process = ?6, path = ?7, command_line = ?8,
  exception_code = ifnull(?9, exception_code), exit_code = ?10, fault_key = ?11, seen_by = ?12,
  detail = ?13
WHERE id = ?1)sql";

std::vector<Source> split_sources(std::string_view text) {
  std::vector<Source> sources;
  while (!text.empty()) {
    const auto comma = text.find(',');
    if (const auto source = source_from(text.substr(0, comma))) sources.push_back(*source);
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
  }
  return sources;
}

}  // namespace

Capture read_capture(Statement& row) {
  Capture capture;
  int column = 0;
  capture.id = CaptureId{row.integer(column++)};
  // A word of a newer schema reads as the default.
  capture.state = state_from(row.text(column++)).value_or(State::Observed);
  capture.reason = row.text(column++);
  capture.decision = row.text(column++);
  capture.kind = kind_from(row.text(column++)).value_or(Kind::Crash);
  capture.observed_at = row.time(column++);
  capture.updated_at = row.time(column++);
  capture.pid = ProcessId{row.uint32(column++)};
  capture.process_start = row.optional_time(column++);
  capture.process = row.text(column++);
  capture.path = row.text(column++);
  capture.command_line = row.text(column++);
  capture.exception_code = row.optional_uint32(column++);
  capture.exit_code = row.optional_uint32(column++);
  capture.fault_key = row.text(column++);
  capture.rule = row.text(column++);
  capture.dump_kind = row.text(column++);
  capture.dump_file = row.text(column++);
  capture.dump_bytes = static_cast<std::uint64_t>(std::max<std::int64_t>(0, row.integer(column++)));
  capture.inbox_file = row.text(column++);
  capture.attempts = row.uint32(column++);
  capture.signature = row.text(column++);
  capture.verdict = row.text(column++);
  capture.synopsis = row.text(column++);
  capture.seen_by = split_sources(row.text(column++));
  capture.detail = row.text(column++);
  capture.managed = row.text(column++);
  capture.wer_bucket = row.text(column++);
  return capture;
}

std::vector<Signal> read_signals(SQLite::Database& db, CaptureId id) {
  std::vector<Signal> signals;
  for (Statement row(db, kSelectSignals, id); row.step();) {
    Signal signal;
    int column = 0;
    signal.source = source_from(row.text(column++)).value_or(Source::ExitWatch);
    signal.kind = kind_from(row.text(column++)).value_or(Kind::Crash);
    signal.at = row.time(column++);
    signal.pid = ProcessId{row.uint32(column++)};
    signal.process_start = row.optional_time(column++);
    signal.process = row.text(column++);
    signal.path = row.text(column++);
    signal.command_line = row.text(column++);
    signal.exception_code = row.optional_uint32(column++);
    signal.exit_code = row.optional_uint32(column++);
    signal.fault_key = row.text(column++);
    signal.detail = row.text(column++);
    signals.push_back(std::move(signal));
  }
  return signals;
}

std::string join_sources(const std::vector<Source>& sources) {
  std::string text;
  for (const auto source : sources) {
    if (!text.empty()) text += ',';
    text += to_string(source);
  }
  return text;
}

Error wrong_state(SQLite::Database& db, CaptureId id, std::string_view wanted) {
  Statement state(db, kSelectState, id);
  if (!state.step()) return {Errc::NotFound, fmt::format("there is no capture {}", id.value)};
  return {Errc::NotFound, fmt::format("capture {} is {}, not {}", id.value, state.text(0), wanted)};
}

void update_facts(SQLite::Database& db, CaptureId id) {
  const auto facts = facts_of(read_signals(db, id));
  Statement(db, kUpdateFacts, id, to_string(facts.kind), facts.first_signal, facts.last_signal,
            facts.process_start, facts.process, facts.path, facts.command_line,
            facts.exception_code, facts.exit_code, facts.fault_key, join_sources(facts.seen_by),
            facts.detail)
      .run();
}

}  // namespace vigil::store
