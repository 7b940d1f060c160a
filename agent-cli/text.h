// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// Pieces of text for people.
namespace vigil::cli {

/// \p text as one line that is safe on a terminal: control characters, escape sequences and marks
/// that turn the direction of writing round become U+FFFD, tabs and line ends a space.
[[nodiscard]] std::string one_line(std::string_view text);

/// How many columns one_line() text takes: East Asian wide characters and emoji take two, combining
/// marks none.
[[nodiscard]] std::size_t display_width(std::string_view text);

/// \p text cut to \p width columns, with `…` where something is missing.
[[nodiscard]] std::string cut_to_width(std::string_view text, std::size_t width);

}  // namespace vigil::cli
