// SPDX-License-Identifier: Apache-2.0
#include "platform/win/text.h"

#include "base/utf.h"

namespace vigil::platform {

static_assert(sizeof(wchar_t) == sizeof(char16_t));

std::wstring wide_from_utf8(std::string_view text) {
  const auto units = utf16_from_utf8(text);
  return {units.begin(), units.end()};
}

std::string utf8_from_wide(std::wstring_view text) {
  return utf8_from_utf16(std::u16string(text.begin(), text.end())).text;
}

}  // namespace vigil::platform
