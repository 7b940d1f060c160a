// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "capture/target_memory.h"

namespace vigil::capture {

/// An exception of Microsoft's C++, and lines of text for a debugger, narrow and wide.
inline constexpr std::uint32_t kCppExceptionCode = 0xe06d7363;
inline constexpr std::uint32_t kDebugPrintCode = 0x40010006;
inline constexpr std::uint32_t kDebugPrintWideCode = 0x4001000a;

/// What the exception says, printable and of at most kMaxEventText bytes: of a C++ one the name of
/// the type that was thrown (`orders::timeout_error`; of a template its decorated name), of
/// OutputDebugString the line. Empty: another exception, or what it points at cannot be read. What
/// a C++ exception's what() would return, and the names of .NET exceptions, only code in the
/// process or its runtime knows.
[[nodiscard]] std::string exception_text(TargetMemory& memory,
                                         std::uint32_t code,
                                         std::span<const std::uint64_t> parameters);

}  // namespace vigil::capture
