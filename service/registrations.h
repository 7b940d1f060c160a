// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <spdlog/logger.h>

#include "foundation.h"
#include "rules/rules.h"

namespace vigil::service {

/// What the system is told, so that dumps of crashes come: the AeDebug debugger and the LocalDumps
/// keys of Windows Error Reporting. What was there before is put back as soon as the settings want
/// it no longer. What fails is said to the log: the rest of the service works without.
class Registrations {
 public:
  explicit Registrations(const Foundation& foundation) : base_(foundation) {}
  /// At the start.
  void apply(const rules::RuleSet& rules);
  /// After the rules have changed.
  void apply_local_dumps(const rules::RuleSet& rules);

 private:
  void apply_aedebug();
  const Foundation& base_;
};

}  // namespace vigil::service
