// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "support/byte_builder.h"

/// The registers of a thread as a dump holds them, for tests.
namespace vigil::test {

struct Amd64Registers {
  std::array<std::uint64_t, 16> gpr{};  ///< rax rcx rdx rbx rsp rbp rsi rdi r8 … r15
  std::uint64_t rip = 0;
  std::uint32_t eflags = 0x202;
  std::uint16_t cs = 0x33;  ///< 0x23: 32-bit code is running.
};

struct X86Registers {
  std::uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0, esi = 0, edi = 0, ebp = 0, esp = 0, eip = 0;
  std::uint32_t eflags = 0x202;
};

struct Arm64Registers {
  std::array<std::uint64_t, 31> x{};
  std::uint64_t sp = 0;
  std::uint64_t pc = 0;
  std::uint32_t cpsr = 0x60000000;
};

/// A CONTEXT of 0x4d0 bytes with control, integer and segment registers.
inline std::string amd64_context(const Amd64Registers& registers) {
  ByteBuilder b;
  b.seek(0x30)
      .u32(0x0010'001f)
      .seek(0x38)
      .u16(registers.cs)
      .seek(0x42)
      .u16(0x2b)
      .u32(registers.eflags);
  b.seek(0x78);
  for (const auto value : registers.gpr) b.u64(value);
  return b.u64(registers.rip).seek(0x4d0).bytes();
}

/// A CONTEXT of 0x2cc bytes.
inline std::string x86_context(const X86Registers& registers) {
  ByteBuilder b;
  b.u32(0x0001'003f).seek(0x9c);
  b.u32(registers.edi).u32(registers.esi).u32(registers.ebx).u32(registers.edx);
  b.u32(registers.ecx).u32(registers.eax).u32(registers.ebp).u32(registers.eip);
  return b.u32(0x23).u32(registers.eflags).u32(registers.esp).u32(0x2b).seek(0x2cc).bytes();
}

/// A CONTEXT of 0x390 bytes.
inline std::string arm64_context(const Arm64Registers& registers) {
  ByteBuilder b;
  b.u32(0x0040'0007).u32(registers.cpsr);
  for (const auto value : registers.x) b.u64(value);
  return b.u64(registers.sp).u64(registers.pc).seek(0x390).bytes();
}

}  // namespace vigil::test
