// SPDX-License-Identifier: Apache-2.0
#include "analysis/exit_trap.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "base/exception_codes.h"

namespace vigil::analysis {
namespace {

/// What abort() ends a process with. Other programs use it for what they like.
constexpr std::uint32_t kAbortExitCode = 3;
/// abort(), and what led to it, is called from nearby.
constexpr std::size_t kFramesToSearch = 24;

constexpr std::array<std::string_view, 1> kAbort = {"abort"};
constexpr std::array<std::string_view, 9> kUncaught = {"__cxa_throw",
                                                       "__cxa_rethrow",
                                                       "_CxxThrowException",
                                                       "_Unwind_RaiseException",
                                                       "_ZSt9terminatev",
                                                       "__terminate",
                                                       "terminate",
                                                       "std::terminate",
                                                       "_ZN10__cxxabiv111__terminateEPFvvE"};

template <std::size_t kCount>
bool calls_any_of(const report::Thread* stack, const std::array<std::string_view, kCount>& names) {
  if (stack == nullptr) return false;
  const auto count = std::min(stack->frames.size(), kFramesToSearch);
  return std::any_of(stack->frames.begin(),
                     stack->frames.begin() + static_cast<std::ptrdiff_t>(count),
                     [&names](const report::Frame& frame) {
                       return std::find(names.begin(), names.end(), frame.function) != names.end();
                     });
}

bool is_cxx(std::uint32_t code) {
  return code == kMsvcCxxException || code == kGccCxxException;
}

/// An exit code as a person writes it: small ones in decimal, statuses in hex.
std::string exit_code_text(std::uint32_t code) {
  constexpr std::uint32_t kSmall = 0x10000;
  return code < kSmall ? fmt::format("{}", code) : fmt::format("{:#010x}", code);
}

void name_exit(const report::Thread* stack, std::uint32_t last_exception, report::Crash& crash) {
  const bool aborted = calls_any_of(stack, kAbort);
  const bool uncaught = calls_any_of(stack, kUncaught);
  if (uncaught || (is_cxx(last_exception) && (aborted || crash.code == kAbortExitCode))) {
    crash.name =
        is_cxx(last_exception) ? exception_name(last_exception) : std::string(kCxxExceptionName);
    if (is_cxx(last_exception)) crash.code = last_exception;
    crash.meaning = "a C++ exception that nobody caught";
    return;
  }
  if (aborted) {
    crash.name = kAbortName;
    crash.meaning = "the program called abort()";
    return;
  }
  const auto* info = find_exception_code(crash.code);
  crash.name = info != nullptr ? std::string(info->name) : "EXIT_" + exit_code_text(crash.code);
  crash.meaning = "the process " + describe_exit(crash.code);
}

}  // namespace

std::string describe_exit(std::uint32_t code) {
  const auto* info = find_exception_code(code);
  const auto name = info != nullptr ? fmt::format(" ({})", info->name) : "";
  return fmt::format("ended itself with exit code {}{}", exit_code_text(code), name);
}

void decode_exit(const report::Thread* stack, report::Crash& crash) {
  constexpr std::uint64_t kRtlExitUserProcess = 1, kNtTerminateProcess = 2;
  const auto parameter = [&crash](std::size_t index) {
    return index < crash.parameters.size() ? crash.parameters[index] : 0;
  };
  crash.kind = "exit";
  crash.code = static_cast<std::uint32_t>(parameter(0));
  crash.exit_code = crash.code;
  const auto last_exception = static_cast<std::uint32_t>(parameter(2));
  name_exit(stack, last_exception, crash);
  std::string_view call = "a call that ends it";
  if (parameter(1) == kRtlExitUserProcess) call = "RtlExitUserProcess";
  if (parameter(1) == kNtTerminateProcess) call = "NtTerminateProcess";
  crash.decoded.push_back(fmt::format("the process was stopped in {}, with exit code {}", call,
                                      exit_code_text(*crash.exit_code)));
  if (last_exception != 0) {
    crash.decoded.push_back(
        fmt::format("the last exception before that was {}", exception_name(last_exception)));
  }
}

}  // namespace vigil::analysis
