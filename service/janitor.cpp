// SPDX-License-Identifier: Apache-2.0
#include "janitor.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "base/utf.h"
#include "base/words.h"
#include "yaml/yaml.h"

namespace fs = std::filesystem;

namespace vigil::service {
namespace {

/// How long the dumps of each rule are kept that says so.
std::map<std::string, Microseconds, std::less<>> keeps_of(const rules::RuleSet& rules) {
  std::map<std::string, Microseconds, std::less<>> keeps;
  const auto add = [&](const rules::Rule& rule) {
    if (rule.keep) keeps.emplace(rule.name, *rule.keep);
  };
  for (const auto& rule : rules.rules) add(rule);
  for (const auto& idle : rules.idle) add(idle.rule);
  return keeps;
}

/// As the service names dumps, and the dumper what is not one yet: `12-orders.exe-4711.dmp.zst`.
/// What somebody else has put there is not ours to remove.
bool is_named_like_ours(std::string_view name) {
  const auto digits = name.find_first_not_of("0123456789");
  const bool numbered = digits != 0 && digits != std::string_view::npos && name[digits] == '-';
  return numbered &&
         (name.ends_with(".dmp") || name.ends_with(".dmp.zst") || name.ends_with(".partial"));
}

std::string slashed(const fs::path& path) {
  auto text = utf8_from_path(path);
  std::ranges::replace(text, '\\', '/');
  return text;
}

}  // namespace

Result<bool> Janitor::sweep() {
  VIGIL_TRY_ASSIGN(const auto dumps, remove_dumps());
  VIGIL_TRY_ASSIGN(const auto rows, remove_rows());
  VIGIL_TRY_ASSIGN(const auto strays, remove_strays());
  return dumps >= kAtOnce || rows >= kAtOnce || strays >= kAtOnce;
}

Result<std::uint32_t> Janitor::remove_dumps() {
  const auto now = parts_.clock.now();
  const auto keeps = keeps_of(parts_.rules());
  auto shortest = parts_.settings.keep_dumps;
  for (const auto& [rule, keep] : keeps) shortest = std::min(shortest, keep);
  std::uint32_t removed = 0;
  for (store::CaptureId last{};;) {
    VIGIL_TRY_ASSIGN(const auto page, parts_.store.dumps(last, now - shortest, kAtOnce));
    for (const auto& dump : page) {
      last = dump.id;
      const auto own = keeps.find(dump.rule);
      const auto keep = own == keeps.end() ? parts_.settings.keep_dumps : own->second;
      if (now - dump.observed_at < keep) continue;
      VIGIL_TRY(remove_dump(dump, keep));
      if (++removed == kAtOnce) return removed;
    }
    if (page.size() < kAtOnce) return removed;
  }
}

/// The row first, as everywhere: a file without a row costs space, until remove_strays() finds it.
Status Janitor::remove_dump(const store::KeptDump& dump, Microseconds kept_for) {
  const auto reason = fmt::format("dump removed: it was kept for {}", yaml::format_exact(kept_for));
  VIGIL_TRY(parts_.store.forget_dump(dump.id, reason, parts_.clock.now()));
  std::error_code error;
  fs::remove(parts_.data_folder / path_from_utf8(dump.dump_file), error);
  if (error) {
    parts_.log.error("cannot remove {}: {}", dump.dump_file, error.message());
    return {};
  }
  parts_.log.info("#{}: {}", dump.id.value, reason);
  return {};
}

Result<std::uint64_t> Janitor::remove_rows() {
  std::vector<std::string> counted_rules;
  for (const auto& rule : parts_.rules().rules) {
    if (rule.limits.lifetime) counted_rules.push_back(rule.name);
  }
  VIGIL_TRY_ASSIGN(const auto removed,
                   parts_.store.remove_before(parts_.clock.now() - parts_.settings.keep_rows,
                                              counted_rules, kAtOnce));
  if (removed > 0)
    parts_.log.info("{} that have been kept for long enough are removed", counted(removed, "row"));
  return removed;
}

Result<std::uint32_t> Janitor::remove_strays() {
  std::uint32_t removed = 0;
  std::error_code error;
  const auto options = fs::directory_options::skip_permission_denied;  // links are not followed
  for (fs::recursive_directory_iterator at(parts_.data_folder / "dumps", options, error), end;
       !error && at != end && removed < kAtOnce; at.increment(error)) {
    std::error_code ignored;  // what is gone by now needs no removal
    const auto name = utf8_from_path(at->path().filename());
    if (!at->is_regular_file(ignored) || !is_named_like_ours(name)) continue;
    const auto age = fs::file_time_type::clock::now() - at->last_write_time(ignored);
    if (ignored || age < kStrayAge) continue;
    VIGIL_TRY_ASSIGN(
        const bool known,
        parts_.store.has_dump(slashed(fs::relative(at->path(), parts_.data_folder, ignored))));
    if (known || ignored || !fs::remove(at->path(), ignored)) continue;
    ++removed;
    parts_.log.info("{}, which no row knows, is removed", name);
  }
  return removed;
}

}  // namespace vigil::service
