// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/byte_view.h"
#include "capture/dump_content.h"

namespace vigil::capture {

/// The memory of the process that is dumped. Everything in it is hostile.
class TargetMemory {
 public:
  virtual ~TargetMemory() = default;
  TargetMemory(const TargetMemory&) = delete;
  TargetMemory& operator=(const TargetMemory&) = delete;

  /// Fills all of \p out from \p address on; false when a byte of it cannot be read, and \p out
  /// then holds anything.
  [[nodiscard]] virtual bool read(std::uint64_t address, std::span<std::byte> out) = 0;

  template <Raw T>
  [[nodiscard]] std::optional<T> read_value(std::uint64_t address) {
    T value{};
    if (!read(address, std::as_writable_bytes(std::span(&value, 1)))) return std::nullopt;
    return value;
  }

  /// Up to \p size bytes, fewer where they end at a page that cannot be read.
  [[nodiscard]] std::vector<std::byte> read_up_to(std::uint64_t address, std::uint64_t size);

  /// The text of a UNICODE_STRING at \p address, at most \p max_units long; empty when it cannot be
  /// read.
  [[nodiscard]] std::u16string read_unicode_string(std::uint64_t address, std::size_t max_units);

 protected:
  TargetMemory() = default;
};

inline constexpr std::uint64_t kPageBytes = 4096;

/// Fills \p out from \p address on, with zeros where pages cannot be read. Returns how many bytes
/// those were. One read where all is well; around a bad page the span is halved until it stands
/// alone.
[[nodiscard]] std::uint64_t read_or_zero(TargetMemory& memory,
                                         std::uint64_t address,
                                         std::span<std::byte> out);

/// Memory as it was before breakpoints were written into it. It does not own \p beneath.
class PatchedMemory final : public TargetMemory {
 public:
  explicit PatchedMemory(TargetMemory& beneath) : beneath_(beneath) {}
  void set(std::uint64_t address, std::byte original) { patches_[address] = original; }
  [[nodiscard]] bool read(std::uint64_t address, std::span<std::byte> out) override;

 private:
  TargetMemory& beneath_;
  std::map<std::uint64_t, std::byte> patches_;
};

/// A copy of some ranges, so that the process can go on while they are written.
class CopiedMemory final : public TargetMemory {
 public:
  /// Copies \p ranges (sorted, not overlapping); bytes that cannot be read become zero.
  CopiedMemory(TargetMemory& source, std::span<const MemoryRange> ranges);
  [[nodiscard]] std::uint64_t unreadable_bytes() const noexcept { return unreadable_bytes_; }
  [[nodiscard]] bool read(std::uint64_t address, std::span<std::byte> out) override;

 private:
  std::map<std::uint64_t, std::vector<std::byte>> copies_;
  std::uint64_t unreadable_bytes_ = 0;
};

}  // namespace vigil::capture
