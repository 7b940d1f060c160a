// SPDX-License-Identifier: Apache-2.0
#include "store/schema.h"

#include <algorithm>

#include <fmt/format.h>
#include <sqlite3.h>

#include "store/statement.h"

namespace vigil::store {

constexpr std::array<Migration, kSchemaVersion> kMigrations = {{
    // 1: captures with their signals, reports, and the buckets that captures fall into.
    {1, R"sql(
CREATE TABLE meta(
  key TEXT PRIMARY KEY NOT NULL,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE buckets(
  id INTEGER PRIMARY KEY NOT NULL,
  signature TEXT NOT NULL,
  signature_version INTEGER NOT NULL,
  first_seen_us INTEGER NOT NULL,
  last_seen_us INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX buckets_by_signature ON buckets(signature, signature_version);

CREATE TABLE captures(
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  state TEXT NOT NULL CHECK(
    state IN ('observed', 'capturing', 'captured', 'analyzing', 'done', 'failed', 'skipped')),
  reason TEXT NOT NULL,
  kind TEXT NOT NULL CHECK(kind IN ('crash', 'exit', 'manual')),
  observed_at_us INTEGER NOT NULL,
  last_signal_us INTEGER NOT NULL,
  updated_at_us INTEGER NOT NULL,
  pid INTEGER NOT NULL,
  process_start_us INTEGER,
  process TEXT NOT NULL,
  path TEXT NOT NULL,
  command_line TEXT NOT NULL,
  exception_code INTEGER,
  exit_code INTEGER,
  fault_key TEXT NOT NULL,
  rule TEXT NOT NULL,
  decision TEXT NOT NULL,
  dump_kind TEXT NOT NULL,
  dump_file TEXT NOT NULL,
  dump_bytes INTEGER NOT NULL,
  inbox_file TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  bucket_id INTEGER REFERENCES buckets(id),
  verdict TEXT NOT NULL,
  synopsis TEXT NOT NULL,
  seen_by TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX captures_by_instance ON captures(pid, process_start_us)
  WHERE process_start_us IS NOT NULL AND kind <> 'manual';
CREATE INDEX captures_by_pid ON captures(pid, observed_at_us);
CREATE INDEX captures_by_time ON captures(observed_at_us);
CREATE INDEX captures_by_state ON captures(state, observed_at_us);
CREATE INDEX captures_by_process ON captures(process COLLATE NOCASE, observed_at_us);
CREATE INDEX captures_by_rule ON captures(rule, observed_at_us) WHERE rule <> '';
CREATE INDEX captures_by_bucket ON captures(bucket_id, observed_at_us) WHERE bucket_id IS NOT NULL;
CREATE INDEX captures_by_fault_key ON captures(fault_key) WHERE fault_key <> '';

CREATE TABLE signals(
  id INTEGER PRIMARY KEY NOT NULL,
  capture_id INTEGER NOT NULL REFERENCES captures(id) ON DELETE CASCADE,
  source TEXT NOT NULL,
  kind TEXT NOT NULL,
  at_us INTEGER NOT NULL,
  pid INTEGER NOT NULL,
  process_start_us INTEGER,
  process TEXT NOT NULL,
  path TEXT NOT NULL,
  command_line TEXT NOT NULL,
  exception_code INTEGER,
  exit_code INTEGER,
  fault_key TEXT NOT NULL,
  detail TEXT NOT NULL
) STRICT;
CREATE INDEX signals_by_capture ON signals(capture_id, id);

CREATE TABLE reports(
  capture_id INTEGER PRIMARY KEY NOT NULL REFERENCES captures(id) ON DELETE CASCADE,
  made_at_us INTEGER NOT NULL,
  json TEXT NOT NULL
) STRICT;
)sql"},
    // 2: rows of processes that live on, of which one process may have many. What a kind may be is
    // not checked here any more: each new one would be another copy of the table. The words of a
    // signal that say more stand in the row too, and what was noted beside it.
    {2, R"sql(
CREATE TABLE captures_2(
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  state TEXT NOT NULL CHECK(
    state IN ('observed', 'capturing', 'captured', 'analyzing', 'done', 'failed', 'skipped')),
  reason TEXT NOT NULL,
  kind TEXT NOT NULL,
  observed_at_us INTEGER NOT NULL,
  last_signal_us INTEGER NOT NULL,
  updated_at_us INTEGER NOT NULL,
  pid INTEGER NOT NULL,
  process_start_us INTEGER,
  process TEXT NOT NULL,
  path TEXT NOT NULL,
  command_line TEXT NOT NULL,
  exception_code INTEGER,
  exit_code INTEGER,
  fault_key TEXT NOT NULL,
  rule TEXT NOT NULL,
  decision TEXT NOT NULL,
  dump_kind TEXT NOT NULL,
  dump_file TEXT NOT NULL,
  dump_bytes INTEGER NOT NULL,
  inbox_file TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  bucket_id INTEGER REFERENCES buckets(id),
  verdict TEXT NOT NULL,
  synopsis TEXT NOT NULL,
  seen_by TEXT NOT NULL,
  detail TEXT NOT NULL
) STRICT;
INSERT INTO captures_2
SELECT c.*, ifnull(
  (SELECT s.detail FROM signals AS s WHERE s.capture_id = c.id AND s.detail <> ''
   ORDER BY s.at_us, s.id LIMIT 1), '')
FROM captures AS c;
DELETE FROM sqlite_sequence WHERE name = 'captures_2';
INSERT INTO sqlite_sequence(name, seq)
SELECT 'captures_2', seq FROM sqlite_sequence WHERE name = 'captures';
DROP TABLE captures;
ALTER TABLE captures_2 RENAME TO captures;
CREATE UNIQUE INDEX captures_by_instance ON captures(pid, process_start_us)
  WHERE process_start_us IS NOT NULL AND kind IN ('crash', 'exit');
CREATE INDEX captures_by_pid ON captures(pid, observed_at_us);
CREATE INDEX captures_by_time ON captures(observed_at_us);
CREATE INDEX captures_by_state ON captures(state, observed_at_us);
CREATE INDEX captures_by_process ON captures(process COLLATE NOCASE, observed_at_us);
CREATE INDEX captures_by_rule ON captures(rule, observed_at_us) WHERE rule <> '';
CREATE INDEX captures_by_bucket ON captures(bucket_id, observed_at_us) WHERE bucket_id IS NOT NULL;
CREATE INDEX captures_by_fault_key ON captures(fault_key) WHERE fault_key <> '';

CREATE TABLE circumstances(
  capture_id INTEGER PRIMARY KEY NOT NULL REFERENCES captures(id) ON DELETE CASCADE,
  json TEXT NOT NULL
) STRICT;
)sql"},
    // 3: events of the logs of Windows, and how far they were read.
    {3, R"sql(
ALTER TABLE captures ADD COLUMN managed TEXT NOT NULL DEFAULT '';
ALTER TABLE captures ADD COLUMN wer_bucket TEXT NOT NULL DEFAULT '';

CREATE TABLE events(
  id INTEGER PRIMARY KEY NOT NULL,
  channel TEXT NOT NULL,
  record_id INTEGER NOT NULL,
  at_us INTEGER NOT NULL,
  provider TEXT NOT NULL,
  event_id INTEGER NOT NULL,
  process TEXT NOT NULL,
  report_id TEXT NOT NULL,
  bucket TEXT NOT NULL,
  summary TEXT NOT NULL,
  text TEXT NOT NULL,
  capture_id INTEGER REFERENCES captures(id) ON DELETE CASCADE
) STRICT;
CREATE UNIQUE INDEX events_once ON events(channel, record_id, at_us);
CREATE INDEX events_by_capture ON events(capture_id) WHERE capture_id IS NOT NULL;
CREATE INDEX events_by_report ON events(report_id) WHERE report_id <> '';
CREATE INDEX events_by_process ON events(process COLLATE NOCASE, provider, at_us);
CREATE INDEX events_without_capture ON events(id) WHERE capture_id IS NULL;

CREATE TABLE bookmarks(
  name TEXT PRIMARY KEY NOT NULL,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
)sql"},
    // 4: what is done after a capture, and further dumps of one. It only adds.
    {3, R"sql(
CREATE TABLE actions(
  id INTEGER PRIMARY KEY NOT NULL,
  capture_id INTEGER NOT NULL REFERENCES captures(id) ON DELETE CASCADE,
  kind TEXT NOT NULL,
  spec TEXT NOT NULL,
  state TEXT NOT NULL CHECK(state IN ('waiting', 'begun', 'done', 'failed')),
  attempts INTEGER NOT NULL,
  next_at_us INTEGER NOT NULL,
  give_up_at_us INTEGER NOT NULL,
  once INTEGER NOT NULL,
  at_end INTEGER NOT NULL,
  result TEXT NOT NULL
) STRICT;
CREATE INDEX actions_by_capture ON actions(capture_id);
CREATE INDEX actions_waiting ON actions(next_at_us) WHERE state = 'waiting';

CREATE TABLE samples(
  capture_id INTEGER NOT NULL REFERENCES captures(id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  dump_file TEXT NOT NULL,
  dump_bytes INTEGER NOT NULL,
  taken_at_us INTEGER NOT NULL,
  PRIMARY KEY(capture_id, number)
) STRICT, WITHOUT ROWID;
)sql"},
}};

namespace {

constexpr const char* kSelectVersions = R"sql(
SELECT (SELECT application_id FROM pragma_application_id),
  (SELECT user_version FROM pragma_user_version),
  (SELECT count(*) FROM sqlite_schema))sql";
constexpr const char* kSelectUserVersion = "SELECT user_version FROM pragma_user_version";
constexpr const char* kSelectCompatible = "SELECT value FROM meta WHERE key = 'compatible_version'";
constexpr const char* kForeignKeyCheck = "SELECT 1 FROM pragma_foreign_key_check";
constexpr const char* kUpsertCompatible = R"sql(
INSERT INTO meta(key, value)
VALUES('compatible_version', ?1)
ON CONFLICT(key) DO UPDATE SET value = excluded.value)sql";

std::size_t user_version(SQLite::Database& db) {
  Statement version(db, kSelectUserVersion);
  version.step();
  return static_cast<std::size_t>(std::max<std::int64_t>(0, version.integer(0)));
}

}  // namespace

Result<SchemaVersion> read_schema_version(SQLite::Database& db) {
  Statement versions(db, kSelectVersions);
  versions.step();
  const auto application_id = versions.integer(0);
  const auto version = versions.integer(1);
  const bool empty = versions.integer(2) == 0;
  if (empty && application_id == 0 && version == 0) return SchemaVersion{};
  if (application_id != kApplicationId || version < 1) {
    return Error{Errc::Malformed, "is an SQLite database of another program, not a store of Vigil"};
  }
  Statement compatible(db, kSelectCompatible);
  if (!compatible.step())
    return Error{Errc::Malformed, "has no compatible_version in its table meta"};
  return SchemaVersion{version, compatible.integer(0)};
}

Status check_schema_version(const SchemaVersion& found, bool may_migrate) {
  constexpr auto kOurs = static_cast<std::int64_t>(kSchemaVersion);
  if (found.version > kOurs && found.compatible_version > kOurs) {
    return Error{
        Errc::Unsupported,
        fmt::format("was written by a newer Vigil (schema {}; this one reads up to {}): use that "
                    "version, or name another store with --store",
                    found.version, kOurs)};
  }
  if (found.version < kOurs && !may_migrate) {
    return Error{
        Errc::Unsupported,
        fmt::format("was written by an older Vigil (schema {}; this one reads {}): the service "
                    "brings it up to date when it starts",
                    found.version, kOurs)};
  }
  return {};
}

void migrate(SQLite::Database& db) {
  // A table that is made anew is dropped with rows of others pointing at it. No effect inside of a
  // transaction; whatever fails below ends the connection.
  db.exec("PRAGMA foreign_keys = OFF");
  SQLite::Transaction transaction(db, SQLite::TransactionBehavior::IMMEDIATE);
  // Read under the lock: another process may have been here first.
  const auto version = user_version(db);
  std::int64_t compatible_version = 0;
  for (auto step = version; step < kMigrations.size(); ++step) {
    db.exec(std::string(kMigrations[step].sql));
    compatible_version = kMigrations[step].compatible_version;
  }
  if (compatible_version == 0) return;
  Statement(db, kUpsertCompatible, compatible_version).run();
  // Pragmas take no parameters; both numbers are constants of ours.
  db.exec(fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}", kApplicationId,
                      kSchemaVersion));
  if (Statement(db, kForeignKeyCheck).step())
    throw SQLite::Exception("a row refers to one that is not there", SQLITE_CORRUPT);
  transaction.commit();
  db.exec("PRAGMA foreign_keys = ON");
}

}  // namespace vigil::store
