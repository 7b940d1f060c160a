// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <string_view>

#include "base/exit_code.h"
#include "platform/win/handle.h"

namespace vigil::service {

/// Whoever runs the agent: the service manager, or a person at a terminal.
struct AgentOptions {
  std::filesystem::path data_folder;  ///< Empty: the system's.
  bool console = false;
  HANDLE stop_requested = nullptr;                         ///< An event; signalled: stop.
  std::function<void(std::string_view step)> on_starting;  ///< Another step of the start is done.
  std::function<void()> on_running;                        ///< From now on crashes are captured.
  std::function<void()> on_stopping;
};

/// Longest time between the request to stop and the end.
inline constexpr unsigned kStopWaitHintMs = 5'000;

/// All that the service does, from start to stop. Failures are in the log, and where there is none
/// yet in the event log and on the terminal.
[[nodiscard]] ExitCode run_agent(const AgentOptions& options);

}  // namespace vigil::service
