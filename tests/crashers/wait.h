// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// What a test program waits for before it dies.
namespace vigil::crasher {

/// Until a debugger is attached; false after \p seconds without one.
[[nodiscard]] bool wait_for_debugger(std::uint32_t seconds);

/// Until whoever holds the other end of standard input closes it.
void wait_until_stdin_closes();

}  // namespace vigil::crasher
