// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/time.h"
#include "commands.h"

/// What several commands print in the same way.
namespace vigil::cli {

/// Pretty-printed in ASCII alone: it survives every code page, and no terminal finds a command in
/// it.
void print_json(const nlohmann::ordered_json& value);

/// `2026-11-21 03:04:05 +01:00`, or `2026-11-21 03:04:05Z` with --utc.
[[nodiscard]] std::string format_time(const Context& context, Timestamp time);

/// \p text in bold, where colours are wanted.
[[nodiscard]] std::string bold(const Context& context, std::string_view text);

/// Says what is wrong with what was typed, as `vigil: message`.
[[nodiscard]] ExitCode usage_error(std::string_view message);

}  // namespace vigil::cli
