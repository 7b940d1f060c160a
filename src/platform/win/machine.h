// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace vigil::platform {

/// Logical processors of this machine, of all groups.
[[nodiscard]] std::uint32_t processor_count();

/// As people call it: `SRV-1`.
[[nodiscard]] std::string machine_name();

/// In bytes.
struct MachineMemory {
  std::uint64_t physical_total = 0, physical_available = 0;
  std::uint64_t commit_total = 0, commit_limit = 0;
};
[[nodiscard]] Result<MachineMemory> machine_memory();

}  // namespace vigil::platform
