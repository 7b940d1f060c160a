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
#include "platform/win/account.h"
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

bool grants_by_other_means(BYTE type) {
  return type == ACCESS_ALLOWED_OBJECT_ACE_TYPE || type == ACCESS_ALLOWED_CALLBACK_ACE_TYPE ||
         type == ACCESS_ALLOWED_CALLBACK_OBJECT_ACE_TYPE ||
         type == ACCESS_ALLOWED_COMPOUND_ACE_TYPE;
}

/// What lets its owner change a file, or give himself the right to.
constexpr DWORD kWriteRights = FILE_WRITE_DATA | FILE_APPEND_DATA | DELETE | WRITE_DAC |
                               WRITE_OWNER | GENERIC_WRITE | GENERIC_ALL;

bool is_trusted(PSID sid, PSID folders_owner) {
  // What Windows installs belongs to this one.
  constexpr std::string_view kTrustedInstaller =
      "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464";
  // Whoever owns the file, who is looked at by himself.
  constexpr std::string_view kCreatorOwner = "S-1-3-0", kOwnerRights = "S-1-3-4";
  if (::IsWellKnownSid(sid, WinLocalSystemSid) != FALSE ||
      ::IsWellKnownSid(sid, WinBuiltinAdministratorsSid) != FALSE)
    return true;
  if (folders_owner != nullptr && ::EqualSid(folders_owner, sid) != FALSE) return true;
  const auto text = sid_text(sid);
  return text == kTrustedInstaller || text == kCreatorOwner || text == kOwnerRights;
}

/// Who has one of \p rights over \p path, or owns it, besides those that is_trusted() knows.
Result<std::string> who_else_has(const std::filesystem::path& path, DWORD rights, PSID also) {
  PSID owner = nullptr;
  PACL dacl = nullptr;
  LocalMemory descriptor;
  const DWORD status = ::GetNamedSecurityInfoW(
      path.c_str(), SE_FILE_OBJECT, OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION, &owner,
      nullptr, &dacl, nullptr, descriptor.put());
  if (status != ERROR_SUCCESS) {
    return from_win32(status, fmt::format("cannot see who may write {}", utf8_from_path(path)));
  }
  if (owner == nullptr || !is_trusted(owner, also)) return account_name(owner);
  if (dacl == nullptr) return std::string("everybody");
  for (DWORD i = 0; i < dacl->AceCount; ++i) {
    void* raw = nullptr;
    if (::GetAce(dacl, i, &raw) == FALSE) return from_last_error("cannot read an access list");
    auto* ace = static_cast<ACCESS_ALLOWED_ACE*>(raw);
    // Those with a condition and those of objects begin in the same way, and hold the account
    // elsewhere.
    if (grants_by_other_means(ace->Header.AceType) && (ace->Mask & rights) != 0)
      return std::string("somebody, by a condition,");
    // What is denied elsewhere in the list is not weighed: nobody denies what he need not grant.
    if (ace->Header.AceType != ACCESS_ALLOWED_ACE_TYPE ||
        (ace->Header.AceFlags & INHERIT_ONLY_ACE) != 0 || (ace->Mask & rights) == 0)
      continue;
    PSID sid = &ace->SidStart;
    if (!is_trusted(sid, also)) return account_name(sid);
  }
  return std::string();
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

Result<std::string> who_else_may_write(const std::filesystem::path& path) {
  // Whoever owns the folder could put another file there: a person's own, where the service runs at
  // a console; SYSTEM's or Administrators' otherwise.
  PSID user = nullptr;
  LocalMemory folder;
  if (::GetNamedSecurityInfoW(path.parent_path().c_str(), SE_FILE_OBJECT,
                              OWNER_SECURITY_INFORMATION, &user, nullptr, nullptr, nullptr,
                              folder.put()) != ERROR_SUCCESS)
    user = nullptr;
  return who_else_has(path, kWriteRights, user);
}

std::string why_not_to_be_trusted(const std::filesystem::path& path) {
  const auto who = who_else_may_write(path);
  if (!who.ok()) return who.error().message();
  if (who->empty()) return {};
  return fmt::format("{} may write it: let nobody but SYSTEM and Administrators", *who);
}

std::string why_not_to_be_run(const std::filesystem::path& program) {
  const auto user = own_user();
  const auto also =
      user.empty() ? nullptr : reinterpret_cast<const TOKEN_USER*>(user.data())->User.Sid;
  // In the folders above anybody may make others, as Windows has it of a disk's root.
  constexpr DWORD kReplace = FILE_DELETE_CHILD | DELETE | WRITE_DAC | WRITE_OWNER | GENERIC_ALL;
  constexpr DWORD kPlant = kReplace | FILE_ADD_FILE | GENERIC_WRITE;
  const auto objection = [&](const std::filesystem::path& path, DWORD rights) -> std::string {
    const auto who = who_else_has(path, rights, also);
    if (!who.ok()) return who.error().message();
    if (who->empty()) return {};
    return fmt::format("{} may change {}, which then runs", *who, utf8_from_path(path));
  };
  auto why = objection(program, kWriteRights);
  if (why.empty()) why = objection(program.parent_path(), kPlant);
  for (auto folder = program.parent_path(); why.empty() && folder != folder.parent_path();
       folder = folder.parent_path()) {
    why = objection(folder.parent_path(), kReplace);
  }
  return why;
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
