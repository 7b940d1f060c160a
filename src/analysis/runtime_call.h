// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "report/report.h"

namespace vigil::analysis {

inline constexpr std::uint32_t kFatalAppExit = 0x40000015;
inline constexpr std::uint32_t kInvalidParameter = 0xc0000417;

/// What the program did, by the function of a runtime near the top of \p stack that says most:
/// `called a pure virtual function`. Empty: there is none.
[[nodiscard]] std::string_view find_runtime_call(const report::Thread& stack);

}  // namespace vigil::analysis
