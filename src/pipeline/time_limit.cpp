// SPDX-License-Identifier: Apache-2.0
#include "pipeline/time_limit.h"

namespace vigil::pipeline {

TimeLimit::TimeLimit(std::chrono::milliseconds limit, const WorkClocks& clocks)
    : clocks_(clocks),
      limit_(limit),
      wall_(clocks.wall()),
      processor_(clocks.processor()),
      uncounted_(clocks.uncounted()),
      next_look_(wall_ + limit_) {}

bool TimeLimit::has_passed() {
  if (passed_) return true;
  // One thread uses at most as much of a processor as time goes by, and asking for that is dear.
  const auto now = clocks_.wall();
  if (now < next_look_) return false;
  const auto uncounted = clocks_.uncounted() - uncounted_;
  const auto waited = now - wall_ - uncounted;
  const auto worked = clocks_.processor() - processor_ - uncounted;
  passed_ = worked >= limit_ || waited >= limit_ * kWaiting;
  next_look_ = now + (limit_ - worked);
  return passed_;
}

}  // namespace vigil::pipeline
