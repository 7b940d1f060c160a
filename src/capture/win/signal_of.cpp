// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/exception_codes.h"
#include "capture/fault_key.h"
#include "capture/image_facts.h"
#include "capture/win/collect.h"
#include "capture/win/modes.h"

namespace vigil::capture {
namespace {

/// What abort() of older C runtimes exits with. By itself it proves no crash, but here the process
/// was seen to end itself with it.
constexpr std::uint32_t kAbortExitCode = 3;

std::string detail_of(const Death& death) {
  if (!death.exit_code) return {};
  auto text = fmt::format("ended itself with exit code {:#x}", *death.exit_code);
  const auto last = static_cast<std::uint32_t>(death.exception.parameters.at(2));
  if (last != 0) text += fmt::format(" after exception {}", exception_name(last));
  return text;
}

}  // namespace

store::Signal signal_of(store::Source source,
                        const store::Signal& facts,
                        const Death& death,
                        TargetMemory& memory,
                        const TargetProcess& process) {
  auto signal = facts;
  signal.source = source;
  signal.at = SystemClock().now();
  signal.detail = detail_of(death);
  signal.exit_code = death.exit_code;
  signal.kind = store::Kind::Crash;
  if (!death.exit_code) {
    signal.exception_code = death.exception.code;
  } else if (*death.exit_code != kAbortExitCode && !is_crash_exit_code(*death.exit_code)) {
    signal.kind = store::Kind::Exit;
  }
  // Names and places suffice here; reading every image's facts would keep the process waiting.
  const auto modules = read_loader_list(memory, process.peb());
  const auto code = death.exit_code.value_or(death.exception.code);
  const auto registers = stack_registers(death.exception.context);
  signal.fault_key =
      fault_key(memory, modules, code, death.exception.address, registers.stack_pointer);
  return signal;
}

}  // namespace vigil::capture
