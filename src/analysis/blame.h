// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "analysis/analysis.h"

namespace vigil::analysis {

/// Whether \p function is one that ends processes, throws, copies memory or starts threads: never
/// to blame, whichever module it is in.
[[nodiscard]] bool is_machinery(std::string_view function) noexcept;

/// Whether \p frame could be at fault: code of the program or of what it brought along.
[[nodiscard]] bool may_be_blamed(const report::Frame& frame);

/// Found by looking for return addresses on the stack: it may be stale.
[[nodiscard]] bool is_guess(const report::Frame& frame) noexcept;

/// The innermost frame that may be blamed, a guess only where nothing else is there.
[[nodiscard]] std::optional<std::size_t> find_blamed_frame(const report::Thread& thread);

}  // namespace vigil::analysis
