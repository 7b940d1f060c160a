// SPDX-License-Identifier: Apache-2.0
#include "platform/win/version.h"

#include <cstddef>
#include <vector>

#include <windows.h>

#include <winver.h>

#include <fmt/format.h>

#include "platform/win/text.h"

namespace vigil::platform {
namespace {

/// Version resources are some KiB; a larger one is not believed.
constexpr DWORD kMaxBytes = 1 << 20;

bool is_on_local_disk(const std::wstring& path) {
  if (path.size() < 3 || path[1] != L':' || path[2] != L'\\') return false;
  return ::GetDriveTypeW(path.substr(0, 3).c_str()) == DRIVE_FIXED;
}

}  // namespace

std::string file_version(const std::string& path) {
  const auto wide = wide_from_utf8(path);
  if (!is_on_local_disk(wide)) return {};
  // The neutral file, not its satellite in the language of this account.
  DWORD unused = 0;
  const DWORD size = ::GetFileVersionInfoSizeExW(FILE_VER_GET_NEUTRAL, wide.c_str(), &unused);
  if (size == 0 || size > kMaxBytes) return {};
  std::vector<std::byte> data(size);
  void* value = nullptr;
  UINT length = 0;
  if (::GetFileVersionInfoExW(FILE_VER_GET_NEUTRAL, wide.c_str(), 0, size, data.data()) == FALSE ||
      ::VerQueryValueW(data.data(), L"\\", &value, &length) == FALSE ||
      length < sizeof(VS_FIXEDFILEINFO)) {
    return {};
  }
  const auto* info = static_cast<const VS_FIXEDFILEINFO*>(value);
  return fmt::format("{}.{}.{}.{}", HIWORD(info->dwFileVersionMS), LOWORD(info->dwFileVersionMS),
                     HIWORD(info->dwFileVersionLS), LOWORD(info->dwFileVersionLS));
}

}  // namespace vigil::platform
