// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <string>

#include <fmt/format.h>
#include <windows.h>

#include "base/utf.h"
#include "commands.h"
#include "platform/platform.h"
#include "platform/win/event_log.h"
#include "platform/win/service_control.h"
#include "settings/settings.h"
#include "watch/win/aedebug_registry.h"
#include "wer/win/local_dumps_registry.h"

namespace vigil::cli {
namespace {

/// Talk, a line of it.
void tell(std::string_view line) {
  say(fmt::format("vigil: {}\n", printable_utf8(line)));
}

using platform::Service;
using platform::ServiceState;

constexpr std::string_view kServiceName = "Vigil";
/// A store that was not closed well is checked first, which takes a moment.
constexpr std::chrono::seconds kStartPatience{60};
constexpr std::chrono::seconds kStopPatience{30};
/// What a stopped service's win32 exit code says when its own exit code counts.
constexpr std::uint32_t kServiceSpecific = ERROR_SERVICE_SPECIFIC_ERROR;

/// `vigil service …` has one more word for what everybody meets first: no rights.
ExitCode failed(const Error& error) {
  if (error.code() == Errc::AccessDenied) {
    tell(fmt::format("{}; run this as administrator", error.message()));
    return ExitCode::Denied;
  }
  if (error.code() == Errc::NotFound && error.os_code() == ERROR_SERVICE_DOES_NOT_EXIST) {
    tell("the service is not installed; 'vigil service install' does it");
    return ExitCode::ServiceNotRunning;
  }
  return report_error(error);
}

Result<platform::ServiceDescription> describe(const Context& context) {
  VIGIL_TRY_ASSIGN(const auto self, platform::current_program());
  platform::ServiceDescription description;
  description.name = kServiceName;
  description.display_name = "Vigil";
  description.description =
      "Notices when a process crashes or exits badly, and keeps what happened.";
  description.program = self.parent_path() / L"vigil-service.exe";
  std::error_code error;
  if (!std::filesystem::is_regular_file(description.program, error)) {
    return Error{Errc::NotFound, fmt::format("{} is missing; install Vigil again",
                                             utf8_from_path(description.program))};
  }
  VIGIL_TRY_ASSIGN(const auto usual, platform::default_data_folder());
  if (context.data_folder != usual) {
    description.arguments = {"--data",
                             utf8_from_path(std::filesystem::absolute(context.data_folder))};
  }
  return description;
}

/// Why a service that should run does not.
ExitCode did_not_start(const platform::ServiceStatus& status, const Context& context) {
  const auto code = status.win32_exit_code == kServiceSpecific ? status.service_exit_code
                                                               : status.win32_exit_code;
  tell(fmt::format("the service stopped at its start with code {}; {} says why", code,
                   utf8_from_path(context.data_folder / "logs" / "vigil.log")));
  return ExitCode::ServiceNotRunning;
}

ExitCode start_and_wait(const Service& service, const Context& context) {
  tell("starting the service …");
  if (const auto started = service.start(); !started.ok()) return failed(started.error());
  const auto status = service.wait_for(ServiceState::Running, kStartPatience);
  if (!status.ok()) return failed(status.error());
  if (status->state != ServiceState::Running) return did_not_start(*status, context);
  tell("the service runs");
  return ExitCode::Ok;
}

ExitCode stop_and_wait(const Service& service) {
  auto status = service.status();
  if (!status.ok()) return failed(status.error());
  if (status->state == ServiceState::Stopped) {
    tell("the service is stopped");
    return ExitCode::Ok;
  }
  tell("stopping the service …");
  if (const auto stopped = service.request_stop(); !stopped.ok()) return failed(stopped.error());
  status = service.wait_for(ServiceState::Stopped, kStopPatience);
  if (!status.ok()) return failed(status.error());
  tell("the service has stopped");
  return ExitCode::Ok;
}

}  // namespace

ExitCode run_service_install(const Context& context, const ServiceOptions& options) {
  const auto description = describe(context);
  if (!description.ok()) return failed(description.error());
  const auto installed = platform::install_service(*description);
  if (!installed.ok()) return failed(installed.error());
  for (const auto& warning : installed->warnings) tell(fmt::format("warning: {}", warning));
  if (const auto events = platform::register_event_source(kServiceName); !events.ok()) {
    tell(fmt::format("warning: {}", events.error().message()));
  }
  tell(fmt::format("the service is {}: {}",
                   installed->created ? "installed" : "installed already and up to date",
                   utf8_from_path(description->program)));
  if (options.no_start) return ExitCode::Ok;
  return run_service_start(context, options);
}

/// Puts back what the registry said before the service changed it.
Status restore_registry(const Context& context) {
  VIGIL_TRY_ASSIGN(const bool debugger, watch::restore_system_aedebug());
  if (debugger) tell("the AeDebug debugger is again what it was before");
  const auto inbox = settings::DataPaths{context.data_folder}.inbox();
  VIGIL_TRY_ASSIGN(const auto dumps, wer::keep_system_in_step({}, utf8_from_path(inbox)));
  if (!dumps.restored.empty())
    tell("Windows Error Reporting is told again what it was told before");
  return {};
}

ExitCode run_service_uninstall(const Context& context, const ServiceOptions&) {
  const auto service = Service::open(kServiceName, SERVICE_STOP | SERVICE_QUERY_STATUS | DELETE);
  if (!service.ok() && service.error().os_code() == ERROR_SERVICE_DOES_NOT_EXIST) {
    tell("the service is not installed");
  } else if (!service.ok()) {
    return failed(service.error());
  } else {
    if (const auto stopped = stop_and_wait(*service); stopped != ExitCode::Ok) return stopped;
    if (const auto removed = service->remove(); !removed.ok()) return failed(removed.error());
    tell("the service is removed; settings, rules, dumps and the store stay where they are");
  }
  if (const auto restored = restore_registry(context); !restored.ok())
    return failed(restored.error());
  if (const auto events = platform::unregister_event_source(kServiceName); !events.ok()) {
    tell(fmt::format("warning: {}", events.error().message()));
  }
  return ExitCode::Ok;
}

ExitCode run_service_start(const Context& context, const ServiceOptions&) {
  const auto service = Service::open(kServiceName, SERVICE_START | SERVICE_QUERY_STATUS);
  if (!service.ok()) return failed(service.error());
  return start_and_wait(*service, context);
}

ExitCode run_service_stop(const Context&, const ServiceOptions&) {
  const auto service = Service::open(kServiceName, SERVICE_STOP | SERVICE_QUERY_STATUS);
  if (!service.ok()) return failed(service.error());
  return stop_and_wait(*service);
}

}  // namespace vigil::cli
