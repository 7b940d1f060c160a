// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/exit_code.h"
#include "options.h"

namespace vigil::service {

/// Runs the agent in this terminal until Ctrl+C.
[[nodiscard]] ExitCode run_in_console(const Options& options);

/// Runs the agent under the service manager, which must have started this program. The exit code is
/// also what the service manager is told.
[[nodiscard]] ExitCode run_as_service(const Options& options);

/// Says whose windows of this session do not respond, until its input ends.
[[nodiscard]] ExitCode run_window_helper();

}  // namespace vigil::service
