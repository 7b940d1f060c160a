// SPDX-License-Identifier: Apache-2.0
#include "kerneldump/sparse_memory.h"

#include <algorithm>
#include <limits>
#include <map>

namespace vigil::kerneldump {

void SparseMemory::add(std::uint64_t address, std::uint64_t offset, std::uint64_t size) {
  if (added_.size() >= kMaxBlocks || offset >= file_.size()) return;
  size = std::min(size, file_.size() - offset);
  size = std::min(size, std::numeric_limits<std::uint64_t>::max() - address);
  if (size != 0) added_.push_back({address, size, offset});
}

void SparseMemory::settle() {
  // By base; what an earlier block covers is cut out of the later ones.
  std::map<std::uint64_t, Block> kept;
  for (const auto& block : added_) {
    auto from = block.base;
    const auto end = block.base + block.size;
    while (from < end) {
      const auto next = kept.upper_bound(from);
      if (next != kept.begin()) {
        const auto& before = std::prev(next)->second;
        if (before.base + before.size > from) {
          from = before.base + before.size;
          continue;
        }
      }
      const auto until = next == kept.end() ? end : std::min(end, next->first);
      kept[from] = {from, until - from, block.offset + (from - block.base)};
      captured_ += until - from;
      from = until;
    }
  }
  blocks_.reserve(kept.size());
  for (const auto& [base, block] : kept) blocks_.push_back(block);
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
