// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

#include "base/time.h"

namespace vigil::service {

/// What no clock that is set can change.
inline Microseconds uptime() {
  return std::chrono::duration_cast<Microseconds>(
      std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace vigil::service
