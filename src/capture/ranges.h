// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "capture/dump_content.h"

/// Arithmetic over ranges of memory.
namespace vigil::capture {

/// Empty where \p to is not behind \p from.
[[nodiscard]] inline MemoryRange between(std::uint64_t from, std::uint64_t to) {
  return {from, to > from ? to - from : 0};
}

/// Sorted, and those that touch or overlap made one.
[[nodiscard]] std::vector<MemoryRange> merged(std::vector<MemoryRange> ranges);

/// Adds the parts of \p range inside of \p within, which is merged.
void add_clipped(const MemoryRange& range,
                 std::span<const MemoryRange> within,
                 std::vector<MemoryRange>& out);

/// \p ranges without \p holes; both merged.
[[nodiscard]] std::vector<MemoryRange> without(std::span<const MemoryRange> ranges,
                                               std::span<const MemoryRange> holes);

[[nodiscard]] std::uint64_t total_of(std::span<const MemoryRange> ranges);

}  // namespace vigil::capture
