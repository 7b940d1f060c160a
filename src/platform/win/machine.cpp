// SPDX-License-Identifier: Apache-2.0
#include "platform/win/machine.h"

#include <windows.h>

#include <psapi.h>

#include "platform/win/text.h"
#include "platform/win/win_error.h"

namespace vigil::platform {

std::uint32_t processor_count() {
  return ::GetActiveProcessorCount(ALL_PROCESSOR_GROUPS);
}

std::string machine_name() {
  std::wstring name(256, L'\0');
  auto size = static_cast<DWORD>(name.size());
  if (::GetComputerNameExW(ComputerNameDnsHostname, name.data(), &size) == FALSE) return "unknown";
  name.resize(size);
  return utf8_from_wide(name);
}

Result<MachineMemory> machine_memory() {
  PERFORMANCE_INFORMATION info{};
  if (::GetPerformanceInfo(&info, sizeof(info)) == FALSE)
    return from_last_error("cannot read how much memory is in use");
  const std::uint64_t page = info.PageSize;
  return MachineMemory{info.PhysicalTotal * page, info.PhysicalAvailable * page,
                       info.CommitTotal * page, info.CommitLimit * page};
}

}  // namespace vigil::platform
