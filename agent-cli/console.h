// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The terminal and the command line, as each system has them.
namespace vigil::cli {

/// The arguments in UTF-8, without the program's name.
[[nodiscard]] std::vector<std::string> arguments(int argc, char** argv);

/// Once at the start: a reader that goes away must not end us by a signal, and line ends stay what
/// they are.
void prepare_streams();

/// Columns of the terminal on stdout; nothing: it is no terminal.
[[nodiscard]] std::optional<std::size_t> terminal_width();

/// Writes UTF-8 whole, to terminals in their own encoding. False: the stream is broken; a reader
/// that went away does not count.
[[nodiscard]] bool write_text(std::FILE* stream, std::string_view text);

}  // namespace vigil::cli
