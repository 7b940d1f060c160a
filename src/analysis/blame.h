// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "analysis/analysis.h"

namespace vigil::analysis {

/// Whether \p frame could be at fault: code of the program or of what it brought along.
[[nodiscard]] bool may_be_blamed(const report::Frame& frame);

/// Found by looking for return addresses on the stack: it may be stale.
[[nodiscard]] bool is_guess(const report::Frame& frame) noexcept;

/// Whether the innermost frames of \p crash are those of a runtime: what throws, aborts, exits or
/// probes the stack. A program that is linked with a static runtime has it in its own module, where
/// export tables do not name it; the first frame with a name is then the better answer. \p crash
/// null: nothing crashed.
[[nodiscard]] bool is_ended_by_runtime(const report::Crash* crash) noexcept;

}  // namespace vigil::analysis
