// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "capture/dump_content.h"
#include "capture/target_memory.h"

namespace vigil::capture {

/// Where a process died, without symbols: `c0000005|orders.dll+1a2b`. A fault inside of Windows'
/// own modules (a raised exception, a damaged heap, an end by its own hand) is laid to the
/// innermost caller outside of them, found on the stack by the call instruction in front of its
/// return address; without one, to the fault's own address. `c0000005|?` when that is in no module.
[[nodiscard]] std::string fault_key(TargetMemory& memory,
                                    std::span<const ModuleRecord> modules,
                                    std::uint32_t code,
                                    std::uint64_t address,
                                    std::uint64_t stack_pointer);

}  // namespace vigil::capture
