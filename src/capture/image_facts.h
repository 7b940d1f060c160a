// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "capture/dump_content.h"
#include "capture/target_memory.h"

namespace vigil::capture {

/// Fills timestamp, checksum, CodeView record and version of \p module from its headers in the
/// target's memory. A damaged image leaves empty what it damages.
void read_image_facts(TargetMemory& memory, ModuleRecord& module);

/// The modules that the target's loader knows, in load order, without image facts. A damaged list
/// gives those before the damage, at most kMaxModules.
inline constexpr std::size_t kMaxModules = 4096;
[[nodiscard]] std::vector<ModuleRecord> read_loader_list(TargetMemory& memory, std::uint64_t peb);

}  // namespace vigil::capture
