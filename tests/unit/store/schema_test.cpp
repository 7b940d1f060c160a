// SPDX-License-Identifier: Apache-2.0
#include "store/schema.h"

#include <string>
#include <vector>

#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>

#include "base/utf.h"
#include "unit/store/store_fixture.h"

namespace vigil::store {
namespace {

/// All that the schema says, in a defined order.
std::string schema_of(const std::filesystem::path& file) {
  SQLite::Database db(utf8_from_path(file), SQLite::OPEN_READONLY);
  SQLite::Statement row(
      db, "SELECT type, name, ifnull(sql, '') FROM sqlite_schema ORDER BY type, name");
  std::string text;
  while (row.executeStep()) {
    for (int column = 0; column < 3; ++column) text += row.getColumn(column).getString() + "\n";
  }
  return text;
}

/// A store as the program of schema version \p version left it.
void make_store_of_version(const std::filesystem::path& file, std::size_t version) {
  SQLite::Database db(utf8_from_path(file), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  for (std::size_t step = 0; step < version; ++step) db.exec(std::string(kMigrations[step].sql));
  if (version == 0) return;
  db.exec(
      fmt::format("INSERT INTO meta VALUES('compatible_version', {}); PRAGMA user_version = {};"
                  "PRAGMA application_id = {}",
                  kMigrations[version - 1].compatible_version, version, kApplicationId));
}

TEST(Schema, EveryOlderVersionIsBroughtToTheSameSchema) {
  const TempFolder folder;
  open_or_die(folder.path() / "fresh.db", OpenMode::Create);
  const auto fresh = schema_of(folder.path() / "fresh.db");
  for (std::size_t version = 0; version <= kSchemaVersion; ++version) {
    SCOPED_TRACE(fmt::format("from version {}", version));
    const auto file = folder.path() / fmt::format("from-{}.db", version);
    make_store_of_version(file, version);
    auto store = open_or_die(file, OpenMode::Create);
    EXPECT_EQ(schema_of(file), fresh);
    EXPECT_TRUE(store.record(signal_from(Source::ExitWatch), kJoinWindow).ok());
  }
}

TEST(Schema, BringsRowsAlong) {
  const TempFolder folder;
  const auto file = folder.path() / "vigil.db";
  make_store_of_version(file, 1);
  {
    SQLite::Database db(utf8_from_path(file), SQLite::OPEN_READWRITE);
    db.exec(R"sql(
INSERT INTO captures VALUES(7, 'done', 'r', 'crash', 10, 20, 30, 4, 5, 'a.exe', 'p', 'c', 6, NULL,
  'f', 'rule', 'd', 'mini', 'dumps/7', 8, '', 1, NULL, 'v', 's', 'inbox');
INSERT INTO signals VALUES(1, 7, 'inbox', 'crash', 10, 4, 5, 'a.exe', 'p', 'c', 6, NULL, 'f', 'told');
INSERT INTO reports VALUES(7, 30, '{}');
UPDATE sqlite_sequence SET seq = 41 WHERE name = 'captures')sql");
  }
  auto store = open_or_die(file, OpenMode::Create);
  const auto row = store.get(CaptureId{7});
  ASSERT_TRUE(row.ok()) << row.error().message();
  EXPECT_EQ(row->process, "a.exe");
  EXPECT_EQ(row->seen_by, std::vector{Source::Inbox});
  EXPECT_EQ(row->detail, "told");
  EXPECT_EQ(store.report_json(CaptureId{7}).value(), "{}");
  EXPECT_EQ(store.signals(CaptureId{7})->size(), 1u);
  const auto next = store.record(signal_from(Source::ExitWatch), kJoinWindow);
  EXPECT_EQ(next->id, CaptureId{42}) << "an id is never given twice";
}

TEST(Schema, AReaderSaysThatAnOlderStoreIsToBeBroughtUpToDate) {
  const auto status =
      check_schema_version({static_cast<std::int64_t>(kSchemaVersion) - 1, 1}, false);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code(), Errc::Unsupported);
  EXPECT_THAT(status.error().message(), testing::HasSubstr("was written by an older Vigil"));
}

TEST(Schema, TablesAreStrictAndColumnsNotNullButForWhatMayBeUnknown) {
  const TempFolder folder;
  const auto file = folder.path() / "vigil.db";
  open_or_die(file, OpenMode::Create);
  SQLite::Database db(utf8_from_path(file), SQLite::OPEN_READONLY);
  SQLite::Statement loose(
      db,
      "SELECT name FROM pragma_table_list"
      " WHERE schema = 'main' AND name NOT LIKE 'sqlite_%' AND strict = 0 ORDER BY name");
  EXPECT_FALSE(loose.executeStep());
  SQLite::Statement nullable(db, R"sql(
SELECT t.name || '.' || c.name
FROM pragma_table_list AS t JOIN pragma_table_info(t.name) AS c
WHERE t.schema = 'main' AND t.name NOT LIKE 'sqlite_%' AND c."notnull" = 0
ORDER BY 1)sql");
  std::vector<std::string> names;
  while (nullable.executeStep()) names.push_back(nullable.getColumn(0).getString());
  EXPECT_THAT(names, testing::ElementsAre("captures.bucket_id", "captures.exception_code",
                                          "captures.exit_code", "captures.process_start_us",
                                          "events.capture_id", "signals.exception_code",
                                          "signals.exit_code", "signals.process_start_us"));
}

TEST(Schema, OneProcessInstanceHasOneRow) {
  const TempFolder folder;
  const auto file = folder.path() / "vigil.db";
  auto store = open_or_die(file, OpenMode::Create);
  ASSERT_TRUE(store.record(signal_from(Source::ExitWatch), kJoinWindow).ok());
  SQLite::Database db(utf8_from_path(file), SQLite::OPEN_READWRITE);
  EXPECT_THROW(db.exec(R"sql(
INSERT INTO captures(state, reason, kind, observed_at_us, last_signal_us, updated_at_us, pid, process_start_us,
  process, path, command_line, fault_key, rule, decision, dump_kind, dump_file, dump_bytes, inbox_file, attempts,
  verdict, synopsis, seen_by, detail)
SELECT state, reason, kind, observed_at_us, last_signal_us, updated_at_us, pid, process_start_us,
  process, path, command_line, fault_key, rule, decision, dump_kind, dump_file, dump_bytes, inbox_file, attempts,
  verdict, synopsis, seen_by, detail
FROM captures)sql"),
               SQLite::Exception);
}

}  // namespace
}  // namespace vigil::store
