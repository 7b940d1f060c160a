// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "watch/watch.h"

namespace vigil::watch {

/// What performance counters have last said, for as long as that says something of now.
class CounterBook {
 public:
  void take(const CounterTarget& counter, std::uint64_t thousandths, Microseconds uptime) {
    values_[counter] = {thousandths, uptime};
  }
  [[nodiscard]] std::optional<std::uint64_t> value(const CounterTarget& counter,
                                                   Microseconds uptime) const;
  /// Forgets those that say nothing of now.
  void clean(Microseconds uptime);

 private:
  struct Value {
    std::uint64_t thousandths = 0;
    Microseconds at{};
  };
  std::map<CounterTarget, Value> values_;
};

}  // namespace vigil::watch
