// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <windows.h>

#include "agent.h"
#include "host.h"
#include "platform/win/win_error.h"

namespace vigil::service {
namespace {

struct ConsoleEvents {
  platform::KernelHandle stop_requested, stopped;
};

/// The system calls the handler on a thread of its own and gives it nothing: so the events have to
/// be where it can find them.
ConsoleEvents& console_events() {
  static ConsoleEvents events;
  return events;
}

BOOL WINAPI on_console_control(DWORD) {
  auto& events = console_events();
  ::SetEvent(events.stop_requested.get());
  // When a console is closed, the process ends as soon as this returns.
  ::WaitForSingleObject(events.stopped.get(), kStopWaitHintMs);
  return TRUE;
}

}  // namespace

ExitCode run_in_console(const Options& options) {
  auto& events = console_events();
  events.stop_requested = platform::KernelHandle(::CreateEventW(nullptr, TRUE, FALSE, nullptr));
  events.stopped = platform::KernelHandle(::CreateEventW(nullptr, TRUE, FALSE, nullptr));
  if (!events.stop_requested || !events.stopped ||
      ::SetConsoleCtrlHandler(on_console_control, TRUE) == FALSE) {
    fmt::print(stderr, "vigil-service: {}\n",
               platform::from_last_error("cannot listen for Ctrl+C").message());
    return ExitCode::Failed;
  }
  AgentOptions agent;
  agent.data_folder = options.data_folder;
  agent.console = true;
  agent.stop_requested = events.stop_requested.get();
  agent.on_starting = [](std::string_view) {};
  agent.on_running = [] {};
  agent.on_stopping = [] {};
  const auto code = run_agent(agent);
  ::SetEvent(events.stopped.get());
  return code;
}

}  // namespace vigil::service
