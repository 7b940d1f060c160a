// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <utility>

#include "kerneldump/kernel.h"

namespace vigil::kerneldump {
namespace {

using snapshot::FaultSource;

constexpr std::uint64_t kMaxParameters = 15;

/// Which parameters of a bugcheck lead to what was interrupted: a number from 1 on, 0: none.
struct Rule {
  std::uint32_t code;
  std::uint8_t record, context, frame, address, status;
};
/// record: EXCEPTION_RECORD; context: CONTEXT; frame: KTRAP_FRAME; address: of the instruction, for
/// finding a trap frame on the stack; status: the exception's code. Source: windows.md 10.7.
constexpr Rule kRules[] = {
    {0x0a, 0, 0, 0, 4, 0}, {0x1e, 0, 0, 0, 2, 1}, {0x23, 2, 3, 0, 0, 0}, {0x24, 2, 3, 0, 0, 0},
    {0x3b, 0, 3, 0, 2, 1}, {0x50, 0, 0, 0, 3, 0}, {0x7e, 3, 4, 0, 2, 1}, {0x8e, 0, 0, 3, 2, 1},
    {0xc5, 0, 0, 0, 4, 0}, {0xcc, 0, 0, 0, 3, 0}, {0xcd, 0, 0, 0, 3, 0}, {0xd1, 0, 0, 0, 4, 0},
    {0xd5, 0, 0, 0, 3, 0}, {0xd6, 0, 0, 0, 3, 0}, {0xfc, 0, 0, 3, 1, 0}, {0x139, 3, 0, 2, 0, 0},
};

const Rule* rule_of(std::uint32_t code) {
  const auto found = std::ranges::find(kRules, code, &Rule::code);
  return found == std::end(kRules) ? nullptr : found;
}

/// KTRAP_FRAME of x64 (windows.md 10.6). Of a fault it holds what a called function may change, and
/// rbp; the places of rbx, rsi and rdi are there and not written, and r12 to r15 have none.
constexpr std::uint64_t kFrameBytes = 0x190, kFrameRip = 0x168;

std::optional<snapshot::ThreadContext> amd64_frame(Kernel& kernel, std::uint64_t address) {
  using R = snapshot::Amd64Register;
  struct Place {
    R reg;
    std::uint64_t at;
  };
  constexpr std::array kPlaces = {Place{R::Rax, 0x30}, Place{R::Rcx, 0x38},  Place{R::Rdx, 0x40},
                                  Place{R::R8, 0x48},  Place{R::R9, 0x50},   Place{R::R10, 0x58},
                                  Place{R::R11, 0x60}, Place{R::Rbp, 0x158}, Place{R::Rsp, 0x180}};
  const Fields frame(kernel.memory.at(address, kFrameBytes));
  if (frame.size() < kFrameBytes) return std::nullopt;
  snapshot::Amd64Context context;
  context.known = 0;
  for (const auto& [reg, at] : kPlaces) {
    const auto index = static_cast<unsigned>(reg);
    context.gpr[index] = *frame.u64(at);
    context.known = static_cast<std::uint16_t>(context.known | 1U << index);
  }
  context.rip = *frame.u64(kFrameRip);
  context.eflags = *frame.u32(0x178);
  return context;
}

/// KTRAP_FRAME of x86. Of a fault in the kernel itself the processor saves no stack pointer: the
/// stack goes on where it would stand.
std::optional<snapshot::ThreadContext> x86_frame(Kernel& kernel, std::uint64_t address) {
  constexpr std::uint64_t kBytes = 0x7c, kEsp = 0x74;
  const Fields frame(kernel.memory.at(address, kBytes));
  if (frame.size() < kBytes) return std::nullopt;
  snapshot::X86Context context;
  context.edx = *frame.u32(0x3c);
  context.ecx = *frame.u32(0x40);
  context.eax = *frame.u32(0x44);
  context.edi = *frame.u32(0x54);
  context.esi = *frame.u32(0x58);
  context.ebx = *frame.u32(0x5c);
  context.ebp = *frame.u32(0x60);
  context.eip = *frame.u32(0x68);
  context.eflags = *frame.u32(0x70);
  const bool from_user = (*frame.u32(0x6c) & 1) != 0;
  context.esp = from_user ? *frame.u32(kEsp) : static_cast<std::uint32_t>(address + kEsp);
  return context;
}

std::optional<snapshot::ThreadContext> trap_frame(Kernel& kernel, std::uint64_t address) {
  if (!kernel.is_kernel_address(address)) return std::nullopt;
  if (kernel.header.cpu == snapshot::Cpu::Amd64) return amd64_frame(kernel, address);
  if (kernel.header.cpu == snapshot::Cpu::X86) return x86_frame(kernel, address);
  return std::nullopt;
}

/// The trap frame on the stack whose instruction is \p ip: its address is not among the parameters
/// of a page fault. What stands behind the instruction has to be what a processor pushes.
std::optional<std::uint64_t> find_frame(Kernel& kernel, std::uint64_t ip) {
  constexpr std::uint64_t kSearched = 64 * 1024, kWord = 8;
  constexpr std::uint16_t kKernelCode = 0x10, kUserCode = 0x33;
  if (kernel.header.cpu != snapshot::Cpu::Amd64 || ip == 0) return std::nullopt;
  const auto sp = snapshot::stack_pointer(parse_context(kernel.header, kernel.header.context));
  if (!sp) return std::nullopt;
  const auto start = *sp / kWord * kWord;
  const Fields stack(kernel.memory.at(start, kSearched));
  for (std::uint64_t at = kFrameRip; at + kFrameBytes - kFrameRip <= stack.size(); at += kWord) {
    if (stack.u64(at) != ip) continue;
    const auto segment = stack.u16(at + 8);
    const auto saved_sp = stack.u64(at + 0x18).value_or(0);
    const bool kernel_mode = segment == kKernelCode && kernel.is_kernel_address(saved_sp);
    if (!kernel_mode && segment != kUserCode) continue;
    return start + at - kFrameRip;
  }
  return std::nullopt;
}

/// EXCEPTION_RECORD, of 64 or 32 bits.
bool read_record(Kernel& kernel, const Fields& bytes, snapshot::Exception& exception) {
  const bool wide = kernel.header.is_64bit;
  const auto word = [&](std::uint64_t at) -> std::uint64_t {
    return wide ? bytes.u64(at).value_or(0) : std::uint64_t{bytes.u32(at).value_or(0)};
  };
  const auto code = bytes.filled32(0);
  const auto count = bytes.filled32(kernel.pick(0x18, 0x10));
  if (!code || !count || *code == 0) return false;
  exception.code = *code;
  exception.flags = bytes.u32(4).value_or(0);
  exception.address = word(kernel.pick(0x10, 0xc));
  exception.parameters.clear();
  for (std::uint64_t i = 0; i < std::min<std::uint64_t>(*count, kMaxParameters); ++i)
    exception.parameters.push_back(word(kernel.pick(0x20 + i * 8, 0x14 + i * 4)));
  return true;
}

struct Found {
  snapshot::ThreadContext context;
  FaultSource source = FaultSource::None;
  std::uint64_t at = 0;
};

std::optional<Found> find_fault(Kernel& kernel, const Rule& rule) {
  const auto& parameters = kernel.header.bugcheck.parameters;
  const auto parameter = [&](std::uint8_t number) {
    return number == 0 ? std::uint64_t{0} : parameters[static_cast<std::size_t>(number) - 1];
  };
  if (const auto at = parameter(rule.context); kernel.is_kernel_address(at)) {
    auto context = parse_context(kernel.header, Fields(kernel.memory.at(at, kContextBytes)));
    if (snapshot::instruction_pointer(context))
      return Found{context, FaultSource::ContextRecord, at};
  }
  if (const auto at = parameter(rule.frame)) {
    if (auto context = trap_frame(kernel, at)) return Found{*context, FaultSource::TrapFrame, at};
  }
  if (const auto at = find_frame(kernel, parameter(rule.address))) {
    if (auto context = trap_frame(kernel, *at))
      return Found{*context, FaultSource::FoundFrame, *at};
  }
  return std::nullopt;
}

/// Addresses in modules on the stack, for those who have no images to walk it by.
void collect_candidates(Kernel& kernel, const snapshot::ThreadContext& context) {
  constexpr std::uint64_t kScanned = 32 * 1024;
  constexpr std::size_t kMaxCandidates = 128;
  const auto sp = snapshot::stack_pointer(context);
  if (!sp) return;
  const snapshot::ModuleMap modules(kernel.out.modules);
  const auto word = kernel.pointer_bytes();
  const Fields stack(kernel.memory.at(*sp / word * word, kScanned));
  auto& candidates = kernel.state.stack_candidates;
  for (std::uint64_t at = 0; at + word <= stack.size() && candidates.size() < kMaxCandidates;
       at += word) {
    const auto value =
        word == 8 ? stack.u64(at).value_or(0) : std::uint64_t{stack.u32(at).value_or(0)};
    if (kernel.is_kernel_address(value) && modules.find(value)) candidates.push_back(value);
  }
}

/// The record in the header, where it is of the same fault, or the only one.
void add_header_record(Kernel& kernel, snapshot::Exception& exception) {
  // What kernels write that make their own triage dumps: a breakpoint in KeBugCheckEx.
  constexpr std::uint32_t kBreakpoint = 0x80000003;
  snapshot::Exception header;
  if (!exception.parameters.empty() || !read_record(kernel, kernel.header.exception, header))
    return;
  const bool same = header.code == exception.code;
  const bool only = exception.code == 0 && header.code != kBreakpoint &&
                    kernel.state.fault_source == FaultSource::None;
  if (!same && !only) return;
  exception.code = header.code;
  exception.flags = header.flags;
  exception.parameters = std::move(header.parameters);
  if (exception.address == 0) exception.address = header.address;
}

}  // namespace

void read_fault(Kernel& kernel) {
  auto& state = kernel.state;
  snapshot::Exception exception;
  exception.context = parse_context(kernel.header, kernel.header.context);
  if (!kernel.out.threads.empty()) exception.thread = kernel.out.threads.front().id;
  if (const auto* rule = rule_of(state.bugcheck.base_code())) {
    const auto& parameters = state.bugcheck.parameters;
    if (rule->status != 0)
      exception.code = static_cast<std::uint32_t>(parameters[rule->status - std::size_t{1}]);
    if (rule->address != 0) exception.address = parameters[rule->address - std::size_t{1}];
    if (auto found = find_fault(kernel, *rule)) {
      exception.context = found->context;
      state.fault_source = found->source;
      state.fault_frame = found->at;
      exception.address = snapshot::instruction_pointer(found->context).value_or(0);
    }
    const auto record = rule->record == 0 ? 0 : parameters[rule->record - std::size_t{1}];
    if (kernel.is_kernel_address(record)) {
      const auto own_address = exception.address;
      const bool read =
          read_record(kernel, Fields(kernel.memory.at(record, kernel.pick(0x98, 0x50))), exception);
      if (read && own_address != 0 && state.fault_source != FaultSource::None)
        exception.address = own_address;
    }
  }
  add_header_record(kernel, exception);
  collect_candidates(kernel, exception.context);
  kernel.out.exception = std::move(exception);
}

}  // namespace vigil::kerneldump
