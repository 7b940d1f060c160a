// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "support/contexts.h"
#include "support/kernel_machine_image.h"

/// Writes the stack of a thread from its outermost function inwards, as the prologs of its
/// functions would have, and keeps what a walk of it should find.
namespace vigil::test {

inline constexpr std::uint64_t kTrapFrameBytes = 0x190;
inline constexpr std::size_t kRsp = 4, kRbp = 5, kRcx = 1;

struct TrapDetails {
  std::uint64_t error_code = 0;
  std::uint64_t fault_address = 0;
  std::uint8_t previous_mode = 0;  ///< 1: from user code.
  std::uint8_t previous_irql = 0;
};

class StackWriter {
 public:
  StackWriter(AddressSpace& space, std::uint64_t top);

  /// The outermost function, which returns to 0.
  void begin(const KernelFunction& function);
  /// The kernel's entry from user code: a trap frame at the top of the stack. Returns its address.
  std::uint64_t begin_from_user(const KernelFunction& handler, const StackWriter& user);
  /// From the call of the innermost function so far.
  void call(const KernelFunction& function);
  /// Only called: its prolog has not run. \p offset is where it is.
  void enter(const KernelFunction& function, std::uint32_t offset = 0);
  /// The innermost function faults at its fault instruction. Returns the trap frame.
  std::uint64_t trap(const KernelFunction& handler, const TrapDetails& details);

  [[nodiscard]] std::uint64_t rsp() const { return registers_.gpr[kRsp]; }
  /// At the instruction where the innermost function is: its fault instruction, after `fault()`.
  [[nodiscard]] const Amd64Registers& registers() const { return registers_; }
  Amd64Registers& set_registers() { return registers_; }
  /// Puts the innermost function at its fault instruction, so that `registers` are those of the
  /// fault.
  void fault();
  /// The frames so far, innermost first; \p from leaves out as many of the innermost.
  [[nodiscard]] std::vector<FrameTruth> frames(std::size_t from = 0) const;

 private:
  struct Frame {
    const KernelFunction* function = nullptr;
    std::uint64_t stack_pointer = 0;
    std::uint32_t offset = 0;
  };
  void push(std::uint64_t value);
  void run_prolog(const KernelFunction& function);
  std::uint64_t trap_frame(const KernelFunction& handler,
                           const Amd64Registers& at,
                           std::uint64_t top,
                           const TrapDetails& details);

  AddressSpace* space_;
  Amd64Registers registers_;
  std::vector<Frame> frames_;
  std::vector<FrameTruth> outer_;  ///< Of the user's stack.
};

/// A CONTEXT of kernel code, and an EXCEPTION_RECORD64.
[[nodiscard]] std::string kernel_context(const Amd64Registers& registers);
[[nodiscard]] std::string exception_record(const RecordTruth& record);

}  // namespace vigil::test
