// SPDX-License-Identifier: Apache-2.0
#include "analysis/kernel.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "analysis/access.h"
#include "analysis/blame.h"
#include "analysis/bugcheck.h"
#include "analysis/fast_fail.h"
#include "analysis/instruction.h"
#include "analysis/kernel_blame.h"
#include "analysis/signature.h"
#include "base/exception_codes.h"
#include "base/utf.h"

namespace vigil::analysis {
namespace {

constexpr std::uint32_t kAccessViolation = 0xc0000005;

/// Which parameters of a bugcheck tell of an access: the address, and its kind.
struct AccessRule {
  std::uint32_t code;
  std::size_t address, kind;
};
constexpr AccessRule kAccessRules[] = {
    {0x0a, 0, 2}, {0x50, 0, 1}, {0xc5, 0, 2}, {0xc6, 0, 1}, {0xcc, 0, 1},
    {0xcd, 0, 1}, {0xce, 0, 1}, {0xcf, 0, 1}, {0xd0, 0, 2}, {0xd1, 0, 2},
    {0xd3, 0, 2}, {0xd4, 0, 2}, {0xd5, 0, 1}, {0xd6, 0, 1}, {0xdb, 0, 2},
};

const AccessRule* access_rule(const snapshot::Bugcheck& bugcheck) {
  constexpr std::uint32_t kKernelException = 0x1e;
  static constexpr AccessRule kOfViolation = {kKernelException, 3, 2};
  const bool violation = static_cast<std::uint32_t>(bugcheck.parameters[0]) == kAccessViolation;
  if (bugcheck.base_code() == kKernelException && violation) return &kOfViolation;
  const auto rule = std::ranges::find(kAccessRules, bugcheck.base_code(), &AccessRule::code);
  return rule == std::end(kAccessRules) ? nullptr : rule;
}

void set_access(const snapshot::Snapshot& snapshot, report::Crash& crash) {
  const auto& bugcheck = snapshot.kernel->bugcheck;
  if (const auto* rule = access_rule(bugcheck)) {
    crash.accessed_address = bugcheck.parameters[rule->address];
    crash.access = access_in_words(bugcheck.base_code(), bugcheck.parameters[rule->kind]);
    return;
  }
  const auto& exception = *snapshot.exception;
  if (exception.code != kAccessViolation || exception.parameters.size() < 2) return;
  crash.accessed_address = exception.parameters[1];
  crash.access = access_in_words(0, exception.parameters[0]);
}

report::Crash make_crash(const Input& input) {
  const auto& snapshot = input.snapshot;
  const auto& kernel = *snapshot.kernel;
  const auto& bugcheck = kernel.bugcheck;
  report::Crash crash;
  crash.kind = "bugcheck";
  crash.code = bugcheck.code;
  crash.name = bugcheck_name(bugcheck);
  crash.meaning = bugcheck_info(bugcheck).meaning;
  crash.parameters.assign(bugcheck.parameters.begin(), bugcheck.parameters.end());
  if (!snapshot.exception) return crash;
  const auto& exception = *snapshot.exception;
  crash.thread_id = exception.thread.value;
  crash.address = exception.address;
  set_access(snapshot, crash);
  if (exception.code != 0) {
    const auto* info = find_exception_code(exception.code);
    crash.decoded.push_back(fmt::format("the exception is {:#010x} {}{}", exception.code,
                                        exception_name(exception.code),
                                        info == nullptr ? "" : fmt::format(": {}", info->meaning)));
  }
  const bool registers = kernel.fault_source != snapshot::FaultSource::None;
  const auto instruction = decode_instruction(
      input.memory, crash.address,
      registers ? exception.context : snapshot::ThreadContext(std::monostate{}), 0);
  if (crash.address == 0 || !instruction) return crash;
  crash.instruction = instruction->text;
  crash.instruction_bytes = instruction->bytes;
  for (const auto& operand : instruction->operands) crash.memory_accesses.push_back(operand.access);
  if (exception.code == kAccessViolation)
    explain_hidden_address(snapshot.system, *instruction, crash);
  return crash;
}

/// What of a bugcheck groups: its name, and what its first parameter says where that is a kind.
std::string class_of(const Input& input) {
  constexpr std::array<std::uint32_t, 14> kKinds = {0x19, 0x1a,  0x4e,  0x7f,  0x9f,  0xc2,  0xc4,
                                                    0xc9, 0x10d, 0x10e, 0x113, 0x119, 0x124, 0x133};
  const auto& bugcheck = input.snapshot.kernel->bugcheck;
  const auto code = bugcheck.base_code();
  auto group = bugcheck_group(bugcheck);
  if (code == 0x139) {
    const auto* info = find_fast_fail(bugcheck.parameters[0]);
    return fmt::format(
        "{} ({})", group,
        info == nullptr ? fmt::format("{}", bugcheck.parameters[0]) : std::string(info->name));
  }
  if (code == 0x1e || code == 0x3b || code == 0x7e || code == 0x8e) {
    return fmt::format("{} ({})", group,
                       exception_name(static_cast<std::uint32_t>(bugcheck.parameters[0])));
  }
  if (std::ranges::find(kKinds, code) != kKinds.end())
    return fmt::format("{} ({:#x})", group, bugcheck.parameters[0]);
  return group;
}

/// The stack of what stopped the machine; null: none of its frames is known to lie in a module, and
/// machines that have nothing in common would have such a stack in common.
const report::Thread* named_stack(const Input& input) {
  if (input.threads.empty()) return nullptr;
  const auto& stack = input.threads.front();
  const bool named = std::ranges::any_of(
      stack.frames, [](const report::Frame& frame) { return !frame.module.empty(); });
  return named ? &stack : nullptr;
}

report::Signature make_kernel_signature(const Input& input,
                                        const report::Crash& crash,
                                        const KernelCulprit& culprit) {
  auto named = crash;
  named.name = class_of(input);
  // One that goes by the name of a driver of Windows would be passed over on the stack.
  const bool disguised = culprit.module && !culprit.of_windows &&
                         is_system_module(input.snapshot.modules[*culprit.module].name());
  const bool walked = culprit.frame && !culprit.probable && !disguised;
  if (!culprit.is_known() || walked) return make_signature(named_stack(input), &named);
  if (!culprit.module) return make_signature_of(ascii_lower(culprit.process), named);
  const auto& module = input.snapshot.modules[*culprit.module];
  const auto name = ascii_lower(module.name());
  // Which address of a driver lies on a stack that could not be walked is chance.
  const bool placed = culprit.address != 0 && !culprit.probable;
  return make_signature_of(
      placed ? fmt::format("{}+{:#x}", name, culprit.address - module.base) : name, named);
}

/// What the machine was running when it stopped.
std::string running(const snapshot::KernelState& kernel) {
  for (const auto& process : kernel.processes) {
    if (process.address != kernel.current_process || process.image.empty()) continue;
    return process.pid ? fmt::format(" while {} ({}) was running", process.image, *process.pid)
                       : fmt::format(" while {} was running", process.image);
  }
  return {};
}

std::string what_was_touched(const report::Crash& crash) {
  if (!crash.accessed_address || crash.access.empty()) return {};
  const bool hidden = crash.adjusted_address && crash.adjusted_address->address;
  return fmt::format(", by {} {:#x}{}",
                     crash.access == "write"     ? "writing to"
                     : crash.access == "execute" ? "running"
                                                 : "reading",
                     *crash.accessed_address, hidden ? ", for which the record gives -1" : "");
}

/// Of a dump that somebody asked for while nothing had failed: who made it, and that the machine
/// went on. Empty: of any other.
std::string asked_for(const snapshot::KernelState& kernel, std::string_view machine) {
  constexpr std::uint32_t kLiveSystemDump = 0x161;
  const auto code = kernel.bugcheck.base_code();
  if (code != 0 && code != kLiveSystemDump) return {};
  if (kernel.live) {
    return fmt::format(
        "{} wrote this dump of itself on request while it was running, and went on: nothing has "
        "failed",
        machine);
  }
  if (kernel.by_debugger) {
    return fmt::format(
        "{} was running when a debugger wrote this dump of it, and could go on: nothing has failed",
        machine);
  }
  return fmt::format("{} was running when this dump was made: nothing has failed", machine);
}

std::string make_kernel_synopsis(const Input& input,
                                 const report::Crash& crash,
                                 const KernelCulprit& culprit) {
  const auto& kernel = *input.snapshot.kernel;
  const auto product = snapshot::windows_product(input.snapshot.system);
  const std::string_view machine = product.empty() ? "Windows" : product;
  if (auto text = asked_for(kernel, machine); !text.empty()) return text;
  const bool known = !bugcheck_info(kernel.bugcheck).name.empty();
  auto text = fmt::format("{} {} {}{}", machine, kernel.live ? "reported" : "stopped with",
                          known ? fmt::format("{} ({:#x})", crash.name, crash.code)
                                : fmt::format("{}, {:#x}", crash.name, crash.code),
                          running(kernel));
  if (kernel.live) text += " and went on";
  if (kernel.by_debugger) text += ", and a debugger wrote this dump";
  if (!crash.meaning.empty()) text += fmt::format(": {}", crash.meaning);
  text += what_was_touched(crash);
  if (culprit.reason.empty()) return text;
  if (culprit.of_windows) return text + fmt::format("; {}", culprit.reason);
  if (!culprit.is_known()) return text + fmt::format("; nobody is blamed: {}", culprit.reason);
  const auto who = culprit.module ? std::string(input.snapshot.modules[*culprit.module].name())
                                  : culprit.process;
  text += fmt::format("; {} is {}to blame: {}", who, culprit.probable ? "probably " : "",
                      culprit.reason);
  return text;
}

}  // namespace

Findings analyze_kernel(const Input& input) {
  Findings findings;
  auto crash = make_crash(input);
  const auto culprit = find_kernel_culprit(input);
  if (!input.threads.empty()) findings.blamed_thread = 0;
  findings.blamed_frame = culprit.frame;
  findings.blame_reason = culprit.reason;
  findings.kernel_blame.probable = culprit.probable;
  findings.kernel_blame.process = culprit.process;
  if (culprit.module) findings.kernel_blame.module = input.snapshot.modules[*culprit.module].name();
  const bool no_frame = findings.blamed_frame && !input.threads.empty() &&
                        *findings.blamed_frame >= input.threads.front().frames.size();
  if (no_frame || input.threads.empty()) findings.blamed_frame.reset();
  findings.signature = make_kernel_signature(input, crash, culprit);
  findings.synopsis = make_kernel_synopsis(input, crash, culprit);
  findings.crash = std::move(crash);
  return findings;
}

}  // namespace vigil::analysis
