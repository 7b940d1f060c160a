// SPDX-License-Identifier: Apache-2.0
#include "platform/win/device_path.h"

#include <array>

#include <windows.h>

#include "base/utf.h"
#include "platform/win/text.h"

namespace vigil::platform {

std::string dos_path_of(std::string_view device_path) {
  const DWORD drives = ::GetLogicalDrives();
  for (wchar_t letter = L'A'; letter <= L'Z'; ++letter) {
    if ((drives >> (letter - L'A') & 1) == 0) continue;
    const std::array<wchar_t, 3> drive = {letter, L':', L'\0'};
    std::array<wchar_t, MAX_PATH> target{};
    if (::QueryDosDeviceW(drive.data(), target.data(), static_cast<DWORD>(target.size())) == 0)
      continue;
    const auto device = utf8_from_wide(target.data()) + '\\';
    if (device_path.size() < device.size() ||
        ascii_lower(device_path.substr(0, device.size())) != ascii_lower(device)) {
      continue;
    }
    return utf8_from_wide(drive.data()) + '\\' + std::string(device_path.substr(device.size()));
  }
  return {};
}

}  // namespace vigil::platform
