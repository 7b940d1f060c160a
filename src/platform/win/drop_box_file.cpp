// SPDX-License-Identifier: Apache-2.0
#include "platform/win/drop_box_file.h"

#include <cstring>
#include <string_view>
#include <vector>

#include <windows.h>

#include <aclapi.h>

#include <fmt/format.h>

#include "base/utf.h"
#include "platform/win/security.h"
#include "platform/win/win_error.h"

namespace vigil::platform {
namespace {

Error failure(std::string_view what, const std::filesystem::path& path) {
  return from_last_error(fmt::format("cannot {} {}", what, utf8_from_path(path)));
}

}  // namespace

std::filesystem::path verbatim_path(const std::filesystem::path& path) {
  constexpr std::wstring_view kVerbatim = L"\\\\?\\", kDevice = L"\\\\.\\", kNetwork = L"\\\\";
  const auto given = path.wstring();
  if (given.starts_with(kVerbatim) || given.starts_with(kDevice)) return path;
  std::wstring text(::GetFullPathNameW(given.c_str(), 0, nullptr, nullptr), L'\0');
  text.resize(
      ::GetFullPathNameW(given.c_str(), static_cast<DWORD>(text.size()), text.data(), nullptr));
  if (text.starts_with(kNetwork)) return L"\\\\?\\UNC\\" + text.substr(kNetwork.size());
  return std::wstring(kVerbatim) + text;
}

DropBoxOwner drop_box_owner(const std::filesystem::path& path) {
  const FileHandle file(
      ::CreateFileW(path.c_str(), READ_CONTROL | FILE_READ_ATTRIBUTES,
                    FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, nullptr, OPEN_EXISTING,
                    FILE_FLAG_OPEN_REPARSE_POINT | FILE_FLAG_BACKUP_SEMANTICS, nullptr));
  BY_HANDLE_FILE_INFORMATION info{};
  if (!file || ::GetFileInformationByHandle(file.get(), &info) == FALSE) return {};
  // Whoever may write to an administrator's file elsewhere can give it a second name here.
  return {owner_of(file.get()), info.nNumberOfLinks == 1 && is_owned_by_administrators(file.get())};
}

Result<DropBoxFile> DropBoxFile::open(const std::filesystem::path& path) {
  // Sharing nothing fails while somebody writes, and keeps everybody out afterwards.
  FileHandle handle(::CreateFileW(
      path.c_str(), GENERIC_READ | DELETE | READ_CONTROL | WRITE_DAC | WRITE_OWNER, 0, nullptr,
      OPEN_EXISTING, FILE_FLAG_OPEN_REPARSE_POINT | FILE_FLAG_BACKUP_SEMANTICS, nullptr));
  if (!handle) return failure("open", path);
  DropBoxFile file(std::move(handle), path);
  VIGIL_TRY(file.check());
  return file;
}

Status DropBoxFile::check() {
  BY_HANDLE_FILE_INFORMATION info{};
  if (::GetFileInformationByHandle(file_.get(), &info) == FALSE) return failure("examine", path_);
  constexpr DWORD kNotAFile = FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_REPARSE_POINT |
                              FILE_ATTRIBUTE_DEVICE | FILE_ATTRIBUTE_OFFLINE;
  if ((info.dwFileAttributes & kNotAFile) != 0) {
    return Error{Errc::Malformed, fmt::format("{} is not a plain file", utf8_from_path(path_))};
  }
  // A second name may be a file elsewhere that the one who made this name may not change.
  if (info.nNumberOfLinks != 1) {
    return Error{Errc::Malformed, fmt::format("{} has {} names; a dump has one",
                                              utf8_from_path(path_), info.nNumberOfLinks)};
  }
  size_ = (std::uint64_t{info.nFileSizeHigh} << 32) | info.nFileSizeLow;
  modified_ = timestamp_from_filetime((std::uint64_t{info.ftLastWriteTime.dwHighDateTime} << 32) |
                                      info.ftLastWriteTime.dwLowDateTime);
  is_from_administrator_ = is_owned_by_administrators(file_.get());
  owner_ = owner_of(file_.get());
  return {};
}

Result<std::string> DropBoxFile::read_start(std::size_t count) {
  LARGE_INTEGER start{};
  if (::SetFilePointerEx(file_.get(), start, nullptr, FILE_BEGIN) == FALSE) {
    return failure("read", path_);
  }
  std::string bytes(count, '\0');
  std::size_t have = 0;
  while (have < count) {
    DWORD read = 0;
    if (::ReadFile(file_.get(), bytes.data() + have, static_cast<DWORD>(count - have), &read,
                   nullptr) == FALSE) {
      return failure("read", path_);
    }
    if (read == 0) break;
    have += read;
  }
  bytes.resize(have);
  return bytes;
}

Status DropBoxFile::move_to(const std::filesystem::path& to) {
  const auto name = to.wstring();
  const std::size_t name_bytes = name.size() * sizeof(wchar_t);
  std::vector<std::byte> buffer(sizeof(FILE_RENAME_INFO) + name_bytes);
  FILE_RENAME_INFO header{};
  header.FileNameLength = static_cast<DWORD>(name_bytes);
  std::memcpy(buffer.data(), &header, sizeof(header));
  std::memcpy(buffer.data() + offsetof(FILE_RENAME_INFO, FileName), name.data(), name_bytes);
  if (::SetFileInformationByHandle(file_.get(), FileRenameInfo, buffer.data(),
                                   static_cast<DWORD>(buffer.size())) == FALSE) {
    return from_last_error(
        fmt::format("cannot move {} to {}", utf8_from_path(path_), utf8_from_path(to)));
  }
  path_ = to;
  return take_over();
}

Status DropBoxFile::take_over() {
  VIGIL_TRY_ASSIGN(const auto wanted, security_descriptor("O:BAD:P(A;;FA;;;SY)(A;;FA;;;BA)"));
  BOOL present = FALSE, defaulted = FALSE;
  PACL dacl = nullptr;
  PSID owner = nullptr;
  ::GetSecurityDescriptorDacl(wanted.get(), &present, &dacl, &defaulted);
  ::GetSecurityDescriptorOwner(wanted.get(), &owner, &defaulted);
  // An owner may always change the list back, so a user who owns the file does so no longer.
  const SECURITY_INFORMATION what =
      DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION |
      (is_from_administrator_ ? 0u : SECURITY_INFORMATION{OWNER_SECURITY_INFORMATION});
  const DWORD status =
      ::SetSecurityInfo(file_.get(), SE_FILE_OBJECT, what, owner, nullptr, dacl, nullptr);
  if (status == ERROR_SUCCESS) return {};
  return from_win32(status, fmt::format("cannot set who may access {}", utf8_from_path(path_)));
}

Status DropBoxFile::remove() {
  FILE_DISPOSITION_INFO gone{TRUE};
  if (::SetFileInformationByHandle(file_.get(), FileDispositionInfo, &gone, sizeof(gone)) ==
      FALSE) {
    return failure("remove", path_);
  }
  file_.reset();
  return {};
}

}  // namespace vigil::platform
