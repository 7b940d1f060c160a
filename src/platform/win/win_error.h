// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace vigil::platform {

/// The failure that GetLastError() tells of: `what: the system's words (error N)`.
[[nodiscard]] Error from_last_error(std::string_view what);
[[nodiscard]] Error from_win32(std::uint32_t code, std::string_view what);
[[nodiscard]] Error from_hresult(std::int32_t hr, std::string_view what);
[[nodiscard]] Error from_ntstatus(std::int32_t status, std::string_view what);

}  // namespace vigil::platform
