// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/byte_view.h"

namespace vigil {

/// Bytes that are brought in when asked for: a mapped file, a compressed file, plain memory. Not
/// thread safe: one reader at a time.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;

  /// The whole length in bytes, as a reader sees it (after decompression).
  [[nodiscard]] virtual std::uint64_t size() const noexcept = 0;

  /// The \p size bytes at \p offset. The view lives as long as the source. Errc::Truncated past the
  /// end.
  [[nodiscard]] virtual Result<ByteView> view(std::uint64_t offset, std::uint64_t size) = 0;

  /// Says that little of it will be read, here and there: a disk is not asked for what lies around.
  virtual void expect_sparse_reads() noexcept {}
  /// Says that these bytes will be read, all or most: a disk brings in several such places at once.
  virtual void prefetch(std::uint64_t /*offset*/, std::uint64_t /*size*/) noexcept {}

  /// What there is of those bytes: shorter or empty past the end, or where a part cannot be brought
  /// in.
  [[nodiscard]] ByteView clamp(std::uint64_t offset, std::uint64_t size_wanted) {
    const auto total = size();
    if (offset >= total) return {};
    const auto there = total - offset;
    auto bytes = view(offset, size_wanted < there ? size_wanted : there);
    return bytes.ok() ? *bytes : ByteView{};
  }

 protected:
  ByteSource() = default;
};

/// Memory that somebody else keeps alive: what tests and fuzzers read.
class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(ByteView bytes) : bytes_(bytes) {}
  [[nodiscard]] std::uint64_t size() const noexcept override { return bytes_.size(); }
  [[nodiscard]] Result<ByteView> view(std::uint64_t offset, std::uint64_t size) override {
    return bytes_.slice(offset, size);
  }

 private:
  ByteView bytes_;
};

}  // namespace vigil
