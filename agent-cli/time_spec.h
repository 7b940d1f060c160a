// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace vigil::cli {

/// A moment as people write it: `2026-11-21`, `2026-11-21 03:04[:05[.678]]` (or with `T`, and `Z`
/// or `+01:00` behind), `03:04` (today), `now`, `today`, `yesterday`, `2h ago`, `-2d`, `-1h30m`,
/// `@1795000000`. Without a zone it is read in this machine's zone, or in UTC with \p utc.
/// Errc::Malformed says what would be right.
[[nodiscard]] Result<Timestamp> parse_time_spec(std::string_view text, Timestamp now, bool utc);

}  // namespace vigil::cli
