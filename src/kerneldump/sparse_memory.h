// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "base/byte_source.h"
#include "kerneldump/joined_bytes.h"
#include "snapshot/snapshot.h"

namespace vigil::kerneldump {

/// The memory of a triage dump: pieces of the kernel's address space, by their addresses. It does
/// not own the file.
class SparseMemory final : public snapshot::Memory {
 public:
  /// Data blocks are some thousand.
  static constexpr std::uint64_t kMaxBlocks = std::uint64_t{1} << 16;

  explicit SparseMemory(ByteSource& file) : file_(file) {}

  /// Takes what the file holds of \p size bytes at \p offset for what lies at \p address. Of blocks
  /// that overlap, the one with the lower address stands, then the longer: honest dumps hold the
  /// same bytes twice. Not after the first read.
  void add(std::uint64_t address, std::uint64_t offset, std::uint64_t size);
  /// Blocks may be read from here on.
  void settle();

  [[nodiscard]] ByteView at(std::uint64_t address, std::uint64_t size) override;
  [[nodiscard]] std::uint64_t captured_bytes() const noexcept { return captured_; }

 private:
  struct Block {
    std::uint64_t base, size, offset;
  };
  [[nodiscard]] ByteView piece(std::uint64_t address, std::uint64_t size) const;

  ByteSource& file_;
  std::vector<Block> added_, blocks_;  // blocks_: by base, disjoint
  std::uint64_t captured_ = 0;
  JoinedBytes joined_;
};

}  // namespace vigil::kerneldump
