// SPDX-License-Identifier: Apache-2.0
#include "base/utf.h"

namespace vigil {

// Windows allows unpaired surrogates in file names, and on them path::u8string() throws. Our own
// conversion puts U+FFFD there: the name can be shown, and the path itself stays as it is.

std::filesystem::path path_from_utf8(std::string_view text) {
  const auto units = utf16_from_utf8(text);
  return std::filesystem::path(std::wstring(units.begin(), units.end()));
}

std::string utf8_from_path(const std::filesystem::path& path) {
  const auto& native = path.native();
  return utf8_from_utf16(std::u16string(native.begin(), native.end())).text;
}

}  // namespace vigil
