// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"

namespace vigil {

/// Exit codes of every Vigil program. Scripts depend on them: a value never changes its meaning.
enum class ExitCode : int {
  Ok = 0,
  Failed = 1,
  Usage = 2,     ///< Bad arguments, or a configuration or rule file that is refused.
  NotFound = 3,  ///< What was asked for is not there.
  Partial = 4,   ///< Done in part: the rest was lost or could not be read.
  ServiceNotRunning = 5,
  Denied = 6,          ///< The OS refused for lack of rights.
  RefusedByLimit = 7,  ///< A rule's limit or a safety limit refused it.
};

/// What a failed command exits with when it has nothing better to say.
[[nodiscard]] ExitCode exit_code_for(Errc code) noexcept;

}  // namespace vigil
