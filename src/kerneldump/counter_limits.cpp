// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string_view>

#include "base/words.h"
#include "kerneldump/kernel.h"

namespace vigil::kerneldump {
namespace {

using snapshot::KernelCounter;

/// Figures that cannot be above another one.
struct Limit {
  std::string_view name, most;
};
constexpr Limit kLimits[] = {
    {"available", "physical_total"},     {"resident_available", "physical_total"},
    {"nonpaged_pool", "physical_total"}, {"nonpaged_pool", "nonpaged_pool_maximum"},
    {"commit", "commit_limit_maximum"},  {"commit_limit", "commit_limit_maximum"},
};

KernelCounter* find(Kernel& kernel, std::string_view name) {
  auto& counters = kernel.state.counters;
  const auto found = std::ranges::find(counters, name, &KernelCounter::name);
  return found == counters.end() ? nullptr : &*found;
}

}  // namespace

void doubt_counter(Kernel& kernel, KernelCounter& counter, std::string_view why) {
  kernel.notes.note(
      fmt::format("counters: {} is {}: it is damaged, and left out", counter.name, why));
  counter.value.reset();
  counter.source = "damaged";
}

void doubt_counters(Kernel& kernel) {
  for (const auto& [name, most_name] : kLimits) {
    auto* counter = find(kernel, name);
    const auto* most = find(kernel, most_name);
    if (counter == nullptr || most == nullptr || !counter->value || !most->value) continue;
    if (*counter->value <= *most->value) continue;
    doubt_counter(kernel, *counter,
                  fmt::format("{}, more than the {} of {}", format_bytes(*counter->value),
                              format_bytes(*most->value), most_name));
  }
}

}  // namespace vigil::kerneldump
