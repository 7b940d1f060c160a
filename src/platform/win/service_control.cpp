// SPDX-License-Identifier: Apache-2.0
#include "platform/win/service_control.h"

#include <array>
#include <memory>

#include <windows.h>

#include <fmt/format.h>

#include "base/utf.h"
#include "platform/win/child_process.h"
#include "platform/win/text.h"
#include "platform/win/win_error.h"

namespace vigil::platform {
namespace {

constexpr DWORD kResetFailuresAfterSeconds = 24 * 60 * 60;
constexpr std::array kRestartDelaysMs = {DWORD{5'000}, DWORD{30'000}, DWORD{300'000}};
/// What the service needs to stop; preshutdown may be longer than shutdown.
constexpr DWORD kPreshutdownMs = 10'000;

Result<ServiceHandle> open_manager(DWORD access) {
  ServiceHandle manager(::OpenSCManagerW(nullptr, nullptr, access));
  if (!manager) return from_last_error("cannot open the service manager");
  return manager;
}

ServiceState state_of(DWORD state) {
  switch (state) {
    case SERVICE_STOPPED: return ServiceState::Stopped;
    case SERVICE_START_PENDING: return ServiceState::StartPending;
    case SERVICE_STOP_PENDING: return ServiceState::StopPending;
    case SERVICE_RUNNING: return ServiceState::Running;
    default: return ServiceState::Other;
  }
}

Result<ServiceHandle> create_or_update(SC_HANDLE manager,
                                       const ServiceDescription& description,
                                       bool& created) {
  const auto name = wide_from_utf8(description.name);
  const auto display = wide_from_utf8(description.display_name);
  // Quoted, or a folder with a space in its name would let another program start.
  const auto path = wide_from_utf8(command_line_of(description.program, description.arguments));
  ServiceHandle service(::CreateServiceW(manager, name.c_str(), display.c_str(), SERVICE_ALL_ACCESS,
                                         SERVICE_WIN32_OWN_PROCESS, SERVICE_AUTO_START,
                                         SERVICE_ERROR_NORMAL, path.c_str(), nullptr, nullptr,
                                         nullptr, nullptr, nullptr));
  created = static_cast<bool>(service);
  if (service) return service;
  if (::GetLastError() != ERROR_SERVICE_EXISTS) {
    return from_last_error(fmt::format("cannot install service {}", description.name));
  }
  service = ServiceHandle(::OpenServiceW(manager, name.c_str(), SERVICE_ALL_ACCESS));
  if (!service) return from_last_error(fmt::format("cannot open service {}", description.name));
  if (::ChangeServiceConfigW(service.get(), SERVICE_WIN32_OWN_PROCESS, SERVICE_AUTO_START,
                             SERVICE_ERROR_NORMAL, path.c_str(), nullptr, nullptr, nullptr, nullptr,
                             nullptr, display.c_str()) == FALSE) {
    return from_last_error(fmt::format("cannot change service {}", description.name));
  }
  return service;
}

void set_optional(SC_HANDLE service,
                  DWORD level,
                  void* info,
                  std::string_view what,
                  std::vector<std::string>& warnings) {
  if (::ChangeServiceConfig2W(service, level, info) != FALSE) return;
  warnings.push_back(from_last_error(fmt::format("cannot set the service's {}", what)).message());
}

void set_details(SC_HANDLE service,
                 const ServiceDescription& description,
                 std::vector<std::string>& warnings) {
  auto text = wide_from_utf8(description.description);
  SERVICE_DESCRIPTIONW words{text.data()};
  set_optional(service, SERVICE_CONFIG_DESCRIPTION, &words, "description", warnings);
  std::array<SC_ACTION, kRestartDelaysMs.size()> actions{};
  for (std::size_t i = 0; i < actions.size(); ++i) {
    actions[i] = {SC_ACTION_RESTART, kRestartDelaysMs[i]};
  }
  SERVICE_FAILURE_ACTIONSW failure{kResetFailuresAfterSeconds, nullptr, nullptr,
                                   static_cast<DWORD>(actions.size()), actions.data()};
  set_optional(service, SERVICE_CONFIG_FAILURE_ACTIONS, &failure, "failure actions", warnings);
  // Without the flag only a service that dies is restarted, not one that stops with an error.
  SERVICE_FAILURE_ACTIONS_FLAG on_errors{TRUE};
  set_optional(service, SERVICE_CONFIG_FAILURE_ACTIONS_FLAG, &on_errors, "failure actions flag",
               warnings);
  SERVICE_PRESHUTDOWN_INFO preshutdown{kPreshutdownMs};
  set_optional(service, SERVICE_CONFIG_PRESHUTDOWN_INFO, &preshutdown, "preshutdown time",
               warnings);
  SERVICE_SID_INFO sid{SERVICE_SID_TYPE_UNRESTRICTED};
  set_optional(service, SERVICE_CONFIG_SERVICE_SID_INFO, &sid, "own security identifier", warnings);
  SERVICE_DELAYED_AUTO_START_INFO delayed{FALSE};
  // Off is the default of a new service; a system that does not know the setting does not delay.
  (void)::ChangeServiceConfig2W(service, SERVICE_CONFIG_DELAYED_AUTO_START_INFO, &delayed);
}

/// One request to be told when a service stops or runs. The service manager tells by an APC, which
/// runs while this thread waits.
class StatusNotification {
 public:
  [[nodiscard]] static Result<StatusNotification> request(const std::string& name,
                                                          ServiceState wanted) {
    VIGIL_TRY_ASSIGN(const auto manager, open_manager(SC_MANAGER_CONNECT));
    StatusNotification notification;
    // A handle of its own: closing it takes the request back.
    notification.service_ = ServiceHandle(
        ::OpenServiceW(manager.get(), wide_from_utf8(name).c_str(), SERVICE_QUERY_STATUS));
    if (!notification.service_) return from_last_error(fmt::format("cannot open service {}", name));
    auto& request = *notification.request_;
    request.dwVersion = SERVICE_NOTIFY_STATUS_CHANGE;
    request.pfnNotifyCallback = [](void*) {};  // that it ran is all there is to know
    const DWORD mask = wanted == ServiceState::Running
                           ? SERVICE_NOTIFY_RUNNING | SERVICE_NOTIFY_STOPPED
                           : SERVICE_NOTIFY_STOPPED;
    const DWORD error = ::NotifyServiceStatusChangeW(notification.service_.get(), mask,
                                                     notification.request_.get());
    if (error != ERROR_SUCCESS) {
      return from_win32(error, fmt::format("cannot wait for service {}", name));
    }
    return notification;
  }
  StatusNotification(StatusNotification&&) noexcept = default;
  StatusNotification& operator=(StatusNotification&&) = delete;
  ~StatusNotification() {
    if (!request_) return;
    service_.reset();
    // An APC that is queued already still points at the request.
    ::SleepEx(0, TRUE);
  }

  /// Until the notification comes, the service's process ends (some service managers do not
  /// notice), or the time is over.
  void wait(ProcessId pid, DWORD milliseconds) const {
    const KernelHandle process(::OpenProcess(SYNCHRONIZE, FALSE, pid.value));
    if (process) {
      ::WaitForSingleObjectEx(process.get(), milliseconds, TRUE);
    } else {
      ::SleepEx(milliseconds, TRUE);
    }
  }

 private:
  StatusNotification() : request_(std::make_unique<SERVICE_NOTIFYW>()) {}
  std::unique_ptr<SERVICE_NOTIFYW> request_;
  ServiceHandle service_;
};

}  // namespace

Result<InstallOutcome> install_service(const ServiceDescription& description) {
  VIGIL_TRY_ASSIGN(const auto manager,
                   open_manager(SC_MANAGER_CONNECT | SC_MANAGER_CREATE_SERVICE));
  InstallOutcome outcome;
  VIGIL_TRY_ASSIGN(const auto service,
                   create_or_update(manager.get(), description, outcome.created));
  set_details(service.get(), description, outcome.warnings);
  return outcome;
}

Result<Service> Service::open(std::string_view name, std::uint32_t access) {
  VIGIL_TRY_ASSIGN(const auto manager, open_manager(SC_MANAGER_CONNECT));
  ServiceHandle handle(::OpenServiceW(manager.get(), wide_from_utf8(name).c_str(), access));
  if (!handle) return from_last_error(fmt::format("cannot open service {}", name));
  return Service(std::move(handle), std::string(name));
}

Result<ServiceStatus> Service::status() const {
  SERVICE_STATUS_PROCESS raw{};
  DWORD needed = 0;
  if (::QueryServiceStatusEx(handle_.get(), SC_STATUS_PROCESS_INFO, reinterpret_cast<LPBYTE>(&raw),
                             sizeof(raw), &needed) == FALSE) {
    return from_last_error(fmt::format("cannot ask for the state of service {}", name_));
  }
  return ServiceStatus{state_of(raw.dwCurrentState), ProcessId{raw.dwProcessId},
                       raw.dwWin32ExitCode, raw.dwServiceSpecificExitCode};
}

Status Service::start() const {
  if (::StartServiceW(handle_.get(), 0, nullptr) != FALSE ||
      ::GetLastError() == ERROR_SERVICE_ALREADY_RUNNING) {
    return {};
  }
  return from_last_error(fmt::format("cannot start service {}", name_));
}

Status Service::request_stop() const {
  SERVICE_STATUS status{};
  if (::ControlService(handle_.get(), SERVICE_CONTROL_STOP, &status) != FALSE ||
      ::GetLastError() == ERROR_SERVICE_NOT_ACTIVE) {
    return {};
  }
  return from_last_error(fmt::format("cannot stop service {}", name_));
}

Status Service::remove() const {
  if (::DeleteService(handle_.get()) != FALSE ||
      ::GetLastError() == ERROR_SERVICE_MARKED_FOR_DELETE) {
    return {};
  }
  return from_last_error(fmt::format("cannot remove service {}", name_));
}

Result<ServiceStatus> Service::wait_for(ServiceState wanted,
                                        std::chrono::milliseconds patience) const {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (;;) {
    VIGIL_TRY_ASSIGN(const auto now, status());
    if (now.state == ServiceState::Running && wanted == ServiceState::Running) return now;
    if (now.state == ServiceState::Stopped) return now;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
      return Error{Errc::Busy, fmt::format("service {} has not {} within {} s", name_,
                                           wanted == ServiceState::Running ? "started" : "stopped",
                                           patience.count() / 1000)};
    }
    VIGIL_TRY_ASSIGN(const auto notification, StatusNotification::request(name_, wanted));
    notification.wait(now.pid, static_cast<DWORD>(left.count()));
  }
}

}  // namespace vigil::platform
