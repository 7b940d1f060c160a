// SPDX-License-Identifier: Apache-2.0
#include "kerneldump/sparse_memory.h"

#include <algorithm>
#include <limits>
#include <tuple>

namespace vigil::kerneldump {

void SparseMemory::add(std::uint64_t address, std::uint64_t offset, std::uint64_t size) {
  if (added_.size() >= kMaxBlocks || offset >= file_.size()) return;
  size = std::min(size, file_.size() - offset);
  size = std::min(size, std::numeric_limits<std::uint64_t>::max() - address);
  if (size != 0) added_.push_back({address, size, offset});
}

void SparseMemory::settle() {
  std::ranges::sort(added_, [](const Block& a, const Block& b) {
    return std::tuple(a.base, b.size, a.offset) < std::tuple(b.base, a.size, b.offset);
  });
  blocks_.reserve(added_.size());
  for (auto block : added_) {
    const auto covered = blocks_.empty() ? 0 : blocks_.back().base + blocks_.back().size;
    if (block.base < covered) {
      const auto cut = std::min(covered - block.base, block.size);
      block.base += cut;
      block.offset += cut;
      block.size -= cut;
    }
    if (block.size == 0) continue;
    captured_ += block.size;
    blocks_.push_back(block);
  }
  added_.clear();
}

ByteView SparseMemory::piece(std::uint64_t address, std::uint64_t size) const {
  const auto behind = std::ranges::upper_bound(blocks_, address, {}, &Block::base);
  if (behind == blocks_.begin()) return {};
  const auto& block = *std::prev(behind);
  const auto into = address - block.base;
  if (into >= block.size) return {};
  return file_.clamp(block.offset + into, std::min(size, block.size - into));
}

ByteView SparseMemory::at(std::uint64_t address, std::uint64_t size) {
  const auto first = piece(address, size);
  if (first.empty() || first.size() == size) return first;
  // More of it only where the next block follows without a gap.
  if (piece(address + first.size(), 1).empty()) return first;
  const auto joined = joined_.join(address, JoinedBytes::limited(size),
                                   [this](auto from, auto left) { return piece(from, left); });
  return joined.empty() ? first : joined;
}

}  // namespace vigil::kerneldump
