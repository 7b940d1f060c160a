// SPDX-License-Identifier: Apache-2.0
#include <fstream>
#include <string>
#include <vector>

#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>

#include "base/utf.h"
#include "store/database.h"
#include "store/schema.h"
#include "unit/store/store_fixture.h"

// What can be wrong with the file, one test each. Every message names the file.

namespace vigil::store {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class Open : public testing::Test {
 protected:
  void expect_refusal(OpenMode mode, Errc code, std::string_view words) {
    const auto store = Store::open(file, mode);
    ASSERT_FALSE(store.ok());
    EXPECT_EQ(store.error().code(), code);
    EXPECT_THAT(store.error().message(), StartsWith(utf8_from_path(file) + ": "));
    EXPECT_THAT(store.error().message(), HasSubstr(std::string(words)));
  }
  void write(std::string_view bytes) const { std::ofstream(file, std::ios::binary) << bytes; }
  [[nodiscard]] std::string bytes() const {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  /// Another program's hand in the file.
  void execute(const std::string& sql) const {
    SQLite::Database(utf8_from_path(file), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE).exec(sql);
  }
  void create() const { open_or_die(file, OpenMode::Create); }

  TempFolder folder;
  std::filesystem::path file = folder.path() / "vigil.db";
};

TEST_F(Open, CreatesTheFileAndItsFolders) {
  file = folder.path() / "a" / path_from_utf8("größe %41#1") / "vigil.db";
  EXPECT_TRUE(Store::open(file, OpenMode::Create).ok());
  EXPECT_TRUE(std::filesystem::exists(file));
  EXPECT_TRUE(Store::open(file, OpenMode::ReadOnly).ok());
}

TEST_F(Open, ForReadingCreatesNothing) {
  expect_refusal(OpenMode::ReadOnly, Errc::NotFound, "there is no store here");
  EXPECT_FALSE(std::filesystem::exists(file));
}

TEST_F(Open, RefusesAFolder) {
  std::filesystem::create_directory(file);
  expect_refusal(OpenMode::ReadOnly, Errc::Malformed, "is a folder, not a store");
  expect_refusal(OpenMode::Create, Errc::Malformed, "is a folder, not a store");
}

TEST_F(Open, RefusesAFileInThePlaceOfItsFolder) {
  write("x");
  file = file / "vigil.db";
  EXPECT_FALSE(Store::open(file, OpenMode::Create).ok());
  EXPECT_FALSE(Store::open(file, OpenMode::ReadOnly).ok());
}

TEST_F(Open, RefusesAFileThatIsNoDatabaseAndLeavesIt) {
  const std::string text(8192, 'x');
  write(text);
  expect_refusal(OpenMode::ReadOnly, Errc::Malformed, "this is no SQLite database");
  expect_refusal(OpenMode::Create, Errc::Malformed, "this is no SQLite database");
  EXPECT_EQ(bytes(), text);
}

TEST_F(Open, RefusesTheDatabaseOfAnotherProgramAndLeavesIt) {
  execute("CREATE TABLE t(x)");
  const auto before = bytes();
  expect_refusal(OpenMode::ReadOnly, Errc::Malformed, "is an SQLite database of another program");
  expect_refusal(OpenMode::Create, Errc::Malformed, "is an SQLite database of another program");
  EXPECT_EQ(bytes(), before);
}

TEST_F(Open, RefusesADatabaseWithAnotherApplicationIdThoughEmpty) {
  execute("PRAGMA application_id = 1");
  expect_refusal(OpenMode::Create, Errc::Malformed, "is an SQLite database of another program");
}

TEST_F(Open, TakesAnEmptyFileForAStoreThatWasNeverSetUp) {
  write("");
  expect_refusal(OpenMode::ReadOnly, Errc::NotFound, "nothing was ever stored here");
  create();
  EXPECT_TRUE(Store::open(file, OpenMode::ReadOnly).ok());
}

TEST_F(Open, RefusesAStoreOfANewerVersionAndLeavesIt) {
  create();
  execute("PRAGMA user_version = 7; UPDATE meta SET value = 7 WHERE key = 'compatible_version'");
  const auto before = bytes();
  const auto words = fmt::format("was written by a newer Vigil (schema 7; this one reads up to {})",
                                 kSchemaVersion);
  expect_refusal(OpenMode::ReadOnly, Errc::Unsupported, words);
  expect_refusal(OpenMode::Create, Errc::Unsupported, words);
  EXPECT_EQ(bytes(), before);
}

TEST_F(Open, ReadsAStoreOfANewerVersionThatOnlyAdded) {
  create();
  execute("PRAGMA user_version = 7; ALTER TABLE captures ADD COLUMN later TEXT");
  EXPECT_TRUE(Store::open(file, OpenMode::ReadOnly).ok());
  auto store = open_or_die(file, OpenMode::Create);
  EXPECT_TRUE(store.record(signal_from(Source::ExitWatch), kJoinWindow).ok());
}

TEST_F(Open, RefusesAStoreWithoutItsCompatibleVersion) {
  create();
  execute("DELETE FROM meta");
  expect_refusal(OpenMode::ReadOnly, Errc::Malformed, "no compatible_version");
}

TEST_F(Open, NoticesADamagedFile) {
  {
    auto store = open_or_die(file, OpenMode::Create);
    for (std::uint32_t i = 0; i < 50; ++i) {
      auto signal = signal_from(Source::ExitWatch);
      signal.pid = ProcessId{i};
      ASSERT_TRUE(store.record(signal, kJoinWindow).ok());
    }
  }
  auto damaged = bytes();
  constexpr std::size_t kPage = 4096;
  for (std::size_t page = 2; page * kPage < damaged.size(); ++page) {
    damaged.replace(page * kPage, 64, 64, '\xee');
  }
  write(damaged);
  expect_refusal(OpenMode::Create, Errc::Malformed, "the database is damaged");
  EXPECT_EQ(bytes(), damaged);
}

TEST_F(Open, NoticesAFileThatWasCutOff) {
  create();
  write(bytes().substr(0, 4096 * 3));
  expect_refusal(OpenMode::Create, Errc::Malformed, "the database is damaged");
}

TEST_F(Open, ADamagedFileNeverEndsTheProcess) {
  {
    auto store = open_or_die(file, OpenMode::Create);
    ASSERT_TRUE(store.record(signal_from(Source::ExitWatch), kJoinWindow).ok());
  }
  const auto good = bytes();
  for (std::size_t offset = 0; offset < good.size(); offset += 97) {
    auto damaged = good;
    damaged[offset] = static_cast<char>(damaged[offset] ^ 0x55);
    write(damaged);
    auto store = Store::open(file, OpenMode::ReadOnly);
    if (!store.ok()) continue;
    const auto captures = store.value().list({});
    if (captures.ok()) continue;
    EXPECT_THAT(captures.error().message(), StartsWith(utf8_from_path(file)));
  }
}

TEST_F(Open, SaysThatAnotherProcessKeepsTheStoreLocked) {
  create();
  SQLite::Database other(utf8_from_path(file), SQLite::OPEN_READWRITE);
  other.exec("BEGIN IMMEDIATE");
  // A store of this version is opened and read all the same.
  EXPECT_TRUE(Store::open(file, OpenMode::ReadOnly).ok());
  auto database = Database::open(file, OpenMode::Create, 0);
  ASSERT_TRUE(database.ok());
  const auto status =
      database->write("record a signal", [](SQLite::Database&) { return Status(); });
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code(), Errc::Busy);
  EXPECT_THAT(status.error().message(),
              HasSubstr("vigil.db: record a signal: another process keeps the store locked"));
}

TEST_F(Open, AFullDiskLeavesNoTrace) {
  auto opened = Database::open(file, OpenMode::Create);
  ASSERT_TRUE(opened.ok());
  auto& database = *opened;
  const auto limit_pages = [](SQLite::Database& db) -> Status {
    db.exec("PRAGMA max_page_count = 30");
    return {};
  };
  ASSERT_TRUE(database.read("limit the size", limit_pages).ok());
  Status status;
  int written = 0;
  for (; status.ok() && written < 1000; ++written) {
    status = database.write("store a report", [](SQLite::Database& db) -> Status {
      db.exec(
          "INSERT INTO buckets(signature, signature_version, first_seen_us, last_seen_us) "
          "VALUES(hex(randomblob(2000)), 1, 0, 0)");
      return {};
    });
  }
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code(), Errc::DiskFull);
  EXPECT_THAT(status.error().message(),
              HasSubstr("vigil.db: store a report: no space is left on the disk"));
  int kept = 0;
  const auto count = [&kept](SQLite::Database& db) -> Status {
    kept = db.execAndGet("SELECT count(*) FROM buckets").getInt();
    return {};
  };
  ASSERT_TRUE(database.read("count", count).ok());
  EXPECT_EQ(kept, written - 1);
}

TEST_F(Open, AnErrorRollsBackWhatWasWritten) {
  {
    auto store = open_or_die(file, OpenMode::Create);
    ASSERT_TRUE(store.record(signal_from(Source::ExitWatch), kJoinWindow).ok());
  }
  auto database = Database::open(file, OpenMode::Create);
  ASSERT_TRUE(database.ok());
  const auto status = database->write("try", [](SQLite::Database& db) -> Status {
    db.exec("DELETE FROM captures");
    return Error{Errc::NotFound, "no"};
  });
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(open_or_die(file, OpenMode::ReadOnly).list({})->size(), 1u);
}

TEST_F(Open, TwoWritersTakeTurns) {
  auto one = open_or_die(file, OpenMode::Create);
  auto two = open_or_die(file, OpenMode::Create);
  for (std::uint32_t i = 0; i < 20; ++i) {
    auto signal = signal_from(Source::ExitWatch);
    signal.pid = ProcessId{i};
    EXPECT_TRUE(one.record(signal, kJoinWindow)->created);
    EXPECT_FALSE(two.record(signal, kJoinWindow)->created);
  }
  EXPECT_EQ(one.list({})->size(), 20u);
}

}  // namespace
}  // namespace vigil::store
