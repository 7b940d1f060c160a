// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "store/capture_rows.h"
#include "store/impl.h"
#include "store/join.h"
#include "store/schema.h"

namespace vigil::store {
namespace {

constexpr const char* kList = VIGIL_SELECT_CAPTURES R"sql(
WHERE c.observed_at_us BETWEEN ?1 AND ?2 AND (?3 IS NULL OR c.state = ?3)
  AND (?4 IS NULL OR c.process LIKE ?4 ESCAPE '\')
ORDER BY c.observed_at_us DESC, c.id DESC
LIMIT ?5)sql";
constexpr const char* kGet = VIGIL_SELECT_CAPTURES "WHERE c.id = ?1";
constexpr const char* kLast = VIGIL_SELECT_CAPTURES R"sql(
ORDER BY c.observed_at_us DESC, c.id DESC
LIMIT 1)sql";
constexpr const char* kReport = "SELECT json FROM reports WHERE capture_id = ?1";
constexpr const char* kCircumstances = "SELECT json FROM circumstances WHERE capture_id = ?1";
constexpr const char* kExists = "SELECT 1 FROM captures WHERE id = ?1";
constexpr const char* kCounts =
    "SELECT state, count(*) FROM captures GROUP BY state ORDER BY state";
constexpr const char* kBucket = R"sql(
SELECT count(c.id), b.first_seen_us, b.last_seen_us
FROM captures AS one
  JOIN buckets AS b ON b.id = one.bucket_id
  JOIN captures AS c ON c.bucket_id = b.id
WHERE one.id = ?1
GROUP BY b.id)sql";
constexpr const char* kStarts = R"sql(
SELECT process_start_us
FROM captures
WHERE pid = ?1 AND kind IN ('crash', 'exit') AND process_start_us IS NOT NULL
ORDER BY process_start_us)sql";

/// A glob, or any part of a name, as a pattern for LIKE, which ignores the case of ASCII letters.
std::string like_pattern(std::string_view text) {
  const bool glob = text.find_first_of("*?") != std::string_view::npos;
  std::string pattern = glob ? "" : "%";
  for (const char c : text) {
    if (c == '%' || c == '_' || c == '\\') pattern += '\\';
    pattern += c == '*' ? '%' : c == '?' ? '_' : c;
  }
  if (!glob) pattern += '%';
  return pattern;
}

Error no_capture(CaptureId id) {
  return {Errc::NotFound, fmt::format("there is no capture {}", id.value)};
}

}  // namespace

Result<std::vector<Capture>> Store::list(const ListFilter& filter) {
  constexpr Timestamp kFirst{std::numeric_limits<std::int64_t>::min()};
  constexpr Timestamp kLatest{std::numeric_limits<std::int64_t>::max()};
  constexpr std::int64_t kNoLimit = -1;
  std::optional<std::string_view> state;
  if (filter.state) state = to_string(*filter.state);
  std::optional<std::string> pattern;
  if (!filter.process.empty()) pattern = like_pattern(filter.process);
  const auto limit = filter.limit == 0 ? kNoLimit : std::int64_t{filter.limit};
  return impl_->database.read(
      "list captures", [&](SQLite::Database& db) -> Result<std::vector<Capture>> {
        std::vector<Capture> captures;
        Statement row(db, kList, filter.since.value_or(kFirst), filter.until.value_or(kLatest),
                      state, pattern, limit);
        while (row.step()) captures.push_back(read_capture(row));
        std::ranges::reverse(captures);
        return captures;
      });
}

Result<Capture> Store::get(CaptureId id) {
  return impl_->database.read("read a capture", [&](SQLite::Database& db) -> Result<Capture> {
    Statement row(db, kGet, id);
    if (!row.step()) return no_capture(id);
    return read_capture(row);
  });
}

Result<Capture> Store::last() {
  return impl_->database.read("read the newest capture",
                              [&](SQLite::Database& db) -> Result<Capture> {
                                Statement row(db, kLast);
                                if (!row.step())
                                  return Error{Errc::NotFound, "there is no capture yet"};
                                return read_capture(row);
                              });
}

Result<std::string> Store::report_json(CaptureId id) {
  return impl_->database.read("read a report", [&](SQLite::Database& db) -> Result<std::string> {
    Statement row(db, kReport, id);
    if (row.step()) return row.text(0);
    if (!Statement(db, kExists, id).step()) return no_capture(id);
    return Error{Errc::NotFound, fmt::format("capture {} has no report", id.value)};
  });
}

Result<std::string> Store::circumstances(CaptureId id) {
  return impl_->database.read("read circumstances",
                              [&](SQLite::Database& db) -> Result<std::string> {
                                Statement row(db, kCircumstances, id);
                                return row.step() ? row.text(0) : std::string();
                              });
}

Result<std::vector<Signal>> Store::signals(CaptureId id) {
  return impl_->database.read("read signals",
                              [&](SQLite::Database& db) -> Result<std::vector<Signal>> {
                                if (!Statement(db, kExists, id).step()) return no_capture(id);
                                return read_signals(db, id);
                              });
}

Result<StateCounts> Store::counts() {
  return impl_->database.read("count captures", [&](SQLite::Database& db) -> Result<StateCounts> {
    StateCounts counts;
    for (Statement row(db, kCounts); row.step();) {
      const auto count = static_cast<std::uint64_t>(row.integer(1));
      switch (state_from(row.text(0)).value_or(State::Observed)) {
        case State::Observed: counts.observed += count; break;
        case State::Capturing: counts.capturing += count; break;
        case State::Captured: counts.captured += count; break;
        case State::Analyzing: counts.analyzing += count; break;
        case State::Done: counts.done += count; break;
        case State::Failed: counts.failed += count; break;
        case State::Skipped: counts.skipped += count; break;
      }
    }
    return counts;
  });
}

Result<std::optional<Bucket>> Store::bucket(CaptureId id) {
  using Found = Result<std::optional<Bucket>>;
  return impl_->database.read("read a signature", [&](SQLite::Database& db) -> Found {
    Statement row(db, kBucket, id);
    if (!row.step()) return std::optional<Bucket>();
    return std::optional(
        Bucket{static_cast<std::uint64_t>(row.integer(0)), row.time(1), row.time(2)});
  });
}

Result<std::int64_t> Store::schema_version() {
  return impl_->database.read("read the version", [](SQLite::Database& db) -> Result<std::int64_t> {
    VIGIL_TRY_ASSIGN(const auto found, read_schema_version(db));
    return found.version;
  });
}

Result<bool> Store::seen(const ProcessKey& process) {
  return impl_->database.read("look for a process", [&](SQLite::Database& db) -> Result<bool> {
    for (Statement row(db, kStarts, process.pid); row.step();) {
      if (same_start(row.time(0), process.start)) return true;
    }
    return false;
  });
}

}  // namespace vigil::store
