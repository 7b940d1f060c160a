// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/byte_source.h"
#include "kerneldump/joined_bytes.h"
#include "kerneldump/translation.h"
#include "snapshot/snapshot.h"

namespace vigil::kerneldump {

/// The address space that was current, by page tables, over the pages that a dump holds. It does
/// not own the file or the pages.
class PagedMemory final : public snapshot::Memory {
 public:
  PagedMemory(ByteSource& file, PhysicalPages& pages, Paging paging, std::uint64_t root)
      : file_(file), physical_(file, pages), translator_(physical_, paging, root) {}

  [[nodiscard]] ByteView at(std::uint64_t address, std::uint64_t size) override;
  [[nodiscard]] Physical& physical() noexcept { return physical_; }
  [[nodiscard]] Translator& translator() noexcept { return translator_; }

 private:
  /// What lies together in the file of \p size bytes from \p address on.
  [[nodiscard]] ByteView piece(std::uint64_t address, std::uint64_t size);

  ByteSource& file_;
  Physical physical_;
  Translator translator_;
  JoinedBytes joined_;
};

}  // namespace vigil::kerneldump
