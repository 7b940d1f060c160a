// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "breakpad/breakpad.h"
#include "unwind/step.h"

namespace vigil::unwind {

/// The caller of \p frame by \p rules, whose place covers it. The walk checks what comes out.
[[nodiscard]] Step<snapshot::Amd64Context> unwind_by_cfi(
    const Target& target,
    const Cursor<snapshot::Amd64Context>& frame,
    const breakpad::CfiRules& rules);
[[nodiscard]] Step<snapshot::X86Context> unwind_by_cfi(const Target& target,
                                                       const Cursor<snapshot::X86Context>& frame,
                                                       const breakpad::CfiRules& rules);
[[nodiscard]] Step<snapshot::Arm64Context> unwind_by_cfi(
    const Target& target,
    const Cursor<snapshot::Arm64Context>& frame,
    const breakpad::CfiRules& rules);

/// The same by what the compiler wrote down of a function of x86.
[[nodiscard]] Step<snapshot::X86Context> unwind_by_win_frame(
    const Target& target,
    const Cursor<snapshot::X86Context>& frame,
    const breakpad::WinFrame& rule);

}  // namespace vigil::unwind
