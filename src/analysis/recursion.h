// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "report/report.h"

namespace vigil::analysis {

/// What a stack repeats.
struct Recursion {
  /// Indices of the frames of one round, callers first; where the circle begins does not depend on
  /// where the stack ended.
  std::vector<std::size_t> frames{};
  std::size_t rounds = 0;
  bool cut = false;  ///< The walk ended within it: there were more.
};

/// The shortest circle of functions that \p thread goes around at least three times, starting near
/// its innermost frame. Nothing: it does not.
[[nodiscard]] std::optional<Recursion> find_recursion(const report::Thread& thread);

/// `orders!enter -> orders!visit -> orders!walk, 84 times`
[[nodiscard]] std::string describe(const Recursion& recursion, const report::Thread& thread);

}  // namespace vigil::analysis
