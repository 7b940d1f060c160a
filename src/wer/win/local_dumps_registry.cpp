// SPDX-License-Identifier: Apache-2.0
#include "wer/win/local_dumps_registry.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "platform/win/registry.h"

namespace vigil::wer {
namespace {

using platform::RegistryKey;

constexpr std::string_view kWer = "SOFTWARE\\Microsoft\\Windows\\Windows Error Reporting";
constexpr std::string_view kLive =
    "SOFTWARE\\Microsoft\\Windows\\Windows Error Reporting\\LocalDumps";
constexpr std::string_view kLive32 =
    "SOFTWARE\\WOW6432Node\\Microsoft\\Windows\\Windows Error Reporting\\LocalDumps";
constexpr std::string_view kSaved = "SOFTWARE\\Vigil\\LocalDumpsBefore";
constexpr std::string_view kSaved32 = "SOFTWARE\\Vigil\\LocalDumpsBefore32";
/// The saved values of the key of all programs; no program can have such a name.
constexpr std::string_view kAllPrograms = "*";
/// In a saved key: there was one.
constexpr std::string_view kExisted = "Existed";

Result<DumpValues> read_values(const RegistryKey& key) {
  DumpValues values;
  VIGIL_TRY_ASSIGN(values.folder, key.read_string("DumpFolder"));
  VIGIL_TRY_ASSIGN(values.count, key.read_dword("DumpCount"));
  VIGIL_TRY_ASSIGN(values.type, key.read_dword("DumpType"));
  VIGIL_TRY_ASSIGN(values.custom_flags, key.read_dword("CustomDumpFlags"));
  return values;
}

Status write_number(const RegistryKey& key,
                    std::string_view name,
                    const std::optional<std::uint32_t>& value) {
  return value ? key.write_dword(name, *value) : key.erase(name);
}

Status write_folder(const RegistryKey& key, const DumpValues& values) {
  return values.folder ? key.write_expandable("DumpFolder", *values.folder)
                       : key.erase("DumpFolder");
}

Status write_numbers(const RegistryKey& key, const DumpValues& values) {
  VIGIL_TRY(write_number(key, "DumpCount", values.count));
  VIGIL_TRY(write_number(key, "DumpType", values.type));
  return write_number(key, "CustomDumpFlags", values.custom_flags);
}

/// Nothing where there is none.
Result<std::optional<RegistryKey>> open_if_there(const std::string& path) {
  auto key = RegistryKey::open(path);
  if (key.ok()) return std::optional(std::move(key).take());
  if (key.error().code() == Errc::NotFound) return std::optional<RegistryKey>();
  return std::move(key).take_error();
}

class RegistryDumpKeys final : public DumpKeys {
 public:
  explicit RegistryDumpKeys(std::string_view root) : root_(root) {}

  Result<std::optional<DumpValues>> read(const std::string& program) override {
    VIGIL_TRY_ASSIGN(const auto key, open_if_there(path_of(program)));
    if (!key) return std::optional<DumpValues>();
    VIGIL_TRY_ASSIGN(auto values, read_values(*key));
    return std::optional(std::move(values));
  }
  Status write(const std::string& program, const DumpValues& values) override {
    VIGIL_TRY_ASSIGN(const auto key, RegistryKey::create(path_of(program)));
    VIGIL_TRY(write_folder(key, values));
    return write_numbers(key, values);
  }
  Status restore(const std::string& program, const DumpValues& values) override {
    VIGIL_TRY_ASSIGN(const auto key, RegistryKey::create(path_of(program)));
    VIGIL_TRY(write_numbers(key, values));
    return write_folder(key, values);
  }
  Status remove_if_empty(const std::string& program) override {
    {
      VIGIL_TRY_ASSIGN(const auto key, open_if_there(path_of(program)));
      if (!key) return {};
      VIGIL_TRY_ASSIGN(const bool empty, key->is_empty());
      if (!empty) return {};
    }
    return platform::remove_registry_key(path_of(program));
  }

 private:
  [[nodiscard]] std::string path_of(const std::string& program) const {
    return program.empty() ? std::string(root_) : fmt::format("{}\\{}", root_, program);
  }
  std::string_view root_;
};

class RegistrySavedKeys final : public SavedKeys {
 public:
  explicit RegistrySavedKeys(std::string_view root) : root_(root) {}

  Result<std::map<std::string, std::optional<DumpValues>>> read() override {
    std::map<std::string, std::optional<DumpValues>> saved;
    VIGIL_TRY_ASSIGN(const auto root, open_if_there(std::string(root_)));
    if (!root) return saved;
    VIGIL_TRY_ASSIGN(const auto names, root->subkeys());
    for (const auto& name : names) {
      VIGIL_TRY_ASSIGN(const auto key, RegistryKey::open(fmt::format("{}\\{}", root_, name)));
      VIGIL_TRY_ASSIGN(const auto existed, key.read_dword(kExisted));
      // Written last: without it the note was never finished, and nothing was changed.
      if (!existed) continue;
      VIGIL_TRY_ASSIGN(auto values, read_values(key));
      saved[name == kAllPrograms ? std::string() : name] =
          *existed != 0 ? std::optional(std::move(values)) : std::nullopt;
    }
    return saved;
  }
  Status save(const std::string& program, const std::optional<DumpValues>& values) override {
    VIGIL_TRY_ASSIGN(const auto key, RegistryKey::create(path_of(program)));
    VIGIL_TRY(write_folder(key, values.value_or(DumpValues{})));
    VIGIL_TRY(write_numbers(key, values.value_or(DumpValues{})));
    return key.write_dword(kExisted, values ? 1 : 0);
  }
  Status forget(const std::string& program) override {
    VIGIL_TRY(platform::remove_registry_key(path_of(program)));
    VIGIL_TRY_ASSIGN(const auto left, read());
    return left.empty() ? platform::remove_registry_key(root_) : Status();
  }

 private:
  [[nodiscard]] std::string path_of(const std::string& program) const {
    return fmt::format("{}\\{}", root_, program.empty() ? kAllPrograms : std::string_view(program));
  }
  std::string_view root_;
};

void add(std::vector<std::string>& names, std::vector<std::string> more) {
  for (auto& name : more) {
    if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
  }
}

std::uint32_t number_at(std::string_view path, std::string_view name, std::uint32_t otherwise) {
  const auto key = RegistryKey::open(path);
  if (!key.ok()) return otherwise;
  const auto value = key->read_dword(name);
  return value.ok() ? value->value_or(otherwise) : otherwise;
}

}  // namespace

Result<Changes> keep_system_in_step(const WantedDumps& wanted, const std::string& inbox) {
  Changes all;
  for (const auto& [live_root, saved_root] :
       {std::pair(kLive, kSaved), std::pair(kLive32, kSaved32)}) {
    RegistryDumpKeys live(live_root);
    RegistrySavedKeys saved(saved_root);
    VIGIL_TRY_ASSIGN(auto changes, keep_in_step(live, saved, wanted, inbox));
    add(all.set, std::move(changes.set));
    add(all.restored, std::move(changes.restored));
  }
  return all;
}

std::vector<std::string> what_hinders_wer() {
  constexpr std::uint32_t kDisabledService = 4;
  std::vector<std::string> reasons;
  if (number_at("SYSTEM\\CurrentControlSet\\Services\\WerSvc", "Start", 0) == kDisabledService)
    reasons.emplace_back("the service WerSvc is disabled: WER writes no dumps");
  if (number_at(kWer, "LoggingDisabled", 0) == 1)
    reasons.emplace_back("LoggingDisabled is set: WER writes nothing to the event log");
  return reasons;
}

}  // namespace vigil::wer
