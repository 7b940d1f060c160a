// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

/// CONTEXT: the registers of a thread, as winnt.h lays them out for each processor. Only the heads;
/// vector registers come behind.
namespace vigil::minidump::format {

inline constexpr std::uint32_t kContextX86 = 0x10000;
inline constexpr std::uint32_t kContextAmd64 = 0x100000;
inline constexpr std::uint32_t kContextArm = 0x200000;
inline constexpr std::uint32_t kContextArm64 = 0x400000;
inline constexpr std::uint32_t kContextControl = 1;

#pragma pack(push, 4)

/// The head of CONTEXT for x64, up to the instruction pointer. The whole is 0x4d0 bytes or, with
/// extended state behind it, more.
struct ContextAmd64 {
  std::array<std::uint64_t, 6> home;
  std::uint32_t context_flags;
  std::uint32_t mx_csr;
  std::array<std::uint16_t, 6> segments;  // cs ds es fs gs ss
  std::uint32_t eflags;
  std::array<std::uint64_t, 6> debug;
  std::array<std::uint64_t, 16> gpr;  // rax rcx rdx rbx rsp rbp rsi rdi r8 … r15
  std::uint64_t rip;
};
/// The selector in CS while an x64 processor runs 32-bit code, on Windows and on Linux.
inline constexpr std::uint16_t kCodeSegment32 = 0x23;
static_assert(offsetof(ContextAmd64, context_flags) == 0x30);
static_assert(offsetof(ContextAmd64, gpr) == 0x78 && sizeof(ContextAmd64) == 0x100);

/// The head of CONTEXT for x86, up to the stack segment. The whole is 0x2cc bytes or more.
struct ContextX86 {
  std::uint32_t context_flags;
  std::array<std::uint32_t, 6> debug;
  std::array<std::uint8_t, 112> float_save;
  std::uint32_t gs, fs, es, ds;
  std::uint32_t edi, esi, ebx, edx, ecx, eax, ebp, eip, cs, eflags, esp, ss;
};
static_assert(offsetof(ContextX86, edi) == 0x9c && sizeof(ContextX86) == 0xcc);

/// The head of CONTEXT for ARM64, up to the program counter. The whole is 0x390 bytes.
struct ContextArm64 {
  std::uint32_t context_flags;
  std::uint32_t cpsr;
  std::array<std::uint64_t, 31> x;
  std::uint64_t sp;
  std::uint64_t pc;
};
static_assert(offsetof(ContextArm64, sp) == 0x100 && sizeof(ContextArm64) == 0x110);

#pragma pack(pop)

}  // namespace vigil::minidump::format
