// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include <SQLiteCpp/SQLiteCpp.h>

#include "base/result.h"

/// The tables and how they came to be. docs/formats/store.md describes them for readers of the
/// file.
namespace vigil::store {

/// Step i takes a database from version i to version i + 1. A step that has shipped is never
/// edited; a mistake in one is put right by the next.
struct Migration {
  /// The oldest schema version whose programs may go on using the file after this step: a step that
  /// only adds leaves it as it was.
  std::int64_t compatible_version;
  std::string_view sql;
};
inline constexpr std::size_t kSchemaVersion = 4;
// NOLINTNEXTLINE(readability-identifier-naming): a constant, though its value stands elsewhere.
extern const std::array<Migration, kSchemaVersion> kMigrations;

/// `VGIL`: what `file` and we know the file by.
inline constexpr std::int64_t kApplicationId = 0x5647'494c;

struct SchemaVersion {
  std::int64_t version = 0;  ///< 0: nothing was ever stored.
  std::int64_t compatible_version = 0;
};

/// What is in an open file. Errc::Malformed: tables that are not ours.
[[nodiscard]] Result<SchemaVersion> read_schema_version(SQLite::Database& db);

/// Errc::Unsupported when this program must not use a file of that version; an older one is fine
/// where it \p may_migrate.
[[nodiscard]] Status check_schema_version(const SchemaVersion& found, bool may_migrate);

/// Brings a file of ours, or an empty one, to kSchemaVersion in one transaction.
void migrate(SQLite::Database& db);

}  // namespace vigil::store
