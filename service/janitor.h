// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include <spdlog/logger.h>

#include "base/result.h"
#include "base/time.h"
#include "rules/rules.h"
#include "settings/settings.h"
#include "store/store.h"

namespace vigil::service {

/// Removes what has been kept for long enough: dumps by the `keep` of their rule or of the
/// settings, rows by that of the settings; and files in the dump folder that no row knows, which a
/// kill at the wrong moment leaves. It does not own what it is given.
class Janitor {
 public:
  struct Parts {
    store::Store& store;
    const Clock& clock;
    spdlog::logger& log;
    const settings::Settings& settings;
    std::filesystem::path data_folder;
    std::function<const rules::RuleSet&()> rules;
  };
  explicit Janitor(Parts parts) : parts_(std::move(parts)) {}

  /// Of each sort at most so many are removed at once, so that nothing else waits for long.
  static constexpr std::uint32_t kAtOnce = 200;
  /// A file that is younger may be one whose row comes yet.
  static constexpr Microseconds kStrayAge = std::chrono::hours(24);

  /// Answers whether there is more to remove.
  [[nodiscard]] Result<bool> sweep();

 private:
  [[nodiscard]] Result<std::uint32_t> remove_dumps();
  [[nodiscard]] Status remove_dump(const store::KeptDump& dump, Microseconds kept_for);
  [[nodiscard]] Result<std::uint64_t> remove_rows();
  [[nodiscard]] Result<std::uint32_t> remove_strays();

  Parts parts_;
};

}  // namespace vigil::service
