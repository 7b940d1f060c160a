// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

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

/// Restarts the service that standard input names, as JSON: `service`, `pid` and `start_us` of the
/// process that is to go, and `timeout_us`, how long it may take to stop. Says how it went.
[[nodiscard]] ExitCode run_restart();

/// Reads the performance counters that standard input lists, once a second, until that ends.
[[nodiscard]] ExitCode run_counter_reader();

/// Says which threads of the process behind \p target (watch::wait_chain_target) wait for each
/// other in a circle, if any do.
[[nodiscard]] ExitCode run_wait_chain_reader(std::string_view target);

}  // namespace vigil::service
