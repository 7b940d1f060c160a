// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"
#include "report/report.h"

namespace vigil::report {

/// What the time stamp in the header of a driver's image says, by which its code id begins.
/// Neither: it is not known which of the two it is.
struct LinkStamp {
  std::optional<Timestamp> time{};  ///< When the image was linked.
  bool is_hash = false;             ///< It is no time, as in reproducible builds.
};

/// The stamp of \p module, one of \p report's. Since build 15063 Windows' own images have a hash
/// there, so that theirs is a time only where the image says so. Others are taken at their word,
/// unless that is no time that there can be: before there was such a Windows, or after the dump.
[[nodiscard]] LinkStamp link_stamp_of(const Module& module, const Report& report);

}  // namespace vigil::report
