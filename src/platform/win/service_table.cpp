// SPDX-License-Identifier: Apache-2.0
#include "platform/win/service_table.h"

#include <windows.h>

#include <array>
#include <span>

#include "platform/win/service_control.h"
#include "platform/win/text.h"
#include "platform/win/win_error.h"

namespace vigil::platform {
namespace {

/// The most that the service manager gives at once.
constexpr DWORD kBufferBytes = 256 * 1024;

/// Calls \p use with each service that is in one of \p states.
template <class Use>
Status for_each_service(DWORD states, const Use& use) {
  const ServiceHandle manager(::OpenSCManagerW(nullptr, nullptr, SC_MANAGER_ENUMERATE_SERVICE));
  if (!manager) return from_last_error("cannot ask the service manager");
  std::vector<std::byte> buffer(kBufferBytes);
  DWORD resume = 0;
  for (;;) {
    DWORD needed = 0, count = 0;
    const BOOL all = ::EnumServicesStatusExW(manager.get(), SC_ENUM_PROCESS_INFO, SERVICE_WIN32,
                                             states, reinterpret_cast<BYTE*>(buffer.data()),
                                             kBufferBytes, &needed, &count, &resume, nullptr);
    if (all == FALSE && ::GetLastError() != ERROR_MORE_DATA)
      return from_last_error("cannot list the services");
    const auto* first = reinterpret_cast<const ENUM_SERVICE_STATUS_PROCESSW*>(buffer.data());
    for (const auto& service : std::span(first, count)) use(service);
    if (all != FALSE || count == 0) return {};
  }
}

bool is_troubled(const SERVICE_STATUS_PROCESS& status) {
  if (status.dwCurrentState == SERVICE_RUNNING) return false;
  if (status.dwCurrentState != SERVICE_STOPPED) return true;
  // One that nobody has started says so with an error.
  return status.dwWin32ExitCode != NO_ERROR &&
         status.dwWin32ExitCode != ERROR_SERVICE_NEVER_STARTED;
}

}  // namespace

Result<std::vector<ServiceRow>> read_service_rows() {
  std::vector<ServiceRow> rows;
  VIGIL_TRY(for_each_service(SERVICE_ACTIVE, [&](const ENUM_SERVICE_STATUS_PROCESSW& service) {
    const auto& status = service.ServiceStatusProcess;
    rows.push_back({ProcessId{status.dwProcessId}, utf8_from_wide(service.lpServiceName),
                    status.dwCurrentState, status.dwCheckPoint,
                    std::chrono::milliseconds(status.dwWaitHint)});
  }));
  return rows;
}

Result<std::vector<TroubledService>> troubled_services(std::size_t limit) {
  std::vector<TroubledService> found;
  const auto take = [&](const ENUM_SERVICE_STATUS_PROCESSW& service) {
    const auto& status = service.ServiceStatusProcess;
    if (found.size() == limit || !is_troubled(status)) return;
    const bool stopped = status.dwCurrentState == SERVICE_STOPPED;
    found.push_back({utf8_from_wide(service.lpServiceName), status.dwCurrentState,
                     stopped ? status.dwWin32ExitCode : 0});
  };
  VIGIL_TRY(for_each_service(SERVICE_STATE_ALL, take));
  return found;
}

Result<ServiceTable> read_service_table() {
  VIGIL_TRY_ASSIGN(const auto rows, read_service_rows());
  ServiceTable table;
  for (const auto& row : rows) {
    if (row.pid != ProcessId{}) table[row.pid].push_back(row.name);
  }
  return table;
}

std::string service_key(std::string_view display_name) {
  constexpr DWORD kMaxKeyUnits = 257;  // 256 characters and the zero behind them
  const ServiceHandle manager(::OpenSCManagerW(nullptr, nullptr, SC_MANAGER_CONNECT));
  if (!manager) return {};
  std::array<wchar_t, kMaxKeyUnits> key{};
  DWORD units = kMaxKeyUnits;
  if (::GetServiceKeyNameW(manager.get(), wide_from_utf8(display_name).c_str(), key.data(),
                           &units) == FALSE)
    return {};
  return utf8_from_wide(key.data());
}

}  // namespace vigil::platform
