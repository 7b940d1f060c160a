// SPDX-License-Identifier: Apache-2.0
// The child that restarts a service: the service manager may let it wait.
#include <windows.h>

#include <chrono>
#include <iostream>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/exit_code.h"
#include "base/utf.h"
#include "host.h"
#include "options.h"
#include "platform/win/handle.h"
#include "platform/win/processes.h"
#include "platform/win/service_control.h"
#include "platform/win/service_table.h"
#include "platform/win/win_error.h"

namespace vigil::service {
namespace {

using platform::Service;
using platform::ServiceState;
using std::chrono::milliseconds;

constexpr std::size_t kMaxInputBytes = 64 * 1024;
/// For a process that was ended to be gone, and for one that was started to say so.
constexpr milliseconds kGone{10'000}, kStarted{40'000};

struct Request {
  std::string service;
  ProcessKey process;  ///< That the capture is of.
  milliseconds timeout{};
};

Result<Request> read_request() {
  std::string text;
  for (char c = '\0'; text.size() < kMaxInputBytes && std::cin.get(c);) text += c;
  const auto json = nlohmann::json::parse(text, nullptr, false);
  const auto has_number = [&](const char* name) {
    return json.contains(name) && json[name].is_number_integer();
  };
  if (!json.is_object() || !json.contains("service") || !json["service"].is_string() ||
      !has_number("pid") || !has_number("start_us") || !has_number("timeout_us")) {
    return Error{Errc::Malformed, "standard input has no service to restart"};
  }
  return Request{json["service"],
                 {ProcessId{json["pid"].get<std::uint32_t>()},
                  Timestamp{json["start_us"].get<std::int64_t>()}},
                 std::chrono::duration_cast<milliseconds>(
                     Microseconds(json["timeout_us"].get<std::int64_t>()))};
}

/// The very process, held so that its id is given to no other; null: it is gone.
platform::KernelHandle hold(const ProcessKey& key) {
  platform::KernelHandle process(::OpenProcess(
      PROCESS_TERMINATE | PROCESS_QUERY_LIMITED_INFORMATION | SYNCHRONIZE, FALSE, key.pid.value));
  if (!process) return {};
  const auto start = platform::creation_time(process.get());
  return start.ok() && *start == key.start ? std::move(process) : platform::KernelHandle();
}

/// Ends the process of a service that does not stop: only one that runs no other service, and that
/// Windows can live without.
Status end_process(const Service& service, HANDLE process, ProcessId pid) {
  VIGIL_TRY_ASSIGN(const auto status, service.status());
  if (status.pid != pid) return {};  // it has stopped after all
  VIGIL_TRY_ASSIGN(const auto services, platform::read_service_table());
  const auto found = services.find(pid);
  if (found == services.end() || found->second.size() != 1)
    return Error{Errc::AccessDenied, "it does not stop, and its process runs other services too"};
  if (platform::is_marked_critical(process))
    return Error{Errc::AccessDenied, "it does not stop, and Windows cannot live without it"};
  if (::TerminateProcess(process, ERROR_SERVICE_REQUEST_TIMEOUT) == FALSE)
    return platform::from_last_error("it does not stop, and cannot be ended");
  return {};
}

/// Until the service has stopped, whatever it takes; in a few words, how.
Result<std::string> stop(const Service& service, const Request& request, HANDLE process) {
  const auto asked = service.request_stop();
  if (!asked.ok() && asked.error().os_code() == ERROR_DEPENDENT_SERVICES_RUNNING)
    return Error{Errc::AccessDenied, "other services that run depend on it"};
  // One that takes no orders now, as while it stops, may still stop in time.
  const auto stopped = service.wait_for(ServiceState::Stopped, request.timeout);
  if (stopped.ok() && stopped->state == ServiceState::Stopped)
    return std::string("stopped and started");
  if (!stopped.ok() && stopped.error().code() != Errc::Busy) return stopped.error();
  VIGIL_TRY(end_process(service, process, request.process.pid));
  VIGIL_TRY_ASSIGN(const auto ended, service.wait_for(ServiceState::Stopped, kGone));
  if (ended.state != ServiceState::Stopped)
    return Error{Errc::Busy, "its process was ended, and it has not stopped"};
  return std::string("ended and started");
}

Result<std::string> restart(const Request& request) {
  if (request.service == kServiceName)
    return Error{Errc::AccessDenied, "Vigil does not restart itself"};
  VIGIL_TRY_ASSIGN(
      const auto service,
      Service::open(request.service, SERVICE_QUERY_STATUS | SERVICE_START | SERVICE_STOP));
  VIGIL_TRY_ASSIGN(auto status, service.status());
  std::string how = "started";
  if (status.state != ServiceState::Stopped) {
    const auto process = hold(request.process);
    // Its service manager, or somebody, was faster.
    if (status.pid != request.process.pid || !process)
      return fmt::format("{} {}", request.service, kRunsAgain);
    VIGIL_TRY_ASSIGN(how, stop(service, request, process.get()));
  }
  VIGIL_TRY(service.start());
  VIGIL_TRY_ASSIGN(status, service.wait_for(ServiceState::Running, kStarted));
  if (status.state != ServiceState::Running)
    return Error{Errc::Io, fmt::format("{} was {} and has stopped again", request.service, how)};
  return fmt::format("{} was {}", request.service, how);
}

}  // namespace

ExitCode run_restart() {
  const auto request = read_request();
  const auto done = request.ok() ? restart(*request) : Result<std::string>(request.error());
  if (done.ok()) {
    fmt::print("{}\n", *done);
    return ExitCode::Ok;
  }
  fmt::print(stderr, "vigil-service: {}\n", done.error().message());
  return exit_code_for(done.error().code());
}

}  // namespace vigil::service
