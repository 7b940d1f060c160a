// SPDX-License-Identifier: Apache-2.0
#include <mutex>
#include <string>

#include <fmt/format.h>
#include <windows.h>

#include "agent.h"
#include "host.h"
#include "platform/win/text.h"
#include "platform/win/win_error.h"

namespace vigil::service {
namespace {

/// Between two steps of the start; opening a store that was not closed well takes longest.
constexpr DWORD kStartWaitHintMs = 20'000;

/// This program's side of the service manager's protocol: says in which state the service is, at
/// once and truly, and takes controls.
class ServiceHost {
 public:
  explicit ServiceHost(const Options& options) : options_(options) {}

  /// Blocks until the service has stopped.
  [[nodiscard]] ExitCode run();

 private:
  static void WINAPI service_main(DWORD argument_count, LPWSTR* arguments);
  static DWORD WINAPI on_control(DWORD control, DWORD event_type, void* event_data, void* context);
  void serve();
  void report(DWORD state, DWORD wait_hint_ms, ExitCode code = ExitCode::Ok);

  // ServiceMain gets no pointer of ours, so it has to find its host here.
  static ServiceHost*& current() {
    static ServiceHost* host = nullptr;
    return host;
  }

  Options options_;
  platform::KernelHandle stop_requested_;
  SERVICE_STATUS_HANDLE handle_ = nullptr;
  std::mutex mutex_;  // the service manager's thread and the service's both report
  SERVICE_STATUS status_{};
  ExitCode exit_code_ = ExitCode::Failed;
};

ExitCode ServiceHost::run() {
  stop_requested_ = platform::KernelHandle(::CreateEventW(nullptr, TRUE, FALSE, nullptr));
  if (!stop_requested_) return ExitCode::Failed;
  current() = this;
  auto name = platform::wide_from_utf8(kServiceName);
  const SERVICE_TABLE_ENTRYW table[] = {{name.data(), &ServiceHost::service_main},
                                        {nullptr, nullptr}};
  if (::StartServiceCtrlDispatcherW(table) != FALSE) return exit_code_;
  if (::GetLastError() == ERROR_FAILED_SERVICE_CONTROLLER_CONNECT) {
    fmt::print(
        stderr,
        "vigil-service: started by a person and not by the service manager; use 'vigil service "
        "start', or --console\n");
    return ExitCode::Usage;
  }
  fmt::print(stderr, "vigil-service: {}\n",
             platform::from_last_error("cannot talk to the service manager").message());
  return ExitCode::Failed;
}

void WINAPI ServiceHost::service_main(DWORD, LPWSTR*) {
  current()->serve();
}

void ServiceHost::serve() {
  handle_ = ::RegisterServiceCtrlHandlerExW(platform::wide_from_utf8(kServiceName).c_str(),
                                            &ServiceHost::on_control, this);
  if (handle_ == nullptr) return;  // nobody to report to; the process ends with the failure code
  report(SERVICE_START_PENDING, kStartWaitHintMs);
  AgentOptions agent;
  agent.data_folder = options_.data_folder;
  agent.stop_requested = stop_requested_.get();
  agent.on_starting = [this](std::string_view) { report(SERVICE_START_PENDING, kStartWaitHintMs); };
  agent.on_running = [this] { report(SERVICE_RUNNING, 0); };
  agent.on_stopping = [this] { report(SERVICE_STOP_PENDING, kStopWaitHintMs); };
  exit_code_ = run_agent(agent);
  report(SERVICE_STOPPED, 0, exit_code_);
}

void ServiceHost::report(DWORD state, DWORD wait_hint_ms, ExitCode code) {
  const std::scoped_lock lock(mutex_);
  const bool pending = state == SERVICE_START_PENDING || state == SERVICE_STOP_PENDING;
  status_.dwServiceType = SERVICE_WIN32_OWN_PROCESS;
  status_.dwCheckPoint =
      pending ? (state == status_.dwCurrentState ? status_.dwCheckPoint + 1 : 1) : 0;
  status_.dwCurrentState = state;
  status_.dwWaitHint = wait_hint_ms;
  // A stop during the start is kept and carried out after it.
  status_.dwControlsAccepted =
      state == SERVICE_RUNNING ? SERVICE_ACCEPT_STOP | SERVICE_ACCEPT_PRESHUTDOWN : 0u;
  status_.dwWin32ExitCode = code == ExitCode::Ok ? NO_ERROR : DWORD{ERROR_SERVICE_SPECIFIC_ERROR};
  status_.dwServiceSpecificExitCode = static_cast<DWORD>(code);
  ::SetServiceStatus(handle_, &status_);
}

DWORD WINAPI ServiceHost::on_control(DWORD control, DWORD, void*, void* context) {
  auto& host = *static_cast<ServiceHost*>(context);
  switch (control) {
    case SERVICE_CONTROL_STOP:
    case SERVICE_CONTROL_PRESHUTDOWN:
      host.report(SERVICE_STOP_PENDING, kStopWaitHintMs);
      ::SetEvent(host.stop_requested_.get());
      return NO_ERROR;
    case SERVICE_CONTROL_INTERROGATE: return NO_ERROR;
    default: return ERROR_CALL_NOT_IMPLEMENTED;
  }
}

}  // namespace

ExitCode run_as_service(const Options& options) {
  return ServiceHost(options).run();
}

}  // namespace vigil::service
