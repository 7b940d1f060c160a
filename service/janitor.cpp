// SPDX-License-Identifier: Apache-2.0
#include "janitor.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <system_error>
#include <utility>
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

bool knows(const rules::RuleSet& rules, std::string_view name) {
  return std::ranges::any_of(rules.rules, [&](const auto& rule) { return rule.name == name; }) ||
         std::ranges::any_of(rules.idle, [&](const auto& idle) { return idle.rule.name == name; });
}

}  // namespace

Result<bool> Janitor::sweep() {
  if (clock_was_set()) return false;
  VIGIL_TRY_ASSIGN(const auto dumps, remove_dumps());
  VIGIL_TRY_ASSIGN(const auto rows, remove_rows());
  return dumps >= kAtOnce || rows >= kAtOnce;
}

bool Janitor::clock_was_set() {
  constexpr Microseconds kSlack = std::chrono::hours(1);
  const Moment now{parts_.clock.now(), parts_.uptime()};
  const auto before = std::exchange(last_, now);
  if (before) {
    const auto set_by = (now.at - before->at) - (now.uptime - before->uptime);
    if (set_by > kSlack || set_by < -kSlack) {
      paused_until_ = now.uptime + kClockPause;
      parts_.log.warn("the clock was set by {}; nothing old is removed for a day",
                      format_duration(set_by < Microseconds(0) ? -set_by : set_by));
    }
  }
  return paused_until_ && now.uptime < *paused_until_;
}

Result<std::uint32_t> Janitor::remove_dumps() {
  const auto now = parts_.clock.now();
  const auto keeps = keeps_of(parts_.rules());
  auto shortest = parts_.settings.keep_dumps;
  for (const auto& [rule, keep] : keeps) shortest = std::min(shortest, keep);
  const bool whole = parts_.rules_are_whole();
  std::uint32_t removed = 0;
  for (store::CaptureId last{};;) {
    VIGIL_TRY_ASSIGN(const auto page, parts_.store.dumps(last, now - shortest, kAtOnce));
    for (const auto& dump : page) {
      last = dump.id;
      const auto own = keeps.find(dump.rule);
      if (!dump.rule.empty() && !whole && !knows(parts_.rules(), dump.rule)) continue;
      const auto keep = own == keeps.end() ? parts_.settings.keep_dumps : own->second;
      if (now - dump.observed_at < keep) continue;
      VIGIL_TRY(remove_dump(dump, keep));
      if (++removed == kAtOnce) return removed;
    }
    if (page.size() < kAtOnce) return removed;
  }
}

/// The row first, as everywhere: a file without a row costs space, a row without its file
/// would lie.
Status Janitor::remove_dump(const store::KeptDump& dump, Microseconds kept_for) {
  const auto reason = fmt::format("dump removed: it was kept for {}", yaml::format_exact(kept_for));
  VIGIL_TRY_ASSIGN(const auto files, parts_.store.forget_dump(dump.id, reason, parts_.clock.now()));
  bool all = true;
  for (const auto& file : files) {
    std::error_code error;
    fs::remove(parts_.data_folder / path_from_utf8(file), error);
    if (!error) continue;
    parts_.log.error("cannot remove {}: {}", file, error.message());
    all = false;
  }
  if (all) parts_.log.info("#{}: {}", dump.id.value, reason);
  return {};
}

Result<std::uint64_t> Janitor::remove_rows() {
  std::vector<std::string> counted_rules;
  const auto add = [&](const rules::Rule& rule) {
    if (rule.limits.lifetime) counted_rules.push_back(rule.name);
  };
  for (const auto& rule : parts_.rules().rules) add(rule);
  for (const auto& idle : parts_.rules().idle) add(idle.rule);
  VIGIL_TRY_ASSIGN(const auto removed,
                   parts_.store.remove_before(parts_.clock.now() - parts_.settings.keep_rows,
                                              counted_rules, kAtOnce));
  if (removed > 0)
    parts_.log.info("{} that have been kept for long enough are removed", counted(removed, "row"));
  return removed;
}

}  // namespace vigil::service
