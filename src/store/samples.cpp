// SPDX-License-Identifier: Apache-2.0
#include "store/samples.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "store/capture_rows.h"
#include "store/impl.h"
#include "store/statement.h"

namespace vigil::store {
namespace {

// A sample of 0 bytes is one that is being written.
constexpr const char* kBegin = R"sql(
INSERT INTO samples(capture_id, number, dump_file, dump_bytes, taken_at_us)
SELECT id, ?2, ?3, 0, ?4
FROM captures
WHERE id = ?1 AND state = 'capturing')sql";
constexpr const char* kReady =
    "UPDATE samples SET dump_bytes = ?3 WHERE capture_id = ?1 AND number = ?2";
constexpr const char* kDrop = "DELETE FROM samples WHERE capture_id = ?1 AND number = ?2";
constexpr const char* kOfCapture = R"sql(
SELECT number, dump_file, dump_bytes, taken_at_us
FROM samples
WHERE capture_id = ?1 AND dump_bytes > 0
ORDER BY number)sql";
constexpr const char* kFiles =
    "SELECT dump_file FROM samples WHERE capture_id = ?1 ORDER BY number";
constexpr const char* kForget = "DELETE FROM samples WHERE capture_id = ?1";
constexpr const char* kBegun = R"sql(
SELECT capture_id, number, dump_file
FROM samples
WHERE dump_bytes = 0
ORDER BY capture_id, number)sql";

std::int64_t stored(std::uint64_t bytes) {
  return static_cast<std::int64_t>(
      std::min<std::uint64_t>(bytes, std::numeric_limits<std::int64_t>::max()));
}

Error no_sample(CaptureId id, std::uint32_t number) {
  return {Errc::NotFound, fmt::format("capture {} has no sample {}", id.value, number)};
}

struct Begun {
  CaptureId id;
  std::uint32_t number = 0;
  std::string dump_file;
};

}  // namespace

std::vector<std::string> forget_samples(SQLite::Database& db, CaptureId id) {
  std::vector<std::string> files;
  for (Statement row(db, kFiles, id); row.step();) files.push_back(row.text(0));
  Statement(db, kForget, id).run();
  return files;
}

void mend_samples(SQLite::Database& db, const Store::FileProbe& files, Recovery& recovery) {
  std::vector<Begun> begun;
  for (Statement row(db, kBegun); row.step();)
    begun.push_back({CaptureId{row.integer(0)}, row.uint32(1), row.text(2)});
  for (const auto& sample : begun) {
    const auto bytes = files.dump_size(sample.dump_file).value_or(0);
    if (bytes > 0) {
      Statement(db, kReady, sample.id, sample.number, stored(bytes)).run();
    } else {
      Statement(db, kDrop, sample.id, sample.number).run();
    }
    recovery.notes.push_back(fmt::format("capture {}: its sample {} {}", sample.id.value,
                                         sample.number,
                                         bytes > 0 ? "was complete" : "is given up"));
  }
}

Status Store::begin_sample(CaptureId id,
                           std::uint32_t number,
                           std::string_view dump_file,
                           Timestamp now) {
  return impl_->database.write("begin a sample", [&](SQLite::Database& db) -> Status {
    if (Statement(db, kBegin, id, number, dump_file, now).run() == 0)
      return wrong_state(db, id, "capturing");
    return {};
  });
}

Status Store::sample_ready(CaptureId id, std::uint32_t number, std::uint64_t bytes) {
  return impl_->database.write("note a sample", [&](SQLite::Database& db) -> Status {
    if (Statement(db, kReady, id, number, stored(bytes)).run() == 0) return no_sample(id, number);
    return {};
  });
}

Status Store::drop_sample(CaptureId id, std::uint32_t number) {
  return impl_->database.write("drop a sample", [&](SQLite::Database& db) -> Status {
    if (Statement(db, kDrop, id, number).run() == 0) return no_sample(id, number);
    return {};
  });
}

Result<std::vector<Sample>> Store::samples(CaptureId id) {
  return impl_->database.read(
      "read samples", [&](SQLite::Database& db) -> Result<std::vector<Sample>> {
        std::vector<Sample> samples;
        for (Statement row(db, kOfCapture, id); row.step();) {
          samples.push_back({row.uint32(0), row.text(1), static_cast<std::uint64_t>(row.integer(2)),
                             row.time(3)});
        }
        return samples;
      });
}

}  // namespace vigil::store
