// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <spdlog/logger.h>

#include "base/result.h"
#include "inbox_folder.h"
#include "settings/settings.h"

namespace vigil::service {

/// What one look at the inbox concerns itself with, however much lies there. Times and names are
/// whatever their writer wants, so they decide only between files of one owner: where more than
/// inbox_max_files of people wait, the owner with the most loses first. What an administrator put
/// there, as the service's own dumpers do, is never too much.
class InboxListing {
 public:
  /// So much is remembered of people's files, and as much of administrators'.
  static constexpr std::size_t kMaxEntries = 20'000;
  /// So much is looked at: files that their owner holds open cannot be removed.
  static constexpr std::size_t kMaxVisited = 100'000;

  InboxListing(InboxFolder& folder, spdlog::logger& log, const settings::Settings& settings)
      : folder_(folder), log_(log), settings_(settings) {}

  /// Oldest first. Removes what is too much, and says so.
  [[nodiscard]] Result<std::vector<InboxFolder::Entry>> read();

 private:
  using Entry = InboxFolder::Entry;
  struct Excess {
    std::size_t removed = 0;
    std::size_t stuck = 0;  ///< Could not be removed.
    std::string first_problem;
  };

  [[nodiscard]] std::vector<Entry> keep_fair_share(std::vector<Entry>&& entries, Excess& excess);
  void remove(const std::string& name, Excess& excess);
  void say(const Excess& excess);

  InboxFolder& folder_;
  spdlog::logger& log_;
  const settings::Settings& settings_;
  bool said_stuck_ = false;
  bool said_hidden_ = false;
};

}  // namespace vigil::service
