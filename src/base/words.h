// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// Quantities in the words of a sentence, the same wherever Vigil talks.
namespace vigil {

/// `1 thread`, `2 threads`
[[nodiscard]] std::string counted(std::uint64_t count, std::string_view noun);

/// `512 bytes`, `33.0 KiB`, `1.2 GiB`
[[nodiscard]] std::string format_bytes(std::uint64_t bytes);

}  // namespace vigil
