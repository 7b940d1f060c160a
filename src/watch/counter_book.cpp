// SPDX-License-Identifier: Apache-2.0
#include "watch/counter_book.h"

namespace vigil::watch {
namespace {

/// As long as a gap between two looks may be.
bool is_old(Microseconds at, Microseconds now) {
  return now - at > Sampler::kMaxGap;
}

}  // namespace

CounterTarget counter_target(const rules::Threshold& threshold, const ProcessKey& process) {
  const bool of_process = threshold.counter.find(rules::kProcessInstance) != std::string::npos;
  return {threshold.counter, of_process ? process : ProcessKey{}};
}

std::optional<std::uint64_t> CounterBook::value(const CounterTarget& counter,
                                                Microseconds uptime) const {
  const auto found = values_.find(counter);
  if (found == values_.end() || is_old(found->second.at, uptime)) return std::nullopt;
  return found->second.thousandths;
}

void CounterBook::clean(Microseconds uptime) {
  std::erase_if(values_, [&](const auto& pair) { return is_old(pair.second.at, uptime); });
}

}  // namespace vigil::watch
