// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <ctime>

#include <unistd.h>

#include "platform/platform.h"

namespace vigil::platform {

std::chrono::nanoseconds thread_processor_time() {
  timespec now{};
  if (::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) != 0) return {};
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

std::uint64_t physical_memory_bytes() {
  const auto pages = ::sysconf(_SC_PHYS_PAGES), page_bytes = ::sysconf(_SC_PAGESIZE);
  if (pages <= 0 || page_bytes <= 0) return 0;
  return static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page_bytes);
}

}  // namespace vigil::platform
