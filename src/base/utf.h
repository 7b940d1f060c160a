// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/byte_view.h"

namespace vigil {

/// UTF-16LE code units to UTF-8. An unpaired surrogate becomes U+FFFD, and \p lossless tells.
struct Utf8Text {
  std::string text;
  bool lossless = true;
};
[[nodiscard]] Utf8Text utf8_from_utf16(std::u16string_view text);

/// The same from raw little-endian bytes; an odd last byte is left out and noted as a loss.
[[nodiscard]] Utf8Text utf8_from_utf16_bytes(ByteView bytes);

/// UTF-8 to UTF-16. A malformed sequence becomes U+FFFD.
[[nodiscard]] std::u16string utf16_from_utf8(std::string_view text);

/// How many bytes at the front of \p text are well-formed UTF-8, up to the first malformed
/// sequence.
[[nodiscard]] std::size_t well_formed_utf8_length(std::string_view text) noexcept;

/// \p text with every malformed UTF-8 sequence replaced by U+FFFD, and without control characters
/// other than tab and newline: what may go to a terminal, a log or JSON.
[[nodiscard]] std::string printable_utf8(std::string_view text);

/// Paths are UTF-8 inside. `fs::path(std::string)` and `.string()` mean three different things on
/// three compilers; these two mean UTF-8 on all of them. What a Windows name holds that is not
/// UTF-16 becomes U+FFFD; a POSIX name passes through as it is. Neither throws.
[[nodiscard]] std::filesystem::path path_from_utf8(std::string_view text);
[[nodiscard]] std::string utf8_from_path(const std::filesystem::path& path);

/// ASCII letters to lower case, everything else as it is: how Vigil compares names of files,
/// processes and modules.
[[nodiscard]] std::string ascii_lower(std::string_view text);

/// The part behind the last slash or backslash: the name of a Windows path, on any system.
[[nodiscard]] std::string_view windows_file_name(std::string_view path) noexcept;

}  // namespace vigil
