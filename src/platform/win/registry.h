// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "platform/win/handle.h"

namespace vigil::platform {

struct RegistryKeyTraits {
  using Raw = HKEY;
  static Raw invalid() noexcept { return nullptr; }
  static void close(Raw raw) noexcept { ::RegCloseKey(raw); }
};

/// One key under HKEY_LOCAL_MACHINE, in the 64-bit view whatever the program is.
class RegistryKey {
 public:
  /// Errc::NotFound where there is no such key.
  [[nodiscard]] static Result<RegistryKey> open(std::string_view path);
  /// Opens for writing, creating what is missing.
  [[nodiscard]] static Result<RegistryKey> create(std::string_view path);

  /// Nothing where there is no such value; Errc::Malformed for a value that is no string.
  [[nodiscard]] Result<std::optional<std::string>> read_string(std::string_view name) const;
  /// Nothing where there is no such value, or one of another type.
  [[nodiscard]] Result<std::optional<std::uint32_t>> read_dword(std::string_view name) const;
  /// The names of the keys below this one; at most 10,000.
  [[nodiscard]] Result<std::vector<std::string>> subkeys() const;
  /// Whether it has neither values nor keys.
  [[nodiscard]] Result<bool> is_empty() const;
  [[nodiscard]] Status write_string(std::string_view name, std::string_view value) const;
  /// The value's environment variables are expanded by whoever reads it.
  [[nodiscard]] Status write_expandable(std::string_view name, std::string_view value) const;
  [[nodiscard]] Status write_dword(std::string_view name, std::uint32_t value) const;
  /// An absent value is fine.
  [[nodiscard]] Status erase(std::string_view name) const;

 private:
  RegistryKey(UniqueHandle<RegistryKeyTraits> key, std::string path)
      : key_(std::move(key)), path_(std::move(path)) {}
  [[nodiscard]] Status write(std::string_view name, DWORD type, std::string_view value) const;
  [[nodiscard]] Error failure(LSTATUS status, std::string_view what, std::string_view name) const;

  UniqueHandle<RegistryKeyTraits> key_;
  std::string path_;  // for messages
};

/// Removes the key at \p path under HKEY_LOCAL_MACHINE, which has no keys below it. Absent is fine.
[[nodiscard]] Status remove_registry_key(std::string_view path);

}  // namespace vigil::platform
