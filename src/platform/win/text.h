// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace vigil::platform {

/// UTF-8 to what the W functions take. Malformed sequences become U+FFFD.
[[nodiscard]] std::wstring wide_from_utf8(std::string_view text);
/// The way back. Unpaired surrogates become U+FFFD.
[[nodiscard]] std::string utf8_from_wide(std::wstring_view text);

}  // namespace vigil::platform
