// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>
#include <vector>

#include <fmt/format.h>

#include "store/capture_rows.h"
#include "store/impl.h"
#include "store/plan_actions.h"
#include "store/samples.h"

namespace vigil::store {
namespace {

constexpr const char* kSelectUnderWay = VIGIL_SELECT_CAPTURES R"sql(
WHERE c.state IN ('capturing', 'analyzing')
ORDER BY c.observed_at_us, c.id)sql";

constexpr const char* kSelectOverdue = VIGIL_SELECT_CAPTURES R"sql(
WHERE c.state = 'observed' AND c.updated_at_us < ?1
ORDER BY c.observed_at_us, c.id)sql";

constexpr const char* kMend = R"sql(
UPDATE captures
SET state = ?2, reason = ?3, dump_file = ?4, dump_bytes = ?5, inbox_file = '', updated_at_us = ?6
WHERE id = ?1)sql";

/// What is true of \p capture now that nobody works on it; \p note says it for the log.
struct Mended {
  Capture capture;
  std::string note;
};

Mended mend_capturing(Capture capture, const Store::FileProbe& files) {
  if (const auto bytes = files.dump_size(capture.dump_file)) {
    capture.state = State::Captured;
    capture.dump_bytes = *bytes;
    return {std::move(capture), "its dump was complete and waits for analysis"};
  }
  capture.dump_file.clear();
  capture.dump_bytes = 0;
  if (!capture.inbox_file.empty() && files.in_inbox(capture.inbox_file)) {
    capture.state = State::Observed;
    return {std::move(capture), "its dump still lies in the inbox and is taken in again"};
  }
  if (std::ranges::find(capture.seen_by, Source::CrashControl) != capture.seen_by.end()) {
    capture.state = State::Observed;
    return {std::move(capture), "its dump lies where Windows wrote it and is taken in again"};
  }
  capture.state = State::Skipped;
  capture.reason = "the dump was lost when Vigil was interrupted";
  return {std::move(capture), "its dump is in neither place and is given up"};
}

Mended mend_analyzing(Capture capture, std::uint32_t max_attempts) {
  if (capture.dump_file.empty()) {
    capture.state = State::Failed;
    capture.reason = "analysis was interrupted, and the dump is gone";
    return {std::move(capture), "its analysis was interrupted and its dump is gone"};
  }
  if (capture.attempts < max_attempts) {
    capture.state = State::Captured;
    auto note = fmt::format("its analysis was interrupted (attempt {} of {}) and is tried again",
                            capture.attempts, max_attempts);
    return {std::move(capture), std::move(note)};
  }
  capture.state = State::Failed;
  capture.reason = fmt::format("analysis was interrupted {} times", capture.attempts);
  auto note = capture.reason;
  return {std::move(capture), std::move(note)};
}

std::vector<Capture> read_all(Statement rows) {
  std::vector<Capture> captures;
  while (rows.step()) captures.push_back(read_capture(rows));
  return captures;
}

}  // namespace

Result<Recovery> Store::recover(const FileProbe& files, std::uint32_t max_attempts, Timestamp now) {
  return impl_->database.write("recover", [&](SQLite::Database& db) -> Result<Recovery> {
    Recovery recovery;
    recover_actions(db, now);
    mend_samples(db, files, recovery);
    for (auto& found : read_all(Statement(db, kSelectUnderWay))) {
      const auto mended = found.state == State::Capturing
                              ? mend_capturing(std::move(found), files)
                              : mend_analyzing(std::move(found), max_attempts);
      const auto& capture = mended.capture;
      const auto bytes = static_cast<std::int64_t>(
          std::min<std::uint64_t>(capture.dump_bytes, std::numeric_limits<std::int64_t>::max()));
      Statement(db, kMend, capture.id, to_string(capture.state), capture.reason, capture.dump_file,
                bytes, now)
          .run();
      recovery.notes.push_back(fmt::format("capture {} ({}, pid {}): {}", capture.id.value,
                                           capture.process, capture.pid.value, mended.note));
    }
    return recovery;
  });
}

Result<std::vector<Capture>> Store::overdue(Timestamp before) {
  return impl_->database.read("look for overdue captures",
                              [&](SQLite::Database& db) -> Result<std::vector<Capture>> {
                                return read_all(Statement(db, kSelectOverdue, before));
                              });
}

}  // namespace vigil::store
