// SPDX-License-Identifier: Apache-2.0
#include "platform/win/security.h"

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include <windows.h>

#include <aclapi.h>
#include <sddl.h>

#include <fmt/format.h>

#include "base/utf.h"
#include "platform/platform.h"
#include "platform/win/text.h"
#include "platform/win/win_error.h"

namespace vigil::platform {
namespace {

Status check_existing_folder(const std::filesystem::path& path) {
  const FileHandle folder(
      ::CreateFileW(path.c_str(), FILE_READ_ATTRIBUTES | READ_CONTROL,
                    FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, nullptr, OPEN_EXISTING,
                    FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, nullptr));
  BY_HANDLE_FILE_INFORMATION info{};
  if (!folder || ::GetFileInformationByHandle(folder.get(), &info) == FALSE) {
    return from_last_error(fmt::format("cannot open folder {}", utf8_from_path(path)));
  }
  if ((info.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0) {
    return Error{Errc::Malformed,
                 fmt::format("{} is a link to another place; Vigil's folders must not be",
                             utf8_from_path(path))};
  }
  if ((info.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) == 0) {
    return Error{Errc::Malformed, fmt::format("{} is a file, not a folder", utf8_from_path(path))};
  }
  if (!is_owned_by_administrators(folder.get())) {
    return Error{
        Errc::AccessDenied,
        fmt::format("{} was made by somebody who is no administrator; what is in it cannot "
                    "be trusted. Look at it, remove it and start again",
                    utf8_from_path(path))};
  }
  return {};
}

Status set_access(const std::filesystem::path& path, void* descriptor) {
  BOOL present = FALSE, defaulted = FALSE;
  PACL dacl = nullptr;
  PSID owner = nullptr;
  if (::GetSecurityDescriptorDacl(descriptor, &present, &dacl, &defaulted) == FALSE ||
      ::GetSecurityDescriptorOwner(descriptor, &owner, &defaulted) == FALSE) {
    return from_last_error("cannot read a security descriptor");
  }
  auto name = path.wstring();
  SECURITY_INFORMATION what = DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION;
  // An account without the right to give things away (an administrator at a console) keeps them.
  if (owner != nullptr && enable_privilege(L"SeRestorePrivilege"))
    what |= OWNER_SECURITY_INFORMATION;
  const DWORD status =
      ::SetNamedSecurityInfoW(name.data(), SE_FILE_OBJECT, what, owner, nullptr, dacl, nullptr);
  if (status != ERROR_SUCCESS) {
    return from_win32(status, fmt::format("cannot set who may access {}", utf8_from_path(path)));
  }
  return {};
}

/// The user of this process's token, as the bytes of a TOKEN_USER.
std::vector<std::byte> own_user() {
  KernelHandle token;
  if (::OpenProcessToken(::GetCurrentProcess(), TOKEN_QUERY, token.put()) == FALSE) return {};
  DWORD size = 0;
  ::GetTokenInformation(token.get(), TokenUser, nullptr, 0, &size);
  std::vector<std::byte> buffer(size);
  if (::GetTokenInformation(token.get(), TokenUser, buffer.data(), size, &size) == FALSE) return {};
  return buffer;
}

}  // namespace

Result<LocalMemory> security_descriptor(std::string_view sddl) {
  LocalMemory descriptor;
  if (::ConvertStringSecurityDescriptorToSecurityDescriptorW(
          wide_from_utf8(sddl).c_str(), SDDL_REVISION_1, descriptor.put(), nullptr) == FALSE) {
    return from_last_error(fmt::format("cannot understand the access list '{}'", sddl));
  }
  return descriptor;
}

Status secure_folder(const std::filesystem::path& path, std::string_view sddl) {
  VIGIL_TRY_ASSIGN(const auto descriptor, security_descriptor(sddl));
  VIGIL_TRY(create_folders(path.parent_path()));
  SECURITY_ATTRIBUTES attributes{sizeof(attributes), descriptor.get(), FALSE};
  if (::CreateDirectoryW(path.c_str(), &attributes) != FALSE) return {};
  if (::GetLastError() != ERROR_ALREADY_EXISTS) {
    return from_last_error(fmt::format("cannot create folder {}", utf8_from_path(path)));
  }
  VIGIL_TRY(check_existing_folder(path));
  return set_access(path, descriptor.get());
}

bool is_owned_by_administrators(HANDLE file) {
  PSID owner = nullptr;
  LocalMemory descriptor;
  if (::GetSecurityInfo(file, SE_FILE_OBJECT, OWNER_SECURITY_INFORMATION, &owner, nullptr, nullptr,
                        nullptr, descriptor.put()) != ERROR_SUCCESS ||
      owner == nullptr) {
    return false;
  }
  if (::IsWellKnownSid(owner, WinLocalSystemSid) != FALSE ||
      ::IsWellKnownSid(owner, WinBuiltinAdministratorsSid) != FALSE) {
    return true;
  }
  const auto user = own_user();
  return !user.empty() &&
         ::EqualSid(reinterpret_cast<const TOKEN_USER*>(user.data())->User.Sid, owner) != FALSE;
}

std::string owner_of(HANDLE file) {
  PSID owner = nullptr;
  LocalMemory descriptor;
  if (::GetSecurityInfo(file, SE_FILE_OBJECT, OWNER_SECURITY_INFORMATION, &owner, nullptr, nullptr,
                        nullptr, descriptor.put()) != ERROR_SUCCESS ||
      owner == nullptr) {
    return {};
  }
  return sid_text(owner);
}

std::string sid_text(PSID sid) {
  LPWSTR text = nullptr;
  if (::ConvertSidToStringSidW(sid, &text) == FALSE) return {};
  const LocalMemory holder(text);
  return utf8_from_wide(text);
}

bool enable_privilege(std::wstring_view name) {
  KernelHandle token;
  if (::OpenProcessToken(::GetCurrentProcess(), TOKEN_QUERY | TOKEN_ADJUST_PRIVILEGES,
                         token.put()) == FALSE) {
    return false;
  }
  TOKEN_PRIVILEGES wanted{};
  wanted.PrivilegeCount = 1;
  wanted.Privileges[0].Attributes = SE_PRIVILEGE_ENABLED;
  if (::LookupPrivilegeValueW(nullptr, std::wstring(name).c_str(), &wanted.Privileges[0].Luid) ==
      FALSE) {
    return false;
  }
  // It succeeds without doing anything for a privilege that the account lacks; the last error
  // tells.
  return ::AdjustTokenPrivileges(token.get(), FALSE, &wanted, 0, nullptr, nullptr) != FALSE &&
         ::GetLastError() == ERROR_SUCCESS;
}

}  // namespace vigil::platform
