// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "minidump/reader.h"
#include "snapshot/snapshot.h"

namespace vigil::minidump {

/// A piece of captured memory and where it lies in the file.
struct MemoryRange {
  std::uint64_t base = 0;
  std::uint64_t size = 0;
  std::uint64_t file_offset = 0;
};

/// Collects the ranges that the streams of one dump tell of, in any order, overlapping or not.
class MemoryRanges {
 public:
  /// Takes what the file holds of \p range; what lies behind its end is counted as lost.
  void add(Reader& reader, MemoryRange range);
  /// How many more ranges a list may bring, so that all lists together stay within one limit.
  [[nodiscard]] std::uint64_t room() const noexcept;
  /// Makes room for \p more ranges at once.
  void reserve(std::uint64_t more);
  [[nodiscard]] std::uint64_t lost_bytes() const noexcept { return lost_bytes_; }

  /// The ranges by address, without overlaps, those joined that continue each other in the file
  /// too. Where two overlap, the one with the lower base stands, then the longer one: honest dumps
  /// hold the same bytes twice.
  [[nodiscard]] std::vector<MemoryRange> settle() &&;

 private:
  std::vector<MemoryRange> ranges_;
  std::uint64_t lost_bytes_ = 0;
};

/// The memory of a dump: a sorted list of ranges over the file. It does not own the file.
class DumpMemory final : public snapshot::Memory {
 public:
  DumpMemory(ByteSource& file, std::vector<MemoryRange> settled);

  [[nodiscard]] ByteView at(std::uint64_t address, std::uint64_t size) override;
  void prefetch(std::uint64_t address, std::uint64_t size) noexcept override;

  /// How many bytes are captured from \p address on without a gap, at most \p limit. Touches no
  /// memory.
  [[nodiscard]] std::uint64_t extent(std::uint64_t address, std::uint64_t limit);
  [[nodiscard]] std::uint64_t captured_bytes() const noexcept { return captured_bytes_; }

 private:
  [[nodiscard]] const MemoryRange* find(std::uint64_t address);
  [[nodiscard]] ByteView join(std::uint64_t address, std::uint64_t size);

  ByteSource& file_;
  std::vector<MemoryRange> ranges_;      // by base, disjoint
  std::vector<std::uint64_t> run_ends_;  // where memory ends that has no gap, by address
  std::size_t last_ = 0;  // where the last lookup ended: the next is likely to be near
  std::uint64_t captured_bytes_ = 0;
  /// Copies of reads across ranges that lie side by side in memory and apart in the file.
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::vector<std::byte>> joined_;
  std::uint64_t joined_bytes_ = 0;
};

}  // namespace vigil::minidump
