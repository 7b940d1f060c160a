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

}  // namespace

Result<std::vector<ServiceRow>> read_service_rows() {
  const ServiceHandle manager(::OpenSCManagerW(nullptr, nullptr, SC_MANAGER_ENUMERATE_SERVICE));
  if (!manager) return from_last_error("cannot ask the service manager");
  std::vector<ServiceRow> rows;
  std::vector<std::byte> buffer(kBufferBytes);
  DWORD resume = 0;
  for (;;) {
    DWORD needed = 0, count = 0;
    const BOOL all = ::EnumServicesStatusExW(manager.get(), SC_ENUM_PROCESS_INFO, SERVICE_WIN32,
                                             SERVICE_ACTIVE, reinterpret_cast<BYTE*>(buffer.data()),
                                             kBufferBytes, &needed, &count, &resume, nullptr);
    if (all == FALSE && ::GetLastError() != ERROR_MORE_DATA)
      return from_last_error("cannot list the services");
    const auto* first = reinterpret_cast<const ENUM_SERVICE_STATUS_PROCESSW*>(buffer.data());
    for (const auto& service : std::span(first, count)) {
      const auto& status = service.ServiceStatusProcess;
      rows.push_back({ProcessId{status.dwProcessId}, utf8_from_wide(service.lpServiceName),
                      status.dwCurrentState, status.dwCheckPoint,
                      std::chrono::milliseconds(status.dwWaitHint)});
    }
    if (all != FALSE || count == 0) return rows;
  }
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
