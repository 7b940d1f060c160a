// SPDX-License-Identifier: Apache-2.0
#include <cstddef>

#include "kerneldump/kernel.h"

namespace vigil::kerneldump {
namespace {

/// CONTEXT of winnt.h for x64: the general registers stand together, in the order of their numbers.
snapshot::ThreadContext amd64(const Fields& bytes) {
  constexpr std::uint64_t kEflags = 0x44, kRax = 0x78, kRip = 0xf8;
  const auto rip = bytes.u64(kRip);
  if (!rip) return {};
  snapshot::Amd64Context context;
  for (std::size_t i = 0; i < context.gpr.size(); ++i)
    context.gpr[i] = bytes.u64(kRax + i * sizeof(std::uint64_t)).value_or(0);
  context.rip = *rip;
  context.eflags = bytes.u32(kEflags).value_or(0);
  return context;
}

snapshot::ThreadContext x86(const Fields& bytes) {
  const auto esp = bytes.u32(0xc4);
  if (!esp) return {};
  snapshot::X86Context context;
  context.edi = bytes.u32(0x9c).value_or(0);
  context.esi = bytes.u32(0xa0).value_or(0);
  context.ebx = bytes.u32(0xa4).value_or(0);
  context.edx = bytes.u32(0xa8).value_or(0);
  context.ecx = bytes.u32(0xac).value_or(0);
  context.eax = bytes.u32(0xb0).value_or(0);
  context.ebp = bytes.u32(0xb4).value_or(0);
  context.eip = bytes.u32(0xb8).value_or(0);
  context.eflags = bytes.u32(0xc0).value_or(0);
  context.esp = *esp;
  return context;
}

snapshot::ThreadContext arm64(const Fields& bytes) {
  constexpr std::uint64_t kCpsr = 4, kX0 = 8, kSp = 0x100, kPc = 0x108;
  const auto pc = bytes.u64(kPc);
  if (!pc) return {};
  snapshot::Arm64Context context;
  for (std::size_t i = 0; i < context.x.size(); ++i)
    context.x[i] = bytes.u64(kX0 + i * sizeof(std::uint64_t)).value_or(0);
  context.sp = bytes.u64(kSp).value_or(0);
  context.pc = *pc;
  context.cpsr = bytes.u32(kCpsr).value_or(0);
  return context;
}

}  // namespace

snapshot::ThreadContext parse_context(const Header& header, const Fields& bytes) {
  switch (header.cpu) {
    case snapshot::Cpu::Amd64: return amd64(bytes);
    case snapshot::Cpu::X86: return x86(bytes);
    case snapshot::Cpu::Arm64: return arm64(bytes);
    case snapshot::Cpu::Arm:
    case snapshot::Cpu::Unknown: break;
  }
  return {};
}

}  // namespace vigil::kerneldump
