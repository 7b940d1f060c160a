// SPDX-License-Identifier: Apache-2.0
#include "capture/ranges.h"

#include <algorithm>

namespace vigil::capture {

std::vector<MemoryRange> merged(std::vector<MemoryRange> ranges) {
  std::ranges::sort(ranges, {}, &MemoryRange::base);
  std::vector<MemoryRange> result;
  for (const auto& range : ranges) {
    if (range.size == 0) continue;
    if (!result.empty() && range.base <= result.back().end()) {
      result.back().size = std::max(result.back().end(), range.end()) - result.back().base;
    } else {
      result.push_back(range);
    }
  }
  return result;
}

void add_clipped(const MemoryRange& range,
                 std::span<const MemoryRange> within,
                 std::vector<MemoryRange>& out) {
  auto piece = std::ranges::upper_bound(within, range.base, {}, &MemoryRange::base);
  if (piece != within.begin()) --piece;
  for (; piece != within.end() && piece->base < range.end(); ++piece) {
    const auto part =
        between(std::max(piece->base, range.base), std::min(piece->end(), range.end()));
    if (part.size != 0) out.push_back(part);
  }
}

std::vector<MemoryRange> without(std::span<const MemoryRange> ranges,
                                 std::span<const MemoryRange> holes) {
  std::vector<MemoryRange> result;
  for (const auto& range : ranges) {
    auto from = range.base;
    auto hole = std::ranges::upper_bound(holes, from, {}, &MemoryRange::end);
    for (; hole != holes.end() && hole->base < range.end(); ++hole) {
      if (hole->base > from) result.push_back(between(from, hole->base));
      from = std::min(hole->end(), range.end());
    }
    if (from < range.end()) result.push_back(between(from, range.end()));
  }
  return result;
}

std::uint64_t total_of(std::span<const MemoryRange> ranges) {
  std::uint64_t total = 0;
  for (const auto& range : ranges) total += range.size;
  return total;
}

}  // namespace vigil::capture
