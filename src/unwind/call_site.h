// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/byte_view.h"
#include "image/image.h"

namespace vigil::unwind {

/// The longest call instruction without prefixes: FF /2 with SIB and displacement.
inline constexpr std::uint64_t kLongestCallBytes = 7;

/// Whether the last bytes of \p before are a call instruction of \p machine. \p before ends where a
/// return address points to. The encodings of x86 are not unique read backwards: a yes is no proof.
[[nodiscard]] bool ends_with_call(image::Machine machine, ByteView before);

}  // namespace vigil::unwind
