// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "base/diagnostics.h"
#include "capture/dump_content.h"
#include "capture/selection.h"
#include "capture/win/target_process.h"
#include "rules/rules.h"

namespace vigil::capture {

/// Besides what stands in the content: how to read it.
struct ChosenMemory {
  std::vector<MemoryRange> by_worth{};  ///< What is read first when there may be no time for all.
  /// For a dump without secrets: what holds values, and what they may point into to be kept.
  std::vector<MemoryRange> filtered{};
  std::vector<MemoryRange> kept{};
};

/// Fills in \p content's memory and where in it the stacks of its threads are, of which it has all
/// else. \p stacks: in the order of its threads.
[[nodiscard]] ChosenMemory choose_memory(const TargetProcess& process,
                                         rules::DumpKind kind,
                                         const std::vector<StackFacts>& stacks,
                                         DumpContent& content,
                                         Diagnostics& diagnostics);

}  // namespace vigil::capture
