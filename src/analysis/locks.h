// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "analysis/analysis.h"

namespace vigil::analysis {

/// Who waits for whom.
struct LockState {
  std::vector<report::Lock> locks{};          ///< By address; those that somebody waits for.
  std::vector<report::Deadlock> deadlocks{};  ///< Each once, from its first thread in dump order.
  bool cut = false;                           ///< More threads wait than are looked at.
};

/// Finds the critical sections that threads wait for. Only threads whose innermost frames are those
/// of such a wait are looked at: the start of their captured stack, and their registers, for an
/// address of what looks like a contended critical section that a thread of the dump owns.
[[nodiscard]] LockState find_locks(const Input& input);

/// `thread 12 waits for a critical section of 34, which waits for one of 12`
[[nodiscard]] std::string describe(const report::Deadlock& deadlock);

/// `the loader lock`, `the critical section at 0x7ff812340000`
[[nodiscard]] std::string name_of(const report::Lock& lock);

}  // namespace vigil::analysis
