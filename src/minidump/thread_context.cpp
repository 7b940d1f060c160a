// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "minidump/streams.h"

namespace vigil::minidump {
namespace {

using snapshot::Cpu;

constexpr std::uint32_t kContextKinds =
    format::kContextX86 | format::kContextAmd64 | format::kContextArm | format::kContextArm64;

/// Control, integer, segments, floating point, debug, extended.
constexpr std::uint32_t kContextGroups = 0x3f;

snapshot::X86Context from_raw(const format::ContextX86& raw) {
  return {.eax = raw.eax,
          .ebx = raw.ebx,
          .ecx = raw.ecx,
          .edx = raw.edx,
          .esi = raw.esi,
          .edi = raw.edi,
          .ebp = raw.ebp,
          .esp = raw.esp,
          .eip = raw.eip,
          .eflags = raw.eflags};
}

/// A thread of a WOW64 process that was stopped in its 32-bit code has that code's registers in the
/// lower halves.
snapshot::X86Context lower_halves(const format::ContextAmd64& raw) {
  const auto low = [&](snapshot::Amd64Register number) {
    return static_cast<std::uint32_t>(raw.gpr[static_cast<std::size_t>(number)]);
  };
  using enum snapshot::Amd64Register;
  return {.eax = low(Rax),
          .ebx = low(Rbx),
          .ecx = low(Rcx),
          .edx = low(Rdx),
          .esi = low(Rsi),
          .edi = low(Rdi),
          .ebp = low(Rbp),
          .esp = low(Rsp),
          .eip = static_cast<std::uint32_t>(raw.rip),
          .eflags = raw.eflags};
}

snapshot::ThreadContext from_raw(const format::ContextAmd64& raw) {
  if (raw.segments[0] == format::kCodeSegment32) return lower_halves(raw);
  return snapshot::Amd64Context{.gpr = raw.gpr, .rip = raw.rip, .eflags = raw.eflags};
}

snapshot::Arm64Context from_raw(const format::ContextArm64& raw) {
  return {.x = raw.x, .sp = raw.sp, .pc = raw.pc, .cpsr = raw.cpsr};
}

/// A CONTEXT says which processor it is of, and which groups of registers it has: without the
/// control group there is neither an instruction nor a stack pointer. Breakpad's writer for macOS
/// names the processor and no group, and has all of them; other foreign writers leave the flags
/// empty.
template <class RawContext>
Result<snapshot::ThreadContext> read_as(ByteView bytes, std::uint32_t kind) {
  VIGIL_TRY_ASSIGN(const auto raw, bytes.read<RawContext>(0));
  const auto kinds = raw.context_flags & kContextKinds;
  if (kinds != 0 && (kinds & kind) == 0) {
    return Error{Errc::Malformed,
                 fmt::format("flags {:#x} are of another processor", raw.context_flags)};
  }
  const auto groups = raw.context_flags & kContextGroups;
  if (groups != 0 && (groups & format::kContextControl) == 0) {
    return Error{
        Errc::NotFound,
        fmt::format("flags {:#x} say that the control registers are not there", raw.context_flags)};
  }
  return snapshot::ThreadContext(from_raw(raw));
}

/// The processor by the flags of a CONTEXT, for dumps whose system information is lost.
Cpu guess_cpu(ByteView bytes) {
  const auto has = [](const Result<std::uint32_t>& flags, std::uint32_t kind) {
    return flags.ok() && (*flags & kContextKinds) == kind;
  };
  const auto at_start = bytes.read<std::uint32_t>(0);
  if (has(at_start, format::kContextX86)) return Cpu::X86;
  if (has(at_start, format::kContextArm64)) return Cpu::Arm64;
  const auto behind_homes =
      bytes.read<std::uint32_t>(offsetof(format::ContextAmd64, context_flags));
  return has(behind_homes, format::kContextAmd64) ? Cpu::Amd64 : Cpu::Unknown;
}

Result<snapshot::ThreadContext> read_for(Cpu cpu, ByteView bytes) {
  switch (cpu) {
    case Cpu::X86: return read_as<format::ContextX86>(bytes, format::kContextX86);
    case Cpu::Amd64: return read_as<format::ContextAmd64>(bytes, format::kContextAmd64);
    case Cpu::Arm64: return read_as<format::ContextArm64>(bytes, format::kContextArm64);
    case Cpu::Arm: return Error{Errc::Unsupported, "registers of 32-bit ARM are not read"};
    case Cpu::Unknown: break;
  }
  return Error{Errc::Unsupported, "the processor is not known"};
}

}  // namespace

snapshot::ThreadContext read_context(Reader& reader,
                                     const format::LocationDescriptor& location,
                                     std::string_view owner) {
  if (location.data_size == 0) return {};
  const auto bytes = reader.clamp(location);
  const auto cpu = reader.cpu() == Cpu::Unknown ? guess_cpu(bytes) : reader.cpu();
  auto context = read_for(cpu, bytes);
  if (context.ok()) return std::move(context).take();
  reader.note(fmt::format("{}: context: {}", owner, context.error().message()));
  return {};
}

std::optional<snapshot::X86Context> read_x86_context(ByteView context) {
  const auto raw = context.read<format::ContextX86>(0);
  constexpr auto kWanted = format::kContextX86 | format::kContextControl;
  if (!raw.ok() || (raw->context_flags & kWanted) != kWanted) return std::nullopt;
  return from_raw(*raw);
}

}  // namespace vigil::minidump
