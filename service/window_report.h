// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"

namespace vigil::service {

/// What a window helper says once a second: `hung 4711 4712`, all processes of its session with a
/// window that does not respond. It runs as the person whose session it is, who may make it say
/// anything: whoever reads it believes no more than that.
inline constexpr std::size_t kMaxHung = 256;
inline constexpr std::size_t kMaxWindowReportBytes = 4096;

/// Without a line feed; those beyond kMaxHung are left out.
[[nodiscard]] std::string window_report(std::span<const ProcessId> hung);
/// Errc::Malformed: it is no such line.
[[nodiscard]] Result<std::vector<ProcessId>> parse_window_report(std::string_view line);

}  // namespace vigil::service
