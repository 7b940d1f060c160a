// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "base/utf.h"
#include "watch/watch.h"

namespace vigil::watch {

ProcessTracker::Changes ProcessTracker::update(std::span<const TableRow> table,
                                               const NameOf& name_of) {
  Changes changes;
  ++look_;
  for (std::size_t i = 0; i < table.size(); ++i) {
    const auto& key = table[i].key;
    const auto [place, is_new] = living_.try_emplace(key.pid);
    auto& living = place->second;
    if (!is_new && living.look == look_) continue;  // a table has each pid once
    const bool same = !is_new && living.entry.key == key;
    living.look = look_;
    if (same) continue;
    if (!is_new) changes.ended.push_back(std::move(living.entry));
    living.entry = {key, name_of(i)};
    changes.started.push_back(living.entry);
  }
  std::erase_if(living_, [&](auto& pair) {
    auto& living = pair.second;
    if (living.look == look_) return false;
    changes.ended.push_back(std::move(living.entry));
    return true;
  });
  std::ranges::sort(changes.started, {}, &ProcessEntry::key);
  std::ranges::sort(changes.ended, {}, &ProcessEntry::key);
  ended_.insert(ended_.end(), changes.ended.begin(), changes.ended.end());
  while (ended_.size() > kMaxRemembered) ended_.pop_front();
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
  if (alive != living_.end() && fits(alive->second.entry)) return alive->second.entry;
  const auto gone = std::find_if(ended_.rbegin(), ended_.rend(), fits);
  if (gone != ended_.rend()) return *gone;
  return std::nullopt;
}

}  // namespace vigil::watch
