// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include <SQLiteCpp/SQLiteCpp.h>

#include "base/ids.h"
#include "base/time.h"

namespace vigil::store {

/// One SQL statement with its values bound in order (?1, ?2, …) and columns read by index (0, 1,
/// …). Throws SQLite::Exception, which Database turns into an Error.
class Statement {
 public:
  template <class... Values>
  explicit Statement(SQLite::Database& db, const char* sql, const Values&... values)
      : statement_(db, sql) {
    [[maybe_unused]] int index = 0;
    (bind(++index, values), ...);
  }

  /// Whether there is a row to read.
  bool step() { return statement_.executeStep(); }
  /// Runs a statement that gives no rows; how many it changed.
  int run() { return statement_.exec(); }

  [[nodiscard]] std::int64_t integer(int column) { return statement_.getColumn(column).getInt64(); }
  /// A number that the schema does not bound, as one that fits: a damaged file must not wrap.
  [[nodiscard]] std::uint32_t uint32(int column) {
    return static_cast<std::uint32_t>(
        std::clamp<std::int64_t>(integer(column), 0, std::numeric_limits<std::uint32_t>::max()));
  }
  [[nodiscard]] std::string text(int column) { return statement_.getColumn(column).getString(); }
  [[nodiscard]] Timestamp time(int column) { return {integer(column)}; }
  [[nodiscard]] std::optional<Timestamp> optional_time(int column) {
    if (statement_.isColumnNull(column)) return std::nullopt;
    return time(column);
  }
  [[nodiscard]] std::optional<std::uint32_t> optional_uint32(int column) {
    if (statement_.isColumnNull(column)) return std::nullopt;
    return uint32(column);
  }

 private:
  void bind(int index, std::int64_t value) { statement_.bind(index, value); }
  void bind(int index, std::uint32_t value) { statement_.bind(index, std::int64_t{value}); }
  void bind(int index, const std::string& value) { statement_.bind(index, value); }
  void bind(int index, std::string_view value) { statement_.bind(index, std::string(value)); }
  void bind(int index, const char* value) { statement_.bind(index, value); }
  void bind(int index, Timestamp value) { statement_.bind(index, value.us); }
  void bind(int index, ProcessId value) { bind(index, value.value); }
  template <class Tag>
  void bind(int index, StrongId<Tag, std::int64_t> value) {
    statement_.bind(index, value.value);
  }
  template <class T>
  void bind(int index, const std::optional<T>& value) {
    if (value) {
      bind(index, *value);
    } else {
      statement_.bind(index);
    }
  }

  SQLite::Statement statement_;
};

}  // namespace vigil::store
