// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "analysis/analysis.h"
#include "analysis/locks.h"

namespace vigil::analysis {

/// The thread to look at first, and why.
struct Culprit {
  std::size_t thread = 0;  ///< Index in the threads.
  std::string reason{};    ///< A sentence without its full stop; empty: there is none but order.
  bool holds = false;      ///< Others wait for it, or it for itself in the end.
  bool hot = false;        ///< It used most of the CPU time.
  bool dying = false;      ///< Nobody handled its exception, and it is being reported.
};

/// Of a process that had not crashed: a thread whose exception nobody handled, and of which the
/// dump does not tell more; else a thread of a lock cycle; else the one that others wait for
/// in the end; else the one that used most CPU time, when that is clear and it is not waiting; else
/// the first with code of the program on its stack. Nothing: there are no threads.
[[nodiscard]] std::optional<Culprit> find_culprit(const Input& input, const LockState& locks);

}  // namespace vigil::analysis
