// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "base/utf.h"
#include "watch/watch.h"

namespace vigil::watch {

ProcessTracker::Changes ProcessTracker::update(const std::vector<ProcessEntry>& table) {
  Changes changes;
  std::map<ProcessId, ProcessEntry> next;
  for (const auto& entry : table) next.emplace(entry.key.pid, entry);
  for (const auto& [pid, entry] : living_) {
    const auto same = next.find(pid);
    if (same != next.end() && same->second.key == entry.key) continue;
    changes.ended.push_back(entry);
    ended_.push_back(entry);
  }
  for (const auto& [pid, entry] : next) {
    const auto before = living_.find(pid);
    if (before == living_.end() || before->second.key != entry.key)
      changes.started.push_back(entry);
  }
  while (ended_.size() > kMaxRemembered) ended_.pop_front();
  living_ = std::move(next);
  return changes;
}

std::optional<ProcessEntry> ProcessTracker::find(ProcessId pid,
                                                 std::string_view name,
                                                 Timestamp at) const {
  const auto wanted = ascii_lower(name);
  const auto fits = [&](const ProcessEntry& entry) {
    return entry.key.pid == pid && entry.key.start <= at && ascii_lower(entry.name) == wanted;
  };
  const auto alive = living_.find(pid);
  if (alive != living_.end() && fits(alive->second)) return alive->second;
  const auto gone = std::find_if(ended_.rbegin(), ended_.rend(), fits);
  if (gone != ended_.rend()) return *gone;
  return std::nullopt;
}

}  // namespace vigil::watch
