// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "store/capture_rows.h"
#include "store/impl.h"

namespace vigil::store {
namespace {

/// The text of a .NET exception is written a moment before the death is, and WER may take longer.
constexpr Microseconds kTextWindow = std::chrono::minutes(1);
/// Where no event tells of the death, whoever died this near to the text is whom it means.
constexpr Microseconds kNear = std::chrono::seconds(10);

constexpr std::string_view kTextProvider = ".NET Runtime";
constexpr std::string_view kDeathProvider = "Application Error";

constexpr const char* kInsertEvent = R"sql(
INSERT INTO events(channel, record_id, at_us, provider, event_id, process, report_id, bucket,
  summary, text, capture_id)
VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, NULL)
ON CONFLICT DO NOTHING)sql";

constexpr const char* kOwnEvent =
    "UPDATE events SET capture_id = ?2 WHERE id = ?1 AND capture_id IS NOT ?2";

// The event of a death has an owner from the start; the report about it gets the same.
constexpr const char* kLinkReports = R"sql(
UPDATE events AS report
SET capture_id = (
  SELECT death.capture_id
  FROM events AS death
  WHERE death.report_id = ?1 AND death.capture_id IS NOT NULL
    AND death.provider <> 'Windows Error Reporting'
  ORDER BY death.id
  LIMIT 1)
WHERE report.report_id = ?1 AND report.provider = 'Windows Error Reporting'
  AND report.capture_id IS NULL)sql";

constexpr const char* kTextsNear = R"sql(
SELECT id, channel, record_id, at_us, capture_id
FROM events
WHERE process = ?1 COLLATE NOCASE AND at_us BETWEEN ?2 AND ?3 AND provider = '.NET Runtime'
ORDER BY at_us, id
LIMIT 32)sql";

constexpr const char* kDeathBehind = R"sql(
SELECT capture_id
FROM events
WHERE process = ?1 COLLATE NOCASE AND at_us BETWEEN ?2 AND ?3 AND provider = 'Application Error'
  AND channel = ?4 AND record_id > ?5 AND capture_id IS NOT NULL
ORDER BY record_id
LIMIT 1)sql";

constexpr const char* kDeathNear = R"sql(
SELECT id
FROM captures
WHERE process = ?1 COLLATE NOCASE AND kind = 'crash' AND observed_at_us BETWEEN ?2 AND ?3
ORDER BY abs(observed_at_us - ?4), pid
LIMIT 1)sql";

constexpr const char* kUpdateCapture = R"sql(
UPDATE captures AS c
SET managed = ifnull(
    (SELECT e.summary FROM events AS e WHERE e.capture_id = c.id AND e.summary <> ''
     ORDER BY e.at_us, e.record_id LIMIT 1), ''),
  wer_bucket = ifnull(
    (SELECT e.bucket FROM events AS e WHERE e.capture_id = c.id AND e.bucket <> ''
     ORDER BY e.at_us, e.record_id LIMIT 1), '')
WHERE c.id = ?1)sql";

constexpr const char* kOwnersOfReport = R"sql(
SELECT DISTINCT capture_id FROM events WHERE report_id = ?1 AND capture_id IS NOT NULL LIMIT 32)sql";

// What belongs to nobody is kept for those that may come, and not for ever.
constexpr const char* kForgetUnowned = R"sql(
DELETE FROM events
WHERE id IN (
  SELECT id FROM events WHERE capture_id IS NULL ORDER BY id DESC LIMIT -1 OFFSET ?1))sql";
constexpr std::int64_t kMaxUnowned = 10'000;

constexpr const char* kBookmark = R"sql(
INSERT INTO bookmarks(name, value)
VALUES('event-log', ?1)
ON CONFLICT(name) DO UPDATE SET value = excluded.value)sql";

constexpr const char* kSelectBookmark = "SELECT value FROM bookmarks WHERE name = 'event-log'";

constexpr const char* kSelectEvents = R"sql(
SELECT channel, provider, event_id, record_id, at_us, process, report_id, bucket, summary, text
FROM events
WHERE capture_id = ?1
ORDER BY at_us, record_id)sql";

/// Whether it was not kept before.
bool insert_event(SQLite::Database& db, const LogEvent& event) {
  return Statement(db, kInsertEvent, event.channel, static_cast<std::int64_t>(event.record_id),
                   event.at, event.provider, event.event_id, event.process, event.report_id,
                   event.bucket, event.summary, event.text)
             .run() != 0;
}

/// Whose the text of a .NET exception is.
std::optional<CaptureId> owner_of(SQLite::Database& db, std::string_view process, Statement& said) {
  const auto at = said.time(3);
  Statement behind(db, kDeathBehind, process, at - kTextWindow, at + kTextWindow, said.text(1),
                   said.integer(2));
  if (behind.step()) return CaptureId{behind.integer(0)};
  Statement near(db, kDeathNear, process, at - kNear, at + kNear, at);
  if (near.step()) return CaptureId{near.integer(0)};
  return std::nullopt;
}

void update_capture(SQLite::Database& db, std::optional<CaptureId> id) {
  if (id) Statement(db, kUpdateCapture, *id).run();
}

/// Moves each text to whom it belongs, and tells those that have gained or lost one.
void link_texts(SQLite::Database& db, std::string_view process, Timestamp from, Timestamp to) {
  struct Move {
    std::int64_t event;
    std::optional<CaptureId> before, after;
  };
  std::vector<Move> moves;
  for (Statement said(db, kTextsNear, process, from, to); said.step();) {
    const auto owner = owner_of(db, process, said);
    const auto before =
        said.integer(4) != 0 ? std::optional(CaptureId{said.integer(4)}) : std::nullopt;
    if (owner != before) moves.push_back({said.integer(0), before, owner});
  }
  for (const auto& move : moves) {
    Statement(db, kOwnEvent, move.event, move.after).run();
    update_capture(db, move.before);
    update_capture(db, move.after);
  }
}

void link_reports(SQLite::Database& db, const std::string& report_id) {
  Statement(db, kLinkReports, report_id).run();
  std::vector<CaptureId> owners;
  for (Statement owner(db, kOwnersOfReport, report_id); owner.step();)
    owners.push_back(CaptureId{owner.integer(0)});
  for (const auto owner : owners) update_capture(db, owner);
}

LogEvent read_event(Statement& row) {
  LogEvent event;
  int column = 0;
  event.channel = row.text(column++);
  event.provider = row.text(column++);
  event.event_id = row.uint32(column++);
  event.record_id = static_cast<std::uint64_t>(row.integer(column++));
  event.at = row.time(column++);
  event.process = row.text(column++);
  event.report_id = row.text(column++);
  event.bucket = row.text(column++);
  event.summary = row.text(column++);
  event.text = row.text(column++);
  return event;
}

}  // namespace

void link_events(SQLite::Database& db, std::string_view process, Timestamp at) {
  if (process.empty()) return;
  const auto from = at - kTextWindow;
  const auto to = at + kTextWindow;
  link_texts(db, process, from, to);
}

Result<std::vector<std::optional<Recorded>>> Store::take_events(const std::vector<LoggedNews>& news,
                                                                std::string_view bookmark,
                                                                Microseconds join_window) {
  using Taken = Result<std::vector<std::optional<Recorded>>>;
  return impl_->database.write("keep events", [&](SQLite::Database& db) -> Taken {
    std::vector<std::optional<Recorded>> taken;
    for (const auto& [event, signal] : news) {
      auto& recorded = taken.emplace_back();
      if (!insert_event(db, event)) continue;
      const std::int64_t id = db.getLastInsertRowid();
      if (signal) {
        recorded = record_signal(db, *signal, join_window);
        Statement(db, kOwnEvent, id, recorded->id).run();
      }
      if (!event.report_id.empty()) link_reports(db, event.report_id);
      if (event.provider == kTextProvider || event.provider == kDeathProvider)
        link_events(db, event.process, event.at);
      if (recorded) update_capture(db, recorded->id);
    }
    Statement(db, kForgetUnowned, kMaxUnowned).run();
    if (!bookmark.empty()) Statement(db, kBookmark, bookmark).run();
    return taken;
  });
}

Result<std::vector<LogEvent>> Store::events(CaptureId id) {
  return impl_->database.read("read events",
                              [&](SQLite::Database& db) -> Result<std::vector<LogEvent>> {
                                std::vector<LogEvent> events;
                                for (Statement row(db, kSelectEvents, id); row.step();)
                                  events.push_back(read_event(row));
                                return events;
                              });
}

Result<std::string> Store::bookmark() {
  return impl_->database.read("read a bookmark", [](SQLite::Database& db) -> Result<std::string> {
    Statement row(db, kSelectBookmark);
    return row.step() ? row.text(0) : std::string();
  });
}

}  // namespace vigil::store
