// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "capture/dump_content.h"
#include "capture/target_memory.h"

/// What a dump says that is to hold no secrets.
namespace vigil::capture {

/// Memory in which stacks hold nothing but what a walk needs: words that do not point into code or
/// a stack read as zero. It does not own \p beneath.
class FilteredMemory final : public TargetMemory {
 public:
  /// \p stacks: what is filtered. \p kept: what a word may point into. Both by address, none
  /// overlapping another.
  FilteredMemory(TargetMemory& beneath,
                 std::vector<MemoryRange> stacks,
                 std::vector<MemoryRange> kept)
      : beneath_(beneath), stacks_(std::move(stacks)), kept_(std::move(kept)) {}
  [[nodiscard]] bool read(std::uint64_t address, std::span<std::byte> out) override;

 private:
  void filter(std::uint64_t address, std::span<std::byte> words) const;

  TargetMemory& beneath_;
  std::vector<MemoryRange> stacks_;
  std::vector<MemoryRange> kept_;
};

/// `C:\Users\(user)\app.exe` of `C:\Users\anna\app.exe`; other paths as they are.
[[nodiscard]] std::u16string without_user(std::u16string_view path);

/// The RSDS record with the plain name of its symbol file: a path tells whose machine built it.
[[nodiscard]] std::vector<std::byte> without_folder(std::span<const std::byte> codeview);

}  // namespace vigil::capture
