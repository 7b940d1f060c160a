// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "analysis/crash.h"

namespace vigil::analysis {

inline constexpr std::uint32_t kMsvcCxxException = 0xe06d7363;
inline constexpr std::uint32_t kGccCxxException = 0x20474343;

/// What decode_exit() names an exit when it was abort() or an exception, and no code says so.
inline constexpr std::string_view kAbortName = "ABORT";
inline constexpr std::string_view kCxxExceptionName = "CXX_EXCEPTION";

/// Puts what kExitTrapCode's parameters and the stack tell into \p crash: which exit code it was,
/// and whether abort() or an uncaught C++ exception was behind it. \p stack null: there is none.
void decode_exit(const report::Thread* stack, report::Crash& crash);

/// `ended itself with exit code 0xc0000005 (ACCESS_VIOLATION)`
[[nodiscard]] std::string describe_exit(std::uint32_t code);

}  // namespace vigil::analysis
