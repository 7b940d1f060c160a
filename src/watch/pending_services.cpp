// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "watch/watch.h"

namespace vigil::watch {
namespace {

/// For a service that gives no hint, as .NET's do, the service manager waits for this long.
constexpr Microseconds kManagersPatience = std::chrono::seconds(30);

Microseconds hint_of(const ServiceState& service) {
  return service.wait_hint > Microseconds(0) ? service.wait_hint : kManagersPatience;
}

}  // namespace

void PendingServices::look(Microseconds uptime, std::span<const ServiceState> services) {
  ++look_;
  for (const auto& service : services) {
    if (!service.pending) continue;
    const auto [place, is_new] = pending_.try_emplace(service.name);
    auto& known = place->second;
    const bool got_on = is_new || known.state != service.state ||
                        known.checkpoint != service.checkpoint || known.pid != service.pid;
    if (got_on) {
      known.since = uptime;
      known.state = service.state;
      known.checkpoint = service.checkpoint;
      known.pid = service.pid;
    }
    known.overdue = std::max(uptime - known.since - hint_of(service), Microseconds(0));
    known.look = look_;
  }
  std::erase_if(pending_, [&](const auto& pair) { return pair.second.look != look_; });
}

Microseconds PendingServices::overdue(ProcessId process) const {
  Microseconds longest{};
  for (const auto& [name, service] : pending_) {
    if (service.pid == process) longest = std::max(longest, service.overdue);
  }
  return longest;
}

}  // namespace vigil::watch
