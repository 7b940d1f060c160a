// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace vigil::cli {

/// `; did you mean 'state'?` for the one of \p known nearest to \p word, or nothing when none is
/// near.
[[nodiscard]] std::string did_you_mean(std::string_view word, std::span<const std::string> known);

}  // namespace vigil::cli
