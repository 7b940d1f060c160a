// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <ctime>
#include <fstream>
#include <limits>
#include <string>

#include "platform/platform.h"

namespace vigil::platform {

std::chrono::nanoseconds thread_processor_time() {
  timespec now{};
  if (::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) != 0) return {};
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

/// From the line `MemAvailable:  12345678 kB` of /proc/meminfo (proc(5)).
std::uint64_t available_memory_bytes() {
  constexpr std::uint64_t kKibibyte = 1024;
  std::ifstream file("/proc/meminfo");
  for (std::string key; file >> key;
       file.ignore(std::numeric_limits<std::streamsize>::max(), '\n')) {
    std::uint64_t kibibytes = 0;
    if (key == "MemAvailable:" && file >> kibibytes) return kibibytes * kKibibyte;
  }
  return 0;
}

}  // namespace vigil::platform
