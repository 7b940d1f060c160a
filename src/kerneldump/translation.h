// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/byte_source.h"
#include "kerneldump/physical.h"

namespace vigil::kerneldump {

/// Which page tables a machine has.
enum class Paging : std::uint8_t {
  Amd64FourLevels,
  Amd64FiveLevels,  ///< CR4.LA57
  X86Pae,           ///< Three levels, entries of 64 bits.
  X86,              ///< Two levels, entries of 32 bits.
  Arm64,            ///< Four levels of 4 KiB.
};
/// `amd64, 4 levels`, …: for a person.
[[nodiscard]] std::string_view to_string(Paging paging) noexcept;

/// Reads of the machine's memory by physical address. It owns neither file nor pages.
class Physical {
 public:
  Physical(ByteSource& file, PhysicalPages& pages) : file_(file), pages_(pages) {}

  /// What there is of \p size bytes, within one page.
  [[nodiscard]] ByteView at(std::uint64_t address, std::uint64_t size);
  /// Where in the file the byte lies; none: not in the dump.
  [[nodiscard]] std::optional<std::uint64_t> offset_of(std::uint64_t address);
  template <Raw T>
  [[nodiscard]] std::optional<T> read(std::uint64_t address) {
    const auto value = at(address, sizeof(T)).template read<T>(0);
    return value.ok() ? std::optional<T>(*value) : std::nullopt;
  }

 private:
  ByteSource& file_;
  PhysicalPages& pages_;
};

/// Virtual addresses to physical ones by the page tables of one address space. Entries that are not
/// valid are followed where the page is still in memory: in transition, or by a prototype.
/// Sources: Intel SDM volume 3 chapter 4, Arm ARM D8, and windows.md 10.5 for software entries.
class Translator {
 public:
  /// \p root is CR3, or DirectoryTableBase: its low bits are no part of the address.
  Translator(Physical& physical, Paging paging, std::uint64_t root);

  struct Mapping {
    std::uint64_t physical = 0;
    std::uint64_t left = 0;  ///< Bytes to the end of the page, which may be a large one.
  };
  /// None: not mapped, or what maps it is not in the dump.
  [[nodiscard]] std::optional<Mapping> translate(std::uint64_t address);
  [[nodiscard]] Paging paging() const noexcept { return paging_; }
  [[nodiscard]] std::uint64_t root() const noexcept { return root_; }

 private:
  /// Prototypes lie in paged pool, whose own entries are no prototypes: two are more than enough.
  static constexpr int kMaxPrototypes = 2;

  [[nodiscard]] std::optional<Mapping> walk(std::uint64_t address, int prototypes);
  [[nodiscard]] std::optional<Mapping> walk_amd64(std::uint64_t address, int prototypes);
  [[nodiscard]] std::optional<Mapping> walk_pae(std::uint64_t address, int prototypes);
  [[nodiscard]] std::optional<Mapping> walk_x86(std::uint64_t address);
  [[nodiscard]] std::optional<Mapping> walk_arm64(std::uint64_t address);
  /// The page that a valid or software entry of the lowest level leads to.
  [[nodiscard]] std::optional<std::uint64_t> page_of(std::uint64_t entry, int prototypes);

  Physical& physical_;
  Paging paging_;
  std::uint64_t root_;
  /// What was translated last, by page: walks read the same few tables again and again.
  struct Cached {
    std::uint64_t page = ~std::uint64_t{0};
    Mapping mapping;
  };
  static constexpr std::size_t kCachedPages = 1024;
  std::array<Cached, kCachedPages> cache_{};
};

}  // namespace vigil::kerneldump
