// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <windows.h>

#include <knownfolders.h>
#include <shlobj.h>

#include "platform/platform.h"
#include "platform/win/win_error.h"

namespace vigil::platform {
namespace {

constexpr DWORD kMaxPathUnits = 32'768;  // the limit of Windows itself, in UTF-16 units

bool is_terminal(DWORD which) {
  DWORD mode = 0;
  return ::GetConsoleMode(::GetStdHandle(which), &mode) != FALSE &&
         (mode & ENABLE_VIRTUAL_TERMINAL_PROCESSING) != 0;
}

// FOLDERID_ProgramData and FOLDERID_LocalAppData, written out: the symbols live in a library that
// mingw-w64 and the SDK name differently.
constexpr GUID kProgramData = {
    0x62ab5d82, 0xfdc1, 0x4dc3, {0xa9, 0xdd, 0x07, 0x0d, 0x1d, 0x49, 0x5d, 0x97}};
constexpr GUID kLocalAppData = {
    0xf1b32785, 0x6fba, 0x4fcf, {0x9d, 0x55, 0x7b, 0x8e, 0x7f, 0x15, 0x70, 0x91}};

/// The folder `Vigil` in the one that the shell knows by \p id.
Result<std::filesystem::path> known_folder(const GUID& id, const char* complaint) {
  PWSTR text = nullptr;
  const HRESULT hr = ::SHGetKnownFolderPath(id, 0, nullptr, &text);
  if (FAILED(hr)) {
    ::CoTaskMemFree(text);
    return from_hresult(hr, complaint);
  }
  std::filesystem::path path(text);
  ::CoTaskMemFree(text);
  return path / L"Vigil";
}

}  // namespace

Result<std::filesystem::path> default_data_folder() {
  return known_folder(kProgramData, "cannot find the ProgramData folder");
}

Result<std::filesystem::path> default_cache_folder() {
  return known_folder(kLocalAppData, "cannot find the user's folder for local data");
}

Result<std::filesystem::path> current_program() {
  std::wstring buffer(MAX_PATH, L'\0');
  for (;;) {
    const DWORD length =
        ::GetModuleFileNameW(nullptr, buffer.data(), static_cast<DWORD>(buffer.size()));
    if (length == 0) return from_last_error("cannot find this program's file");
    if (length < buffer.size()) return std::filesystem::path(buffer.substr(0, length));
    if (buffer.size() >= kMaxPathUnits)
      return Error{Errc::Internal, "this program's path is too long"};
    buffer.resize(buffer.size() * 2);
  }
}

bool stdout_is_terminal() {
  return is_terminal(STD_OUTPUT_HANDLE);
}
bool stderr_is_terminal() {
  return is_terminal(STD_ERROR_HANDLE);
}

}  // namespace vigil::platform
