// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <spdlog/logger.h>

#include "base/result.h"
#include "base/time.h"
#include "desk.h"
#include "settings/settings.h"
#include "store/store.h"

namespace vigil::service {

/// A dump of the whole machine where Windows has written it.
struct KernelDumpFile {
  /// Memory: the one large dump, which the next stop overwrites. Small: one of many, of each stop
  /// one. Live: of a machine that went on. In this order they are preferred for one stop.
  enum class Sort : std::uint8_t { Memory, Small, Live };
  Sort sort = Sort::Small;
  std::filesystem::path path = {};
  Timestamp written;
  std::uint64_t bytes = 0;
};

/// Tells the desk of dumps of the kernel, each once, and says which of them are to be taken in. It
/// looks at names and times only, and does not own what it is given.
class KernelDumps {
 public:
  struct Parts {
    Desk& desk;
    const Clock& clock;
    spdlog::logger& log;
    const settings::Settings& settings;
    /// Whether nobody writes to a file any more, and it still is what was found.
    std::function<bool(const KernelDumpFile&)> is_complete;
  };
  explicit KernelDumps(Parts parts) : parts_(std::move(parts)) {}

  /// So many are told of at once, the newest first; the others the next time.
  static constexpr std::size_t kAtOnce = 20;
  /// After the large dump of a stop its small one may take so long to come.
  static constexpr Microseconds kSmallComes = std::chrono::minutes(10);

  /// A dump to take in. Of one row there may be several, one after the other: where the first
  /// cannot be had, the next one may.
  struct Job {
    store::CaptureId id;
    KernelDumpFile file;
  };
  /// Tells of the files that were not there, or were others, when it was called before. What is not
  /// complete or cannot be recorded now comes again.
  [[nodiscard]] std::vector<Job> take(std::vector<KernelDumpFile> files);

 private:
  [[nodiscard]] bool is_new(const KernelDumpFile& file) const;
  [[nodiscard]] Microseconds keep_of(const std::string& rule) const;
  void await_small(const std::vector<Job>& whole, const std::vector<Job>& jobs);

  Parts parts_;
  std::set<std::pair<std::filesystem::path, Timestamp>> taken_;
};

/// The name of the process that a bugcheck is of, for rules and for rows.
inline constexpr std::string_view kKernelProcess = "ntoskrnl.exe";

}  // namespace vigil::service
