// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/byte_view.h"
#include "platform/platform.h"

namespace vigil::platform {

/// The size of the one file in \p cabinet, after all tables have been followed: not every system's
/// library survives one that points elsewhere. What is left for it is to decompress. The errors are
/// those of expand_cabinet().
[[nodiscard]] Result<std::uint32_t> check_cabinet(ByteView cabinet, std::uint64_t limit);

/// Unpacks the file of a checked cabinet by the system's library. It may have more or fewer bytes
/// than it should.
[[nodiscard]] Status decompress_cabinet(ByteView cabinet, const ByteSink& sink);

}  // namespace vigil::platform
