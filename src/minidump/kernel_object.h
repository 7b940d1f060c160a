// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "minidump/reader.h"

namespace vigil::minidump {

/// Follows the chain of information on one object that begins at \p rva. After an error the object
/// has what was read before it.
[[nodiscard]] Status read_kernel_object(Reader& reader,
                                        std::uint64_t rva,
                                        snapshot::KernelObject& object);

}  // namespace vigil::minidump
