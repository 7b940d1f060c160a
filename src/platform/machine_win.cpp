// SPDX-License-Identifier: Apache-2.0
#include <cstdint>

#include <windows.h>

#include "platform/platform.h"

namespace vigil::platform {
namespace {

std::chrono::nanoseconds duration_of(const FILETIME& time) {
  constexpr std::int64_t kNanosecondsPerTick = 100;
  const auto ticks = (std::uint64_t{time.dwHighDateTime} << 32U) | time.dwLowDateTime;
  return std::chrono::nanoseconds(static_cast<std::int64_t>(ticks) * kNanosecondsPerTick);
}

}  // namespace

std::chrono::nanoseconds thread_processor_time() {
  FILETIME created{}, ended{}, kernel{}, user{};
  if (::GetThreadTimes(::GetCurrentThread(), &created, &ended, &kernel, &user) == FALSE) return {};
  return duration_of(kernel) + duration_of(user);
}

std::uint64_t available_memory_bytes() {
  MEMORYSTATUSEX status{};
  status.dwLength = sizeof status;
  return ::GlobalMemoryStatusEx(&status) == FALSE ? 0 : status.ullAvailPhys;
}

}  // namespace vigil::platform
