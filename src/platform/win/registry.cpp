// SPDX-License-Identifier: Apache-2.0
#include "platform/win/registry.h"

#include <array>

#include <fmt/format.h>

#include "platform/win/text.h"
#include "platform/win/win_error.h"

namespace vigil::platform {
namespace {

/// The most that is read of one value; a command line is at most half of it.
constexpr DWORD kMaxValueBytes = 128 * 1024;

std::string full_name(std::string_view path) {
  return fmt::format("HKLM\\{}", path);
}

}  // namespace

Result<RegistryKey> RegistryKey::open(std::string_view path) {
  UniqueHandle<RegistryKeyTraits> key;
  const auto status = ::RegOpenKeyExW(HKEY_LOCAL_MACHINE, wide_from_utf8(path).c_str(), 0,
                                      KEY_READ | KEY_WOW64_64KEY, key.put());
  if (status != ERROR_SUCCESS) {
    return from_win32(static_cast<std::uint32_t>(status),
                      fmt::format("cannot open registry key {}", full_name(path)));
  }
  return RegistryKey(std::move(key), full_name(path));
}

Result<RegistryKey> RegistryKey::create(std::string_view path) {
  UniqueHandle<RegistryKeyTraits> key;
  const auto status = ::RegCreateKeyExW(
      HKEY_LOCAL_MACHINE, wide_from_utf8(path).c_str(), 0, nullptr, REG_OPTION_NON_VOLATILE,
      KEY_READ | KEY_WRITE | KEY_WOW64_64KEY, nullptr, key.put(), nullptr);
  if (status != ERROR_SUCCESS) {
    return from_win32(static_cast<std::uint32_t>(status),
                      fmt::format("cannot create registry key {}", full_name(path)));
  }
  return RegistryKey(std::move(key), full_name(path));
}

Error RegistryKey::failure(LSTATUS status, std::string_view what, std::string_view name) const {
  return from_win32(static_cast<std::uint32_t>(status),
                    fmt::format("cannot {} registry value {}\\{}", what, path_, name));
}

Result<std::optional<std::string>> RegistryKey::read_string(std::string_view name) const {
  const auto wide_name = wide_from_utf8(name);
  std::wstring value(256, L'\0');
  for (;;) {
    auto bytes = static_cast<DWORD>(value.size() * sizeof(wchar_t));
    // RRF_NOEXPAND: what is written back later has to be what was read.
    const auto status = ::RegGetValueW(key_.get(), nullptr, wide_name.c_str(),
                                       RRF_RT_REG_SZ | RRF_RT_REG_EXPAND_SZ | RRF_NOEXPAND, nullptr,
                                       value.data(), &bytes);
    if (status == ERROR_FILE_NOT_FOUND) return std::optional<std::string>{};
    if (status == ERROR_MORE_DATA && bytes <= kMaxValueBytes) {
      value.resize(bytes / sizeof(wchar_t) + 1);
      continue;
    }
    if (status == ERROR_UNSUPPORTED_TYPE) {
      return Error{Errc::Malformed, fmt::format("registry value {}\\{} is no string", path_, name)};
    }
    if (status != ERROR_SUCCESS) return failure(status, "read", name);
    value.resize(bytes / sizeof(wchar_t));
    while (!value.empty() && value.back() == L'\0') value.pop_back();
    return std::optional<std::string>(utf8_from_wide(value));
  }
}

Result<std::optional<std::uint32_t>> RegistryKey::read_dword(std::string_view name) const {
  DWORD value = 0;
  DWORD bytes = sizeof(value);
  const auto status = ::RegGetValueW(key_.get(), nullptr, wide_from_utf8(name).c_str(),
                                     RRF_RT_REG_DWORD, nullptr, &value, &bytes);
  if (status == ERROR_SUCCESS) return std::optional(std::uint32_t{value});
  if (status == ERROR_FILE_NOT_FOUND || status == ERROR_UNSUPPORTED_TYPE)
    return std::optional<std::uint32_t>();
  return failure(status, "read", name);
}

Result<std::vector<std::string>> RegistryKey::subkeys() const {
  constexpr DWORD kMaxKeys = 10'000;
  std::vector<std::string> names;
  for (DWORD i = 0; i < kMaxKeys; ++i) {
    std::array<wchar_t, 256> name{};  // a key's name has at most 255 characters
    auto units = static_cast<DWORD>(name.size());
    const auto status =
        ::RegEnumKeyExW(key_.get(), i, name.data(), &units, nullptr, nullptr, nullptr, nullptr);
    if (status == ERROR_NO_MORE_ITEMS) break;
    if (status != ERROR_SUCCESS) return failure(status, "list keys below", {});
    names.push_back(utf8_from_wide({name.data(), units}));
  }
  return names;
}

Result<bool> RegistryKey::is_empty() const {
  DWORD keys = 0, values = 0;
  const auto status = ::RegQueryInfoKeyW(key_.get(), nullptr, nullptr, nullptr, &keys, nullptr,
                                         nullptr, &values, nullptr, nullptr, nullptr, nullptr);
  if (status != ERROR_SUCCESS) return failure(status, "count values of", {});
  return keys == 0 && values == 0;
}

Status RegistryKey::write(std::string_view name, DWORD type, std::string_view value) const {
  const auto wide = wide_from_utf8(value);
  const auto bytes = static_cast<DWORD>((wide.size() + 1) * sizeof(wchar_t));
  const auto status = ::RegSetKeyValueW(key_.get(), nullptr, wide_from_utf8(name).c_str(), type,
                                        wide.c_str(), bytes);
  return status == ERROR_SUCCESS ? Status{} : failure(status, "write", name);
}

Status RegistryKey::write_string(std::string_view name, std::string_view value) const {
  return write(name, REG_SZ, value);
}

Status RegistryKey::write_expandable(std::string_view name, std::string_view value) const {
  return write(name, REG_EXPAND_SZ, value);
}

Status RegistryKey::write_dword(std::string_view name, std::uint32_t value) const {
  const auto status = ::RegSetKeyValueW(key_.get(), nullptr, wide_from_utf8(name).c_str(),
                                        REG_DWORD, &value, sizeof(value));
  return status == ERROR_SUCCESS ? Status{} : failure(status, "write", name);
}

Status RegistryKey::erase(std::string_view name) const {
  const auto status = ::RegDeleteValueW(key_.get(), wide_from_utf8(name).c_str());
  if (status == ERROR_SUCCESS || status == ERROR_FILE_NOT_FOUND) return {};
  return failure(status, "remove", name);
}

Status remove_registry_key(std::string_view path) {
  const auto status =
      ::RegDeleteKeyExW(HKEY_LOCAL_MACHINE, wide_from_utf8(path).c_str(), KEY_WOW64_64KEY, 0);
  if (status == ERROR_SUCCESS || status == ERROR_FILE_NOT_FOUND) return {};
  return from_win32(static_cast<std::uint32_t>(status),
                    fmt::format("cannot remove registry key {}", full_name(path)));
}

}  // namespace vigil::platform
