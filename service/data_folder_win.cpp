// SPDX-License-Identifier: Apache-2.0
#include "data_folder.h"

#include <string_view>
#include <system_error>

#include <windows.h>

#include "base/utf.h"
#include "default_rules.h"
#include "platform/platform.h"
#include "platform/win/security.h"
#include "platform/win/win_error.h"

namespace vigil::service {
namespace {

// SYSTEM and Administrators, for everything below too.
constexpr std::string_view kPrivate = "O:BAG:BAD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)";
// Others may read rules: the dumper that AeDebug starts runs as the user whose program crashed.
constexpr std::string_view kReadable =
    "O:BAG:BAD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;AU)";
// A drop box: others may add files (add file, traverse, synchronize) and do what they like with
// their own; they may not list it, nor read what others put there.
constexpr std::string_view kDropBox =
    "O:BAG:BAD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;;0x100022;;;AU)(A;OIIO;FA;;;CO)";

Result<platform::FileHandle> create_temporary(const std::filesystem::path& path, DWORD share) {
  platform::FileHandle file(
      ::CreateFileW(path.c_str(), GENERIC_READ | GENERIC_WRITE | DELETE, share, nullptr,
                    OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL | FILE_FLAG_DELETE_ON_CLOSE, nullptr));
  if (!file) return platform::from_last_error("cannot create " + utf8_from_path(path));
  return file;
}

}  // namespace

Status prepare_data_folder(const settings::DataPaths& paths) {
  VIGIL_TRY(platform::secure_folder(paths.root, kPrivate));
  VIGIL_TRY(platform::secure_folder(paths.rules_folder(), kReadable));
  VIGIL_TRY(platform::secure_folder(paths.last_good_rules(), kPrivate));
  VIGIL_TRY(platform::secure_folder(paths.inbox(), kDropBox));
  VIGIL_TRY(platform::secure_folder(paths.dumps(), kPrivate));
  VIGIL_TRY(platform::secure_folder(paths.logs(), kPrivate));
  VIGIL_TRY(platform::secure_folder(paths.symbols(), kPrivate));
  std::error_code error;
  if (std::filesystem::exists(paths.settings_file(), error)) return {};
  // The settings come last: once they are there, nobody brings back rules that were removed.
  const auto rules = paths.rules_folder() / "10-default.yaml";
  if (!std::filesystem::exists(rules, error)) {
    VIGIL_TRY(platform::write_file_atomically(rules, kDefaultRules));
  }
  return platform::write_file_atomically(paths.settings_file(), settings::default_settings_file());
}

Result<platform::FileHandle> lock_data_folder(const settings::DataPaths& paths) {
  auto lock = create_temporary(paths.root / "service.lock", 0);
  if (!lock.ok() && lock.error().code() == Errc::Busy) {
    return Error{Errc::Busy, "another vigil-service uses " + utf8_from_path(paths.root)};
  }
  return lock;
}

Status check_inbox_is_writable(const settings::DataPaths& paths) {
  const auto probe = create_temporary(paths.inbox() / "service-probe.partial", 0);
  return probe.ok() ? Status{} : Status{probe.error()};
}

}  // namespace vigil::service
