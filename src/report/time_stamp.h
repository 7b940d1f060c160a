// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"
#include "report/report.h"

namespace vigil::report {

/// The time stamp in the header of \p module's image, by which its code id begins.
[[nodiscard]] std::optional<std::uint32_t> time_stamp_of(const Module& module);

/// When the image was linked. None: not known, or the stamp is no time but a hash, as reproducible
/// builds have it: one before 1990 or after \p dump_time.
[[nodiscard]] std::optional<Timestamp> link_time_of(const Module& module, Timestamp dump_time);

}  // namespace vigil::report
