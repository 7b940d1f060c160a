// SPDX-License-Identifier: Apache-2.0
#include <ctime>

#include "platform/platform.h"

namespace vigil::platform {

std::chrono::nanoseconds thread_processor_time() {
  timespec now{};
  if (::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) != 0) return {};
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

}  // namespace vigil::platform
