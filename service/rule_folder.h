// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <spdlog/logger.h>

#include "base/time.h"
#include "rules/rules.h"
#include "settings/settings.h"

namespace vigil::service {

/// The rule files as they come into force: a file with problems goes on as it was, also over a
/// start of the service. Says in the log what is wrong with them, once until that changes. What is
/// odd about them is not looked for here: rules are hostile, and comparing all with all takes time.
/// It does not own what it is given.
class RuleFolder {
 public:
  struct Parts {
    const settings::DataPaths& paths;
    spdlog::logger& log;
    rules::Objection objection;  ///< To a file that others may write.
  };
  explicit RuleFolder(Parts parts) : parts_(std::move(parts)) {}

  /// What is in force from \p now on, where \p before was.
  [[nodiscard]] rules::RuleSet load(const rules::RuleSet& before, Timestamp now);
  /// Whether no file had a problem when they were loaded.
  [[nodiscard]] bool is_whole() const { return whole_; }

 private:
  void say(const rules::LoadResult& loaded, std::size_t in_force);

  Parts parts_;
  std::string said_;
  bool loaded_before_ = false;
  bool whole_ = false;
};

}  // namespace vigil::service
