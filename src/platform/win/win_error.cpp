// SPDX-License-Identifier: Apache-2.0
#include "platform/win/win_error.h"

#include <array>

#include <fmt/format.h>
#include <windows.h>

#include "base/utf.h"

namespace vigil::platform {
namespace {

Errc errc_from_win32(DWORD code) {
  switch (code) {
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND:
    case ERROR_INVALID_DRIVE:
    case ERROR_BAD_NETPATH:
    case ERROR_SERVICE_DOES_NOT_EXIST:
    case ERROR_NOT_FOUND: return Errc::NotFound;
    case ERROR_ACCESS_DENIED:
    case ERROR_PRIVILEGE_NOT_HELD:
    case ERROR_WRITE_PROTECT: return Errc::AccessDenied;
    case ERROR_SHARING_VIOLATION:
    case ERROR_LOCK_VIOLATION:
    case ERROR_BUSY:
    case ERROR_PIPE_BUSY: return Errc::Busy;
    case ERROR_DISK_FULL:
    case ERROR_HANDLE_DISK_FULL: return Errc::DiskFull;
    case ERROR_OPERATION_ABORTED:
    case ERROR_CANCELLED: return Errc::Cancelled;
    default: return Errc::Io;
  }
}

/// The system's words for a Win32 code, without their full stop and line end; empty when it has
/// none.
std::string system_message(DWORD code) {
  std::array<wchar_t, 512> buffer{};
  const DWORD length =
      ::FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, nullptr, code, 0,
                       buffer.data(), static_cast<DWORD>(buffer.size()), nullptr);
  const std::u16string units(buffer.begin(), buffer.begin() + length);
  auto text = utf8_from_utf16(units).text;
  while (!text.empty() &&
         (text.back() == '\n' || text.back() == '\r' || text.back() == '.' || text.back() == ' ')) {
    text.pop_back();
  }
  return text;
}

}  // namespace

Error from_win32(std::uint32_t code, std::string_view what) {
  const auto words = system_message(code);
  return {errc_from_win32(code),
          words.empty() ? fmt::format("{}: error {}", what, code)
                        : fmt::format("{}: {} (error {})", what, words, code),
          code};
}

Error from_last_error(std::string_view what) {
  return from_win32(::GetLastError(), what);
}

Error from_hresult(std::int32_t hr, std::string_view what) {
  const auto code = static_cast<std::uint32_t>(hr);
  if ((code & 0xffff0000u) == 0x80070000u) return from_win32(code & 0xffffu, what);
  return {Errc::Io, fmt::format("{}: HRESULT {:#010x}", what, code), code};
}

Error from_ntstatus(std::int32_t status, std::string_view what) {
  // The few that a caller treats differently; ntdll's own table is not reachable from every
  // process.
  const auto code = static_cast<std::uint32_t>(status);
  const auto errc = code == 0xc0000022u   ? Errc::AccessDenied  // STATUS_ACCESS_DENIED
                    : code == 0xc000000bu ? Errc::NotFound      // STATUS_INVALID_CID
                    : code == 0xc000010au ? Errc::NotFound      // STATUS_PROCESS_IS_TERMINATING
                                          : Errc::Io;
  return {errc, fmt::format("{}: NTSTATUS {:#010x}", what, code), code};
}

}  // namespace vigil::platform
