// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/byte_source.h"

namespace vigil::minidump {

enum class FileType : std::uint8_t { Minidump, Zstd };

/// What \p file is, by its first bytes. Errc::Unsupported names another known kind of file;
/// anything else is Malformed.
[[nodiscard]] Result<FileType> identify(ByteSource& file);

}  // namespace vigil::minidump
