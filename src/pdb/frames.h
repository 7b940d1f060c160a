// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "pdb/info.h"
#include "pdb/msf.h"
#include "pdb/pdb.h"

/// Frame data of x86 code: binary searches in place, in tables sorted by address.
namespace vigil::pdb {

/// The smallest piece of code around \p rva, which is one that the linker gave.
[[nodiscard]] std::optional<FrameData> find_frame_data(const Stream& records,
                                                       const Names& names,
                                                       std::uint32_t rva);

/// The same in FPO_DATA records.
[[nodiscard]] std::optional<FrameData> find_old_fpo(const Stream& records, std::uint32_t rva);

}  // namespace vigil::pdb
