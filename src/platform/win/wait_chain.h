// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <windows.h>
// After windows.h, which it needs.
#include <wct.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/result.h"

/// Who waits for whom, as the system knows it of critical sections, mutexes, messages, COM and LPC.
/// Source: "Wait Chain Traversal" of the Win32 documentation. A question can hang, so it is asked
/// in a process that somebody else may end.
namespace vigil::platform {

/// The functions of advapi32.dll that are used; a test brings its own.
struct WaitChainFunctions {
  decltype(&::OpenThreadWaitChainSession) open = nullptr;
  decltype(&::CloseThreadWaitChainSession) close = nullptr;
  decltype(&::GetThreadWaitChain) get = nullptr;
};
/// Errc::Unsupported where the system has not all of them.
[[nodiscard]] Result<WaitChainFunctions> wait_chain_functions();

/// A circle of waiting threads that one of \p threads of \p process is in:
/// `thread 12 waits for the critical section 0x1234, held by thread 14, which waits for …, held by
/// thread 12`. Nothing: there is none, as far as the system can tell.
[[nodiscard]] Result<std::optional<std::string>> find_deadlock(
    const WaitChainFunctions& functions,
    std::uint32_t process,
    std::span<const std::uint32_t> threads);

}  // namespace vigil::platform
