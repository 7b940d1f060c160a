// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/kernel_machine.h"

/// Physical memory and page tables of a made machine. A mistake of the writer throws.
namespace vigil::test {

inline constexpr std::uint64_t kPageBytes = 0x1000;
inline constexpr std::uint64_t kLargePageBytes = 0x20'0000;

/// Pages by number. Those never written are zero and take no room.
class PhysicalMemory {
 public:
  void add_run(std::uint64_t first, std::uint64_t count) { runs_.push_back({first, count}); }
  /// Where take() goes on: pages of runs.
  void allocate_from(std::uint64_t kernel, std::uint64_t user) {
    next_ = kernel;
    next_user_ = user;
  }
  /// A page that nothing else has.
  std::uint64_t take(bool user = false);

  void write(std::uint64_t address, std::string_view bytes);
  void write_u64(std::uint64_t address, std::uint64_t value);
  [[nodiscard]] std::string read(std::uint64_t address, std::size_t size) const;
  [[nodiscard]] std::uint64_t read_u64(std::uint64_t address) const;
  void mark_user(std::uint64_t pfn) { page(pfn).user = true; }

  [[nodiscard]] const std::vector<PhysicalRun>& runs() const { return runs_; }
  [[nodiscard]] std::map<std::uint64_t, KernelMachine::Page>& pages() { return pages_; }

 private:
  KernelMachine::Page& page(std::uint64_t pfn);
  [[nodiscard]] bool in_a_run(std::uint64_t pfn) const;

  std::vector<PhysicalRun> runs_;
  std::map<std::uint64_t, KernelMachine::Page> pages_;
  std::uint64_t next_ = 0, next_user_ = 0;
};

/// The bits of a page table entry.
namespace pte {
inline constexpr std::uint64_t kValid = 1, kWrite = 2, kUser = 4, kAccessed = 0x20, kDirty = 0x40;
inline constexpr std::uint64_t kLarge = 0x80, kNoExecute = 1ull << 63;
inline constexpr std::uint64_t kKernelData = kValid | kWrite | kAccessed | kDirty;
inline constexpr std::uint64_t kUserData = kKernelData | kUser;
// of software PTEs, which the processor does not look at
inline constexpr std::uint64_t kSwizzle = 0x10, kPrototype = 0x400, kTransition = 0x800;
inline constexpr std::uint32_t kSwizzleBitIndex = 4, kHighBitIndex = 0x2d;
}  // namespace pte

/// One set of page tables. Those of the kernel's half are shared by all of a machine: make them
/// with `reserve_kernel` before the first `fork`.
class AddressSpace {
 public:
  AddressSpace(PhysicalMemory& memory, bool five_levels);
  /// Tables of a process: the kernel's half of these, and an empty user half.
  [[nodiscard]] AddressSpace fork() const;

  /// Makes the top-level entry that covers \p address.
  void reserve_kernel(std::uint64_t address);
  /// The root maps itself: where Windows reads PTEs at PteBase.
  void map_itself(std::uint64_t pte_base);
  void map(std::uint64_t address, std::uint64_t pfn, std::uint64_t bits = pte::kKernelData);
  void map_2m(std::uint64_t address, std::uint64_t pfn);
  void map_1g(std::uint64_t address, std::uint64_t pfn);
  /// Any entry of the last level, valid or not.
  void set_pte(std::uint64_t address, std::uint64_t entry);
  /// New pages for \p size bytes from \p address on.
  void allocate(std::uint64_t address, std::uint64_t size, bool user = false);

  [[nodiscard]] std::uint64_t root() const { return root_ * kPageBytes; }
  /// Valid entries only.
  [[nodiscard]] std::optional<std::uint64_t> find(std::uint64_t address) const;
  [[nodiscard]] std::uint64_t physical(std::uint64_t address) const;
  void write(std::uint64_t address, std::string_view bytes);
  void write_u64(std::uint64_t address, std::uint64_t value);
  void write_u32(std::uint64_t address, std::uint64_t value);
  void write_u16(std::uint64_t address, std::uint64_t value);
  void write_u8(std::uint64_t address, std::uint64_t value);
  [[nodiscard]] std::string read(std::uint64_t address, std::size_t size) const;
  [[nodiscard]] std::uint64_t read_u64(std::uint64_t address) const;
  [[nodiscard]] PhysicalMemory& memory() const { return *memory_; }

 private:
  /// The physical address of the entry for \p address in the table of \p level (1: page table).
  std::uint64_t entry_at(std::uint64_t address, int level);

  PhysicalMemory* memory_;
  int levels_;
  std::uint64_t root_;
  std::uint64_t pte_base_ = 0;
};

/// The \p width low bytes of \p value, little-endian.
[[nodiscard]] std::string little_endian(std::uint64_t value, std::size_t width);

}  // namespace vigil::test
