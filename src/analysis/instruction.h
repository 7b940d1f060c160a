// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analysis/analysis.h"

namespace vigil::analysis {

/// A memory operand of the failed instruction, its address computed from the registers.
struct MemoryOperand {
  report::MemoryAccess access{};
  std::string base_name{};  ///< `rcx`; empty: no base register, or rip.
  std::uint64_t base = 0;   ///< What the base register held.
  std::string text{};       ///< `[rcx+0x18]`
};

/// The instruction at the address of an exception.
struct Instruction {
  std::string text{};   ///< Intel syntax: `mov rax, [rcx+0x18]`.
  std::string bytes{};  ///< `48 8b 41 18`
  /// Empty also where the registers are not those of the fault.
  std::vector<MemoryOperand> operands{};
  bool touches_no_memory = false;  ///< Whatever the registers hold.
  bool divides = false;
  std::string divisor{};  ///< Of a division: the operand as it is written, `ecx`.
  /// Where a jump, call or return goes, when a register or captured memory says it.
  std::optional<std::uint64_t> target{};
};

/// The instruction at \p address, decoded for the processor of \p context; nothing when it was not
/// captured, is none, or is not of an x86 processor: there is no decoder for ARM. \p teb is that of
/// the thread, 0 when unknown; operands relative to it need it.
[[nodiscard]] std::optional<Instruction> decode_instruction(snapshot::Memory& memory,
                                                            std::uint64_t address,
                                                            const snapshot::ThreadContext& context,
                                                            std::uint64_t teb);

/// The bytes at \p address as they are written in a listing, as many of \p size as were captured.
[[nodiscard]] std::string bytes_at(snapshot::Memory& memory,
                                   std::uint64_t address,
                                   std::size_t size);

/// Whether an amd64 processor takes \p address for one: bits 47 to 63 are equal.
[[nodiscard]] bool is_canonical(std::uint64_t address) noexcept;

}  // namespace vigil::analysis
