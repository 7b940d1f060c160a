// SPDX-License-Identifier: Apache-2.0
#include "store/database.h"

#include <cerrno>
#include <cstdint>
#include <fstream>
#include <system_error>

#include <fmt/format.h>
#include <sqlite3.h>

#include "base/utf.h"
#include "store/schema.h"
#include "store/statement.h"

namespace vigil::store {
namespace {

namespace fs = std::filesystem;

/// Per connection. Foreign keys are off by default in SQLite; the file may have been tampered with,
/// so its schema is not trusted to call functions, and cells are checked as they are read.
constexpr const char* kConnectionPragmas =
    "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;";
/// The writer's: WAL lets readers go on meanwhile, FULL makes every commit last through a power
/// cut, and the log is cut back after a burst.
constexpr const char* kWriterPragmas =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 16777216;";
constexpr const char* kQuickCheck = "SELECT quick_check FROM pragma_quick_check(1)";

/// What a caller can do about SQLite's primary result code, and our words for it.
struct Meaning {
  Errc code;
  std::string_view words;
};

Meaning meaning_of(int primary, int os_error) {
  switch (primary) {
    case SQLITE_FULL: return {Errc::DiskFull, "no space is left on the disk"};
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return {Errc::Busy, "another process keeps the store locked"};
    case SQLITE_NOTADB: return {Errc::Malformed, "this is no SQLite database"};
    case SQLITE_CORRUPT: return {Errc::Malformed, "the database is damaged"};
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_READONLY: return {Errc::AccessDenied, "no right to write"};
    case SQLITE_TOOBIG: return {Errc::LimitExceeded, "a value is too large for SQLite"};
    case SQLITE_CANTOPEN: return {Errc::Io, "cannot open the file"};
    case SQLITE_IOERR:
      // Growing the shared memory beside the log reports a full disk like any other failure.
      if (std::error_code(os_error, std::system_category()) == std::errc::no_space_on_device) {
        return {Errc::DiskFull, "no space is left on the disk"};
      }
      return {Errc::Io, "cannot read or write the file"};
    default: return {Errc::Internal, "SQLite failed"};
  }
}

Error error_of(const SQLite::Exception& exception,
               int os_error,
               std::string_view name,
               std::string_view doing) {
  const auto meaning = meaning_of(exception.getErrorCode() & 0xff, os_error);
  return {meaning.code,
          fmt::format("{}: {}: {} ({})", name, doing, meaning.words, exception.what()),
          static_cast<std::uint32_t>(os_error)};
}

Error error_of(std::error_code error, std::string_view what) {
  auto code = Errc::Io;
  if (error == std::errc::permission_denied) code = Errc::AccessDenied;
  if (error == std::errc::no_such_file_or_directory) code = Errc::NotFound;
  if (error == std::errc::no_space_on_device) code = Errc::DiskFull;
  return {code, fmt::format("{}: {}", what, error.message()),
          static_cast<std::uint32_t>(error.value())};
}

/// What can be said before SQLite is asked: it calls everything "unable to open database file".
Status check_place(const fs::path& file, OpenMode mode) {
  std::error_code error;
  const auto status = fs::status(file, error);
  if (status.type() == fs::file_type::not_found) {
    if (mode == OpenMode::ReadOnly) return Error{Errc::NotFound, "there is no store here"};
    if (!file.has_parent_path()) return {};
    fs::create_directories(file.parent_path(), error);
    if (error) return error_of(error, "cannot create the folder");
    return {};
  }
  if (error) return error_of(error, "cannot look at the file");
  if (status.type() == fs::file_type::directory)
    return Error{Errc::Malformed, "is a folder, not a store"};
  return {};
}

/// `file:` with everything escaped that a URI could take for its own.
std::string immutable_uri(const fs::path& file) {
  const auto generic = file.generic_u8string();
  std::string uri = generic.starts_with(u8'/') ? "file://" : "file:///";
  for (const char8_t unit : generic) {
    const bool plain = (unit >= u8'a' && unit <= u8'z') || (unit >= u8'A' && unit <= u8'Z') ||
                       (unit >= u8'0' && unit <= u8'9') || unit == u8'/' || unit == u8':' ||
                       unit == u8'.' || unit == u8'-' || unit == u8'_';
    uri += plain ? std::string(1, static_cast<char>(unit))
                 : fmt::format("%{:02X}", static_cast<unsigned>(unit));
  }
  return uri + "?immutable=1";
}

/// Whether a log with commits in it lies beside \p file. When this cannot be found out, it does.
bool has_log(fs::path file) {
  file += "-wal";
  std::error_code error;
  const auto size = fs::file_size(file, error);
  return error ? error != std::errc::no_such_file_or_directory : size > 0;
}

using Connection = std::unique_ptr<SQLite::Database>;

Connection connect(const std::string& name, int flags, int busy_timeout_ms) {
  // A connection is used from one thread at a time: SQLite need not lock on every column.
  auto connection =
      std::make_unique<SQLite::Database>(name, flags | SQLite::OPEN_NOMUTEX, busy_timeout_ms);
  connection->exec(kConnectionPragmas);
  return connection;
}

/// For readers. A database in WAL mode needs its -shm file even to be read, and where the folder
/// may not be written SQLite cannot make one. With no log beside it nobody is writing, all commits
/// are in the file itself, and it can be read as it lies there.
Result<Connection> open_for_reading(const fs::path& file, int busy_timeout_ms) {
  const auto open_checked = [busy_timeout_ms](const std::string& name,
                                              int flags) -> Result<Connection> {
    auto connection = connect(name, flags, busy_timeout_ms);
    VIGIL_TRY_ASSIGN(const auto version, read_schema_version(*connection));
    if (version.version == 0) return Error{Errc::NotFound, "nothing was ever stored here"};
    VIGIL_TRY(check_schema_version(version, false));
    return connection;
  };
  try {
    return open_checked(utf8_from_path(file), SQLite::OPEN_READONLY);
  } catch (const SQLite::Exception& exception) {
    const int primary = exception.getErrorCode() & 0xff;
    if ((primary != SQLITE_CANTOPEN && primary != SQLITE_READONLY) || has_log(file)) throw;
  }
  return open_checked(immutable_uri(file), SQLite::OPEN_READONLY | SQLite::OPEN_URI);
}

Status check_integrity(SQLite::Database& db) {
  Statement check(db, kQuickCheck);
  if (!check.step() || check.text(0) == "ok") return {};
  return Error{
      Errc::Malformed,
      fmt::format("the database is damaged ({}): move it away to start anew", check.text(0))};
}

Result<Connection> open_for_writing(const fs::path& file, int busy_timeout_ms) {
  auto connection =
      connect(utf8_from_path(file), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, busy_timeout_ms);
  // Whose file it is comes first: switching to WAL already writes to it.
  VIGIL_TRY_ASSIGN(const auto version, read_schema_version(*connection));
  VIGIL_TRY(check_schema_version(version, true));
  connection->exec(kWriterPragmas);
  VIGIL_TRY(check_integrity(*connection));
  if (version.version < static_cast<std::int64_t>(kSchemaVersion)) migrate(*connection);
  return connection;
}

/// Whether the file cannot be opened for lack of rights: SQLite does not tell.
bool is_denied(const fs::path& file, OpenMode mode) {
  const auto how =
      mode == OpenMode::ReadOnly ? std::ios::in : std::ios::in | std::ios::out | std::ios::app;
  std::filebuf probe;
  errno = 0;
  return probe.open(file, how) == nullptr && (errno == EACCES || errno == EPERM || errno == EROFS);
}

}  // namespace

Result<Database> Database::open(const fs::path& file, OpenMode mode, int busy_timeout_ms) {
  auto name = utf8_from_path(file);
  if (auto place = check_place(file, mode); !place.ok())
    return std::move(place).take_error().with_context(name);
  std::error_code error;
  const auto absolute = fs::absolute(file, error);
  if (error) return error_of(error, name);
  try {
    auto connection = mode == OpenMode::ReadOnly ? open_for_reading(absolute, busy_timeout_ms)
                                                 : open_for_writing(absolute, busy_timeout_ms);
    if (!connection.ok()) return std::move(connection).take_error().with_context(name);
    return Database(std::move(connection).take(), std::move(name));
  } catch (const SQLite::Exception& exception) {
    if ((exception.getErrorCode() & 0xff) == SQLITE_CANTOPEN && is_denied(absolute, mode)) {
      return Error{Errc::AccessDenied, fmt::format("{}: no right to open the file", name)};
    }
    return error_of(exception, 0, name, "open");
  }
}

Error Database::error_from(const SQLite::Exception& exception, std::string_view doing) const {
  return error_of(exception, sqlite3_system_errno(connection_->getHandle()), name_, doing);
}

}  // namespace vigil::store
