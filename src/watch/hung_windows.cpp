// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "watch/watch.h"

namespace vigil::watch {

void HungWindows::report(std::uint32_t session,
                         Microseconds uptime,
                         std::span<const ProcessId> hung) {
  auto& known = sessions_[session];
  std::map<ProcessId, Microseconds> since;
  const bool goes_on = uptime - known.at <= kMaxAge;
  for (const auto process : hung) {
    const auto before = known.since.find(process);
    since[process] = goes_on && before != known.since.end() ? before->second : uptime;
  }
  known = {uptime, std::move(since)};
}

void HungWindows::forget(std::uint32_t session) {
  sessions_.erase(session);
}

std::optional<Microseconds> HungWindows::hung_for(ProcessId process, Microseconds uptime) const {
  std::optional<Microseconds> longest;
  for (const auto& [session, known] : sessions_) {
    const auto found = known.since.find(process);
    if (found == known.since.end() || uptime - known.at > kMaxAge) continue;
    longest = std::max(longest, std::optional(uptime - found->second));
  }
  return longest;
}

}  // namespace vigil::watch
