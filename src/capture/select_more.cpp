// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <functional>
#include <map>

#include "base/minidump_type.h"
#include "capture/ranges.h"
#include "capture/selection.h"
#include "capture/target_memory.h"

namespace vigil::capture {
namespace {

namespace type = minidump_type;

// winnt.h, named here so that the arithmetic can be tested on any system.
constexpr std::uint32_t kMemPrivate = 0x2'0000;
constexpr std::uint32_t kMemImage = 0x100'0000;
constexpr std::uint32_t kWriteCopy = 0x08 | 0x80;
constexpr std::uint32_t kWrite = 0x04 | 0x40 | kWriteCopy;

bool is_private(const RegionRecord& region) {
  return region.type == kMemPrivate;
}
bool is_image(const RegionRecord& region) {
  return region.type == kMemImage;
}

bool is_wanted(rules::DumpKind kind, std::uint32_t mask, const RegionRecord& region) {
  if ((mask & type::kWithFullMemory) != 0) return true;
  const auto protect = region.protect;
  if (kind == rules::DumpKind::MiniPlus) return is_private(region) || (protect & kWrite) != 0;
  const auto asks = [&](std::uint32_t bit, bool fits) { return (mask & bit) != 0 && fits; };
  return asks(type::kWithPrivateReadWriteMemory, is_private(region) && (protect & kWrite) != 0) ||
         asks(type::kWithPrivateWriteCopyMemory, (protect & kWriteCopy) != 0) ||
         asks(type::kWithDataSegs, is_image(region) && (protect & kWrite) != 0) ||
         asks(type::kWithCodeSegs, is_image(region) && region.executable());
}

/// What one call has reserved, some of it maybe not committed.
struct Allocation {
  std::uint64_t size = 0;
  std::uint64_t committed = 0;
};

std::map<std::uint64_t, Allocation> private_allocations(std::span<const RegionRecord> regions) {
  std::map<std::uint64_t, Allocation> allocations;  // by base
  for (const auto& region : regions) {
    if (!is_private(region)) continue;
    auto& allocation = allocations[region.allocation_base];
    allocation.size += region.size;
    if (region.readable()) allocation.committed += region.size;
  }
  return allocations;
}

/// Says of a region whether it belongs to the largest private area; of none when that is small.
std::function<bool(const RegionRecord&)> in_largest_area(std::span<const RegionRecord> regions) {
  auto allocations = private_allocations(regions);
  std::map<std::uint64_t, std::uint64_t> areas;  // committed bytes, by the size of allocations
  for (const auto& [base, allocation] : allocations) areas[allocation.size] += allocation.committed;
  const auto largest =
      std::ranges::max_element(areas, {}, [](const auto& area) { return area.second; });
  if (largest == areas.end() || largest->second <= kMaxAreaBytes)
    return [](const RegionRecord&) { return false; };
  return [size = largest->first, allocations = std::move(allocations)](const RegionRecord& region) {
    const auto found = allocations.find(region.allocation_base);
    return is_private(region) && found != allocations.end() && found->second.size == size;
  };
}

/// Which addresses have been handed out; a process has many thousands of ranges.
class Taken {
 public:
  /// What of \p range is new goes to \p fresh.
  void add(const MemoryRange& range, std::vector<MemoryRange>& fresh) {
    auto from = range.base;
    while (from < range.end()) {
      const auto next = ends_.upper_bound(from);
      if (next != ends_.begin() && std::prev(next)->second > from) {
        from = std::prev(next)->second;
        continue;
      }
      const auto to = next == ends_.end() ? range.end() : std::min(next->first, range.end());
      fresh.push_back(between(from, to));
      ends_[from] = to;
      from = to;
    }
  }

 private:
  std::map<std::uint64_t, std::uint64_t> ends_;  // by base; none overlapping another
};

}  // namespace

MoreMemory select_more(rules::DumpKind kind,
                       std::uint32_t mask,
                       std::span<const RegionRecord> regions,
                       std::span<const ModuleRecord> modules) {
  MoreMemory result;
  std::function<bool(const RegionRecord&)> is_left_out;
  if (kind == rules::DumpKind::MiniPlus) is_left_out = in_largest_area(regions);
  std::vector<MemoryRange> wanted;
  for (const auto& region : regions) {
    if (!region.readable() || !is_wanted(kind, mask, region)) continue;
    if (is_left_out && is_left_out(region)) {
      result.left_out_bytes += region.size;
    } else {
      wanted.push_back({region.base, region.size});
    }
  }
  if ((mask & type::kWithModuleHeaders) != 0) {
    const auto readable = select_full(regions);
    for (const auto& module : modules) add_clipped({module.base, kPageBytes}, readable, wanted);
  }
  result.memory = merged(std::move(wanted));
  return result;
}

MemoryRange head_within(const MemoryRange& range, std::span<const MemoryRange> memory) {
  std::vector<MemoryRange> parts;
  add_clipped(range, memory, parts);
  return parts.empty() || parts.front().base != range.base ? MemoryRange{} : parts.front();
}

std::vector<MemoryRange> joined(std::span<const MemoryRange> a, std::span<const MemoryRange> b) {
  std::vector<MemoryRange> both(a.begin(), a.end());
  both.insert(both.end(), b.begin(), b.end());
  return merged(std::move(both));
}

std::vector<MemoryRange> by_worth(std::span<const MemoryRange> memory,
                                  std::span<const MemoryRange> first,
                                  std::span<const RegionRecord> regions,
                                  std::uint64_t piece_bytes) {
  std::vector<MemoryRange> result;
  Taken taken;
  const auto take = [&](std::span<const MemoryRange> ranges) {
    std::vector<MemoryRange> wanted;
    for (const auto& range : ranges) add_clipped(range, memory, wanted);
    std::vector<MemoryRange> fresh;
    for (const auto& range : wanted) taken.add(range, fresh);
    for (const auto& range : fresh) {
      for (std::uint64_t offset = 0; offset < range.size; offset += piece_bytes) {
        result.push_back({range.base + offset, std::min(piece_bytes, range.size - offset)});
      }
    }
  };
  take(first);
  const auto take_regions = [&](auto&& fits) {
    std::vector<MemoryRange> ranges;
    for (const auto& region : regions) {
      if (fits(region)) ranges.push_back({region.base, region.size});
    }
    take(ranges);
  };
  take_regions([](const RegionRecord& r) { return is_image(r) && (r.protect & kWrite) != 0; });
  take_regions(is_private);
  take(memory);
  return result;
}

}  // namespace vigil::capture
