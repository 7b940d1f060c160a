// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "capture/dump_content.h"
#include "rules/rules.h"

/// Which memory goes into a dump. Pure arithmetic over ranges: nothing here reads memory.
namespace vigil::capture {

/// One thread's stack, from its TEB, and the registers that say where it stands.
struct StackFacts {
  std::uint64_t stack_pointer = 0;
  std::uint64_t instruction = 0;
  std::uint64_t limit = 0;  ///< The lowest address that is committed.
  std::uint64_t base = 0;   ///< One past the highest.
  std::uint64_t teb = 0;
};

struct MiniRequest {
  std::size_t first_stack = 0;  ///< The faulting thread's: taken before the limit leaves any out.
  std::vector<StackFacts> stacks{};       ///< In the order of DumpContent::threads.
  std::vector<std::uint64_t> pointers{};  ///< Registers and parameters of the faulting thread.
  std::vector<MemoryRange> whole{};       ///< PEB, process parameters: taken as they are.
  std::vector<MemoryRange> withheld{};    ///< Never: the environment block.
};

/// Of one stack: what lies above the stack pointer, the innermost and the outermost part when it is
/// deep.
inline constexpr std::uint64_t kMaxStackBytes = 1 << 20;
inline constexpr std::uint64_t kOuterStackBytes = 256 << 10;
/// Below the stack pointer: what a leaf function that just returned has left there.
inline constexpr std::uint64_t kBelowStackPointer = 128;
/// Around an instruction, and around what a register points at.
inline constexpr std::uint64_t kAroundInstruction = 128;
inline constexpr std::uint64_t kBeforePointer = 256;
inline constexpr std::uint64_t kBehindPointer = 768;
/// Of one mini dump in all: stacks of later threads are left out first.
inline constexpr std::uint64_t kMaxMiniBytes = 256 << 20;

struct Selection {
  std::vector<MemoryRange> memory;  ///< By address, none touching another.
  /// The same, what is worth most first: stacks, that of the faulting thread before others. They
  /// may overlap.
  std::vector<MemoryRange> by_worth;
  std::vector<MemoryRange>
      stacks;  ///< Of each thread, the part around its stack pointer; maybe empty.
  std::uint64_t left_out_bytes = 0;  ///< For kMaxMiniBytes.
};

/// What a mini dump holds of a process with \p regions (by address).
[[nodiscard]] Selection select_mini(const MiniRequest& request,
                                    std::span<const RegionRecord> regions);

/// Of a dump of kind MiniPlus the private area that is the largest is left out when it is larger
/// than this. An area is what allocations of one size hold together, as ProcDump has it: the blocks
/// of a cache.
inline constexpr std::uint64_t kMaxAreaBytes = 512 << 20;

struct MoreMemory {
  std::vector<MemoryRange> memory;   ///< By address, none touching another.
  std::uint64_t left_out_bytes = 0;  ///< Of the area above kMaxAreaBytes.
};

/// What a dump holds besides what select_mini() takes. MiniPlus: all private memory, and of images
/// and mapped files what can be written to. Others by \p mask, a MINIDUMP_TYPE: all memory, private
/// memory, data, code and headers of modules.
[[nodiscard]] MoreMemory select_more(rules::DumpKind kind,
                                     std::uint32_t mask,
                                     std::span<const RegionRecord> regions,
                                     std::span<const ModuleRecord> modules);

/// As much of \p range as \p memory has from its beginning on.
[[nodiscard]] MemoryRange head_within(const MemoryRange& range,
                                      std::span<const MemoryRange> memory);

/// Both, by address, none touching another.
[[nodiscard]] std::vector<MemoryRange> joined(std::span<const MemoryRange> a,
                                              std::span<const MemoryRange> b);

/// \p memory (as from joined()) in the order in which to read it when there may be no time for all:
/// \p first, what modules have written, private memory, the rest. In pieces of at most
/// \p piece_bytes, none overlapping another.
[[nodiscard]] std::vector<MemoryRange> by_worth(std::span<const MemoryRange> memory,
                                                std::span<const MemoryRange> first,
                                                std::span<const RegionRecord> regions,
                                                std::uint64_t piece_bytes);

/// What a full dump holds: all that is readable.
[[nodiscard]] std::vector<MemoryRange> select_full(std::span<const RegionRecord> regions);

/// The part of \p stack's own stack in a full dump of the memory \p full.
[[nodiscard]] MemoryRange live_stack(const StackFacts& stack, std::span<const MemoryRange> full);

}  // namespace vigil::capture
