// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "analysis/analysis.h"
#include "analysis/crash.h"

namespace vigil::analysis {

/// Whether \p function is one that ends processes, throws, copies memory or starts threads: never
/// to blame, whichever module it is in.
[[nodiscard]] bool is_machinery(std::string_view function) noexcept;

/// Whether \p frame could be at fault: code of the program or of what it brought along.
[[nodiscard]] bool may_be_blamed(const report::Frame& frame);

/// Found by looking for return addresses on the stack: it may be stale.
[[nodiscard]] bool is_guess(const report::Frame& frame) noexcept;

/// Whether the innermost frames of \p crash are those of a runtime: what throws, aborts, exits or
/// probes the stack. A program that is linked with a static runtime has it in its own module, where
/// export tables do not name it; the first frame with a name is then the better answer.
[[nodiscard]] bool is_ended_by_runtime(const DecodedCrash* crash) noexcept;

/// The innermost frame that may be blamed, a guess only where nothing else is there.
[[nodiscard]] std::optional<std::size_t> find_blamed_frame(const report::Thread& thread,
                                                           const DecodedCrash* crash);

}  // namespace vigil::analysis
