// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <SQLiteCpp/SQLiteCpp.h>

#include "base/result.h"
#include "store/store.h"

namespace vigil::store {

/// How long a call waits for another process's lock before it gives up with Errc::Busy.
inline constexpr int kBusyTimeoutMs = 5'000;

/// One connection. Here SQLite's exceptions end and become Errors that name the file and what was
/// being done; the pragmas are in one place.
class Database {
 public:
  [[nodiscard]] static Result<Database> open(const std::filesystem::path& file,
                                             OpenMode mode,
                                             int busy_timeout_ms = kBusyTimeoutMs);

  /// Runs \p body in one transaction that takes the write lock first; an Error from it rolls back.
  template <class Body>
  auto write(std::string_view doing, Body&& body)
      -> decltype(body(std::declval<SQLite::Database&>())) {
    return run(doing, SQLite::TransactionBehavior::IMMEDIATE, std::forward<Body>(body));
  }

  /// Runs \p body in one transaction, so that all its statements see the same moment.
  template <class Body>
  auto read(std::string_view doing, Body&& body)
      -> decltype(body(std::declval<SQLite::Database&>())) {
    return run(doing, SQLite::TransactionBehavior::DEFERRED, std::forward<Body>(body));
  }

 private:
  Database(std::unique_ptr<SQLite::Database> connection, std::string name)
      : connection_(std::move(connection)), name_(std::move(name)) {}

  template <class Body>
  auto run(std::string_view doing, SQLite::TransactionBehavior behavior, Body&& body)
      -> decltype(body(std::declval<SQLite::Database&>())) {
    try {
      SQLite::Transaction transaction(*connection_, behavior);
      auto result = body(*connection_);
      if (!result.ok()) return std::move(result).take_error().with_context(name_);
      transaction.commit();
      return result;
    } catch (const SQLite::Exception& exception) {
      return error_from(exception, doing);
    }
  }

  [[nodiscard]] Error error_from(const SQLite::Exception& exception, std::string_view doing) const;

  std::unique_ptr<SQLite::Database> connection_;
  std::string name_;  ///< The file, for messages.
};

}  // namespace vigil::store
