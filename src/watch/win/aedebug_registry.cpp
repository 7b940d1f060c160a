// SPDX-License-Identifier: Apache-2.0
#include "watch/win/aedebug_registry.h"

#include <utility>

#include "platform/win/registry.h"

namespace vigil::watch {
namespace {

constexpr std::string_view kLiveKey = "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\AeDebug";
constexpr std::string_view kSavedKey = "SOFTWARE\\Vigil\\AeDebugBefore";

/// Programs whose crashes AeDebug leaves alone. A dumper that crashes must not be given a dumper.
constexpr std::string_view kExcludedKey =
    "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\AeDebug\\AutoExclusionList";

class RegistryValues final : public StringValues {
 public:
  [[nodiscard]] static Result<RegistryValues> open(std::string_view path) {
    VIGIL_TRY_ASSIGN(auto key, platform::RegistryKey::create(path));
    return RegistryValues(std::move(key));
  }
  Result<std::optional<std::string>> read(std::string_view name) override {
    return key_.read_string(name);
  }
  Status write(std::string_view name, std::string_view value) override {
    return key_.write_string(name, value);
  }
  Status erase(std::string_view name) override { return key_.erase(name); }

 private:
  explicit RegistryValues(platform::RegistryKey key) : key_(std::move(key)) {}
  platform::RegistryKey key_;
};

}  // namespace

Status register_system_aedebug(const AeDebugPaths& paths) {
  VIGIL_TRY_ASSIGN(auto live, RegistryValues::open(kLiveKey));
  VIGIL_TRY_ASSIGN(auto saved, RegistryValues::open(kSavedKey));
  VIGIL_TRY_ASSIGN(const auto excluded, platform::RegistryKey::create(kExcludedKey));
  for (const auto name : own_programs()) VIGIL_TRY(excluded.write_dword(name, 1));
  return register_aedebug(live, saved, aedebug_command(paths));
}

Result<bool> restore_system_aedebug() {
  // Looked for before it is opened for writing: whoever asks may have nothing to restore, nor the
  // right to.
  auto before = platform::RegistryKey::open(kSavedKey);
  if (!before.ok() && before.error().code() == Errc::NotFound) return false;
  VIGIL_TRY_ASSIGN(auto live, RegistryValues::open(kLiveKey));
  VIGIL_TRY_ASSIGN(auto saved, RegistryValues::open(kSavedKey));
  VIGIL_TRY_ASSIGN(const bool restored, restore_aedebug(live, saved));
  VIGIL_TRY_ASSIGN(const auto excluded, platform::RegistryKey::create(kExcludedKey));
  for (const auto name : own_programs()) VIGIL_TRY(excluded.erase(name));
  VIGIL_TRY(platform::remove_registry_key(kSavedKey));
  return restored;
}

}  // namespace vigil::watch
