// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>

#include "base/deadline.h"

namespace vigil::pipeline {

/// What a limit of time goes by, each since some moment: replaced in tests.
struct WorkClocks {
  using Clock = std::function<std::chrono::nanoseconds()>;
  Clock wall, processor;
  Clock uncounted;  ///< Spent on what the limit is not for.
};

/// Bounds work by the processor time that it takes, so that a report does not depend on what else
/// the machine does; and by the wall time of a slow disk, at kWaiting times as much.
class TimeLimit final : public Deadline {
 public:
  static constexpr int kWaiting = 5;

  /// It runs from here on. \p clocks must outlive it.
  TimeLimit(std::chrono::milliseconds limit, const WorkClocks& clocks);

  [[nodiscard]] bool has_passed() override;

 private:
  const WorkClocks& clocks_;
  std::chrono::nanoseconds limit_;
  std::chrono::nanoseconds wall_, processor_, uncounted_;  // at the start
  std::chrono::nanoseconds next_look_;  // by the wall: before it the limit cannot have passed
  bool passed_ = false;
};

}  // namespace vigil::pipeline
