// SPDX-License-Identifier: Apache-2.0
#include "kerneldump/translation.h"

namespace vigil::kerneldump {
namespace {

constexpr std::uint64_t kPageMask = kPageBytes - 1;
constexpr std::uint64_t kValid = 1, kLargePage = 1 << 7;
/// Bits 51 to 12 of a valid entry, 47 to 12 of one that software made.
constexpr std::uint64_t kFrame = 0x000ffffffffff000, kSoftwareFrame = 0x0000fffffffff000;
constexpr int kPageBits = 12, kIndexBits = 9;
constexpr std::uint64_t kIndexMask = 0x1ff, kEntryBytes = 8;

/// MMPTE_TRANSITION and MMPTE_PROTOTYPE: bit 11 and bit 10 of an entry that is not valid.
constexpr std::uint64_t kTransitionBits = 0xc01, kTransition = 0x800, kPrototype = 0x400;
constexpr int kPrototypeShift = 16;
/// Against the L1 terminal fault, frames of such entries are kept with this bit turned over;
/// bit 4 says that one is not.
constexpr std::uint64_t kSwizzleBit = 0x10, kSwizzledFrame = std::uint64_t{0x2000} << 32;

/// The bytes of a page of \p size at \p base that begin at \p address.
Translator::Mapping within_page(std::uint64_t base, std::uint64_t address, std::uint64_t size) {
  const auto into = address & (size - 1);
  return {base + into, size - into};
}

/// Whether all bits from \p top on are the same: an address that the processor takes.
bool is_canonical(std::uint64_t address, int top) {
  const auto rest = static_cast<std::int64_t>(address) >> top;
  return rest == 0 || rest == -1;
}

}  // namespace

std::string_view to_string(Paging paging) noexcept {
  switch (paging) {
    case Paging::Amd64FourLevels: return "amd64, 4 levels";
    case Paging::Amd64FiveLevels: return "amd64, 5 levels";
    case Paging::X86Pae: return "x86 with PAE, 3 levels";
    case Paging::X86: return "x86, 2 levels";
    case Paging::Arm64: return "arm64, 4 levels";
  }
  return {};
}

std::optional<std::uint64_t> Physical::offset_of(std::uint64_t address) {
  const auto page = pages_.offset_of(address / kPageBytes);
  if (!page || *page >= file_.size()) return std::nullopt;
  return *page + (address & kPageMask);
}

ByteView Physical::at(std::uint64_t address, std::uint64_t size) {
  const auto offset = offset_of(address);
  const auto left = kPageBytes - (address & kPageMask);
  return offset ? file_.clamp(*offset, size < left ? size : left) : ByteView{};
}

Translator::Translator(Physical& physical, Paging paging, std::uint64_t root)
    : physical_(physical), paging_(paging), root_(root) {}

std::optional<Translator::Mapping> Translator::translate(std::uint64_t address) {
  const auto page = address / kPageBytes;
  auto& cached = cache_[page % kCachedPages];
  if (cached.page != page) {
    const auto mapping = walk(address & ~kPageMask, kMaxPrototypes);
    if (!mapping) return std::nullopt;
    cached = {page, *mapping};
  }
  const auto into = address & kPageMask;
  return Mapping{cached.mapping.physical + into, cached.mapping.left - into};
}

std::optional<Translator::Mapping> Translator::walk(std::uint64_t address, int prototypes) {
  switch (paging_) {
    case Paging::Amd64FourLevels:
    case Paging::Amd64FiveLevels: return walk_amd64(address, prototypes);
    case Paging::X86Pae: return walk_pae(address, prototypes);
    case Paging::X86: return walk_x86(address);
    case Paging::Arm64: return walk_arm64(address);
  }
  return std::nullopt;
}

std::optional<std::uint64_t> Translator::page_of(std::uint64_t entry, int prototypes) {
  if ((entry & kValid) != 0) return entry & kFrame;
  if ((entry & kTransitionBits) == kTransition) {
    const auto frame = entry & kSoftwareFrame;
    const bool swizzled = (entry & kSwizzleBit) == 0 && (frame & kSwizzledFrame) != 0;
    return swizzled ? frame ^ kSwizzledFrame : frame;
  }
  if ((entry & kPrototype) == 0 || prototypes == 0) return std::nullopt;
  // Where the entry lies that stands for this one: a kernel address, sign-extended; of PAE in the
  // upper half, as it is.
  const auto at =
      paging_ == Paging::X86Pae
          ? entry >> 32
          : static_cast<std::uint64_t>(static_cast<std::int64_t>(entry) >> kPrototypeShift);
  const auto place = walk(at & ~kPageMask, prototypes - 1);
  if (!place || place->left < kPageBytes) return std::nullopt;
  const auto prototype = physical_.read<std::uint64_t>(place->physical + (at & kPageMask));
  if (!prototype) return std::nullopt;
  return page_of(*prototype, prototypes - 1);
}

std::optional<Translator::Mapping> Translator::walk_amd64(std::uint64_t address, int prototypes) {
  const int levels = paging_ == Paging::Amd64FiveLevels ? 5 : 4;
  if (!is_canonical(address, kPageBits + levels * kIndexBits - 1)) return std::nullopt;
  auto table = root_ & kFrame;
  for (int level = levels; level > 1; --level) {
    const int shift = kPageBits + (level - 1) * kIndexBits;
    const auto entry =
        physical_.read<std::uint64_t>(table + (address >> shift & kIndexMask) * kEntryBytes);
    if (!entry) return std::nullopt;
    if ((*entry & kValid) == 0) {
      // A table may be in transition itself; it is never a prototype.
      const auto moved =
          (*entry & kTransitionBits) == kTransition ? page_of(*entry, 0) : std::nullopt;
      if (!moved) return std::nullopt;
      table = *moved;
      continue;
    }
    const bool may_be_large = level == 2 || level == 3;
    if (may_be_large && (*entry & kLargePage) != 0) {
      const auto size = std::uint64_t{1} << shift;
      return within_page(*entry & kFrame & ~(size - 1), address, size);
    }
    table = *entry & kFrame;
  }
  const auto entry =
      physical_.read<std::uint64_t>(table + (address >> kPageBits & kIndexMask) * kEntryBytes);
  if (!entry) return std::nullopt;
  const auto page = page_of(*entry, prototypes);
  return page ? std::optional(within_page(*page, address, kPageBytes)) : std::nullopt;
}

std::optional<Translator::Mapping> Translator::walk_pae(std::uint64_t address, int prototypes) {
  constexpr std::uint64_t kRoot = 0xffffffe0, kTwoMegabytes = std::uint64_t{1} << 21;
  if (address >> 32 != 0) return std::nullopt;
  const auto top = physical_.read<std::uint64_t>((root_ & kRoot) + (address >> 30) * kEntryBytes);
  if (!top || (*top & kValid) == 0) return std::nullopt;
  const auto middle =
      physical_.read<std::uint64_t>((*top & kFrame) + (address >> 21 & kIndexMask) * kEntryBytes);
  if (!middle || (*middle & kValid) == 0) return std::nullopt;
  if ((*middle & kLargePage) != 0)
    return within_page(*middle & kFrame & ~(kTwoMegabytes - 1), address, kTwoMegabytes);
  const auto entry = physical_.read<std::uint64_t>(
      (*middle & kFrame) + (address >> kPageBits & kIndexMask) * kEntryBytes);
  if (!entry) return std::nullopt;
  const auto page = page_of(*entry, prototypes);
  return page ? std::optional(within_page(*page, address, kPageBytes)) : std::nullopt;
}

std::optional<Translator::Mapping> Translator::walk_x86(std::uint64_t address) {
  constexpr std::uint64_t kFrame32 = 0xfffff000, kFourMegabytes = std::uint64_t{1} << 22;
  constexpr std::uint64_t kIndex32 = 0x3ff, kEntryBytes32 = 4;
  if (address >> 32 != 0) return std::nullopt;
  const auto top =
      physical_.read<std::uint32_t>((root_ & kFrame32) + (address >> 22) * kEntryBytes32);
  if (!top || (*top & kValid) == 0) return std::nullopt;
  if ((*top & kLargePage) != 0) {
    // Bits 39 to 32 of the page stand in bits 20 to 13 of the entry.
    const auto high = std::uint64_t{*top >> 13 & 0xff} << 32;
    return within_page(high | (*top & 0xffc00000), address, kFourMegabytes);
  }
  const auto entry = physical_.read<std::uint32_t>(
      (*top & kFrame32) + (address >> kPageBits & kIndex32) * kEntryBytes32);
  if (!entry) return std::nullopt;
  const bool there = (*entry & kValid) != 0 || (*entry & kTransitionBits) == kTransition;
  if (!there) return std::nullopt;
  return within_page(*entry & kFrame32, address, kPageBytes);
}

std::optional<Translator::Mapping> Translator::walk_arm64(std::uint64_t address) {
  constexpr std::uint64_t kTable = 2, kTopIndexBit = 47;
  constexpr std::uint64_t kArmFrame = 0x0000fffffffff000;
  // Windows keeps one table for both halves: the upper one is of kernel addresses.
  if (!is_canonical(address, static_cast<int>(kTopIndexBit))) return std::nullopt;
  auto table = root_ & kArmFrame;
  for (int level = 4; level > 1; --level) {
    const int shift = kPageBits + (level - 1) * kIndexBits;
    const auto entry =
        physical_.read<std::uint64_t>(table + (address >> shift & kIndexMask) * kEntryBytes);
    if (!entry || (*entry & kValid) == 0) return std::nullopt;
    if ((*entry & kTable) == 0) {
      const bool may_be_block = level == 2 || level == 3;
      if (!may_be_block) return std::nullopt;
      const auto size = std::uint64_t{1} << shift;
      return within_page(*entry & kArmFrame & ~(size - 1), address, size);
    }
    table = *entry & kArmFrame;
  }
  const auto entry =
      physical_.read<std::uint64_t>(table + (address >> kPageBits & kIndexMask) * kEntryBytes);
  if (!entry || (*entry & (kValid | kTable)) != (kValid | kTable)) return std::nullopt;
  return within_page(*entry & kArmFrame, address, kPageBytes);
}

}  // namespace vigil::kerneldump
