// SPDX-License-Identifier: Apache-2.0
#include "capture/selection.h"

#include <algorithm>
#include <limits>

#include "capture/ranges.h"

namespace vigil::capture {
namespace {

// winnt.h, named here so that the arithmetic can be tested on any system.
constexpr std::uint32_t kMemCommit = 0x1000;
constexpr std::uint32_t kPageNoAccess = 0x01;
constexpr std::uint32_t kPageGuard = 0x100;

/// A stack pointer outside of its thread's stack: how much to take of what is there.
constexpr std::uint64_t kForeignStackBytes = 64 << 10;

constexpr std::uint64_t kLastAddress = std::numeric_limits<std::uint64_t>::max();

/// From \p before bytes in front of \p center to \p behind bytes behind it, without wrapping.
MemoryRange around(std::uint64_t center, std::uint64_t before, std::uint64_t behind) {
  const auto from = center > before ? center - before : 0;
  const auto to = center < kLastAddress - behind ? center + behind : kLastAddress;
  return between(from, to);
}

/// The piece of \p within that holds \p address, from there on.
MemoryRange rest_from(std::uint64_t address, std::span<const MemoryRange> within) {
  const auto above = std::ranges::upper_bound(within, address, {}, &MemoryRange::base);
  if (above == within.begin()) return {};
  const auto& piece = *std::prev(above);
  return between(address, piece.end());
}

/// The part around the stack pointer first, then the far end of a deep stack.
std::vector<MemoryRange> stack_ranges(const StackFacts& stack) {
  const auto start =
      stack.stack_pointer > kBelowStackPointer ? stack.stack_pointer - kBelowStackPointer : 0;
  const bool inside = stack.stack_pointer >= stack.limit && stack.stack_pointer < stack.base;
  if (!inside) {
    const auto top = stack.base > kForeignStackBytes ? stack.base - kForeignStackBytes : 0;
    return {around(start, 0, kForeignStackBytes), between(std::max(top, stack.limit), stack.base)};
  }
  if (stack.base - start <= kMaxStackBytes) return {between(start, stack.base)};
  return {between(start, start + kMaxStackBytes - kOuterStackBytes),
          between(stack.base - kOuterStackBytes, stack.base)};
}

}  // namespace

bool RegionRecord::readable() const noexcept {
  return state == kMemCommit && protect != 0 && (protect & (kPageNoAccess | kPageGuard)) == 0;
}

bool RegionRecord::executable() const noexcept {
  constexpr std::uint32_t kPageExecute = 0x10 | 0x20 | 0x40 | 0x80;
  return (protect & kPageExecute) != 0;
}

std::vector<MemoryRange> select_full(std::span<const RegionRecord> regions) {
  std::vector<MemoryRange> ranges;
  for (const auto& region : regions) {
    if (region.readable()) ranges.push_back({region.base, region.size});
  }
  return merged(std::move(ranges));
}

MemoryRange live_stack(const StackFacts& stack, std::span<const MemoryRange> full) {
  const auto rest = rest_from(stack.stack_pointer, full);
  return stack.base > stack.stack_pointer ? between(rest.base, std::min(rest.end(), stack.base))
                                          : rest;
}

Selection select_mini(const MiniRequest& request, std::span<const RegionRecord> regions) {
  const auto readable = without(select_full(regions), merged(request.withheld));
  std::vector<MemoryRange> wanted;
  for (const auto& range : request.whole) add_clipped(range, readable, wanted);
  for (const auto pointer : request.pointers) {
    add_clipped(around(pointer, kBeforePointer, kBehindPointer), readable, wanted);
  }
  for (const auto& stack : request.stacks) {
    add_clipped(around(stack.instruction, kAroundInstruction, kAroundInstruction), readable,
                wanted);
  }
  const auto before_stacks = wanted.size();
  Selection result;
  result.stacks.resize(request.stacks.size());
  auto taken = total_of(wanted);
  const auto take_stack = [&](std::size_t index) {
    const auto& stack = request.stacks[index];
    std::vector<MemoryRange> parts;
    for (const auto& range : stack_ranges(stack)) add_clipped(range, readable, parts);
    const auto size = total_of(parts);
    if (taken > kMaxMiniBytes || size > kMaxMiniBytes - taken) {
      result.left_out_bytes += size;
      return;
    }
    taken += size;
    wanted.insert(wanted.end(), parts.begin(), parts.end());
    for (const auto& part : parts) {
      const bool holds_pointer =
          stack.stack_pointer >= part.base && stack.stack_pointer - part.base < part.size;
      if (holds_pointer) result.stacks[index] = between(stack.stack_pointer, part.end());
    }
  };
  if (request.first_stack < request.stacks.size()) take_stack(request.first_stack);
  for (std::size_t i = 0; i < request.stacks.size(); ++i) {
    if (i != request.first_stack) take_stack(i);
  }
  result.memory = merged(wanted);
  // Stacks stand at the end of it, in the order in which they were taken.
  const auto stacks = wanted.begin() + static_cast<std::ptrdiff_t>(before_stacks);
  result.by_worth.assign(stacks, wanted.end());
  result.by_worth.insert(result.by_worth.end(), wanted.begin(), stacks);
  return result;
}

}  // namespace vigil::capture
