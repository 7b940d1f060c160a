// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>

#include <spdlog/logger.h>

#include "base/result.h"
#include "base/time.h"
#include "rules/rules.h"
#include "settings/settings.h"
#include "store/store.h"

namespace vigil::service {

/// Removes what has been kept for long enough: dumps by the `keep` of their rule or of the
/// settings, rows by that of the settings. Only files that a row names. It does not own what it is
/// given.
class Janitor {
 public:
  struct Parts {
    store::Store& store;
    const Clock& clock;
    spdlog::logger& log;
    const settings::Settings& settings;
    std::filesystem::path data_folder;
    std::function<const rules::RuleSet&()> rules;
    /// Whether that is all that the rule files say: a file that cannot be read may have had a
    /// `keep`.
    std::function<bool()> rules_are_whole;
    std::function<Microseconds()> uptime;  ///< What nobody sets.
  };
  explicit Janitor(Parts parts) : parts_(std::move(parts)) {}

  /// Of each sort at most so many are removed at once, so that nothing else waits for long.
  static constexpr std::uint32_t kAtOnce = 200;
  /// After somebody has set the clock by more than an hour nothing is removed for so long: what is
  /// removed does not come back when it is set right.
  static constexpr Microseconds kClockPause = std::chrono::hours(24);

  /// Answers whether there is more to remove.
  [[nodiscard]] Result<bool> sweep();

 private:
  struct Moment {
    Timestamp at;
    Microseconds uptime{};
  };
  [[nodiscard]] Result<std::uint32_t> remove_dumps();
  [[nodiscard]] Status remove_dump(const store::KeptDump& dump, Microseconds kept_for);
  [[nodiscard]] Result<std::uint64_t> remove_rows();
  [[nodiscard]] bool clock_was_set();

  Parts parts_;
  std::optional<Moment> last_;
  std::optional<Microseconds> paused_until_;  // as uptime
};

}  // namespace vigil::service
