// SPDX-License-Identifier: Apache-2.0
#include "analysis/crash.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "analysis/access.h"
#include "analysis/cxx_type.h"
#include "analysis/exit_trap.h"
#include "analysis/fast_fail.h"
#include "analysis/instruction.h"
#include "analysis/posix_signal.h"
#include "analysis/runtime_call.h"
#include "analysis/special_codes.h"
#include "analysis/thread_event.h"
#include "base/exception_codes.h"

namespace vigil::analysis {
namespace {

constexpr std::uint32_t kGuardPage = 0x80000001;
constexpr std::uint32_t kMisaligned = 0x80000002;
constexpr std::uint32_t kBreakpoint = 0x80000003;
constexpr std::uint32_t kSingleStep = 0x80000004;
constexpr std::uint32_t kAccessViolation = 0xc0000005;
constexpr std::uint32_t kInPageError = 0xc0000006;
constexpr std::uint32_t kIllegalInstruction = 0xc000001d;
constexpr std::uint32_t kDivideByZero = 0xc0000094;
constexpr std::uint32_t kIntegerOverflow = 0xc0000095;
constexpr std::uint32_t kPrivilegedInstruction = 0xc0000096;
constexpr std::uint32_t kStackOverflow = 0xc00000fd;
constexpr std::uint32_t kStowedException = 0xc000027b;
constexpr std::uint32_t kHeapCorruption = 0xc0000374;
constexpr std::uint32_t kFastFail = 0xc0000409;
constexpr std::uint32_t kDelayLoadModule = 0xc06d007e;
constexpr std::uint32_t kDelayLoadFunction = 0xc06d007f;
constexpr std::uint32_t kClrException = 0xe0434352;
constexpr std::uint32_t kOldClrException = 0xe0434f4d;

/// Codes that the processor raised at an instruction. All others are raised by a call, and the
/// instruction that is next after it says nothing.
constexpr std::array kAtAnInstruction = {kGuardPage,
                                         kMisaligned,
                                         kBreakpoint,
                                         kSingleStep,
                                         kAccessViolation,
                                         kInPageError,
                                         kIllegalInstruction,
                                         kDivideByZero,
                                         kIntegerOverflow,
                                         kStackOverflow,
                                         kPrivilegedInstruction,
                                         kFastFail};

const snapshot::ThreadContext& context_of(const Input& input) {
  const auto& exception = *input.snapshot.exception;
  if (!std::holds_alternative<std::monostate>(exception.context)) return exception.context;
  const auto* thread = snapshot::find_thread(input.snapshot, exception.thread);
  return thread == nullptr ? exception.context : thread->context;
}

bool is_at_an_instruction(const Input& input, std::uint32_t code) {
  return find_posix_signal(input.snapshot.system.os, code) != nullptr ||
         std::find(kAtAnInstruction.begin(), kAtAnInstruction.end(), code) !=
             kAtAnInstruction.end();
}

std::optional<Instruction> find_instruction(const Input& input, report::Crash& crash) {
  if (crash.address == 0 || !is_at_an_instruction(input, crash.code)) return std::nullopt;
  const auto* thread = snapshot::find_thread(input.snapshot, input.snapshot.exception->thread);
  auto instruction = decode_instruction(input.memory, crash.address, context_of(input),
                                        thread == nullptr ? 0 : thread->teb);
  if (!instruction) return std::nullopt;
  crash.instruction = instruction->text;
  crash.instruction_bytes = instruction->bytes;
  for (const auto& operand : instruction->operands) crash.memory_accesses.push_back(operand.access);
  return instruction;
}

void decode_fast_fail(report::Crash& crash) {
  if (crash.parameters.empty()) return;
  const auto code = crash.parameters.front();
  const auto* info = find_fast_fail(code);
  const std::string_view name = info == nullptr ? "without a known name" : info->name;
  crash.decoded.push_back(fmt::format("fast-fail code {}, {}", code, name));
  if (info != nullptr && !info->meaning.empty()) crash.decoded.emplace_back(info->meaning);
}

void decode_cxx(const Input& input, DecodedCrash& result) {
  const auto cpu = input.snapshot.system.cpu;
  auto& crash = result.crash;
  constexpr std::size_t kObject = 1, kThrowInfo = 2;
  if (crash.parameters.size() <= kThrowInfo) return;
  if (crash.parameters[kObject] == 0 && crash.parameters[kThrowInfo] == 0) {
    crash.decoded.emplace_back("nothing was thrown: throw without an object, and none was caught");
    return;
  }
  result.cxx_type = read_msvc_type(cpu, input.memory, crash.parameters);
  result.cxx_what = read_msvc_what(cpu, input.memory, crash.parameters);
  if (!result.cxx_type.empty())
    crash.decoded.push_back(fmt::format("what was thrown is a {}", result.cxx_type));
  if (!result.cxx_what.empty())
    crash.decoded.push_back(fmt::format("its what() says \"{}\"", result.cxx_what));
  crash.decoded.push_back(fmt::format("the thrown object is at {:#x}", crash.parameters[kObject]));
}

void decode_clr(report::Crash& crash) {
  if (crash.parameters.empty()) return;
  const auto hresult = static_cast<std::uint32_t>(crash.parameters[0]);
  const auto* info = find_exception_code(hresult);
  const auto name = info == nullptr ? "" : fmt::format(" ({})", info->name);
  crash.decoded.push_back(fmt::format("its HRESULT is {:#010x}{}", hresult, name));
}

void decode_division(const Instruction* instruction, DecodedCrash& result) {
  if (instruction == nullptr || !instruction->divides) return;
  if (result.crash.code == kDivideByZero) {
    result.divisor = instruction->divisor;
    result.crash.decoded.push_back(fmt::format("the divisor is {}", instruction->divisor));
  } else {
    result.crash.decoded.push_back(
        fmt::format("the quotient of the division by {} does not fit", instruction->divisor));
  }
}

/// What is there when it is no instruction, for whoever looks for code that was overwritten.
void show_bytes(const Input& input, report::Crash& crash) {
  constexpr std::size_t kShown = 8;
  const auto bytes = bytes_at(input.memory, crash.address, kShown);
  if (!bytes.empty())
    crash.decoded.push_back(fmt::format("the bytes at {:#x} are {}", crash.address, bytes));
}

void decode_code(const Input& input, const Instruction* instruction, DecodedCrash& result) {
  auto& crash = result.crash;
  switch (crash.code) {
    case kAccessViolation:
    case kGuardPage:
    case kStackOverflow: return decode_access(input, context_of(input), instruction, result);
    case kInPageError:
      decode_access(input, context_of(input), instruction, result);
      return decode_in_page_error(input, crash);
    case kFastFail: return decode_fast_fail(crash);
    case kMsvcCxxException: return decode_cxx(input, result);
    case kClrException:
    case kOldClrException: return decode_clr(crash);
    case kDivideByZero:
    case kIntegerOverflow: return decode_division(instruction, result);
    case kIllegalInstruction: return show_bytes(input, crash);
    case kHeapCorruption: return decode_heap_corruption(input, crash);
    case kStowedException: return decode_stowed(input, crash);
    case kDelayLoadModule:
    case kDelayLoadFunction: return decode_delay_load(input, result);
    default: return;
  }
}

/// What the functions on the stack add to it.
void decode_stack(const report::Thread& stack, DecodedCrash& result) {
  auto& crash = result.crash;
  const bool says_little = crash.code == kFastFail || crash.code == kBreakpoint ||
                           crash.code == kFatalAppExit || crash.code == kInvalidParameter;
  if (says_little) result.runtime_call = find_runtime_call(stack);
  if (!result.runtime_call.empty())
    crash.decoded.push_back(fmt::format("by its stack, the program {}", result.runtime_call));
  if (crash.code != kStackOverflow) return;
  result.recursion = find_recursion(stack);
  if (!result.recursion) return;
  crash.decoded.push_back(fmt::format("the stack repeats {}", describe(*result.recursion, stack)));
}

/// A signal's record has the accessed address where that of the instruction belongs.
void name_signal(const Input& input, const PosixSignal& signal, report::Crash& crash) {
  crash.name = signal.name;
  crash.meaning = signal.meaning;
  if (!signal.has_address) return;
  crash.accessed_address = crash.address;
  crash.address = snapshot::instruction_pointer(context_of(input)).value_or(0);
}

/// Addresses of a 32-bit process, which some writers extend by their sign.
void narrow_addresses(report::Crash& crash) {
  constexpr std::uint64_t kLow = 0xffff'ffff;
  crash.address &= kLow;
  for (auto& value : crash.parameters) value &= kLow;
}

}  // namespace

bool has_crashed(const snapshot::Snapshot& snapshot) noexcept {
  return snapshot.exception && !is_dump_request(snapshot.system.os, snapshot.exception->code);
}

Ending ending_of(const report::Crash& crash) noexcept {
  if (crash.kind == "bugcheck") return Ending::Other;
  if (crash.kind == "exit") {
    const bool cxx = crash.code == kMsvcCxxException || crash.code == kGccCxxException;
    if (cxx || crash.name == kCxxExceptionName) return Ending::CxxException;
    return crash.name == kAbortName ? Ending::Abort : Ending::Exit;
  }
  switch (crash.code) {
    case kAccessViolation:
    case kGuardPage:
    case kInPageError: return Ending::Access;
    case kStackOverflow: return Ending::StackOverflow;
    case kFastFail: return Ending::FastFail;
    case kMsvcCxxException:
    case kGccCxxException: return Ending::CxxException;
    default: return crash.accessed_address ? Ending::Access : Ending::Other;
  }
}

std::optional<DecodedCrash> decode_crash(const Input& input, const report::Thread* stack) {
  if (!has_crashed(input.snapshot)) return std::nullopt;
  const auto& exception = *input.snapshot.exception;
  DecodedCrash result;
  auto& crash = result.crash;
  crash.kind = "exception";
  crash.code = exception.code;
  crash.name = exception_name(exception.code);
  if (const auto* info = find_exception_code(exception.code)) crash.meaning = info->meaning;
  crash.address = exception.address;
  crash.parameters = exception.parameters;
  crash.thread_id = exception.thread.value;
  if (input.snapshot.system.cpu == snapshot::Cpu::X86) narrow_addresses(crash);
  if (crash.code == kExitTrapCode) {
    decode_exit(stack, crash);
    return result;
  }
  if (is_thread_event(crash)) {
    decode_thread_event(input.snapshot, crash);
    return result;
  }
  const auto* signal = find_posix_signal(input.snapshot.system.os, crash.code);
  if (signal != nullptr) name_signal(input, *signal, crash);
  const auto instruction = find_instruction(input, crash);
  if (signal != nullptr) {
    explain_access(input, context_of(input), instruction ? &*instruction : nullptr, result);
  } else {
    decode_code(input, instruction ? &*instruction : nullptr, result);
  }
  if (stack != nullptr) decode_stack(*stack, result);
  return result;
}

}  // namespace vigil::analysis
