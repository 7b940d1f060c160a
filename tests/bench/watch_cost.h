// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

/// What watching costs: the tracker, the sampler and the thresholds of rules over a machine that is
/// made up, as the service uses them once a second.
namespace vigil::bench {

struct WatchLoad {
  std::size_t processes = 2'000;
  std::size_t rules = 200;
  std::size_t looks = 600;
  std::size_t restarts = 20;  ///< Processes that end, and as many that start, between two looks.
};

struct WatchCost {
  std::vector<double> seconds;   ///< Of each look but the first, by the clock that was given.
  std::size_t fired = 0;         ///< Captures that would have been taken.
  std::size_t held_against = 0;  ///< Processes that some threshold is held against.
};

/// \p now gives seconds of any clock.
[[nodiscard]] WatchCost measure_watch(const WatchLoad& load, double (*now)());

}  // namespace vigil::bench
