// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"
#include "platform/win/handle.h"

/// Who may touch what. Access is written as SDDL, the system's own text form.
namespace vigil::platform {

struct LocalMemoryTraits {
  using Raw = void*;
  static Raw invalid() noexcept { return nullptr; }
  static void close(Raw raw) noexcept { ::LocalFree(raw); }
};
using LocalMemory = UniqueHandle<LocalMemoryTraits>;

/// A self-relative security descriptor.
[[nodiscard]] Result<LocalMemory> security_descriptor(std::string_view sddl);

/// Creates the folder with this access, or gives an existing one this access and owner. Users may
/// create folders where services keep their data, before the service is there: so a folder that is
/// a link to another place (Errc::Malformed) or belongs to no administrator (Errc::AccessDenied) is
/// refused.
[[nodiscard]] Status secure_folder(const std::filesystem::path& path, std::string_view sddl);

/// Whether the file behind \p file belongs to SYSTEM, Administrators or the account that this
/// program runs as. False when that cannot be found out.
[[nodiscard]] bool is_owned_by_administrators(HANDLE file);

/// Who besides SYSTEM, administrators and the owner of its folder may change the file
/// at \p path, by its owner and access list: `ORDERS\\anna`, or the SID where it has no name.
/// Empty: nobody.
[[nodiscard]] Result<std::string> who_else_may_write(const std::filesystem::path& path);

/// A sentence on why the file at \p path must not be believed, for whoever runs as SYSTEM by it;
/// empty: it may.
[[nodiscard]] std::string why_not_to_be_trusted(const std::filesystem::path& path);

/// The same of a program that is started because of it: the file, its folder, where a library would
/// be found first, and the folders above. This program's own account is trusted.
[[nodiscard]] std::string why_not_to_be_run(const std::filesystem::path& program);

/// The owner of the file behind \p file as `S-1-5-…`; empty when that cannot be found out.
[[nodiscard]] std::string owner_of(HANDLE file);

/// \p sid as `S-1-5-…`; empty when it is none.
[[nodiscard]] std::string sid_text(PSID sid);

/// Turns the privilege on for this process; false where the account does not have it.
[[nodiscard]] bool enable_privilege(std::wstring_view name);

}  // namespace vigil::platform
