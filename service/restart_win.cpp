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
  ProcessId pid;  ///< Of the process that the capture is of.
  milliseconds timeout{};
};

Result<Request> read_request() {
  std::string text;
  for (char c = '\0'; text.size() < kMaxInputBytes && std::cin.get(c);) text += c;
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("service") || !json["service"].is_string() ||
      !json.contains("pid") || !json["pid"].is_number_unsigned() || !json.contains("timeout_us") ||
      !json["timeout_us"].is_number_integer()) {
    return Error{Errc::Malformed, "standard input has no service to restart"};
  }
  return Request{json["service"], ProcessId{json["pid"].get<std::uint32_t>()},
                 std::chrono::duration_cast<milliseconds>(
                     Microseconds(json["timeout_us"].get<std::int64_t>()))};
}

/// Ends the process of a service that does not stop: only one that runs no other service, and that
/// Windows can live without.
Status end_process(const Service& service, ProcessId pid) {
  VIGIL_TRY_ASSIGN(const bool alone, service.runs_alone());
  if (!alone)
    return Error{Errc::AccessDenied, "it does not stop, and its process runs other services too"};
  platform::KernelHandle process(
      ::OpenProcess(PROCESS_TERMINATE | PROCESS_QUERY_LIMITED_INFORMATION, FALSE, pid.value));
  if (!process) return platform::from_last_error("it does not stop, and cannot be ended");
  if (platform::is_marked_critical(process.get()))
    return Error{Errc::AccessDenied, "it does not stop, and Windows cannot live without it"};
  if (::TerminateProcess(process.get(), ERROR_SERVICE_REQUEST_TIMEOUT) == FALSE)
    return platform::from_last_error("it does not stop, and cannot be ended");
  return {};
}

Result<std::string> restart(const Request& request) {
  if (request.service == kServiceName)
    return Error{Errc::AccessDenied, "Vigil does not restart itself"};
  VIGIL_TRY_ASSIGN(const auto service,
                   Service::open(request.service, SERVICE_QUERY_STATUS | SERVICE_QUERY_CONFIG |
                                                      SERVICE_START | SERVICE_STOP));
  VIGIL_TRY_ASSIGN(auto status, service.status());
  std::string how = "started";
  if (status.state != ServiceState::Stopped) {
    // Its service manager, or somebody, was faster.
    if (status.pid != request.pid) return fmt::format("{} runs again already", request.service);
    how = "stopped and started";
    // One that takes no orders now does not stop by itself either.
    (void)service.request_stop();
    const auto stopped = service.wait_for(ServiceState::Stopped, request.timeout);
    if (!stopped.ok() || stopped->state != ServiceState::Stopped) {
      VIGIL_TRY(end_process(service, request.pid));
      how = "ended and started";
      VIGIL_TRY_ASSIGN(status, service.wait_for(ServiceState::Stopped, kGone));
    }
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
