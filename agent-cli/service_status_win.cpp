// SPDX-License-Identifier: Apache-2.0
#include "service_status.h"

#include <fmt/format.h>

#include "platform/win/service_control.h"

namespace vigil::cli {
namespace {

constexpr const char* kServiceName = "Vigil";

std::string_view words_for(platform::ServiceState state) {
  switch (state) {
    case platform::ServiceState::Stopped: return "stopped";
    case platform::ServiceState::StartPending: return "starting";
    case platform::ServiceState::StopPending: return "stopping";
    case platform::ServiceState::Running: return "running";
    case platform::ServiceState::Other: return "in another state";
  }
  return "in another state";
}

Result<ServiceStatus> query() {
  const auto service = platform::Service::open(kServiceName, SERVICE_QUERY_STATUS);
  if (!service.ok() && service.error().code() == Errc::NotFound)
    return ServiceStatus{false, "not installed"};
  if (!service.ok()) return service.error();
  VIGIL_TRY_ASSIGN(const auto status, service->status());
  ServiceStatus result;
  result.running = status.state == platform::ServiceState::Running;
  result.words = words_for(status.state);
  if (status.pid.value != 0) result.words += fmt::format(" (pid {})", status.pid.value);
  return result;
}

}  // namespace

std::optional<Result<ServiceStatus>> query_service() {
  return query();
}

}  // namespace vigil::cli
