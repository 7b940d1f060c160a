// SPDX-License-Identifier: Apache-2.0
#include "minidump/dump_memory.h"

#include <algorithm>
#include <limits>
#include <tuple>

namespace vigil::minidump {
namespace {

/// A full dump of 64 GB has some hundred thousand ranges.
constexpr std::uint64_t kMaxRanges = std::uint64_t{1} << 20;
constexpr auto kLastAddress = std::numeric_limits<std::uint64_t>::max();
/// Copies of joined ranges, in all. Honest dumps need some kilobytes: a pointer across two ranges.
constexpr std::uint64_t kMaxJoinedBytes = std::uint64_t{16} << 20;
/// What the bookkeeping of one copy counts for.
constexpr std::uint64_t kJoinedEntryBytes = 128;

}  // namespace

void MemoryRanges::add(Reader& reader, MemoryRange range) {
  const auto file_size = reader.file().size();
  const auto there = range.file_offset < file_size ? file_size - range.file_offset : 0;
  const auto size = std::min({range.size, there, kLastAddress - range.base});
  lost_bytes_ += std::min(range.size - size, kLastAddress - lost_bytes_);
  range.size = size;
  if (size != 0) ranges_.push_back(range);
}

std::uint64_t MemoryRanges::room() const noexcept {
  return kMaxRanges - std::min<std::uint64_t>(ranges_.size(), kMaxRanges);
}

void MemoryRanges::reserve(std::uint64_t more) {
  ranges_.reserve(ranges_.size() + static_cast<std::size_t>(more));
}

std::vector<MemoryRange> MemoryRanges::settle() && {
  std::ranges::sort(ranges_, [](const MemoryRange& a, const MemoryRange& b) {
    return std::tie(a.base, b.size, a.file_offset) < std::tie(b.base, a.size, b.file_offset);
  });
  // In place: there may be millions, and each gives at most one.
  std::size_t settled = 0;
  for (auto range : ranges_) {
    if (settled == 0) {
      ranges_[settled++] = range;
      continue;
    }
    auto& last = ranges_[settled - 1];
    const auto end = last.base + last.size;
    if (range.base < end) {
      const auto overlap = end - range.base;
      if (overlap >= range.size) continue;
      range = {end, range.size - overlap, range.file_offset + overlap};
    }
    if (range.base == end && range.file_offset == last.file_offset + last.size) {
      last.size += range.size;
    } else {
      ranges_[settled++] = range;
    }
  }
  ranges_.resize(settled);
  return std::move(ranges_);
}

DumpMemory::DumpMemory(ByteSource& file, std::vector<MemoryRange> settled)
    : file_(file), ranges_(std::move(settled)) {
  for (const auto& range : ranges_) {
    captured_bytes_ += range.size;
    const bool goes_on = !run_ends_.empty() && run_ends_.back() == range.base;
    if (!goes_on) run_ends_.push_back(0);
    run_ends_.back() = range.base + range.size;
  }
}

const MemoryRange* DumpMemory::find(std::uint64_t address) {
  const auto holds = [address](const MemoryRange& range) {
    return address >= range.base && address - range.base < range.size;
  };
  if (last_ < ranges_.size() && holds(ranges_[last_])) return &ranges_[last_];
  const auto behind = std::ranges::upper_bound(ranges_, address, {}, &MemoryRange::base);
  if (behind == ranges_.begin() || !holds(*std::prev(behind))) return nullptr;
  last_ = static_cast<std::size_t>(std::prev(behind) - ranges_.begin());
  return &ranges_[last_];
}

ByteView DumpMemory::at(std::uint64_t address, std::uint64_t size) {
  const auto* range = find(address);
  if (range == nullptr) return {};
  const auto offset = address - range->base;
  const auto there = range->size - offset;
  const bool goes_on =
      size > there && range != &ranges_.back() && range[1].base == range->base + range->size;
  if (goes_on) {
    const auto joined = join(address, size);
    if (!joined.empty()) return joined;
  }
  return file_.clamp(range->file_offset + offset, std::min(size, there));
}

void DumpMemory::prefetch(std::uint64_t address, std::uint64_t size) noexcept {
  const auto* range = find(address);
  if (range == nullptr) return;
  const auto offset = address - range->base;
  file_.prefetch(range->file_offset + offset, std::min(size, range->size - offset));
}

std::uint64_t DumpMemory::extent(std::uint64_t address, std::uint64_t limit) {
  if (find(address) == nullptr) return 0;
  const auto end = std::ranges::upper_bound(run_ends_, address);
  return std::min(*end - address, limit);
}

ByteView DumpMemory::join(std::uint64_t address, std::uint64_t size) {
  const auto key = std::pair(address, size);
  if (const auto known = joined_.find(key); known != joined_.end()) {
    return ByteView(known->second);
  }
  const auto wanted = extent(address, std::min(size, kMaxJoinedBytes));
  if (wanted + kJoinedEntryBytes > kMaxJoinedBytes - joined_bytes_) return {};
  std::vector<std::byte> bytes;
  bytes.reserve(static_cast<std::size_t>(wanted));
  for (const auto* range = find(address); bytes.size() < wanted; ++range) {
    const auto offset = address + bytes.size() - range->base;
    const auto part = std::min(range->size - offset, wanted - bytes.size());
    const auto view = file_.clamp(range->file_offset + offset, part);
    bytes.insert(bytes.end(), view.bytes().begin(), view.bytes().end());
    if (view.size() < part) break;
  }
  joined_bytes_ += bytes.size() + kJoinedEntryBytes;
  return ByteView(joined_.emplace(key, std::move(bytes)).first->second);
}

}  // namespace vigil::minidump
