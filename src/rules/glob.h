// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace vigil::rules {

/// Whether `/` and `\` are one character: they are in paths, and not in a command line's switches.
enum class Slashes : std::uint8_t { Differ, Same };

[[nodiscard]] bool glob_matches(std::string_view pattern,
                                std::string_view text,
                                Slashes slashes) noexcept;

}  // namespace vigil::rules
