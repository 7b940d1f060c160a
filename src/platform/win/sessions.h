// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "platform/win/handle.h"

/// The sessions of people at this machine. A service lives in another one (0) and sees none of
/// their windows.
namespace vigil::platform {

/// Those that somebody is logged on to, connected or not, in order.
[[nodiscard]] std::vector<std::uint32_t> people_sessions();

/// What a program of the person at \p session runs with. Only LocalSystem may ask.
[[nodiscard]] Result<KernelHandle> session_user(std::uint32_t session);

}  // namespace vigil::platform
