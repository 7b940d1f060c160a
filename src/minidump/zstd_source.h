// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "base/byte_source.h"
#include "base/diagnostics.h"
#include "minidump/minidump.h"

namespace vigil::minidump {

/// The unpacked bytes of a zstd file. With a seek table (the "zstd seekable format") frames are
/// unpacked when a view touches them; without one, everything is unpacked now, up to the limit, and
/// what cannot be is noted. \p diagnostics must outlive the source: it tells of damaged frames as
/// they are met.
[[nodiscard]] Result<std::unique_ptr<ByteSource>> open_zstd(std::unique_ptr<ByteSource> file,
                                                            const Limits& limits,
                                                            Diagnostics& diagnostics);

}  // namespace vigil::minidump
